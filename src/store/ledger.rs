//! The ledger: from when until when each license was on which seat of which tenant.
//!
//! A span is opened in the transaction that marks the license as attached, knows since when it is being taken off, and is
//! closed in the transaction that frees it.

use diesel::prelude::*;

use crate::domain::ids::{SeatId, TenantId};
use crate::domain::ledger::Holding;
use crate::domain::time::{Instant, Window};

use super::convert::{column, count, instant};
use super::error::StoreError;
use super::schema::{license_spans, pool, seats};
use super::scope::{OperatorPass, TenantScope};
use super::transaction::{ReadTx, WriteTx};

/// The license was claimed for the seat and is on it by now; the seat's present tenant is who it is charged to.
pub fn open(
    tx: &mut WriteTx<'_>,
    id: &str,
    license: u32,
    seat: &SeatId,
    (claimed, at): (Instant, Instant),
) -> Result<(), StoreError> {
    close(tx, license, claimed.min(at))?;
    let tenant: Option<String> = seats::table.find(seat.as_str()).select(seats::tenant_id).get_result(tx.db())?;
    diesel::insert_into(license_spans::table)
        .values((
            license_spans::id.eq(id),
            license_spans::license.eq(column(license)),
            license_spans::seat_id.eq(seat.as_str()),
            license_spans::tenant_id.eq(tenant),
            license_spans::from_at.eq(at.seconds()),
            license_spans::until_at.eq(None::<i64>),
            license_spans::claimed_at.eq(claimed.min(at).seconds()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// The license is being taken off its seat since `at`.
pub fn leave(tx: &mut WriteTx<'_>, license: u32, at: Instant) -> Result<(), StoreError> {
    diesel::update(
        license_spans::table.filter(license_spans::license.eq(column(license))).filter(license_spans::until_at.is_null()),
    )
    .set(license_spans::leaving_at.eq(Some(at.seconds())))
    .execute(tx.db())?;
    Ok(())
}

/// The license was to leave its seat and stays after all.
pub fn stay(tx: &mut WriteTx<'_>, license: u32) -> Result<(), StoreError> {
    diesel::update(
        license_spans::table.filter(license_spans::license.eq(column(license))).filter(license_spans::until_at.is_null()),
    )
    .set(license_spans::leaving_at.eq(None::<i64>))
    .execute(tx.db())?;
    Ok(())
}

/// The license is off its seat since `at`. `false`: it was on none, and nothing happens.
pub fn close(tx: &mut WriteTx<'_>, license: u32, at: Instant) -> Result<bool, StoreError> {
    let open = license_spans::table.filter(license_spans::license.eq(column(license))).filter(license_spans::until_at.is_null());
    // A clock that was set back must not make a span end before it began.
    let from: Option<i64> = open.select(license_spans::from_at).get_result(tx.db()).optional()?;
    if let Some(from) = from {
        diesel::update(open).set(license_spans::until_at.eq(Some(at.seconds().max(from)))).execute(tx.db())?;
    }
    Ok(from.is_some())
}

/// License, seat, tenant, claimed, attached, leaving, until.
type Row = (i32, String, Option<String>, i64, i64, Option<i64>, Option<i64>);

/// The columns of a [`Row`].
const COLUMNS: (
    license_spans::license,
    license_spans::seat_id,
    license_spans::tenant_id,
    license_spans::claimed_at,
    license_spans::from_at,
    license_spans::leaving_at,
    license_spans::until_at,
) = (
    license_spans::license,
    license_spans::seat_id,
    license_spans::tenant_id,
    license_spans::claimed_at,
    license_spans::from_at,
    license_spans::leaving_at,
    license_spans::until_at,
);

fn in_domain((license, seat, tenant, claimed, attached, leaving, until): Row) -> Holding {
    Holding {
        license: count(license),
        seat: SeatId::new(seat),
        tenant: tenant.map(TenantId::new),
        claimed: instant(claimed),
        attached: instant(attached),
        leaving: leaving.map(instant),
        until: until.map(instant),
    }
}

/// Every license that stood for a seat at some time within `during`, by number and time.
pub fn list(tx: &mut ReadTx<'_>, _: &OperatorPass, during: Window) -> Result<Vec<Holding>, StoreError> {
    let rows: Vec<Row> = license_spans::table
        .filter(license_spans::claimed_at.lt(during.end().seconds()))
        .filter(license_spans::until_at.is_null().or(license_spans::until_at.gt(during.start().seconds())))
        .order((license_spans::license, license_spans::claimed_at))
        .select(COLUMNS)
        .load(tx.db())?;
    Ok(rows.into_iter().map(in_domain).collect())
}

/// Every license that within `during` was charged to the tenant.
pub fn list_of_tenant(tx: &mut ReadTx<'_>, scope: &TenantScope, during: Window) -> Result<Vec<Holding>, StoreError> {
    let rows: Vec<Row> = license_spans::table
        .filter(license_spans::tenant_id.eq(scope.tenant().as_str()))
        .filter(license_spans::claimed_at.lt(during.end().seconds()))
        .filter(license_spans::until_at.is_null().or(license_spans::until_at.gt(during.start().seconds())))
        .order((license_spans::license, license_spans::claimed_at))
        .select(COLUMNS)
        .load(tx.of(scope))?;
    Ok(rows.into_iter().map(in_domain).collect())
}

/// Every license that within `during` stood for one of these seats, whoever it was charged to: a seat of the pool serves many.
pub fn list_on_seats(tx: &mut ReadTx<'_>, seats: &[SeatId], during: Window) -> Result<Vec<Holding>, StoreError> {
    let seats: Vec<&str> = seats.iter().map(SeatId::as_str).collect();
    let rows: Vec<Row> = license_spans::table
        .filter(license_spans::seat_id.eq_any(seats))
        .filter(license_spans::claimed_at.lt(during.end().seconds()))
        .filter(license_spans::until_at.is_null().or(license_spans::until_at.gt(during.start().seconds())))
        .order((license_spans::license, license_spans::claimed_at))
        .select(COLUMNS)
        .load(tx.db())?;
    Ok(rows.into_iter().map(in_domain).collect())
}

/// For how many days the ledger is kept.
pub fn days_kept(tx: &mut ReadTx<'_>) -> Result<u32, StoreError> {
    Ok(pool::table.select(pool::ledger_days).get_result(tx.db()).map(count)?)
}

/// Sets for how many days the ledger is kept: from 31 to 3660.
pub fn set_days_kept(tx: &mut WriteTx<'_>, _: &OperatorPass, days: u32) -> Result<(), StoreError> {
    diesel::update(pool::table).set(pool::ledger_days.eq(column(days))).execute(tx.db())?;
    Ok(())
}

/// Removes the spans that ended before `before`; how many they were.
pub fn purge(tx: &mut WriteTx<'_>, before: Instant) -> Result<usize, StoreError> {
    Ok(diesel::delete(license_spans::table.filter(license_spans::until_at.lt(before.seconds()))).execute(tx.db())?)
}
