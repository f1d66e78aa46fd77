//! Embedded migrations: the same names for both databases, and they only move forward.

use diesel::connection::SimpleConnection;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::connection::{DatabaseUrl, Db, DbManager};
use super::error::StoreError;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Only one process migrates at a time.
const MIGRATION_LOCK: i64 = 0x6475_6f6c_6d69_6772;

/// Applies what is missing and gives the names of what it applied, oldest first.
pub fn up(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    apply(&mut DbManager::new(url.clone()).open_writer()?)
}

pub(super) fn apply(db: &mut Db) -> Result<Vec<String>, StoreError> {
    match db {
        // In one transaction that has the write lock from its beginning: whoever comes second finds nothing to do.
        Db::Sqlite(connection) => connection.immediate_transaction(|connection| names(connection.run_pending_migrations(SQLITE))),
        Db::Postgres(connection) => {
            connection.batch_execute(&format!(
                "SET lock_timeout = 0; SET statement_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK})"
            ))?;
            let applied = names(connection.run_pending_migrations(POSTGRES));
            connection.batch_execute(&format!("SELECT pg_advisory_unlock({MIGRATION_LOCK})"))?;
            applied
        }
    }
}

/// The names of the migrations that this binary knows and the database has not seen, oldest first.
pub fn pending(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    let mut db = DbManager::new(url.clone()).open_writer()?;
    let pending = match &mut db {
        Db::Sqlite(connection) => {
            connection.pending_migrations(SQLITE).map(|all| all.iter().map(|one| one.name().to_string()).collect())
        }
        Db::Postgres(connection) => {
            connection.pending_migrations(POSTGRES).map(|all| all.iter().map(|one| one.name().to_string()).collect())
        }
    };
    pending.map_err(|error| StoreError::unavailable(format!("cannot read which migrations ran: {error}")))
}

fn names<E: std::fmt::Display>(
    applied: Result<Vec<diesel::migration::MigrationVersion<'_>>, E>,
) -> Result<Vec<String>, StoreError> {
    let applied = applied.map_err(|error| StoreError::unavailable(format!("a migration failed: {error}")))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
