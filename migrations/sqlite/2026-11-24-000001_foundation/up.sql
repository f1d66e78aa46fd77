-- Times are whole seconds since 1970 in UTC; ids and words are text. The same tables stand in ../../postgres.

CREATE TABLE operators (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_hash TEXT,
    created_at BIGINT NOT NULL
);

CREATE TABLE tenants (
    id TEXT NOT NULL PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    zone TEXT NOT NULL,
    reply_to TEXT,
    default_minutes INTEGER NOT NULL CHECK (default_minutes BETWEEN 5 AND 480),
    guarantee INTEGER NOT NULL CHECK (guarantee >= 0),
    cap INTEGER NOT NULL CHECK (cap >= 0),
    shared_seats BOOLEAN NOT NULL,
    suspended_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('staff', 'admin')),
    zone TEXT,
    password_hash TEXT,
    deactivated_at BIGINT,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, email),
    UNIQUE (tenant_id, id)
);

-- Invitations and password resets: only the hash of the secret is kept, and each works once.
CREATE TABLE one_time_links (
    secret_hash TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'reset')),
    user_id TEXT REFERENCES users (id),
    operator_id TEXT REFERENCES operators (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    CHECK ((user_id IS NULL) <> (operator_id IS NULL))
);
CREATE INDEX one_time_links_user ON one_time_links (user_id);
CREATE INDEX one_time_links_operator ON one_time_links (operator_id);

CREATE TABLE sessions (
    key_hash TEXT NOT NULL PRIMARY KEY,
    user_id TEXT REFERENCES users (id),
    operator_id TEXT REFERENCES operators (id),
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_operator ON sessions (operator_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Failed sign-ins, to slow down guessing; the key is a hash of realm and address, known or not.
CREATE TABLE sign_in_failures (
    key_hash TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    blocked_until BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE TABLE seats (
    id TEXT NOT NULL PRIMARY KEY,
    zoom_user_id TEXT UNIQUE,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    tenant_id TEXT REFERENCES tenants (id),
    user_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('active', 'pending', 'inactive', 'missing')),
    observed TEXT NOT NULL CHECK (observed IN ('basic', 'licensed', 'other')),
    observed_at BIGINT,
    created_at BIGINT NOT NULL,
    CHECK (user_id IS NULL OR tenant_id IS NOT NULL),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
);
CREATE UNIQUE INDEX seats_user ON seats (user_id);
CREATE INDEX seats_tenant ON seats (tenant_id);

-- The settings of the one pool.
CREATE TABLE pool (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    licenses INTEGER NOT NULL CHECK (licenses BETWEEN 0 AND 10000),
    spare INTEGER CHECK (spare >= 0),
    lead_seconds BIGINT NOT NULL CHECK (lead_seconds >= 0 AND lead_seconds % 300 = 0),
    grace_seconds BIGINT NOT NULL CHECK (grace_seconds >= 0 AND grace_seconds % 300 = 0),
    rejoin_seconds BIGINT NOT NULL CHECK (rejoin_seconds >= 0),
    no_show_seconds BIGINT NOT NULL CHECK (no_show_seconds >= 0),
    horizon_days INTEGER NOT NULL CHECK (horizon_days > 0),
    frozen_until BIGINT
);

-- One row per purchased license. Attaching is claiming a row; a seat has at most one.
CREATE TABLE licenses (
    number INTEGER NOT NULL PRIMARY KEY CHECK (number > 0),
    place TEXT NOT NULL CHECK (place IN ('free', 'attaching', 'attached', 'detaching')),
    seat_id TEXT UNIQUE REFERENCES seats (id),
    meeting_id TEXT,
    since BIGINT NOT NULL,
    worked_on_until BIGINT,
    failures INTEGER NOT NULL,
    retry_at BIGINT,
    problem TEXT,
    CHECK ((place = 'free') = (seat_id IS NULL))
);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    zone TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, email),
    UNIQUE (tenant_id, id)
);

