-- Who else may look at a job than its owner: whoever has this permission.
ALTER TABLE background_jobs ADD COLUMN permission text;
