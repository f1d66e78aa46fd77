-- How licenses reach hosts, when they are given back, and what Zoom was last heard to say of the whole account.
-- Days are counted in UTC since 1970.

ALTER TABLE pool ADD COLUMN strategy TEXT NOT NULL DEFAULT 'float' CHECK (strategy IN ('float', 'standing'));
ALTER TABLE pool ADD COLUMN release TEXT NOT NULL DEFAULT 'ended' CHECK (release IN ('ended', 'when_needed'));
ALTER TABLE pool ADD COLUMN move_budget INTEGER CHECK (move_budget >= 1);
ALTER TABLE pool ADD COLUMN late_attach BOOLEAN NOT NULL DEFAULT TRUE;
-- Since when Zoom refuses to move licenses; frozen_until is the instant of the next probe.
ALTER TABLE pool ADD COLUMN frozen_since BIGINT;
-- When a poll last found something out that a webhook should have told.
ALTER TABLE pool ADD COLUMN webhooks_missed_at BIGINT;
ALTER TABLE pool ADD COLUMN synced_at BIGINT;
ALTER TABLE pool ADD COLUMN zoom_purchased INTEGER;
ALTER TABLE pool ADD COLUMN zoom_others INTEGER;
UPDATE pool SET frozen_since = frozen_until;

-- A seat that Zoom refuses a license is left alone for a while; the licenses are not to blame.
ALTER TABLE seats ADD COLUMN license_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE seats ADD COLUMN license_retry_at BIGINT;
ALTER TABLE seats ADD COLUMN license_problem TEXT;

-- Whether meetings of at most 35 minutes run without a license.
ALTER TABLE tenants ADD COLUMN short_meetings BOOLEAN NOT NULL DEFAULT FALSE;

-- A short meeting may be planned without a license; a host may wait in line for one.
ALTER TABLE meetings ADD COLUMN licensed BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE meetings ADD COLUMN queued_at BIGINT;
CREATE INDEX meetings_queued ON meetings (queued_at) WHERE queued_at IS NOT NULL;

-- The ledger: from when until when each license was on which seat of which tenant. Open while it is there.
CREATE TABLE license_spans (
    id TEXT NOT NULL PRIMARY KEY,
    license INTEGER NOT NULL,
    seat_id TEXT NOT NULL REFERENCES seats (id),
    tenant_id TEXT REFERENCES tenants (id),
    from_at BIGINT NOT NULL,
    until_at BIGINT CHECK (until_at >= from_at)
);
CREATE UNIQUE INDEX license_spans_open ON license_spans (license) WHERE until_at IS NULL;
CREATE INDEX license_spans_from ON license_spans (from_at);
CREATE INDEX license_spans_tenant ON license_spans (tenant_id, from_at);

-- How often licenses moved on each day, and how often Zoom refused because they moved too often.
CREATE TABLE move_days (
    day INTEGER NOT NULL PRIMARY KEY,
    attaches INTEGER NOT NULL,
    detaches INTEGER NOT NULL,
    freezes INTEGER NOT NULL
);

-- Meetings created or changed at Zoom for a seat on a day, of which Zoom takes a hundred.
CREATE TABLE seat_days (
    seat_id TEXT NOT NULL REFERENCES seats (id),
    day INTEGER NOT NULL,
    writes INTEGER NOT NULL,
    PRIMARY KEY (seat_id, day)
);

-- Every refusal of a meeting, for the tenant's usage and for planning.
CREATE TABLE refusals (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    host_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('scheduled', 'on_demand')),
    code TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL CHECK (ends_at > starts_at),
    FOREIGN KEY (tenant_id, host_id) REFERENCES users (tenant_id, id)
);
CREATE INDEX refusals_tenant ON refusals (tenant_id, at);
CREATE INDEX refusals_at ON refusals (at);