CREATE TABLE meetings (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    host_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    seat_id TEXT NOT NULL REFERENCES seats (id),
    kind TEXT NOT NULL CHECK (kind IN ('scheduled', 'on_demand')),
    topic TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL CHECK (ends_at > starts_at),
    wall_time TEXT NOT NULL,
    zone TEXT NOT NULL,
    hold_from BIGINT NOT NULL,
    hold_until BIGINT NOT NULL CHECK (hold_until >= hold_from),
    stage TEXT NOT NULL CHECK (stage IN ('booked', 'live', 'ended', 'cancelled', 'missed')),
    run_uuid TEXT,
    run_since BIGINT,
    closed_at BIGINT,
    sequence INTEGER NOT NULL,
    link_version INTEGER NOT NULL,
    link_hash TEXT NOT NULL UNIQUE,
    client_arrived_at BIGINT,
    start_clicked_at BIGINT,
    idempotency_key TEXT NOT NULL,
    -- What Zoom knows: a booked meeting without a number is the to-do, and so is one whose sequence Zoom has not seen.
    zoom_number BIGINT UNIQUE,
    zoom_join_url TEXT,
    zoom_sequence INTEGER,
    zoom_tries INTEGER NOT NULL,
    zoom_retry_at BIGINT,
    zoom_problem TEXT,
    -- When Zoom was last asked whether a meeting that should be live is, and how often it said no in a row.
    polled_at BIGINT,
    polled_absent INTEGER NOT NULL,
    alert TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (tenant_id, idempotency_key),
    CHECK ((run_uuid IS NULL) = (run_since IS NULL)),
    FOREIGN KEY (tenant_id, host_id) REFERENCES users (tenant_id, id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES clients (tenant_id, id)
);
CREATE INDEX meetings_tenant ON meetings (tenant_id, starts_at);
CREATE INDEX meetings_host ON meetings (host_id, starts_at);
CREATE INDEX meetings_client ON meetings (client_id, starts_at);
CREATE INDEX meetings_seat ON meetings (seat_id, starts_at);
-- The hold alone says which license is promised when, whatever the stage: it is cut when a meeting ends, is missed or cancelled.
CREATE INDEX meetings_hold ON meetings (hold_from);
CREATE INDEX meetings_open ON meetings (stage, starts_at) WHERE stage IN ('booked', 'live');
CREATE INDEX meetings_unsynced ON meetings (zoom_retry_at) WHERE stage IN ('booked', 'cancelled') AND (zoom_sequence IS NULL OR zoom_sequence < sequence);

-- The outbox: written in the transaction of what it tells of, rendered and sent afterwards. The payload holds facts and ids,
-- never a link that lets somebody in: those are derived with the server's key when the letter is rendered.
CREATE TABLE letters (
    id TEXT NOT NULL PRIMARY KEY,
    dedupe_key TEXT NOT NULL UNIQUE,
    tenant_id TEXT REFERENCES tenants (id),
    meeting_id TEXT REFERENCES meetings (id),
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
    tries INTEGER NOT NULL,
    send_after BIGINT NOT NULL,
    sent_at BIGINT,
    problem TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX letters_queued ON letters (send_after) WHERE state = 'queued';
CREATE INDEX letters_meeting ON letters (meeting_id);

-- The inbox: a webhook is here before Zoom hears 200, and its effect happens once.
CREATE TABLE zoom_events (
    id TEXT NOT NULL PRIMARY KEY,
    dedupe_key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')),
    tries INTEGER NOT NULL,
    retry_at BIGINT NOT NULL,
    outcome TEXT
);
CREATE INDEX zoom_events_waiting ON zoom_events (retry_at) WHERE state = 'waiting';
CREATE INDEX zoom_events_received ON zoom_events (received_at);

CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    tenant_id TEXT REFERENCES tenants (id),
    actor TEXT NOT NULL CHECK (actor IN ('user', 'operator', 'client', 'keeper', 'zoom', 'console')),
    actor_id TEXT,
    action TEXT NOT NULL,
    meeting_id TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_tenant ON audit (tenant_id, at);
CREATE INDEX audit_meeting ON audit (meeting_id, at);

-- When each part of the background work last did its round, for the operator and for /readyz.
CREATE TABLE heartbeats (
    name TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    note TEXT NOT NULL
);

INSERT INTO pool (id, licenses, spare, lead_seconds, grace_seconds, rejoin_seconds, no_show_seconds, horizon_days, frozen_until)
VALUES (1, 0, NULL, 300, 300, 120, 900, 365, NULL);
