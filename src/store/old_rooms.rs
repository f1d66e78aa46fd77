//! Zoom's meetings that none of ours uses any more. A row is the to-do: it goes when Zoom has deleted its meeting.

use diesel::prelude::*;

use crate::domain::time::Instant;

use super::convert::count;
use super::error::StoreError;
use super::schema::old_rooms;
use super::scope::KeeperPass;
use super::transaction::{ReadTx, WriteTx};

/// A meeting of Zoom's that is to be deleted there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OldRoom {
    /// Zoom's number of it.
    pub number: i64,
    /// How often Zoom was asked in vain.
    pub tries: u32,
}

/// Nobody uses this meeting of Zoom's any more.
pub fn add(tx: &mut WriteTx<'_>, number: i64) -> Result<(), StoreError> {
    diesel::insert_into(old_rooms::table).values(old_rooms::zoom_number.eq(number)).execute(tx.db())?;
    Ok(())
}

/// One that is due.
pub fn next(tx: &mut ReadTx<'_>, _: &KeeperPass, now: Instant) -> Result<Option<OldRoom>, StoreError> {
    let row: Option<(i64, i32)> = old_rooms::table
        .filter(old_rooms::retry_at.is_null().or(old_rooms::retry_at.le(now.seconds())))
        .order(old_rooms::zoom_number)
        .select((old_rooms::zoom_number, old_rooms::tries))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(number, tries)| OldRoom { number, tries: count(tries) }))
}

/// Zoom does not have it any more.
pub fn remove(tx: &mut WriteTx<'_>, _: &KeeperPass, number: i64) -> Result<(), StoreError> {
    diesel::delete(old_rooms::table.find(number)).execute(tx.db())?;
    Ok(())
}

/// Zoom refused or did not answer: asked again at `retry_at`.
pub fn mark_failed(tx: &mut WriteTx<'_>, _: &KeeperPass, number: i64, retry_at: Instant) -> Result<(), StoreError> {
    diesel::update(old_rooms::table.find(number))
        .set((old_rooms::tries.eq(old_rooms::tries + 1), old_rooms::retry_at.eq(Some(retry_at.seconds()))))
        .execute(tx.db())?;
    Ok(())
}
