//! Meetings: what pages and bookings ask and change. `open.rs` has what the keeper asks across tenants.

mod list;
mod open;
mod past;
mod row;
mod zoom;

use diesel::dsl::case_when;
use diesel::prelude::*;

use crate::domain::ids::{MeetingId, SeatId, UserId};
use crate::domain::meeting::{Meeting, Stage, State};
use crate::domain::names::IdempotencyKey;
use crate::domain::pool::Place;
use crate::domain::time::{Instant, Span, Window};

use super::clients::{Client, ClientRow};
use super::convert::{column, word};
use super::error::StoreError;
use super::schema::{clients, licenses, meetings, pool, users};
use super::scope::TenantScope;
use super::transaction::{ReadTx, WriteTx};
use row::MeetingRow;

pub(super) use list::lower_utils;
pub use list::{Filter, list};
pub use open::{
    find_by_number, find_open, holding_on_seat, is_anybody_in_line, is_seat_live, line, needs, needs_its_license, next_holds,
    next_promise, tenant_of,
};
pub use past::{PastMeeting, past};
pub use row::Progress;
pub use zoom::{Errand, Task, claim_errand, clear_room, mark_failed, mark_polled, mark_synced, next_errand, set_room};

/// A meeting with what a page shows beside it.
#[derive(Clone, Debug)]
pub struct MeetingView {
    /// The meeting.
    pub meeting: Meeting,
    /// How far Zoom and the license are.
    pub progress: Progress,
    /// The other side.
    pub client: Client,
    /// The host's name.
    pub host_name: String,
    /// Where the license on its seat is; none: the seat has none.
    pub license: Option<Place>,
}

type ViewRow = (MeetingRow, ClientRow, String, Option<String>);

fn view(row: ViewRow) -> Result<MeetingView, StoreError> {
    let (meeting, client, host_name, place) = row;
    let progress = meeting.progress();
    Ok(MeetingView {
        progress,
        meeting: meeting.into_domain()?,
        client: client.into_domain()?,
        host_name,
        license: place.map(|place| word(Place::from_word(&place), "place of a license", &place)).transpose()?,
    })
}

/// The tables and columns of a [`ViewRow`], for one tenant.
macro_rules! views {
    ($tenant:expr) => {
        meetings::table
            .inner_join(clients::table.on(clients::id.eq(meetings::client_id)))
            .inner_join(users::table.on(users::id.eq(meetings::host_id)))
            .left_join(licenses::table.on(licenses::seat_id.eq(meetings::seat_id.nullable())))
            .filter(meetings::tenant_id.eq($tenant.tenant().as_str()))
            .select((MeetingRow::as_select(), ClientRow::as_select(), users::name, licenses::place.nullable()))
    };
}
use views;

/// One meeting.
pub fn find(tx: &mut ReadTx<'_>, scope: &TenantScope, id: &MeetingId) -> Result<Option<Meeting>, StoreError> {
    let row: Option<MeetingRow> = meetings::table
        .filter(meetings::tenant_id.eq(scope.tenant().as_str()))
        .filter(meetings::id.eq(id.as_str()))
        .select(MeetingRow::as_select())
        .get_result(tx.of(scope))
        .optional()?;
    row.map(MeetingRow::into_domain).transpose()
}

/// One meeting with what its page shows.
pub fn find_view(tx: &mut ReadTx<'_>, scope: &TenantScope, id: &MeetingId) -> Result<Option<MeetingView>, StoreError> {
    let row: Option<ViewRow> = views!(scope).filter(meetings::id.eq(id.as_str())).get_result(tx.of(scope)).optional()?;
    row.map(view).transpose()
}

/// No meeting runs for longer after its planned start: Zoom ends each after 30 hours at the latest (Zoom KB0067972).
const LONGEST_RUN: Span = Span::days(2);

/// A host's meetings that overlap `during` or are live, by start: the dashboard in one statement.
pub fn list_of_host(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    host: &UserId,
    during: Window,
) -> Result<Vec<MeetingView>, StoreError> {
    let rows: Vec<ViewRow> = views!(scope)
        .filter(meetings::host_id.eq(host.as_str()))
        .filter(meetings::starts_at.lt(during.end().seconds()))
        // One bound more, so that a host's past is not read through.
        .filter(meetings::starts_at.gt((during.start() - LONGEST_RUN).seconds()))
        .filter(meetings::ends_at.gt(during.start().seconds()).or(meetings::stage.eq(Stage::Live.word())))
        .order((meetings::starts_at, meetings::id))
        .limit(200)
        .load(tx.of(scope))?;
    rows.into_iter().map(view).collect()
}

