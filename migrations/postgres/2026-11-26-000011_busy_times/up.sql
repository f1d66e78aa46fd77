-- Until when the seat and the host of a meeting are busy that was given its time anew: by Start, by the line, or because it
-- runs on. It is busy from the beginning of its hold then. NULL: as planned, whatever lead and grace have become since.
ALTER TABLE meetings ADD COLUMN busy_until BIGINT;
-- Planned holds begin on the grid.
UPDATE meetings SET busy_until = hold_until - (SELECT grace_seconds FROM pool)
WHERE hold_until > hold_from AND (stage = 'live' OR (stage IN ('booked', 'ended', 'missed') AND hold_from % 300 <> 0));
