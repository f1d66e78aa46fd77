//! What seats needed their licenses for: every run of a meeting at Zoom, and what passed of its hold before it began. The
//! ledger is made from these and the spans of the licenses. A meeting's own row keeps only its last run and present hold.

use diesel::prelude::*;

use crate::domain::ids::{MeetingId, SeatId, TenantId, UserId};
use crate::domain::ledger::Use;
use crate::domain::meeting::{Meeting, Run, Stage};
use crate::domain::time::{Instant, Span, Window};

use super::convert::instant;
use super::error::StoreError;
use super::schema::{hold_spans, meetings, runs};
use super::scope::{OperatorPass, TenantScope};
use super::transaction::{ReadTx, WriteTx};

/// A run began. An earlier run of the meeting that is still open ended by then at the latest. Said again, nothing changes.
pub fn begin_run(tx: &mut WriteTx<'_>, scope: &TenantScope, meeting: &Meeting, run: &Run) -> Result<(), StoreError> {
    let since = run.since.seconds();
    diesel::update(
        runs::table
            .filter(runs::tenant_id.eq(scope.tenant().as_str()))
            .filter(runs::meeting_id.eq(meeting.id.as_str()))
            .filter(runs::uuid.ne(&run.uuid))
            .filter(runs::began_at.le(since))
            .filter(runs::ended_at.is_null()),
    )
    .set(runs::ended_at.eq(Some(since)))
    .execute(tx.of(scope))?;
    if known(tx, scope, meeting, run)?.is_none() {
        insert(tx, scope, meeting, run, None)?;
    }
    Ok(())
}

/// A run ended. Said twice, the earlier end is the true one: the other was found out later.
pub fn end_run(tx: &mut WriteTx<'_>, scope: &TenantScope, meeting: &Meeting, run: &Run, at: Instant) -> Result<(), StoreError> {
    let Some((began, ended)) = known(tx, scope, meeting, run)? else {
        return insert(tx, scope, meeting, run, Some(at));
    };
    let end = ended.map_or(at.seconds(), |ended| ended.min(at.seconds())).max(began);
    diesel::update(
        runs::table
            .filter(runs::tenant_id.eq(scope.tenant().as_str()))
            .filter(runs::meeting_id.eq(meeting.id.as_str()))
            .filter(runs::uuid.eq(&run.uuid)),
    )
    .set(runs::ended_at.eq(Some(end)))
    .execute(tx.of(scope))?;
    Ok(())
}

/// When a run began and ended, as far as it is known.
fn known(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    meeting: &Meeting,
    run: &Run,
) -> Result<Option<(i64, Option<i64>)>, StoreError> {
    Ok(runs::table
        .filter(runs::tenant_id.eq(scope.tenant().as_str()))
        .filter(runs::meeting_id.eq(meeting.id.as_str()))
        .filter(runs::uuid.eq(&run.uuid))
        .select((runs::began_at, runs::ended_at))
        .first(tx.of(scope))
        .optional()?)
}

