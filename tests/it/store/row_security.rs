//! PostgreSQL's policies behind the types: a statement in one tenant's name sees and takes that tenant's rows alone, even if
//! it forgets to say so (rule 3.4.1). The whole of these tests runs as a role that the policies bind.

use duologue::domain::tenant::Role;

use crate::support::cast::{meeting, user, window};
use crate::support::database::{Database, Raw};

/// Tables with a tenant that are not theirs alone, and why.
const OPEN: &[(&str, &str)] = &[("seats", "the operator's; a meeting may lie on one that serves nobody else's tenant")];

async fn with_rows() -> Database {
    let db = Database::postgres().with_cast().await;
    db.book(meeting("m1", window(60, 90))).await;
    db
}

/// What a statement that forgets its WHERE finds, in the name of `tenant`.
fn seen(raw: &mut Raw, tenant: &str, table: &str) -> usize {
    raw.execute(&format!("SET duologue.tenant = '{tenant}'"));
    let rows = raw.rows(&format!("SELECT 'x' AS a, NULL AS b, NULL AS c FROM {table}"));
    rows.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_forgets_whose_rows_it_wants_finds_one_tenants() {
    let db = with_rows().await;
    let mut raw = Raw::open(&db.url);
    for (table, everybody, acme, globex) in
        [("tenants", 2, 1, 1), ("users", 3, 2, 1), ("clients", 2, 1, 1), ("meetings", 1, 1, 0)]
    {
        assert_eq!(seen(&mut raw, "*", table), everybody, "{table}");
        assert_eq!((seen(&mut raw, "acme", table), seen(&mut raw, "globex", table)), (acme, globex), "{table}");
        for nobody in ["", "nobody", "acme' OR 'x"] {
            assert_eq!(seen(&mut raw, &nobody.replace('\'', "''"), table), 0, "{table} as {nobody:?}");
        }
    }
    raw.execute("RESET duologue.tenant");
    assert!(raw.rows("SELECT id AS a, NULL AS b, NULL AS c FROM users").is_empty(), "whoever says nothing sees nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_changed_in_another_tenants_rows() {
    let db = with_rows().await;
    let mut raw = Raw::open(&db.url);
    raw.execute("SET duologue.tenant = 'globex'; UPDATE meetings SET topic = 'taken over'; DELETE FROM clients WHERE id = 'gil'");
    let untouched = "SELECT topic AS a, (SELECT id FROM clients WHERE id = 'gil') AS b, NULL AS c FROM meetings";
    let rows = db.rows(untouched);
    assert_eq!(rows, [[Some("First visit".to_owned()), Some("gil".to_owned()), None]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_cannot_be_written_into_another_tenant() {
    let db = with_rows().await;
    // A scope of Globex and a user that says it is Acme's: the store's own function trusts what it is given.
    let forged = user("acme", "eve", Role::Admin);
    let written = db
        .store
        .write::<_, duologue::store::StoreError, _>({
            let scope = db.scope("globex");
            move |tx| duologue::store::users::insert(tx, &scope, &forged)
        })
        .await;
    let there = db.rows("SELECT tenant_id AS a, NULL AS b, NULL AS c FROM users WHERE id = 'eve'");
    assert!(written.is_err() || there == [[Some("globex".to_owned()), None, None]], "{written:?} {there:?}");
    let mut raw = Raw::open(&db.url);
    let planted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        raw.execute("SET duologue.tenant = 'globex'; UPDATE users SET tenant_id = 'acme' WHERE id = 'cy'");
    }));
    assert!(planted.is_err(), "moved into another tenant");
}

/// A later migration that adds a table with a tenant must say what the policy is.
fn unguarded(db: &Database) -> Vec<String> {
    let rows = db.rows(
        "SELECT c.relname::text AS a, NULL AS b, NULL AS c FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         WHERE n.nspname = 'public' AND c.relkind = 'r' \
           AND (c.relname = 'tenants' OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id')) \
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)) \
         ORDER BY 1",
    );
    rows.into_iter().map(|[name, _, _]| name.unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_table_with_a_tenant_has_its_policy() {
    let db = Database::postgres();
    let open: Vec<&str> = OPEN.iter().map(|(table, _)| *table).collect();
    assert_eq!(unguarded(&db), open);
    db.execute("CREATE TABLE planted (tenant_id TEXT); ALTER TABLE planted ENABLE ROW LEVEL SECURITY");
    assert!(unguarded(&db).contains(&"planted".to_owned()), "a table without a policy would show");
}
