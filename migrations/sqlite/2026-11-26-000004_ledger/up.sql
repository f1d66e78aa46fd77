-- The ledger to the second: when a license was on its way, which meeting ran where, and what its hold had kept ready.
-- A meeting's row keeps only its last run and its present hold.

ALTER TABLE license_spans ADD COLUMN claimed_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE license_spans ADD COLUMN leaving_at BIGINT;
UPDATE license_spans SET claimed_at = from_at;
CREATE INDEX license_spans_until ON license_spans (until_at);
CREATE INDEX license_spans_seat ON license_spans (seat_id, until_at);

-- Every running of a meeting at Zoom. Open while it is there.
CREATE TABLE runs (
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    uuid TEXT NOT NULL,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    seat_id TEXT NOT NULL REFERENCES seats (id),
    began_at BIGINT NOT NULL,
    ended_at BIGINT CHECK (ended_at >= began_at),
    PRIMARY KEY (meeting_id, uuid)
);
CREATE INDEX runs_ended ON runs (ended_at);
CREATE INDEX runs_tenant ON runs (tenant_id, ended_at);

-- What passed of a hold before its meeting began, was missed, moved or called off.
CREATE TABLE hold_spans (
    id TEXT NOT NULL PRIMARY KEY,
    meeting_id TEXT NOT NULL REFERENCES meetings (id),
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    seat_id TEXT NOT NULL REFERENCES seats (id),
    from_at BIGINT NOT NULL,
    until_at BIGINT NOT NULL CHECK (until_at > from_at)
);
CREATE INDEX hold_spans_until ON hold_spans (until_at);
CREATE INDEX hold_spans_tenant ON hold_spans (tenant_id, until_at);

INSERT INTO runs (meeting_id, uuid, tenant_id, seat_id, began_at, ended_at)
SELECT id, run_uuid, tenant_id, seat_id, run_since,
    CASE WHEN stage = 'live' THEN NULL WHEN closed_at < run_since THEN run_since ELSE closed_at END
FROM meetings WHERE stage IN ('live', 'ended') AND run_uuid IS NOT NULL;

INSERT INTO hold_spans (id, meeting_id, tenant_id, seat_id, from_at, until_at)
SELECT id, id, tenant_id, seat_id, hold_from, CASE WHEN stage = 'missed' THEN hold_until ELSE run_since END
FROM meetings
WHERE licensed AND ((stage = 'missed' AND hold_from < hold_until) OR (stage IN ('live', 'ended') AND hold_from < run_since));

-- For how many days the ledger, the refusals and the counts of moves are kept.
ALTER TABLE pool ADD COLUMN ledger_days INTEGER NOT NULL DEFAULT 400 CHECK (ledger_days BETWEEN 31 AND 3660);
