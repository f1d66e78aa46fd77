//! What admission decides from: the holds in a span of time and every tenant's share. One index range, however many
//! meetings are stored.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::domain::admission::{Demand, Hold};
use crate::domain::ids::{MeetingId, SeatId, TenantId, UserId};
use crate::domain::meeting::{LONGEST, Stage};
use crate::domain::pool::{Place, PoolSettings};
use crate::domain::tenant::Share;
use crate::domain::time::{Span, Window};

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
);

/// The longest lead and grace that an operator can set.
const LONGEST_PADDING: Span = Span::minutes(60);

/// Every hold that shares a slot with `during`, and the shares.
pub fn during(tx: &mut ReadTx<'_>, during: Window, settings: &PoolSettings) -> Result<Demand, StoreError> {
    // Slots are counted whole, so a hold that ends within the first slot counts.
    let from = during.start().slot().start();
    let until = during.end().grid_up();
    // A planned hold is never longer than this, whatever lead and grace were when it was made; a meeting that has outgrown
    // its plan, or was begun before its hold, runs and is found by its stage.
    let longest = LONGEST + LONGEST_PADDING + LONGEST_PADDING + Span::minutes(5);
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
    let holds = rows.into_iter().map(|row| row.into_domain(settings, &licensed_seats)).collect::<Result<Vec<_>, _>>()?;
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
    fn into_domain(self, settings: &PoolSettings, licensed_seats: &BTreeSet<SeatId>) -> Result<Hold, StoreError> {
        let hold = window(self.hold_from, self.hold_until)?;
        // Planned: the meeting itself. A meeting that was begun early, again or runs over is busy for as long as it holds.
        let (lead, grace) = (settings.lead.as_seconds(), settings.grace.as_seconds());
        let begins = self.starts_at.min(self.hold_from + lead).clamp(self.hold_from, self.hold_until);
        // Begun before its hold it is busy all the same.
        let begins = self.run_since.filter(|_| self.stage == Stage::Live.word()).map_or(begins, |since| since.min(begins));
        let ends = self.ends_at.min(self.hold_until).max(self.hold_until - grace);
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
}
