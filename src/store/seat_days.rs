//! How many meetings were created or changed at Zoom for a seat on a day. Zoom takes a hundred for each host and UTC day
//! (devforum.zoom.us/t/19474), and an errand that would exceed them waits for the next day.

use diesel::prelude::*;

use crate::domain::ids::SeatId;
use crate::domain::time::Instant;

use super::convert::count;
use super::error::StoreError;
use super::schema::seat_days;
use super::transaction::{ReadTx, WriteTx};

/// Counts one create or update, on the UTC day of `at`. Counted before Zoom is asked: an answer may never come.
pub fn note_write(tx: &mut WriteTx<'_>, seat: &SeatId, at: Instant) -> Result<(), StoreError> {
    let day = at.utc_day();
    let updated = diesel::update(seat_days::table.find((seat.as_str(), day)))
        .set(seat_days::writes.eq(seat_days::writes + 1))
        .execute(tx.db())?;
    if updated == 0 {
        diesel::insert_into(seat_days::table)
            .values((seat_days::seat_id.eq(seat.as_str()), seat_days::day.eq(day), seat_days::writes.eq(1)))
            .execute(tx.db())?;
    }
    Ok(())
}

/// Takes one back: Zoom has certainly not carried it out.
pub fn unnote_write(tx: &mut WriteTx<'_>, seat: &SeatId, at: Instant) -> Result<(), StoreError> {
    diesel::update(seat_days::table.find((seat.as_str(), at.utc_day())).filter(seat_days::writes.gt(0)))
        .set(seat_days::writes.eq(seat_days::writes - 1))
        .execute(tx.db())?;
    Ok(())
}

/// How many there were for this seat on the UTC day of `at`.
pub fn writes(tx: &mut ReadTx<'_>, seat: &SeatId, at: Instant) -> Result<u32, StoreError> {
    let writes: Option<i32> =
        seat_days::table.find((seat.as_str(), at.utc_day())).select(seat_days::writes).get_result(tx.db()).optional()?;
    Ok(writes.map(count).unwrap_or_default())
}

/// Forgets the days before that of `before`.
pub fn purge(tx: &mut WriteTx<'_>, before: Instant) -> Result<usize, StoreError> {
    Ok(diesel::delete(seat_days::table.filter(seat_days::day.lt(before.utc_day()))).execute(tx.db())?)
}
