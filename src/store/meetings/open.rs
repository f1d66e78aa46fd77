//! What the keeper asks across tenants: the meetings that matter to the pool now.

use std::collections::BTreeMap;

use diesel::dsl::{auto_type, exists, max, min};
use diesel::prelude::*;

use crate::domain::ids::{MeetingId, SeatId, TenantId, UserId};
use crate::domain::meeting::{Meeting, Stage};
use crate::domain::plan::{EARLY, Need};
use crate::domain::pool::{Place, PoolRow};
use crate::domain::time::{Instant, Span};

use super::super::convert::{count, instant, window, word};
use super::super::error::StoreError;
use super::super::schema::{licenses, meetings};
use super::super::scope::{KeeperPass, OperatorPass, TenantScope};
use super::super::transaction::ReadTx;
use super::row::MeetingRow;
use super::{MeetingView, ViewRow};

#[derive(Queryable, Selectable)]
#[diesel(table_name = meetings)]
struct NeedRow {
    id: String,
    host_id: String,
    seat_id: String,
    stage: String,
    starts_at: i64,
    ends_at: i64,
    hold_from: i64,
    hold_until: i64,
    licensed: bool,
    run_since: Option<i64>,
    closed_at: Option<i64>,
    start_clicked_at: Option<i64>,
    zoom_number: Option<i64>,
    polled_at: Option<i64>,
    polled_absent: i32,
    alert: Option<String>,
}

/// A hold that is longer than this belongs to a live meeting, which is found by its stage.
const LONGEST_HOLD: Span = Span::hours(12);

/// The meetings that hold a license at `now` or soon, are live, or should have begun; and those whose alert may be over. Who
/// waits in line holds nothing and is not among them. `rows` are those of the pool.
pub fn needs(
    tx: &mut ReadTx<'_>,
    _: &KeeperPass,
    now: Instant,
    rows: &[(PoolRow, Option<Instant>)],
) -> Result<Vec<Need>, StoreError> {
    let holding = meetings::hold_from
        .le((now + EARLY).seconds())
        .and(meetings::hold_from.gt((now - LONGEST_HOLD).seconds()))
        .and(meetings::hold_until.gt(now.seconds()).or(meetings::alert.is_not_null()))
        .and(meetings::queued_at.is_null().or(meetings::licensed.eq(true)));
    let late = meetings::stage
        .eq(Stage::Booked.word())
        .and(meetings::starts_at.le(now.seconds()))
        .and(meetings::queued_at.is_null().or(meetings::licensed.eq(true)));
    let live = meetings::stage.eq(Stage::Live.word());
    // Each of the three has an index of its own, and together they are few rows.
    let found: Vec<NeedRow> =
        meetings::table.filter(holding.or(live).or(late)).order(meetings::id).select(NeedRow::as_select()).load(tx.db())?;
    let mut needs = Vec::with_capacity(found.len());
    for row in found {
        let is_late = row.stage == Stage::Booked.word() && row.starts_at <= now.seconds();
        let free_since = if is_late { last_end_before(tx, &row, now)? } else { None };
        let licensed_since = licensed_since(&row.seat_id, rows);
        needs.push(Need { licensed_since, free_since, ..row.into_domain()? });
    }
    Ok(needs)
}

/// Since when the seat has a license.
fn licensed_since(seat: &str, rows: &[(PoolRow, Option<Instant>)]) -> Option<Instant> {
    let attached = rows.iter().filter(|(row, _)| row.slot.place() == Place::Attached).filter_map(|(row, _)| row.slot.claim());
    attached.filter(|claim| claim.seat.as_str() == seat).map(|claim| claim.since).max()
}

/// When the last meeting on the same seat or of the same host ended, of those that were planned within the last hours.
fn last_end_before(tx: &mut ReadTx<'_>, row: &NeedRow, now: Instant) -> Result<Option<Instant>, StoreError> {
    let lately = || {
        meetings::table
            .filter(meetings::starts_at.gt((now - LONGEST_HOLD).seconds()))
            .filter(meetings::starts_at.le(now.seconds()))
            .filter(meetings::stage.eq(Stage::Ended.word()))
            .select(max(meetings::closed_at))
    };
    // Each has an index of its own.
    let on_seat = lately().filter(meetings::seat_id.eq(&row.seat_id)).single_value();
    let of_host = lately().filter(meetings::host_id.eq(&row.host_id)).single_value();
    let (on_seat, of_host): (Option<i64>, Option<i64>) = diesel::select((on_seat, of_host)).get_result(tx.db())?;
    Ok(on_seat.max(of_host).map(instant))
}

