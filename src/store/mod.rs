//! The only SQL: one file per noun, the same statements for SQLite and PostgreSQL.
//!
//! - [`Store::read`] is one read transaction: what it sees is one moment.
//! - [`Store::write`] is one write transaction, and all writes of all processes happen one after another: SQLite by
//!   `BEGIN IMMEDIATE`, PostgreSQL by one lock taken first. So a decision made inside from what was read inside stays true,
//!   and no two writes can deadlock. Speed comes from group commit: see `writer.rs`.
//! - The closures get a transaction and nothing else, so no network can be waited for inside, and no second connection
//!   taken. Ids and secrets are drawn before.
//! - What belongs to a tenant is reached through a [`scope::TenantScope`], which only a session or the keeper can make.

pub mod accounts;
pub mod audit;
pub mod census;
pub mod clients;
mod connection;
mod convert;
pub mod demand;
mod error;
pub mod events;
pub mod fuse;
pub mod heartbeats;
pub mod ledger;
pub mod letters;
pub mod licenses;
pub mod links;
pub mod meetings;
pub mod memory;
pub mod migrate;
pub mod moves;
pub mod old_rooms;
pub mod pool;
pub mod refusals;
mod schema;
pub mod scope;
pub mod seat_days;
pub mod seats;
pub mod sessions;
pub mod tenants;
mod transaction;
pub mod users;
pub mod uses;
mod writer;

use std::sync::{Arc, Mutex, PoisonError};

pub use connection::{DatabaseUrl, DatabaseUrlError, Heard};
pub use error::StoreError;
pub use transaction::{ReadTx, WriteTx};

use connection::{Db, DbManager};
use fuse::Fuse;
use scope::KeeperPass;
use writer::Writer;

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Access>);

enum Access {
    /// One connection, used on the caller's thread: in-memory databases, tests and the simulation.
    /// The fuse lets the process die between any two writes.
    Inline(Arc<Mutex<Db>>, Fuse),
    /// Several readers on worker threads and one writer on a thread of its own.
    Threaded { readers: r2d2::Pool<DbManager>, writer: Writer },
}

impl Store {
    /// Opens the database. One in memory is new and is migrated; any other is left as it is. The pass that comes with it lets the keeper name any tenant: it is handed
    /// out once, here.
    pub fn open(url: &DatabaseUrl) -> Result<(Self, KeeperPass), StoreError> {
        Self::open_with(url, writer::BATCH)
    }

    /// Opens the database with at most `batch` changes in one transaction; 1 is what group commit is measured against.
    pub fn open_with(url: &DatabaseUrl, batch: usize) -> Result<(Self, KeeperPass), StoreError> {
        if url.is_in_memory() {
            return Ok(memory::Disk::new()?.open());
        }
        Self::open_by(DbManager::new(url.clone()), batch)
    }

    /// Opens a database that is not in memory and writes down every statement that is run through this store.
    pub fn open_heard(url: &DatabaseUrl) -> Result<((Self, KeeperPass), Heard), StoreError> {
        let heard = Heard::default();
        Ok((Self::open_by(DbManager::heard_by(url.clone(), heard.clone()), writer::BATCH)?, heard))
    }

    fn open_by(manager: DbManager, batch: usize) -> Result<(Self, KeeperPass), StoreError> {
        let writer = Writer::spawn(manager.clone(), batch)?;
        let readers = r2d2::Pool::builder()
            .max_size(connection::READERS)
            .min_idle(Some(1))
            .connection_timeout(std::time::Duration::from_secs(5))
            .error_handler(Box::new(connection::LogPoolErrors))
            .build(manager)
            .map_err(StoreError::unavailable)?;
        Ok((Self(Arc::new(Access::Threaded { readers, writer })), KeeperPass::new()))
    }

    /// Runs `question` in one read transaction, off the async threads.
    pub async fn read<T, E, F>(&self, question: F) -> Result<T, E>
    where
        F: FnOnce(&mut ReadTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.0 {
            Access::Inline(db, _) => transaction::read(&mut db.lock().unwrap_or_else(PoisonError::into_inner), question),
            Access::Threaded { readers, .. } => {
                let readers = readers.clone();
                let answer = tokio::task::spawn_blocking(move || {
                    let mut db = readers.get().map_err(StoreError::unavailable)?;
                    transaction::read(&mut db, question)
                });
                answer.await.map_err(|_| StoreError::panicked())?
            }
        }
    }

    /// Runs `change` in one write transaction; what it did is durable when this returns `Ok`, and undone when it is `Err`.
    pub async fn write<T, E, F>(&self, change: F) -> Result<T, E>
    where
        F: FnOnce(&mut WriteTx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match &*self.0 {
            Access::Inline(db, fuse) => {
                fuse.step().await;
                let outcome = transaction::write(&mut db.lock().unwrap_or_else(PoisonError::into_inner), change);
                fuse.step().await;
                outcome
            }
            Access::Threaded { writer, .. } => writer.run(change).await,
        }
    }

    /// What a database in memory lets the process die by; none: a real one dies by itself.
    pub fn fuse(&self) -> Option<Fuse> {
        match &*self.0 {
            Access::Inline(_, fuse) => Some(fuse.clone()),
            Access::Threaded { .. } => None,
        }
    }

    /// Whether the database has every migration of this binary. One that is ahead of it serves too: nodes are replaced one
    /// after another.
    pub async fn is_up_to_date(&self) -> Result<bool, StoreError> {
        self.read(|tx| Ok(migrate::missing(tx.db())?.is_empty())).await
    }

    /// How many SQL statements have been run so far, transactions' own not counted; for tests of what a page costs.
    pub fn statements() -> u64 {
        connection::statements()
    }
}
