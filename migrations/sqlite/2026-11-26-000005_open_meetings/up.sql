-- What is open is found without looking at what is over, however much that is. SQLite uses no partial index for
-- stage = ? whose condition is stage IN (...), so the stage is a column of each.
DROP INDEX meetings_open;
DROP INDEX meetings_unsynced;
CREATE INDEX meetings_stage ON meetings (stage, starts_at);
CREATE INDEX meetings_seat_hold ON meetings (seat_id, hold_from);
CREATE INDEX meetings_unsynced ON meetings (stage, starts_at, id) WHERE zoom_sequence IS NULL OR zoom_sequence < sequence;