impl NeedRow {
    fn into_domain(self) -> Result<Need, StoreError> {
        Ok(Need {
            meeting: MeetingId::new(self.id),
            host: UserId::new(self.host_id),
            seat: SeatId::new(self.seat_id),
            stage: word(Stage::from_word(&self.stage), "stage of a meeting", &self.stage)?,
            window: window(self.starts_at, self.ends_at)?,
            hold: (instant(self.hold_from), instant(self.hold_until)),
            licensed: self.licensed,
            licensed_since: None,
            live_since: self.run_since.filter(|_| self.stage == Stage::Live.word()).map(instant),
            ended_at: self.closed_at.filter(|_| self.stage == Stage::Ended.word()).map(instant),
            free_since: None,
            start_clicked_at: self.start_clicked_at.map(instant),
            at_zoom: self.zoom_number.is_some(),
            polled_at: self.polled_at.map(instant),
            absences: count(self.polled_absent),
            alert: self.alert,
        })
    }
}

/// When each seat that has a license is promised one next, after `now`. Seats that nobody has booked are left out.
pub fn next_holds(tx: &mut ReadTx<'_>, _: &KeeperPass, now: Instant) -> Result<BTreeMap<SeatId, Instant>, StoreError> {
    // Seat by seat, so that each is one look into the index, however much is booked.
    let seats: Vec<Option<String>> =
        licenses::table.filter(licenses::seat_id.is_not_null()).select(licenses::seat_id).load(tx.db())?;
    let mut next = BTreeMap::new();
    for seat in seats.into_iter().flatten() {
        let at: Option<i64> = meetings::table
            .filter(meetings::seat_id.eq(&seat))
            .filter(meetings::hold_from.gt(now.seconds()))
            .filter(meetings::hold_until.gt(meetings::hold_from))
            .filter(meetings::licensed.eq(true))
            .select(min(meetings::hold_from))
            .get_result(tx.db())?;
        next.extend(at.map(|at| (SeatId::new(seat), instant(at))));
    }
    Ok(next)
}

/// The meeting of the next day that is promised a license first on a seat that has none, with the seat: while the pool is
/// frozen, it is who Zoom is probed for when nobody waits now.
pub fn next_promise(tx: &mut ReadTx<'_>, _: &KeeperPass, now: Instant) -> Result<Option<(MeetingId, SeatId)>, StoreError> {
    let row: Option<(String, String)> = meetings::table
        .left_join(licenses::table.on(licenses::seat_id.eq(meetings::seat_id.nullable())))
        .filter(licenses::number.nullable().is_null())
        .filter(meetings::hold_until.gt(meetings::hold_from))
        .filter(meetings::hold_from.gt(now.seconds()))
        .filter(meetings::hold_from.le((now + Span::days(1)).seconds()))
        .filter(meetings::licensed.eq(true))
        .order((meetings::hold_from, meetings::id))
        .select((meetings::id, meetings::seat_id))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(id, seat)| (MeetingId::new(id), SeatId::new(seat))))
}

/// Whether anybody waits for a license without the promise of one.
pub fn is_anybody_in_line(tx: &mut ReadTx<'_>, _: &KeeperPass, now: Instant) -> Result<bool, StoreError> {
    Ok(diesel::select(exists(meetings::table.filter(waits(now.seconds())).select(meetings::id))).get_result(tx.db())?)
}

/// Those of [`line`].
#[auto_type]
fn waits(now: i64) -> _ {
    let live: &'static str = Stage::Live.word();
    let is_live = meetings::stage.eq(live);
    let running = is_live.and(meetings::licensed.eq(false).or(meetings::hold_from.gt(now)));
    let queued = meetings::queued_at.is_not_null().and(meetings::stage.ne(live));
    running.or(queued)
}

/// Who waits for a license without the promise of one: running meetings, and hosts in line, in the order of [`crate::domain::line`].
pub fn line(tx: &mut ReadTx<'_>, pass: &KeeperPass, now: Instant) -> Result<Vec<(TenantScope, Meeting)>, StoreError> {
    let rows: Vec<MeetingRow> = meetings::table.filter(waits(now.seconds())).select(MeetingRow::as_select()).load(tx.db())?;
    let meetings = rows.into_iter().map(|row| {
        let meeting = row.into_domain()?;
        Ok((pass.scope(&meeting.tenant), meeting))
    });
    meetings.collect()
}

/// Whether another meeting runs on this seat.
pub fn is_seat_live(tx: &mut ReadTx<'_>, seat: &SeatId, but: &MeetingId) -> Result<bool, StoreError> {
    // By stage alone: few run at once, and a seat may have met a thousand times.
    let live: Vec<(String, String)> =
        meetings::table.filter(meetings::stage.eq(Stage::Live.word())).select((meetings::id, meetings::seat_id)).load(tx.db())?;
    Ok(live.iter().any(|(id, on)| on == seat.as_str() && id != but.as_str()))
}

