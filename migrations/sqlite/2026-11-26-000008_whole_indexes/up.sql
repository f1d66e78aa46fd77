-- SQLite prepares a statement anew whenever a value is bound that is compared with a literal of a partial index, as in
-- state = ? beside WHERE state = 'queued'. These two are asked at every turn.
DROP INDEX letters_queued;
CREATE INDEX letters_state ON letters (state, send_after);
DROP INDEX zoom_events_waiting;
CREATE INDEX zoom_events_state ON zoom_events (state, retry_at);
