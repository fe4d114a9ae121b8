-- Who did it is searched for too. And a time is found at once: what a BRIN index has not summarised yet it reads through.
CREATE INDEX event_log_actor ON event_log (actor, position);
-- An index of a partitioned table can't be dropped concurrently.
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX event_log_time;
CREATE INDEX event_log_time ON event_log ("time");
