-- Who did it is searched for too. And a time is found at once: what a BRIN index has not summarised yet it reads through.
CREATE INDEX event_log_actor ON event_log (actor, position);
DROP INDEX event_log_time;
CREATE INDEX event_log_time ON event_log ("time");
