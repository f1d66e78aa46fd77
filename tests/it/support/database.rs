//! A database for each test: migrated, empty, of its own, and gone afterwards.
//!
//! [`both_databases!`] runs one test on SQLite (a file in a temporary folder) and on PostgreSQL (a database copied from a
//! migrated template on the server that `TEST_POSTGRES_URL` names). Without that server the test fails: a database that
//! nobody tested is not supported.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use duologue::config::environment;
use duologue::store::scope::{KeeperPass, OperatorPass};
use duologue::store::{DatabaseUrl, Store, StoreError, migrate};

/// Runs each test on both databases, as `name::sqlite` and `name::postgres`.
///
/// ```ignore
/// both_databases! {
///     async fn a_license_is_claimed_once(db: Database) { … }
/// }
/// ```
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: $database:ident) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn body($db: $database) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($database::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body($database::postgres()).await;
            }
        }
    )+};
}
pub(crate) use both_databases;

/// A database of one test.
pub(crate) struct Database {
    /// The store under test.
    pub(crate) store: Store,
    /// The keeper's pass that came with it.
    pub(crate) pass: Arc<KeeperPass>,
    /// Where it is.
    pub(crate) url: DatabaseUrl,
    // Dropped last: the stores above still use what it removes.
    _home: Home,
}

/// What has to be removed again.
enum Home {
    Folder { _folder: tempfile::TempDir },
    Server { name: String },
}

impl Database {
    /// A new file.
    pub(crate) fn sqlite() -> Self {
        let (url, home) = empty_sqlite();
        migrate::up(&url).unwrap();
        Self::open(url, home)
    }

    /// A new database on the test server.
    pub(crate) fn postgres() -> Self {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        let template = TEMPLATE.get_or_init(migrated_template);
        let (url, home) = new_postgres(&format!(" TEMPLATE {template}"));
        Self::open(url, home)
    }

    fn open(url: DatabaseUrl, home: Home) -> Self {
        let (store, pass) = Store::open(&url).unwrap();
        Self { store, pass: Arc::new(pass), url, _home: home }
    }

    /// A second process on the same database, as far as the store can tell.
    pub(crate) fn second_node(&self) -> Store {
        Store::open(&self.url).unwrap().0
    }

    /// The right to run the pool.
    pub(crate) fn operator(&self) -> OperatorPass {
        OperatorPass::console(&self.pass)
    }

    /// Runs statements past the store: to break what it would never break, or to look behind it.
    pub(crate) fn execute(&self, sql: &str) {
        Raw::open(&self.url).execute(sql);
    }

    /// The rows of a query past the store, each column as text. Name the columns `a`, `b`, `c` and cast them to TEXT.
    pub(crate) fn rows(&self, sql: &str) -> Vec<[Option<String>; 3]> {
        Raw::open(&self.url).rows(sql)
    }
}

/// An SQLite database that does not exist yet, and one on the server that is empty: for tests of migrations.
pub(crate) struct Unmigrated {
    pub(crate) url: DatabaseUrl,
    _home: Home,
}

impl Unmigrated {
    pub(crate) fn sqlite() -> Self {
        let (url, home) = empty_sqlite();
        Self { url, _home: home }
    }

    pub(crate) fn postgres() -> Self {
        let (url, home) = new_postgres("");
        Self { url, _home: home }
    }

