//! The one writer: a thread that takes what waits, makes all of it in one transaction, commits once, and then answers.
//!
//! A lone commit costs a flush to disk; sixty-four that share one cost little more. Each change runs in a savepoint of its
//! own, so one that fails undoes itself and nobody else's. Nothing is answered before the commit: an answer is durable.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use tokio::sync::oneshot;

use super::connection::{Db, DbManager};
use super::error::StoreError;
use super::transaction::{self, WriteTx};

/// How many changes share a commit at most: bounds how long the first of them waits.
pub(super) const BATCH: usize = 256;
/// How many changes may wait; more are refused, so that a slow disk makes errors and not an endless queue.
const QUEUE: usize = 4096;

/// A change that waits: run inside the transaction, it gives what is to be said once the commit is known.
/// Handed an error instead of a connection, it says so.
type Change = Box<dyn FnOnce(Result<&mut Db, &StoreError>) -> Reply + Send>;
type Reply = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

/// The way to the writer's thread. The thread ends when the last of these is dropped.
pub(super) struct Writer(SyncSender<Change>);

impl Writer {
    /// Opens the connection and starts the thread.
    pub(super) fn spawn(manager: DbManager, batch: usize) -> Result<Self, StoreError> {
        let db = manager.open_writer()?;
        let (sender, receiver) = sync_channel(QUEUE);
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work(&manager, db, &receiver, batch))
            .map_err(StoreError::unavailable)?;
        Ok(Self(sender))
    }

    /// Queues `change` and waits until it is durable, or undone.
    pub(super) async fn run<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let change: Change = Box::new(move |db| {
            let outcome = match db {
                Ok(db) => transaction::savepoint(db, |tx| undone_by_panic(tx, change)),
                Err(error) => Err(StoreError::unavailable(error).into()),
            };
            Box::new(move |committed| {
                let answer = match (outcome, committed) {
                    (Ok(_), Err(error)) => Err(StoreError::unavailable(error).into()),
                    (outcome, _) => outcome,
                };
                // Nobody listens when the request was given up; what was committed stays committed.
                let _ = sender.send(answer);
            })
        });
        self.0.try_send(change).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::panicked(),
        })?;
        receiver.await.map_err(|_| StoreError::panicked())?
    }
}

/// Makes `change`, and turns its panic into an error while its savepoint is still open: one left open would swallow the
/// commit of the whole batch.
fn undone_by_panic<T, E: From<StoreError>>(
    tx: &mut WriteTx<'_>,
    change: impl FnOnce(&mut WriteTx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(|| change(tx))).unwrap_or_else(|_panic| Err(StoreError::panicked().into()))
}

fn work(manager: &DbManager, mut db: Db, changes: &Receiver<Change>, most: usize) {
    while let Ok(first) = changes.recv() {
        let mut batch = vec![first];
        while batch.len() < most
            && let Ok(next) = changes.try_recv()
        {
            batch.push(next);
        }
        if let Err(error) = begin(manager, &mut db) {
            tracing::error!(%error, waiting = batch.len(), "cannot begin a write");
            for change in batch {
                change(Err(&error))(Err(&error));
            }
        } else if let Err(error) = make(&mut db, batch) {
            tracing::error!(%error, "a write transaction failed");
        }
    }
}

/// Begins a transaction, on a new connection if the old one is gone: a server may have been restarted since. A database that
/// is merely locked by somebody else is no reason to open it again: that would only wait for the same lock twice.
fn begin(manager: &DbManager, db: &mut Db) -> Result<(), StoreError> {
    match transaction::begin_write(db) {
        Err(_) if DbManager::is_lost(db) => {
            *db = manager.open_writer()?;
            transaction::begin_write(db)
        }
        begun => begun,
    }
}

/// Makes a batch of changes in the transaction that was begun, commits, and answers them all.
fn make(db: &mut Db, batch: Vec<Change>) -> Result<(), StoreError> {
    let replies: Vec<Reply> = batch.into_iter().map(|change| change(Ok(db))).collect();
    let committed = transaction::commit(db);
    if committed.is_err() {
        // The connection may be gone: the next batch begins anew.
        let _ = transaction::rollback(db);
    }
    for reply in replies {
        reply(committed.as_ref().copied());
    }
    committed
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection;

    use super::*;
    use crate::store::connection::DatabaseUrl;

    fn say(db: &mut Db, sql: &str) -> Result<(), StoreError> {
        let Db::Sqlite(connection) = db else { panic!("these tests are about files") };
        Ok(connection.batch_execute(sql)?)
    }

    #[test]
    fn a_locked_database_is_refused_once_and_keeps_its_connection() {
        let folder = tempfile::tempdir().unwrap();
        let manager = DbManager::new(DatabaseUrl::Sqlite(folder.path().join("d.db")));
        let (mut db, mut other) = (manager.open_writer().unwrap(), manager.open_writer().unwrap());
        // A temporary table lives and dies with its connection.
        say(&mut db, "PRAGMA busy_timeout = 0; CREATE TEMP TABLE mark (x)").unwrap();
        say(&mut other, "BEGIN IMMEDIATE").unwrap();
        let refused = begin(&manager, &mut db);
        assert!(matches!(&refused, Err(error) if error.is_passing()), "{refused:?}");
        say(&mut other, "COMMIT").unwrap();
        begin(&manager, &mut db).unwrap();
        say(&mut db, "SELECT * FROM mark; COMMIT").expect("the connection is the one it was");
    }
}
