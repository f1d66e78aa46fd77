//! One connection type over both databases, chosen by the URL's scheme and never by trying one after the other: a mistyped
//! PostgreSQL URL must not create an SQLite file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::{AnsiTransactionManager, Instrumentation, InstrumentationEvent, SimpleConnection, TransactionManager};
use diesel::{Connection, PgConnection, SqliteConnection};

use super::error::StoreError;
use super::transaction::EVERYBODY;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub(super) enum Db {
    /// A file, or memory.
    Sqlite(SqliteConnection),
    /// A server that many machines share.
    Postgres(PgConnection),
}

/// Which database, read from `DATABASE_URL`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite://path`, or `sqlite::memory:`.
    Sqlite(PathBuf),
    /// `postgres://…` or `postgresql://…`.
    Postgres(String),
}

/// A `DATABASE_URL` that names no database we know.
#[derive(Debug, thiserror::Error)]
#[error("DATABASE_URL must begin with sqlite:// or postgres://; for example sqlite://data/duologue.db")]
pub struct DatabaseUrlError;

impl DatabaseUrl {
    /// Whether it lives only as long as its one connection.
    pub fn is_in_memory(&self) -> bool {
        matches!(self, Self::Sqlite(path) if path.as_os_str() == ":memory:")
    }

    /// An SQLite database in memory.
    pub fn in_memory() -> Self {
        Self::Sqlite(PathBuf::from(":memory:"))
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(url: &str) -> Result<Self, DatabaseUrlError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).ok_or(DatabaseUrlError)?;
        if path.is_empty() { Err(DatabaseUrlError) } else { Ok(Self::Sqlite(PathBuf::from(path))) }
    }
}

impl std::fmt::Debug for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => write!(f, "postgres://…@{}", url.rsplit('@').next().unwrap_or_default()),
        }
    }
}

/// How many readers are worth having: SQLite reads in our own process, and a server shares its own cores.
pub(super) const READERS: u32 = 4;

/// Opens connections to one database.
#[derive(Clone)]
pub(super) struct DbManager(DatabaseUrl, Option<Heard>);

impl DbManager {
    pub(super) const fn new(url: DatabaseUrl) -> Self {
        Self(url, None)
    }

    /// Writes down what is asked and changed through its connections.
    pub(super) const fn heard_by(url: DatabaseUrl, heard: Heard) -> Self {
        Self(url, Some(heard))
    }

    /// The connection that writes. WAL with `synchronous=FULL`: what was acknowledged survives a power cut.
    pub(super) fn open_writer(&self) -> Result<Db, StoreError> {
        let mut db = match &self.0 {
            DatabaseUrl::Sqlite(path) => {
                if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                    std::fs::create_dir_all(folder)
                        .map_err(|error| StoreError::unavailable(format!("{}: {error}", folder.display())))?;
                }
                let mut connection = SqliteConnection::establish(&path.to_string_lossy()).map_err(StoreError::unavailable)?;
                connection
                    .batch_execute(
                        "PRAGMA busy_timeout = 8000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
                         PRAGMA journal_size_limit = 67108864;",
                    )
                    .and_then(|()| use_wal(&mut connection))
                    .and_then(|()| know_every_alphabet(&mut connection))
                    .map_err(StoreError::unavailable)?;
                Db::Sqlite(connection)
            }
            DatabaseUrl::Postgres(url) => Db::Postgres(open_postgres(url)?),
        };
        db.set_instrumentation(Listener(self.1.clone()));
        Ok(db)
    }

    /// A connection that only reads; none: there is no such file, and none is made.
    pub(super) fn open_existing(&self) -> Result<Option<Db>, StoreError> {
        match &self.0 {
            DatabaseUrl::Sqlite(path) if !self.0.is_in_memory() && !path.exists() => Ok(None),
            DatabaseUrl::Sqlite(_) | DatabaseUrl::Postgres(_) => self.open_reader().map(Some),
        }
    }

    /// Whether nothing can be asked on a connection any more, with no transaction open on it. A file in our own process
    /// cannot go away between two questions; a server can.
    pub(super) fn is_lost(db: &mut Db) -> bool {
        let broken = is_broken(db);
        match db {
            Db::Sqlite(_) => broken,
            Db::Postgres(connection) => broken || connection.batch_execute("SELECT 1").is_err(),
        }
    }

    fn open_reader(&self) -> Result<Db, StoreError> {
        let mut db = match &self.0 {
            DatabaseUrl::Sqlite(path) => {
                let mut connection = SqliteConnection::establish(&path.to_string_lossy()).map_err(StoreError::unavailable)?;
                connection
                    .batch_execute("PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 8000; PRAGMA query_only = ON;")
                    .and_then(|()| know_every_alphabet(&mut connection))
                    .map_err(StoreError::unavailable)?;
                Db::Sqlite(connection)
            }
            DatabaseUrl::Postgres(url) => Db::Postgres(open_postgres(url)?),
        };
        db.set_instrumentation(Listener(self.1.clone()));
        Ok(db)
    }
}