    /// Whether there is still no file, or no table.
    pub(crate) fn is_untouched(&self) -> bool {
        match &self.url {
            DatabaseUrl::Sqlite(path) => !path.exists(),
            DatabaseUrl::Postgres(_) => Raw::open(&self.url)
                .rows("SELECT tablename::text a, NULL b, NULL c FROM pg_tables WHERE schemaname = 'public'")
                .is_empty(),
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Self::Server { name } = self {
            Raw::open(&server()).execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

fn empty_sqlite() -> (DatabaseUrl, Home) {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("duologue.db"));
    (url, Home::Folder { _folder: folder })
}

fn new_postgres(options: &str) -> (DatabaseUrl, Home) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("duologue_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let mut server_connection = Raw::open(&server());
    // Left behind by a run of the same number that was killed.
    server_connection.execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    create(&mut server_connection, &name, options);
    (database_named(&name), Home::Server { name })
}

/// Makes a database in which everybody is an ordinary role, as Duologue should be: policies do not bind superusers.
fn create(server: &mut Raw, name: &str, options: &str) {
    server.execute(
        "DO $$ BEGIN CREATE ROLE duologue_tests NOSUPERUSER NOBYPASSRLS; \
         EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
    );
    server.execute(&format!("CREATE DATABASE {name} OWNER duologue_tests{options}"));
    server.execute(&format!("ALTER DATABASE {name} SET role = 'duologue_tests'"));
}

/// The name of a migrated database to copy from. It is named after the migrations, so it is made once and kept.
fn migrated_template() -> String {
    let name = format!("duologue_template_{:016x}", fingerprint(&postgres_migrations()));
    let mut server_connection = Raw::open(&server());
    // Two test processes may need it at once; the lock ends with the connection.
    server_connection.execute("SELECT pg_advisory_lock(7301)");
    let found =
        server_connection.rows(&format!("SELECT datname::text a, NULL b, NULL c FROM pg_database WHERE datname = '{name}'"));
    if found.is_empty() {
        server_connection.execute(&format!("DROP DATABASE IF EXISTS {name}_unfinished WITH (FORCE)"));
        create(&mut server_connection, &format!("{name}_unfinished"), "");
        migrate::up(&database_named(&format!("{name}_unfinished"))).unwrap();
        server_connection.execute(&format!("ALTER DATABASE {name}_unfinished RENAME TO {name}"));
    }
    name
}

/// The text of every migration, oldest first.
fn postgres_migrations() -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let mut migrations: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("up.sql")).collect();
    migrations.sort();
    migrations.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

/// FNV-1a.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn server_url() -> url::Url {
    let url =
        environment("TEST_POSTGRES_URL").expect("TEST_POSTGRES_URL is not set: run scripts/test.sh, which starts a PostgreSQL");
    url::Url::parse(&url).expect("TEST_POSTGRES_URL is a URL")
}

fn server() -> DatabaseUrl {
    server_url().as_str().parse().unwrap()
}

fn database_named(name: &str) -> DatabaseUrl {
    let mut url = server_url();
    url.set_path(name);
    url.as_str().parse().unwrap()
}

/// A connection past the store.
pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    a: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    b: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    c: Option<String>,
}

impl Raw {
    pub(crate) fn open(url: &DatabaseUrl) -> Self {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(&path.to_string_lossy()).unwrap();
                connection.batch_execute("PRAGMA busy_timeout = 8000").unwrap();
                Self::Sqlite(connection)
            }
            DatabaseUrl::Postgres(url) => {
                let mut connection = PgConnection::establish(url).unwrap();
                connection.batch_execute("SET client_min_messages = 'warning'; SET duologue.tenant = '*'").unwrap();
                Self::Postgres(connection)
            }
        }
    }

    pub(crate) fn execute(&mut self, sql: &str) {
        match self {
            Self::Sqlite(connection) => connection.batch_execute(sql),
            Self::Postgres(connection) => connection.batch_execute(sql),
        }
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    #[expect(clippy::disallowed_methods, reason = "a test looks behind the store")]
    pub(crate) fn rows(&mut self, sql: &str) -> Vec<[Option<String>; 3]> {
        let rows: Vec<Row> = match self {
            Self::Sqlite(connection) => diesel::sql_query(sql).load(connection),
            Self::Postgres(connection) => diesel::sql_query(sql).load(connection),
        }
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
        rows.into_iter().map(|row| [row.a, row.b, row.c]).collect()
    }
}

/// Reads, whatever the error.
pub(crate) async fn ask<T, F>(store: &Store, question: F) -> T
where
    F: FnOnce(&mut duologue::store::ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
    T: Send + 'static,
{
    store.read(question).await.unwrap()
}

/// Writes, and it must work.
pub(crate) async fn change<T, F>(store: &Store, change: F) -> T
where
    F: FnOnce(&mut duologue::store::WriteTx<'_>) -> Result<T, StoreError> + Send + 'static,
    T: Send + 'static,
{
    store.write(change).await.unwrap()
}
