-- The events that said that a level was reached, oldest first: one for each time that an undo took it away between.
ALTER TABLE level_marks ADD COLUMN said uuid[] NOT NULL DEFAULT '{}';
