-- Rows that belong to a tenant are shown to, and taken from, whoever has said `SET LOCAL duologue.tenant` with its id, or '*'
-- for everybody's. Whoever has said nothing sees none. Owners are held to this too; superusers are above it, so Duologue should
-- not connect as one.
--
-- Seats are left out: they are the operator's, and a meeting may lie on one that serves nobody else's tenant.

ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY of_tenant ON tenants USING (current_setting('duologue.tenant', TRUE) IN ('*', id));

DO $$
DECLARE owned TEXT;
BEGIN
    FOREACH owned IN ARRAY ARRAY['users', 'clients', 'meetings', 'letters', 'audit', 'license_spans', 'refusals', 'runs', 'hold_spans'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY of_tenant ON %I USING (current_setting(''duologue.tenant'', TRUE) IN (''*'', tenant_id))', owned);
    END LOOP;
END
$$;
