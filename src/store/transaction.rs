//! The two ways to reach the database: a read that sees one moment, and a write that no other write interleaves with.

use std::ops::{Deref, DerefMut};

use diesel::Connection;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};

use super::connection::Db;
use super::error::StoreError;

/// A transaction that may ask.
pub struct ReadTx<'a>(pub(super) &'a mut Db);

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

impl ReadTx<'_> {
    pub(super) fn db(&mut self) -> &mut Db {
        self.0
    }
}

/// The one lock that every write on PostgreSQL takes first, so that writes of all processes happen one after another.
/// The number is ours alone within a database; it means nothing.
const WRITE_LOCK: i64 = 0x6475_6f6c_6f67_7565;

/// Asks `question` in one read-only transaction.
pub(super) fn read<T, E: From<StoreError>>(db: &mut Db, question: impl FnOnce(&mut ReadTx<'_>) -> Result<T, E>) -> Result<T, E> {
    begin(db, "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let answer = question(&mut ReadTx(db));
    // Nothing was changed, so ending it either way is the same; a failure here says that the connection is gone.
    rollback(db)?;
    answer
}

/// Makes `change` in a transaction of its own.
pub(super) fn write<T, E: From<StoreError>>(db: &mut Db, change: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E>) -> Result<T, E> {
    begin_write(db)?;
    match change(&mut WriteTx(ReadTx(db))) {
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
    let outcome = db.transaction(|db| change(&mut WriteTx(ReadTx(db))).map_err(Undo::Change));
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
