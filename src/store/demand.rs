//! What admission decides from: the holds in a span of time and every tenant's share. One index range, however many
//! meetings are stored.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::domain::admission::{Demand, Hold};
use crate::domain::ids::{MeetingId, SeatId, TenantId, UserId};
use crate::domain::line::EARLIEST;
use crate::domain::meeting::{LONGEST, Stage};
use crate::domain::pool::{Place, PoolSettings};
use crate::domain::tenant::Share;
use crate::domain::time::{Instant, Span, Window};

use super::convert::{count, window};
use super::error::StoreError;
use super::schema::{licenses, meetings, tenants};
use super::transaction::ReadTx;

#[derive(Queryable)]
struct Row {
    id: String,
    tenant_id: String,
    host_id: String,
    seat_id: String,
    starts_at: i64,
    ends_at: i64,
    hold_from: i64,
    hold_until: i64,
    licensed: bool,
    stage: String,
    run_since: Option<i64>,
    busy_until: Option<i64>,
}

const COLUMNS: (
    meetings::id,
    meetings::tenant_id,
    meetings::host_id,
    meetings::seat_id,
    meetings::starts_at,
    meetings::ends_at,
    meetings::hold_from,
    meetings::hold_until,
    meetings::licensed,
    meetings::stage,
    meetings::run_since,
    meetings::busy_until,
) = (
    meetings::id,
    meetings::tenant_id,
    meetings::host_id,
    meetings::seat_id,
    meetings::starts_at,
    meetings::ends_at,
    meetings::hold_from,
    meetings::hold_until,
    meetings::licensed,
    meetings::stage,
    meetings::run_since,
    meetings::busy_until,
);

/// The longest lead and grace that an operator can set.
const LONGEST_PADDING: Span = Span::minutes(60);

/// Every hold that shares a slot with `during`, as it is at `now`, and the shares.
pub fn during(tx: &mut ReadTx<'_>, during: Window, settings: &PoolSettings, now: Instant) -> Result<Demand, StoreError> {
    // Slots are counted whole, so a hold that ends within the first slot counts.
    let from = during.start().slot().start();
    let until = during.end().grid_up();
    // A hold is never longer than this, whatever lead and grace were when it was made, and however early it was begun; a
    // meeting that has outgrown its plan runs and is found by its stage.
    let longest = EARLIEST + LONGEST + LONGEST_PADDING + LONGEST_PADDING + Span::minutes(5);
    let mut rows: Vec<Row> = meetings::table
        .filter(meetings::hold_from.lt(until.seconds()))
        .filter(meetings::hold_from.gt((from - longest).seconds()))
        .filter(meetings::hold_until.gt(from.seconds()))
        .filter(meetings::hold_until.gt(meetings::hold_from))
        .select(COLUMNS)
        .load(tx.db())?;
    let outgrown = meetings::hold_from.le((from - longest).seconds()).and(meetings::hold_until.gt(from.seconds()));
    let early = meetings::hold_from.ge(until.seconds()).and(meetings::run_since.lt(until.seconds()));
    let running: Vec<Row> = meetings::table
        .filter(meetings::stage.eq(Stage::Live.word()))
        .filter(outgrown.or(early.assume_not_null()))
        .select(COLUMNS)
        .load(tx.db())?;
    rows.extend(running);
    let licensed_seats = licensed_seats(tx)?;
    let holds = rows.into_iter().map(|row| row.into_domain(now, &licensed_seats)).collect::<Result<Vec<_>, _>>()?;
    Ok(Demand { holds, shares: shares(tx)?, promisable: settings.promisable(), licensed_seats })
}

/// The seats that have a license now: Zoom has confirmed it, and nobody is taking it away.
pub fn licensed_seats(tx: &mut ReadTx<'_>) -> Result<BTreeSet<SeatId>, StoreError> {
    let seats: Vec<Option<String>> =
        licenses::table.filter(licenses::place.eq(Place::Attached.word())).select(licenses::seat_id).load(tx.db())?;
    Ok(seats.into_iter().flatten().map(SeatId::new).collect())
}

/// Every tenant's share.
pub fn shares(tx: &mut ReadTx<'_>) -> Result<BTreeMap<TenantId, Share>, StoreError> {
    let rows: Vec<(String, i32, i32)> = tenants::table.select((tenants::id, tenants::guarantee, tenants::cap)).load(tx.db())?;
    Ok(rows
        .into_iter()
        .map(|(id, guarantee, cap)| (TenantId::new(id), Share { guarantee: count(guarantee), cap: count(cap) }))
        .collect())
}

impl Row {
    fn into_domain(self, now: Instant, licensed_seats: &BTreeSet<SeatId>) -> Result<Hold, StoreError> {
        let hold = window(self.hold_from, self.hold_until)?;
        let (begins, ends) = self.busy(now);
        let seat = SeatId::new(self.seat_id);
        // Whoever runs with a license keeps it, promised or not, and so it cannot be promised to anybody else.
        let is_in_use = self.stage == Stage::Live.word() && licensed_seats.contains(&seat);
        Ok(Hold {
            meeting: MeetingId::new(self.id),
            tenant: TenantId::new(self.tenant_id),
            host: UserId::new(self.host_id),
            busy: window(begins, ends).unwrap_or(hold),
            hold,
            licensed: self.licensed || is_in_use,
            seat,
        })
    }

    /// From when until when its seat and its host are busy. What is planned says so itself: lead and grace may have changed
    /// since it was booked. What was given its time anew is busy from then on, and what runs is busy now, however early it
    /// began and however long it runs on.
    fn busy(&self, now: Instant) -> (i64, i64) {
        let planned_end = self.ends_at.min(self.hold_until);
        let (begins, ends) = match self.busy_until {
            Some(until) => (self.hold_from, until.max(planned_end)),
            None => (self.starts_at.clamp(self.hold_from, self.hold_until), planned_end),
        };
        match self.run_since {
            Some(since) if self.stage == Stage::Live.word() => {
                (begins.min(since), ends.max(now.grid_up().seconds()).min(self.hold_until))
            }
            _ => (begins, ends),
        }
    }
}
