-- Every part that waits is tried again, those that waited longest since the last try first.
ALTER TABLE unsettled_parts ADD COLUMN tried_at timestamptz;
UPDATE unsettled_parts SET tried_at = since;
-- The table is small: what waits is the exception.
-- squawk-ignore adding-not-nullable-field
ALTER TABLE unsettled_parts ALTER COLUMN tried_at SET NOT NULL;
CREATE INDEX unsettled_parts_tried ON unsettled_parts (tried_at) WHERE refusal <> 'undone';
