//! A database in memory that can be emptied and used again: the simulation lives through thousands of days, and neither
//! migrations nor prepared statements need to be made anew for each.

use std::sync::{Arc, Mutex, PoisonError};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::connection::{DatabaseUrl, Db, DbManager};
use super::error::StoreError;
use super::fuse::Fuse;
use super::scope::KeeperPass;
use super::{Access, ReadTx, Store, migrate, transaction};

/// A database in memory. Whoever holds it may open it again and again, each time with a new keeper's pass.
pub struct Disk(Arc<Mutex<Db>>);

#[diesel::declare_sql_function]
extern "SQL" {
    /// SQLite's own count of all rows that a connection has changed.
    fn total_changes() -> diesel::sql_types::BigInt;
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = diesel::sql_types::Text)]
    name: String,
}

impl Disk {
    /// A migrated database without data.
    pub fn new() -> Result<Self, StoreError> {
        let mut db = DbManager::new(DatabaseUrl::in_memory()).open_writer()?;
        migrate::apply(&mut db)?;
        db.batch_execute("CREATE TEMP TABLE first_pool AS SELECT * FROM pool")?;
        Ok(Self(Arc::new(Mutex::new(db))))
    }

    #[expect(clippy::disallowed_methods, reason = "the names of SQLite's own tables are no table of the schema")]
    /// Empties it: afterwards it is as it was when it was new.
    pub fn wipe(&self) -> Result<(), StoreError> {
        let mut db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Everything but what the migrations know of themselves; the pool's one row is theirs too. A table refers to older
        // ones, so the newest is emptied first: to switch the foreign keys off would make SQLite prepare every statement anew.
        let tables: Vec<Named> = diesel::sql_query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY rowid DESC",
        )
        .load(&mut *db)?;
        let wiped: String = tables
            .iter()
            .filter(|table| table.name != "pool")
            .fold(String::new(), |sql, table| format!("{sql} DELETE FROM {};", table.name));
        db.batch_execute(&format!("BEGIN; {wiped} DELETE FROM pool; INSERT INTO pool SELECT * FROM first_pool; COMMIT;"))?;
        Ok(())
    }

    /// Opens it. What was opened before reaches the same database.
    pub fn open(&self) -> (Store, KeeperPass) {
        (Store(Arc::new(Access::Inline(self.0.clone(), Fuse::default()))), KeeperPass::new())
    }

    /// Reads beside whoever has opened it, whether their process lives or not.
    pub fn read<T>(&self, question: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        transaction::read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), question)
    }

    /// How many rows were ever changed in it: when that stands still, nothing was written.
    pub fn changes(&self) -> Result<i64, StoreError> {
        let mut db = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(diesel::select(total_changes()).get_result(&mut *db)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::scope::OperatorPass;
    use super::super::{licenses, pool};
    use super::*;
    use crate::domain::time::Instant;

    #[tokio::test]
    async fn a_wiped_database_is_as_good_as_new() {
        let disk = Disk::new().unwrap();
        disk.wipe().unwrap();
        let new = disk.open().0.read(pool::settings).await.unwrap();
        let (store, pass) = disk.open();
        let (console, before) = (OperatorPass::console(&pass), disk.changes().unwrap());
        let seven = move |tx: &mut super::super::WriteTx<'_>| licenses::set_count(tx, &console, 7, Instant::from_seconds(1));
        store.write::<_, StoreError, _>(seven).await.unwrap();
        assert_eq!(disk.open().0.read(pool::settings).await.unwrap().licenses, 7, "it outlives who has opened it");
        assert!(disk.changes().unwrap() > before);
        disk.wipe().unwrap();
        assert_eq!(disk.open().0.read(pool::settings).await.unwrap(), new);
        assert_eq!(disk.open().0.read(licenses::list).await.unwrap(), []);
    }
}
