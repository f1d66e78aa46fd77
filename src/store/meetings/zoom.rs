//! What Zoom is to be told of meetings. Nothing is queued: a booked meeting whose sequence Zoom has not seen *is* the to-do.

use diesel::prelude::*;

use crate::domain::ids::MeetingId;
use crate::domain::meeting::{Meeting, Room, Stage};
use crate::domain::time::Instant;

use super::super::convert::column;
use super::super::error::StoreError;
use super::super::old_rooms;
use super::super::schema::meetings;
use super::super::scope::{KeeperPass, TenantScope};
use super::super::transaction::{ReadTx, WriteTx};
use super::row::MeetingRow;

/// What Zoom must be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// It does not know the meeting.
    Create,
    /// It knows an older time.
    Update,
    /// It was called off.
    Delete,
}

/// One thing to tell Zoom.
#[derive(Clone, Debug)]
pub struct Errand {
    /// The right to change the meeting.
    pub scope: TenantScope,
    /// The meeting.
    pub meeting: Meeting,
    /// What to tell.
    pub task: Task,
    /// How often it failed.
    pub tries: u32,
}

/// Takes the most urgent errand, for whoever runs it before `until`: two processes would else make a meeting twice.
pub fn claim_errand(tx: &mut WriteTx<'_>, pass: &KeeperPass, now: Instant, until: Instant) -> Result<Option<Errand>, StoreError> {
    let Some(errand) = next_errand(tx, pass, now)? else { return Ok(None) };
    diesel::update(meetings::table.filter(meetings::id.eq(errand.meeting.id.as_str())))
        .set(meetings::zoom_retry_at.eq(Some(until.seconds())))
        .execute(tx.db())?;
    Ok(Some(errand))
}

/// The most urgent errand that is due, by the meeting's start.
pub fn next_errand(tx: &mut ReadTx<'_>, pass: &KeeperPass, now: Instant) -> Result<Option<Errand>, StoreError> {
    // Each stage by itself: together they have no index that is also in order.
    let found = [next_of(tx, Stage::Booked, now)?, next_of(tx, Stage::Cancelled, now)?];
    let first = found.into_iter().flatten().min_by_key(|(row, _)| row.starts_at());
    let Some((row, tries)) = first else { return Ok(None) };
    let meeting = row.into_domain()?;
    let task = match (meeting.state.stage(), &meeting.room) {
        (Stage::Cancelled, _) => Task::Delete,
        (_, None) => Task::Create,
        (_, Some(_)) => Task::Update,
    };
    Ok(Some(Errand { scope: pass.scope(&meeting.tenant), meeting, task, tries: super::super::convert::count(tries) }))
}

/// The errand of this stage whose meeting begins first.
fn next_of(tx: &mut ReadTx<'_>, stage: Stage, now: Instant) -> Result<Option<(MeetingRow, i32)>, StoreError> {
    let unseen = meetings::zoom_sequence.is_null().or(meetings::zoom_sequence.lt(meetings::sequence.nullable()));
    let due = meetings::zoom_retry_at.is_null().or(meetings::zoom_retry_at.le(now.seconds()));
    let row = meetings::table
        .filter(meetings::stage.eq(stage.word()))
        // Whoever waits in line has no time yet.
        .filter(meetings::queued_at.is_null().or(meetings::licensed.eq(true)))
        .filter(unseen)
        .filter(due)
        .order((meetings::starts_at, meetings::id))
        .select((MeetingRow::as_select(), meetings::zoom_tries))
        .first(tx.db())
        .optional()?;
    Ok(row)
}

/// Zoom has made the meeting. `false`: somebody else was faster, and this room is to be deleted at Zoom again.
pub fn set_room(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    id: &MeetingId,
    room: &Room,
    sequence: u32,
) -> Result<bool, StoreError> {
    let set = diesel::update(
        meetings::table
            .filter(meetings::tenant_id.eq(scope.tenant().as_str()))
            .filter(meetings::id.eq(id.as_str()))
            .filter(meetings::zoom_number.is_null()),
    )
    .set((
        meetings::zoom_number.eq(Some(room.number)),
        meetings::zoom_join_url.eq(Some(&room.join_url)),
        meetings::zoom_sequence.eq(Some(column(sequence))),
        meetings::zoom_tries.eq(0),
        meetings::zoom_retry_at.eq(None::<i64>),
        meetings::zoom_problem.eq(None::<String>),
    ))
    .execute(tx.of(scope))?;
    Ok(set == 1)
}

/// The meeting moves to another seat: Zoom's meeting, which belongs to the old one, is to be deleted there and made anew.
pub(super) fn leave_room(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId) -> Result<(), StoreError> {
    let number: Option<i64> = meetings::table
        .filter(meetings::tenant_id.eq(scope.tenant().as_str()))
        .filter(meetings::id.eq(id.as_str()))
        .select(meetings::zoom_number)
        .get_result(tx.of(scope))?;
    if let Some(number) = number {
        old_rooms::add(tx, number)?;
    }
    clear_room(tx, scope, id)
}

/// Zoom does not know the meeting any more: it is to be created again. The client's link stays the same.
pub fn clear_room(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set((
            meetings::zoom_number.eq(None::<i64>),
            meetings::zoom_join_url.eq(None::<String>),
            meetings::zoom_sequence.eq(None::<i32>),
            meetings::zoom_retry_at.eq(None::<i64>),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Zoom has seen the meeting as it was with `sequence`. A later change makes it an errand again.
pub fn mark_synced(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &MeetingId, sequence: u32) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set((
            meetings::zoom_sequence.eq(Some(column(sequence))),
            meetings::zoom_tries.eq(0),
            meetings::zoom_retry_at.eq(None::<i64>),
            meetings::zoom_problem.eq(None::<String>),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Zoom refused or did not answer: tried again at `retry_at`, and host and operator read why.
pub fn mark_failed(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    id: &MeetingId,
    retry_at: Instant,
    problem: &str,
) -> Result<(), StoreError> {
    diesel::update(meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str())))
        .set((
            meetings::zoom_tries.eq(meetings::zoom_tries + 1),
            meetings::zoom_retry_at.eq(Some(retry_at.seconds())),
            meetings::zoom_problem.eq(Some(problem)),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Zoom was asked whether the meeting runs; how often in a row it said no is counted and given back.
pub fn mark_polled(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    id: &MeetingId,
    at: Instant,
    absent: bool,
) -> Result<u32, StoreError> {
    let row = meetings::table.filter(meetings::tenant_id.eq(scope.tenant().as_str())).filter(meetings::id.eq(id.as_str()));
    if absent {
        diesel::update(row)
            .set((meetings::polled_at.eq(Some(at.seconds())), meetings::polled_absent.eq(meetings::polled_absent + 1)))
            .execute(tx.of(scope))?;
    } else {
        diesel::update(row)
            .set((meetings::polled_at.eq(Some(at.seconds())), meetings::polled_absent.eq(0)))
            .execute(tx.of(scope))?;
    }
    let times: i32 = row.select(meetings::polled_absent).get_result(tx.of(scope))?;
    Ok(super::super::convert::count(times))
}
