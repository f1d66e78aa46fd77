//! The ledger: from when until when each license was on which seat of which tenant.
//!
//! A span is opened in the transaction that marks the license as attached and closed in the one that frees it.

use diesel::prelude::*;

use crate::domain::ids::SeatId;
use crate::domain::time::Instant;

use super::convert::column;
use super::error::StoreError;
use super::schema::{license_spans, seats};
use super::transaction::WriteTx;

/// The license is on the seat from `at` on; the seat's present tenant is who it is charged to.
pub fn open(tx: &mut WriteTx<'_>, id: &str, license: u32, seat: &SeatId, at: Instant) -> Result<(), StoreError> {
    close(tx, license, at)?;
    let tenant: Option<String> = seats::table.find(seat.as_str()).select(seats::tenant_id).first(tx.db())?;
    diesel::insert_into(license_spans::table)
        .values((
            license_spans::id.eq(id),
            license_spans::license.eq(column(license)),
            license_spans::seat_id.eq(seat.as_str()),
            license_spans::tenant_id.eq(tenant),
            license_spans::from_at.eq(at.seconds()),
            license_spans::until_at.eq(None::<i64>),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// The license is off its seat since `at`. Nothing happens when it was on none.
pub fn close(tx: &mut WriteTx<'_>, license: u32, at: Instant) -> Result<(), StoreError> {
    let open = license_spans::table.filter(license_spans::license.eq(column(license))).filter(license_spans::until_at.is_null());
    // A clock that was set back must not make a span end before it began.
    let from: Option<i64> = open.select(license_spans::from_at).first(tx.db()).optional()?;
    if let Some(from) = from {
        diesel::update(open).set(license_spans::until_at.eq(Some(at.seconds().max(from)))).execute(tx.db())?;
    }
    Ok(())
}
