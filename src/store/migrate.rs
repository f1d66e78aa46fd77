//! Embedded migrations: the same names for both databases, and they only move forward.

use std::collections::{BTreeMap, HashSet};

use diesel::backend::Backend;
use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
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

/// The names of the migrations that this binary knows and the database has not seen, oldest first. Looking changes nothing:
/// a file that is not there is not made, and an empty database stays empty.
pub fn pending(url: &DatabaseUrl) -> Result<Vec<String>, StoreError> {
    match DbManager::new(url.clone()).open_existing()? {
        Some(mut db) => missing(&mut db),
        // Only a file can be missing.
        None => Ok(known::<diesel::sqlite::Sqlite>(&SQLITE)?.into_values().collect()),
    }
}

/// The names of the migrations that this binary knows and this database has not seen, oldest first.
pub(super) fn missing(db: &mut Db) -> Result<Vec<String>, StoreError> {
    let seen = applied(db)?;
    let known = match db {
        Db::Sqlite(_) => known::<diesel::sqlite::Sqlite>(&SQLITE),
        Db::Postgres(_) => known::<diesel::pg::Pg>(&POSTGRES),
    }?;
    Ok(known.into_iter().filter(|(version, _)| !seen.contains(version)).map(|(_, name)| name).collect())
}

/// The names in this binary by their versions, which sort by age.
fn known<DB: Backend>(migrations: &EmbeddedMigrations) -> Result<BTreeMap<String, String>, StoreError> {
    let all = MigrationSource::<DB>::migrations(migrations).map_err(StoreError::unavailable)?;
    Ok(all.iter().map(|one| (one.name().version().to_string(), one.name().to_string())).collect())
}

/// The versions in a database.
#[expect(clippy::disallowed_methods, reason = "the table is diesel's own; this is where SQL is spoken")]
fn applied(db: &mut Db) -> Result<HashSet<String>, StoreError> {
    let has_table = match db {
        Db::Sqlite(_) => "SELECT COUNT(*) AS number FROM sqlite_master WHERE name = '__diesel_schema_migrations'",
        Db::Postgres(_) => "SELECT COUNT(to_regclass('__diesel_schema_migrations')) AS number",
    };
    let table: Number = diesel::sql_query(has_table).get_result(db)?;
    if table.number == 0 {
        return Ok(HashSet::new());
    }
    let rows: Vec<Version> = diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(db)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

fn names<E: std::fmt::Display>(
    applied: Result<Vec<diesel::migration::MigrationVersion<'_>>, E>,
) -> Result<Vec<String>, StoreError> {
    let applied = applied.map_err(|error| StoreError::unavailable(format!("a migration failed: {error}")))?;
    Ok(applied.iter().map(ToString::to_string).collect())
}
