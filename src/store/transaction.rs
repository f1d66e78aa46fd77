//! The two ways to reach the database: a read that sees one moment, and a write that no other write interleaves with.

use std::ops::{Deref, DerefMut};

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};

use crate::domain::ids::TenantId;

use super::connection::Db;
use super::error::StoreError;
use super::scope::TenantScope;

/// A transaction that may ask.
pub struct ReadTx<'a> {
    db: &'a mut Db,
    /// Whose rows PostgreSQL shows at the moment; none: everybody's.
    whose: Option<TenantId>,
}

/// A transaction that may also change. It dereferences to a [`ReadTx`], so whatever can be asked can be asked here.
pub struct WriteTx<'a>(ReadTx<'a>);

impl<'a> Deref for WriteTx<'a> {
    type Target = ReadTx<'a>;
    fn deref(&self) -> &ReadTx<'a> {
        &self.0
    }
}

impl<'a> DerefMut for WriteTx<'a> {
    fn deref_mut(&mut self) -> &mut ReadTx<'a> {
        &mut self.0
    }
}

impl<'a> ReadTx<'a> {
    const fn new(db: &'a mut Db) -> Self {
        Self { db, whose: None }
    }

    /// The connection, for a statement that concerns every tenant, or none.
    pub(super) fn db(&mut self) -> &mut Db {
        self.show(None);
        self.db
    }

    /// The connection, for a statement in the name of one tenant: PostgreSQL's policies then show and take its rows alone,
    /// whatever the statement says. What needs a scope is asked through this.
    pub(super) fn of(&mut self, scope: &TenantScope) -> &mut Db {
        self.show(Some(scope.tenant()));
        self.db
    }

    /// A failure here breaks the transaction, so that the statement that follows fails too and shows nothing.
    fn show(&mut self, whose: Option<&TenantId>) {
        if self.whose.as_ref() == whose {
            return;
        }
        self.whose = whose.cloned();
        if let Db::Postgres(connection) = &mut *self.db {
            let _ = connection.batch_execute(&show_rows_of(whose));
        }
    }
}

impl<'a> WriteTx<'a> {
    const fn new(db: &'a mut Db) -> Self {
        Self(ReadTx::new(db))
    }
}

/// The policies of `migrations/postgres` read this setting. Every connection begins with everybody's rows
/// (`connection.rs`); one that does not say whose it wants is shown none.
fn show_rows_of(whose: Option<&TenantId>) -> String {
    let whose = whose.map_or(EVERYBODY, TenantId::as_str).replace('\'', "''");
    format!("SET LOCAL duologue.tenant = '{whose}'")
}

/// What the setting says when everybody's rows are meant; no id of a tenant is this.
pub(super) const EVERYBODY: &str = "*";

/// The one lock that every write on PostgreSQL takes first, so that writes of all processes happen one after another.
/// The number is ours alone within a database; it means nothing.
const WRITE_LOCK: i64 = 0x6475_6f6c_6f67_7565;

/// Asks `question` in one read-only transaction.
pub(super) fn read<T, E: From<StoreError>>(db: &mut Db, question: impl FnOnce(&mut ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
    begin(db, "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let answer = question(&mut ReadTx::new(db));
    // Nothing was changed, so ending it either way is the same; a failure here says that the connection is gone.
    rollback(db)?;
    answer
}

/// Makes `change` in a transaction of its own.
pub(super) fn write<T, E: From<StoreError>>(db: &mut Db, change: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E>) -> Result<T, E> {
    begin_write(db)?;
    match change(&mut WriteTx::new(db)) {
        Ok(value) => {
            commit(db)?;
            Ok(value)
        }
        Err(error) => {
            rollback(db)?;
            Err(error)
        }
    }
}

/// Makes `change` inside the transaction that is open, and undoes it alone when it fails.
#[expect(clippy::disallowed_methods, reason = "a nested transaction is a savepoint; this is where savepoints are made")]
pub(super) fn savepoint<T, E: From<StoreError>>(
    db: &mut Db,
    change: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let outcome = db.transaction(|db| {
        let mut tx = WriteTx::new(db);
        let changed = change(&mut tx).map_err(Undo::Change)?;
        // The setting outlives the savepoint, and the next change may be anybody's.
        tx.show(None);
        Ok(changed)
    });
    outcome.map_err(|undo| match undo {
        Undo::Change(error) => error,
        Undo::Savepoint(error) => error.into(),
    })
}

enum Undo<E> {
    Change(E),
    Savepoint(StoreError),
}

impl<E> From<diesel::result::Error> for Undo<E> {
    fn from(error: diesel::result::Error) -> Self {
        Self::Savepoint(error.into())
    }
}

pub(super) fn begin_write(db: &mut Db) -> Result<(), StoreError> {
    begin(db, "BEGIN IMMEDIATE", "BEGIN")?;
    if let Db::Postgres(connection) = db {
        let locked = connection.batch_execute(&format!("SELECT pg_advisory_xact_lock({WRITE_LOCK})"));
        if let Err(error) = locked {
            let _ = rollback(db);
            return Err(error.into());
        }
    }
    Ok(())
}

fn begin(db: &mut Db, sqlite: &str, postgres: &str) -> Result<(), StoreError> {
    match db {
        Db::Sqlite(connection) => AnsiTransactionManager::begin_transaction_sql(connection, sqlite),
        Db::Postgres(connection) => AnsiTransactionManager::begin_transaction_sql(connection, postgres),
    }
    .map_err(StoreError::from)
}

pub(super) fn commit(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Sqlite(connection) => AnsiTransactionManager::commit_transaction(connection),
        Db::Postgres(connection) => AnsiTransactionManager::commit_transaction(connection),
    }
    .map_err(StoreError::from)
}

pub(super) fn rollback(db: &mut Db) -> Result<(), StoreError> {
    match db {
        Db::Sqlite(connection) => AnsiTransactionManager::rollback_transaction(connection),
        Db::Postgres(connection) => AnsiTransactionManager::rollback_transaction(connection),
    }
    .map_err(StoreError::from)
}
