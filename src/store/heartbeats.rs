//! When each part of the background work last did its round.

use diesel::prelude::*;

use crate::domain::time::Instant;

use super::convert::instant;
use super::error::StoreError;
use super::schema::heartbeats;
use super::transaction::{ReadTx, WriteTx};

/// Notes that `name` did its round at `at`.
pub fn beat(tx: &mut WriteTx<'_>, name: &str, at: Instant, note: &str) -> Result<(), StoreError> {
    let updated = diesel::update(heartbeats::table.filter(heartbeats::name.eq(name)))
        .set((heartbeats::at.eq(at.seconds()), heartbeats::note.eq(note)))
        .execute(tx.db())?;
    if updated == 0 {
        diesel::insert_into(heartbeats::table)
            .values((heartbeats::name.eq(name), heartbeats::at.eq(at.seconds()), heartbeats::note.eq(note)))
            .execute(tx.db())?;
    }
    Ok(())
}

/// Every part with its last round and its note.
pub fn list(tx: &mut ReadTx<'_>) -> Result<Vec<(String, Instant, String)>, StoreError> {
    let rows: Vec<(String, i64, String)> =
        heartbeats::table.order(heartbeats::name).select((heartbeats::name, heartbeats::at, heartbeats::note)).load(tx.db())?;
    Ok(rows.into_iter().map(|(name, at, note)| (name, instant(at), note)).collect())
}