fn insert(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    meeting: &Meeting,
    run: &Run,
    end: Option<Instant>,
) -> Result<(), StoreError> {
    require_own(scope, meeting)?;
    diesel::insert_into(runs::table)
        .values((
            runs::meeting_id.eq(meeting.id.as_str()),
            runs::uuid.eq(&run.uuid),
            runs::tenant_id.eq(scope.tenant().as_str()),
            runs::seat_id.eq(meeting.seat.as_str()),
            runs::began_at.eq(run.since.seconds()),
            runs::ended_at.eq(end.map(Instant::seconds)),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// A hold kept a license ready for the meeting for that long, before the meeting began or was given up.
pub fn note_hold(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    id: &str,
    meeting: &Meeting,
    spent: Window,
) -> Result<(), StoreError> {
    require_own(scope, meeting)?;
    diesel::insert_into(hold_spans::table)
        .values((
            hold_spans::id.eq(id),
            hold_spans::meeting_id.eq(meeting.id.as_str()),
            hold_spans::tenant_id.eq(scope.tenant().as_str()),
            hold_spans::seat_id.eq(meeting.seat.as_str()),
            hold_spans::from_at.eq(spent.start().seconds()),
            hold_spans::until_at.eq(spent.end().seconds()),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Another tenant's meeting does not exist here.
fn require_own(scope: &TenantScope, meeting: &Meeting) -> Result<(), StoreError> {
    if meeting.tenant == *scope.tenant() { Ok(()) } else { Err(StoreError::NotFound("meeting")) }
}

/// A hold that waits for its meeting is not longer than this: no meeting is planned longer than 8 hours, with an hour of lead
/// and of grace, and soon after its time it is given up, which writes its hold down. Keeps the search short.
const LONGEST_WAIT: Span = Span::hours(12);

/// Meeting, tenant, host, seat, from, until.
type Row = (String, String, String, String, i64, Option<i64>);

fn in_domain(rows: Vec<Row>, runs: bool) -> impl Iterator<Item = Use> {
    rows.into_iter().map(move |(meeting, tenant, host, seat, from, until)| Use {
        meeting: MeetingId::new(meeting),
        tenant: TenantId::new(tenant),
        host: UserId::new(host),
        seat: SeatId::new(seat),
        runs,
        from: instant(from),
        until: until.map(instant),
    })
}

/// What seats needed licenses for at some time within `during`.
pub fn list(tx: &mut ReadTx<'_>, _: &OperatorPass, during: Window, now: Instant) -> Result<Vec<Use>, StoreError> {
    let (from, until) = (during.start().seconds(), during.end().seconds());
    let ran: Vec<Row> = ran(from, until).load(tx.db())?;
    let waited: Vec<Row> = waited(from, until).load(tx.db())?;
    let waiting: Vec<Row> = waiting(from, until, now.seconds()).load(tx.db())?;
    Ok(in_domain(ran, true).chain(in_domain(waited, false)).chain(in_domain(waiting, false)).collect())
}

/// What a tenant's meetings needed licenses for at some time within `during`.
pub fn list_of_tenant(tx: &mut ReadTx<'_>, scope: &TenantScope, during: Window, now: Instant) -> Result<Vec<Use>, StoreError> {
    let (tenant, from, until) = (scope.tenant().as_str(), during.start().seconds(), during.end().seconds());
    let ran: Vec<Row> = ran(from, until).filter(runs::tenant_id.eq(tenant)).load(tx.of(scope))?;
    let waited: Vec<Row> = waited(from, until).filter(hold_spans::tenant_id.eq(tenant)).load(tx.of(scope))?;
    let waiting: Vec<Row> = waiting(from, until, now.seconds()).filter(meetings::tenant_id.eq(tenant)).load(tx.of(scope))?;
    Ok(in_domain(ran, true).chain(in_domain(waited, false)).chain(in_domain(waiting, false)).collect())
}

/// The runs that share an instant with a span of time.
#[diesel::dsl::auto_type]
fn ran(from: i64, until: i64) -> _ {
    runs::table
        .inner_join(meetings::table)
        .filter(runs::began_at.lt(until))
        .filter(runs::ended_at.is_null().or(runs::ended_at.gt(from)))
        .select((runs::meeting_id, runs::tenant_id, meetings::host_id, runs::seat_id, runs::began_at, runs::ended_at))
}

/// The spent holds that share an instant with a span of time.
#[diesel::dsl::auto_type]
fn waited(from: i64, until: i64) -> _ {
    hold_spans::table
        .inner_join(meetings::table)
        .filter(hold_spans::from_at.lt(until))
        .filter(hold_spans::until_at.gt(from))
        .select((
            hold_spans::meeting_id,
            hold_spans::tenant_id,
            meetings::host_id,
            hold_spans::seat_id,
            hold_spans::from_at,
            hold_spans::until_at.nullable(),
        ))
}

/// The holds that wait for their meetings still: of booked ones, of those that ended before their time, and of missed or ended
/// ones that were asked for again.
#[diesel::dsl::auto_type]
fn waiting(from: i64, until: i64, now: i64) -> _ {
    let booked: &'static str = Stage::Booked.word();
    let missed: &'static str = Stage::Missed.word();
    let ended: &'static str = Stage::Ended.word();
    let is_over = meetings::stage.eq(missed).or(meetings::stage.eq(ended));
    // As in `Meeting::waits_since`.
    let closed_before_its_time = meetings::closed_at.lt(meetings::starts_at.nullable());
    let given_anew = meetings::closed_at.le(meetings::hold_from.nullable());
    let is_ahead = closed_before_its_time.or(given_anew).assume_not_null();
    let waits = meetings::stage.eq(booked).or(is_over.and(is_ahead));
    let first: i64 = if from < now { from } else { now };
    let earliest: i64 = first - LONGEST_WAIT.as_seconds();
    meetings::table
        .filter(meetings::licensed.eq(true))
        .filter(meetings::hold_from.lt(until))
        .filter(meetings::hold_from.lt(now))
        .filter(meetings::hold_from.gt(earliest))
        .filter(meetings::hold_until.gt(from))
        .filter(waits)
        .select((
            meetings::id,
            meetings::tenant_id,
            meetings::host_id,
            meetings::seat_id,
            meetings::hold_from,
            meetings::hold_until.nullable(),
        ))
}

/// Removes what ended before `before`; how much it was.
pub fn purge(tx: &mut WriteTx<'_>, before: Instant) -> Result<usize, StoreError> {
    let before = before.seconds();
    let ran = diesel::delete(runs::table.filter(runs::ended_at.lt(before))).execute(tx.db())?;
    let waited = diesel::delete(hold_spans::table.filter(hold_spans::until_at.lt(before))).execute(tx.db())?;
    Ok(ran + waited)
}