/// The meeting that this form has already made, if it was posted before.
pub fn find_by_key(tx: &mut ReadTx<'_>, scope: &TenantScope, key: &IdempotencyKey) -> Result<Option<MeetingId>, StoreError> {
    let id: Option<String> = meetings::table
        .filter(meetings::tenant_id.eq(scope.tenant().as_str()))
        .filter(meetings::idempotency_key.eq(key.as_str()))
        .select(meetings::id)
        .get_result(tx.of(scope))
        .optional()?;
    Ok(id.map(MeetingId::new))
}

/// The meeting behind a join link, by the hash of its token. The scope it gives reaches this meeting's tenant: whoever
/// holds the link was let in by it.
pub fn find_by_link(tx: &mut ReadTx<'_>, link_hash: &str) -> Result<Option<(TenantScope, MeetingView)>, StoreError> {
    let found: Option<(String, String)> = meetings::table
        .filter(meetings::link_hash.eq(link_hash))
        .select((meetings::tenant_id, meetings::id))
        .get_result(tx.db())
        .optional()?;
    let Some((tenant, id)) = found else { return Ok(None) };
    let scope = TenantScope::new(crate::domain::ids::TenantId::new(tenant));
    let view = find_view(tx, &scope, &MeetingId::new(id))?;
    Ok(view.map(|view| (scope, view)))
}

