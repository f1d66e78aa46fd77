-- Whether the client has been told of a meeting: not of one on the spot whose host waits in line for its license.
ALTER TABLE meetings ADD COLUMN announced BOOLEAN NOT NULL DEFAULT TRUE;
UPDATE meetings SET announced = FALSE WHERE kind = 'on_demand' AND stage = 'booked' AND queued_at IS NOT NULL AND NOT licensed;

-- Zoom's meetings that none of ours uses any more, because it moved to another seat. Each is deleted there, then here.
CREATE TABLE old_rooms (
    zoom_number BIGINT NOT NULL PRIMARY KEY,
    tries INTEGER NOT NULL DEFAULT 0,
    retry_at BIGINT
);