/// Whether the license of a seat must stay there at `now`: somebody meets on it, or it is promised to a meeting.
pub fn needs_its_license(tx: &mut ReadTx<'_>, seat: &SeatId, now: Instant) -> Result<bool, StoreError> {
    let live: i64 = meetings::table
        .filter(meetings::stage.eq(Stage::Live.word()))
        .filter(meetings::seat_id.eq(seat.as_str()))
        .count()
        .get_result(tx.db())?;
    let promised: i64 = meetings::table
        .filter(meetings::seat_id.eq(seat.as_str()))
        .filter(meetings::hold_from.le(now.seconds()))
        .filter(meetings::hold_from.gt((now - LONGEST_HOLD).seconds()))
        .filter(meetings::hold_until.gt(now.seconds()))
        .filter(meetings::licensed.eq(true))
        .count()
        .get_result(tx.db())?;
    Ok(live + promised > 0)
}

/// The meetings of the tenant that hold this seat at `now`.
pub fn holding_on_seat(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    seat: &SeatId,
    now: Instant,
) -> Result<Vec<Meeting>, StoreError> {
    let rows: Vec<MeetingRow> = meetings::table
        .filter(meetings::tenant_id.eq(scope.tenant().as_str()))
        .filter(meetings::seat_id.eq(seat.as_str()))
        .filter(meetings::hold_from.le(now.seconds()))
        .filter(meetings::hold_from.gt((now - LONGEST_HOLD).seconds()))
        .filter(meetings::hold_until.gt(now.seconds()))
        .select(MeetingRow::as_select())
        .load(tx.of(scope))?;
    rows.into_iter().map(MeetingRow::into_domain).collect()
}

/// Whose meeting this is.
pub fn tenant_of(tx: &mut ReadTx<'_>, pass: &KeeperPass, id: &MeetingId) -> Result<Option<TenantScope>, StoreError> {
    let tenant: Option<String> = meetings::table.find(id.as_str()).select(meetings::tenant_id).get_result(tx.db()).optional()?;
    Ok(tenant.map(|tenant| pass.scope(&TenantId::new(tenant))))
}

/// The meeting that Zoom calls by this number, and the right to change it.
pub fn find_by_number(tx: &mut ReadTx<'_>, pass: &KeeperPass, number: i64) -> Result<Option<(TenantScope, Meeting)>, StoreError> {
    let row: Option<MeetingRow> = meetings::table
        .filter(meetings::zoom_number.eq(number))
        .select(MeetingRow::as_select())
        .get_result(tx.db())
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let meeting = row.into_domain()?;
    Ok(Some((pass.scope(&meeting.tenant), meeting)))
}

/// Every meeting that is live or holds a license now, or could not begin though its time has passed, for the operator, with
/// its tenant's name.
pub fn find_open(tx: &mut ReadTx<'_>, _: &OperatorPass, now: Instant) -> Result<Vec<(String, MeetingView)>, StoreError> {
    use super::super::clients::ClientRow;
    use super::super::schema::{clients, tenants, users};
    // Each statement has an index of its own, and together they are few rows.
    let holding = meetings::hold_from
        .le(now.seconds())
        .and(meetings::hold_from.gt((now - LONGEST_HOLD).seconds()))
        .and(meetings::hold_until.gt(now.seconds()));
    let views = || {
        meetings::table
            .inner_join(clients::table.on(clients::id.eq(meetings::client_id)))
            .inner_join(users::table.on(users::id.eq(meetings::host_id)))
            .inner_join(tenants::table.on(tenants::id.eq(meetings::tenant_id)))
            .left_join(licenses::table.on(licenses::seat_id.eq(meetings::seat_id.nullable())))
            .order((meetings::starts_at, meetings::id))
            .limit(500)
            .select((tenants::name, (MeetingRow::as_select(), ClientRow::as_select(), users::name, licenses::place.nullable())))
    };
    let mut rows: Vec<(String, ViewRow)> = views().filter(holding).load(tx.db())?;
    let live: Vec<(String, ViewRow)> = views().filter(meetings::stage.eq(Stage::Live.word())).load(tx.db())?;
    let shut_out = meetings::stage
        .eq(Stage::Booked.word())
        .and(meetings::starts_at.gt((now - LONGEST_HOLD).seconds()))
        .and(meetings::hold_until.le(now.seconds()))
        .and(meetings::alert.is_not_null());
    let shut_out: Vec<(String, ViewRow)> = views().filter(shut_out).load(tx.db())?;
    rows.extend(live.into_iter().chain(shut_out));
    rows.sort_by(|(_, (a, ..)), (_, (b, ..))| a.by_start().cmp(&b.by_start()));
    rows.dedup_by(|(_, (a, ..)), (_, (b, ..))| a.by_start() == b.by_start());
    rows.into_iter().map(|(tenant, row)| Ok((tenant, super::view(row)?))).collect()
}