/// A new meeting.
pub fn insert(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    meeting: &Meeting,
    link_hash: &str,
    key: &IdempotencyKey,
) -> Result<(), StoreError> {
    diesel::insert_into(meetings::table)
        .values((
            (
                meetings::id.eq(meeting.id.as_str()),
                meetings::tenant_id.eq(scope.tenant().as_str()),
                meetings::host_id.eq(meeting.host.as_str()),
                meetings::client_id.eq(meeting.client.as_str()),
                meetings::seat_id.eq(meeting.seat.as_str()),
                meetings::kind.eq(meeting.kind.word()),
                meetings::topic.eq(meeting.topic.as_str()),
                meetings::starts_at.eq(meeting.window.start().seconds()),
                meetings::ends_at.eq(meeting.window.end().seconds()),
                meetings::wall_time.eq(&meeting.wall_time),
                meetings::zone.eq(meeting.zone.as_str()),
                meetings::hold_from.eq(meeting.hold.start().seconds()),
                meetings::hold_until.eq(meeting.hold.end().seconds()),
            ),
            (
                meetings::stage.eq(meeting.state.stage().word()),
                meetings::sequence.eq(column(meeting.sequence)),
                meetings::link_version.eq(column(meeting.link_version)),
                meetings::link_hash.eq(link_hash),
                meetings::idempotency_key.eq(key.as_str()),
                meetings::zoom_tries.eq(0),
                meetings::polled_absent.eq(0),
                meetings::created_at.eq(meeting.created_at.seconds()),
                meetings::licensed.eq(meeting.licensed),
                meetings::queued_at.eq(meeting.queued_at.map(Instant::seconds)),
                meetings::announced.eq(meeting.announced),
            ),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Moves a booked meeting to another time or seat, with a new sequence. `false`: it is not booked any more.
pub fn move_to(tx: &mut WriteTx<'_>, scope: &TenantScope, moved: &Meeting) -> Result<bool, StoreError> {
    let (from, until) = (moved.hold.start().seconds(), moved.hold.end().seconds());
    // Another hold is a planned one; of the same, only the words change.
    let is_same = meetings::hold_from.eq(from).and(meetings::hold_until.eq(until));
    let updated = diesel::update(
        meetings::table
            .filter(meetings::tenant_id.eq(scope.tenant().as_str()))
            .filter(meetings::id.eq(moved.id.as_str()))
            .filter(meetings::stage.eq(Stage::Booked.word())),
    )
    .set((
        meetings::seat_id.eq(moved.seat.as_str()),
        meetings::topic.eq(moved.topic.as_str()),
        meetings::starts_at.eq(moved.window.start().seconds()),
        meetings::ends_at.eq(moved.window.end().seconds()),
        meetings::wall_time.eq(&moved.wall_time),
        meetings::zone.eq(moved.zone.as_str()),
        meetings::hold_from.eq(from),
        meetings::hold_until.eq(until),
        meetings::busy_until.eq(case_when(is_same, meetings::busy_until)),
        meetings::licensed.eq(moved.licensed),
        meetings::start_clicked_at.eq(moved.start_clicked_at.map(Instant::seconds)),
        meetings::sequence.eq(column(moved.sequence)),
        meetings::zoom_tries.eq(0),
        meetings::zoom_retry_at.eq(None::<i64>),
        meetings::alert.eq(None::<String>),
    ))
    .execute(tx.of(scope))?;
    Ok(updated == 1)
}

/// Writes the state that a transition gave, and cuts the hold to what is still promised: by what was planned, unless it runs.
/// Whoever waited in line waits no more.
pub fn set_state(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    id: &MeetingId,
    state: &State,
    hold: (Instant, Instant),
) -> Result<(), StoreError> {
    let (run, closed_at) = match state {
        State::Booked => (None, None),
        State::Live(run) => (Some(run), None),
        State::Ended { run, at } => (Some(run), Some(at)),
        State::Cancelled { at } | State::Missed { at } => (None, Some(at)),
    };
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set((
            meetings::stage.eq(state.stage().word()),
            meetings::run_uuid.eq(run.map(|run| run.uuid.as_str())),
            meetings::run_since.eq(run.map(|run| run.since.seconds())),
            meetings::closed_at.eq(closed_at.map(|at| at.seconds())),
            meetings::hold_from.eq(hold.0.seconds()),
            meetings::hold_until.eq(hold.1.max(hold.0).seconds()),
            (state.stage() != Stage::Live).then(|| meetings::busy_until.eq(None::<i64>)),
            meetings::polled_absent.eq(0),
            meetings::queued_at.eq(None::<i64>),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Keeps seat and host for another span, with the promise of a license or without: a hold that grows, or a start that was
/// admitted. They are busy from its beginning until the grace that there is now. Whoever waited in line waits no more.
pub fn set_hold(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    id: &MeetingId,
    hold: (Instant, Instant),
    licensed: bool,
) -> Result<(), StoreError> {
    let until = hold.1.max(hold.0).seconds();
    let grace: i64 = pool::table.select(pool::grace_seconds).get_result(tx.of(scope))?;
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set((
            meetings::hold_from.eq(hold.0.seconds()),
            meetings::hold_until.eq(until),
            meetings::busy_until.eq(Some(until - grace)),
            meetings::licensed.eq(licensed),
            meetings::queued_at.eq(None::<i64>),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Puts the host of a meeting in line for a license since `at`; none: out of the line.
pub fn set_queued(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId, at: Option<Instant>) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set(meetings::queued_at.eq(at.map(Instant::seconds)))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Moves a meeting that its host waited in line for to where its license was found, and notes that its client is told.
pub fn set_time(tx: &mut WriteTx<'_>, scope: &TenantScope, meeting: &Meeting) -> Result<(), StoreError> {
    diesel::update(
        meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(meeting.id.as_str())),
    )
    .set((
        meetings::starts_at.eq(meeting.window.start().seconds()),
        meetings::ends_at.eq(meeting.window.end().seconds()),
        meetings::wall_time.eq(&meeting.wall_time),
        meetings::announced.eq(meeting.announced),
    ))
    .execute(tx.of(scope))?;
    Ok(())
}

/// Puts a meeting on another seat. Zoom's meeting belongs to the old one, so the new one is made there.
pub fn set_seat(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId, seat: &SeatId) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set(meetings::seat_id.eq(seat.as_str()))
        .execute(tx.of(scope))?;
    zoom::leave_room(tx, scope, id)
}

/// Marks a change that Zoom and the client must hear of.
pub fn raise_sequence(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set((meetings::sequence.eq(meetings::sequence + 1), meetings::zoom_tries.eq(0), meetings::zoom_retry_at.eq(None::<i64>)))
        .execute(tx.of(scope))?;
    Ok(())
}

/// The host pressed Start.
pub fn mark_start_clicked(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId, at: Instant) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set(meetings::start_clicked_at.eq(Some(at.seconds())))
        .execute(tx.of(scope))?;
    Ok(())
}

/// The client says that they are here.
pub fn mark_client_arrived(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId, at: Instant) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set(meetings::client_arrived_at.eq(Some(at.seconds())))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Notes what is wrong with the meeting's license, or that nothing is.
pub fn set_alert(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId, alert: Option<&str>) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set(meetings::alert.eq(alert))
        .execute(tx.of(scope))?;
    Ok(())
}

/// How many meetings that are still to come use this seat.
pub fn count_ahead_on_seat(tx: &mut ReadTx<'_>, seat: &SeatId) -> Result<i64, StoreError> {
    Ok(meetings::table
        .filter(meetings::seat_id.eq(seat.as_str()))
        .filter(meetings::stage.eq_any([Stage::Booked.word(), Stage::Live.word()]))
        .count()
        .get_result(tx.db())?)
}

/// A host's meetings that are booked or live, for when they leave.
pub fn list_ahead_of_host(tx: &mut ReadTx<'_>, scope: &TenantScope, host: &UserId) -> Result<Vec<Meeting>, StoreError> {
    let rows: Vec<MeetingRow> = meetings::table
        .filter(meetings::tenant_id.eq(scope.tenant().as_str()))
        .filter(meetings::host_id.eq(host.as_str()))
        .filter(meetings::stage.eq_any([Stage::Booked.word(), Stage::Live.word()]))
        .order((meetings::starts_at, meetings::id))
        .limit(500)
        .select(MeetingRow::as_select())
        .load(tx.of(scope))?;
    rows.into_iter().map(MeetingRow::into_domain).collect()
}