/// Switches a new file to WAL. SQLite does not wait for the lock which that takes, so when another process is switching too,
/// we wait for a write transaction instead, and look again.
fn use_wal(connection: &mut SqliteConnection) -> diesel::QueryResult<()> {
    const WAL: &str = "PRAGMA journal_mode = WAL";
    for _ in 0..50 {
        if connection.batch_execute(WAL).is_ok() {
            return Ok(());
        }
        connection.batch_execute("BEGIN IMMEDIATE; COMMIT")?;
    }
    connection.batch_execute(WAL)
}

/// SQLite's own `lower` knows ASCII only, and a search for `Ärztin` would not even find itself.
fn know_every_alphabet(connection: &mut SqliteConnection) -> diesel::QueryResult<()> {
    super::meetings::lower_utils::register_impl(connection, |text: String| text.to_lowercase())
}

fn open_postgres(url: &str) -> Result<PgConnection, StoreError> {
    let mut connection = PgConnection::establish(url).map_err(StoreError::unavailable)?;
    connection
        .batch_execute(&format!(
            "SET TIME ZONE 'UTC'; SET statement_timeout = '20s'; SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '30s'; \
             SET client_min_messages = 'warning'; SET duologue.tenant = '{EVERYBODY}'",
        ))
        .map_err(StoreError::unavailable)?;
    Ok(connection)
}

impl r2d2::ManageConnection for DbManager {
    type Connection = Db;
    type Error = StoreError;

    fn connect(&self) -> Result<Db, StoreError> {
        self.open_reader()
    }

    fn is_valid(&self, db: &mut Db) -> Result<(), StoreError> {
        match db {
            // A file in our own process cannot go away between two questions.
            Db::Sqlite(_) => Ok(()),
            Db::Postgres(connection) => connection.batch_execute("SELECT 1").map_err(StoreError::from),
        }
    }

    fn has_broken(&self, db: &mut Db) -> bool {
        is_broken(db)
    }
}

/// Whether diesel has lost track of the connection's transaction.
fn is_broken(db: &mut Db) -> bool {
    match db {
        Db::Sqlite(connection) => AnsiTransactionManager::is_broken_transaction_manager(connection),
        Db::Postgres(connection) => AnsiTransactionManager::is_broken_transaction_manager(connection),
    }
}

/// Sends r2d2's background complaints to our log.
#[derive(Debug)]
pub(super) struct LogPoolErrors;

impl<E: std::error::Error> r2d2::HandleError<E> for LogPoolErrors {
    fn handle_error(&self, error: E) {
        tracing::warn!(%error, "cannot open a database connection");
    }
}

static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// How many statements have been run by this process.
pub(super) fn statements() -> u64 {
    STATEMENTS.load(Ordering::Relaxed)
}

/// Every statement that was run through a store, once, without the values bound to it: for tests of what they cost.
#[derive(Clone, Debug, Default)]
pub struct Heard(Arc<Mutex<BTreeSet<String>>>);

impl Heard {
    /// The statements so far.
    pub fn statements(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn add(&self, query: &str) {
        let statement = query.split(" -- binds:").next().unwrap_or(query);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(statement.to_owned());
    }
}

/// Counts statements, and writes them down for whoever wants to hear them.
struct Listener(Option<Heard>);

impl Instrumentation for Listener {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                if let Some(heard) = &self.0 {
                    heard.add(&query.to_string());
                }
                STATEMENTS.fetch_add(1, Ordering::Relaxed)
            }
            // A transaction's own BEGIN and COMMIT are announced as queries too.
            InstrumentationEvent::BeginTransaction { .. }
            | InstrumentationEvent::CommitTransaction { .. }
            | InstrumentationEvent::RollbackTransaction { .. } => STATEMENTS.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
    }
}
