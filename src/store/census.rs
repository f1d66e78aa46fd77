//! Everything that the invariants speak of, read at one moment across all tenants: for the simulation and for checks of a
//! whole database, never for a page.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::min;
use diesel::prelude::*;

use crate::domain::ids::{MeetingId, SeatId, TenantId};
use crate::domain::invariants::{Census, Kept, Letter, Row};
use crate::domain::meeting::Stage;
use crate::domain::plan::{leaves_line_at, turning_points};
use crate::domain::pool::{Release, Strategy};
use crate::domain::time::{Instant, Span};

use super::convert::{count, instant, window, word};
use super::error::StoreError;
use super::events::EventState;
use super::schema::{audit, letters, meetings, old_rooms, seats, zoom_events};
use super::scope::{KeeperPass, OperatorPass};
use super::transaction::ReadTx;
use super::{demand, events, licenses, meetings as noun, moves, pool};

#[derive(Queryable, Selectable)]
#[diesel(table_name = meetings)]
struct MeetingRow {
    id: String,
    tenant_id: String,
    seat_id: String,
    stage: String,
    starts_at: i64,
    ends_at: i64,
    hold_from: i64,
    hold_until: i64,
    licensed: bool,
    queued_at: Option<i64>,
    run_uuid: Option<String>,
    start_clicked_at: Option<i64>,
    zoom_number: Option<i64>,
    alert: Option<String>,
    sequence: i32,
}

impl MeetingRow {
    fn into_domain(self) -> Result<Kept, StoreError> {
        Ok(Kept {
            id: MeetingId::new(self.id),
            tenant: TenantId::new(self.tenant_id),
            seat: SeatId::new(self.seat_id),
            stage: word(Stage::from_word(&self.stage), "stage of a meeting", &self.stage)?,
            window: window(self.starts_at, self.ends_at)?,
            hold: (instant(self.hold_from), instant(self.hold_until)),
            licensed: self.licensed,
            queued: self.queued_at.is_some(),
            run: self.run_uuid,
            start_clicked_at: self.start_clicked_at.map(instant),
            number: self.zoom_number,
            has_alert: self.alert.is_some(),
            sequence: count(self.sequence),
        })
    }
}

/// What was written down about meetings: the id of the row, when, the meeting, the action and the detail.
type Written = (String, i64, Option<String>, String, String);

/// The whole database as the invariants see it. `before`, if there is one, was taken earlier of the same database: of what was
/// written down until then nothing is read again.
pub fn take(tx: &mut ReadTx<'_>, _: &OperatorPass, now: Instant, before: Option<&Census>) -> Result<Census, StoreError> {
    let settings = pool::settings(tx)?;
    let kept: Vec<MeetingRow> = meetings::table.order(meetings::id).select(MeetingRow::as_select()).load(tx.db())?;
    // Rows of that very second may be known or not.
    let since = before.map_or(i64::MIN, |before| before.now.seconds());
    let written: Vec<Written> = audit::table
        .filter(audit::meeting_id.is_not_null())
        .filter(audit::at.ge(since))
        .select((audit::id, audit::at, audit::meeting_id, audit::action, audit::detail))
        .load(tx.db())?;
    let mut audited = before.map_or_else(BTreeMap::new, |before| before.audited.clone());
    let mut read = BTreeSet::new();
    for (id, at, meeting, action, detail) in written {
        let is_known = before.is_some_and(|before| before.read.contains(&id));
        if at >= now.seconds() {
            read.insert(id);
        }
        if !is_known {
            *audited.entry((MeetingId::new(meeting.unwrap_or_default()), action, detail)).or_insert(0) += 1;
        }
    }
    Ok(Census {
        now,
        licenses: settings.licenses,
        promisable: settings.promisable(),
        // While Zoom lets none move, every license stays where it is.
        gives_back: settings.strategy == Strategy::Float
            && settings.release == Release::Ended
            && settings.frozen_at(now).is_none()
            && !settings.saves_moves(moves::on_day(tx, now)?),
        floats: settings.strategy == Strategy::Float,
        shares: demand::shares(tx)?,
        meetings: kept.into_iter().map(MeetingRow::into_domain).collect::<Result<_, _>>()?,
        rows: licenses::list(tx)?
            .into_iter()
            .map(|(row, _)| Row {
                number: row.number,
                place: row.slot.place(),
                seat: row.slot.claim().map(|claim| claim.seat.clone()),
            })
            .collect(),
        audited,
        read,
    })
}

/// When the background work next may have something to do although nobody rings, one instant for each kind of work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turns {
    /// License moves, and what is watched in meetings.
    pub licenses: Option<Instant>,
    /// What Zoom is to be told of meetings.
    pub rooms: Option<Instant>,
    /// Webhooks whose processing failed.
    pub inbox: Option<Instant>,
    /// Letters.
    pub letters: Option<Instant>,
    /// Readings of Zoom's account out of turn.
    pub account: Option<Instant>,
}

/// The first instants after `now` at which the background work may have something to do although nobody rings.
pub fn turns(tx: &mut ReadTx<'_>, _: &OperatorPass, now: Instant) -> Result<Turns, StoreError> {
    let pass = &KeeperPass::new();
    let then = now.seconds();
    let waiting = zoom_events::table.filter(zoom_events::state.eq(EventState::Waiting.word()));
    let queued = letters::table.filter(letters::state.eq("queued"));
    let (old_room, room, event, letter): (Option<i64>, Option<i64>, Option<i64>, Option<i64>) = diesel::select((
        old_rooms::table.filter(old_rooms::retry_at.gt(then)).select(min(old_rooms::retry_at)).single_value(),
        meetings::table.filter(meetings::zoom_retry_at.gt(then)).select(min(meetings::zoom_retry_at)).single_value(),
        waiting.filter(zoom_events::retry_at.gt(then)).select(min(zoom_events::retry_at)).single_value(),
        queued.filter(letters::send_after.gt(then)).select(min(letters::send_after)).single_value(),
    ))
    .get_result(tx.db())?;
    // The account is read again a minute after the last reading.
    let is_stale = super::seats::any_stale(tx, pass)?;
    let account = if is_stale { pool::reading(tx)?.at.map(|at| at + Span::minutes(1)) } else { None };
    Ok(Turns {
        licenses: license_turns(tx, pass, now)?.into_iter().filter(|turn| *turn > now).min(),
        rooms: old_room.into_iter().chain(room).min().map(instant),
        inbox: event.map(instant),
        letters: letter.map(instant),
        account: account.filter(|turn| *turn > now),
    })
}

fn license_turns(tx: &mut ReadTx<'_>, pass: &KeeperPass, now: Instant) -> Result<Vec<Instant>, StoreError> {
    let settings = pool::settings(tx)?;
    let webhooks = events::webhooks(tx)?;
    let rows = licenses::list(tx)?;
    let needs = noun::needs(tx, pass, now, &rows)?;
    let mut turns: Vec<Instant> = needs.iter().flat_map(|need| turning_points(need, &settings, webhooks, now)).collect();
    for (row, worked_on_until) in rows {
        turns.extend(worked_on_until);
        // What was tried in the very second of its pause is tried again by the next look, which in life is seconds later.
        turns.extend(row.retry_at.filter(|at| now <= *at + Span::seconds(1)).map(|at| at.max(now + Span::seconds(1))));
    }
    turns.extend(settings.freeze.map(|freeze| freeze.probe_at));
    let queued: Vec<Option<i64>> = meetings::table
        .filter(meetings::queued_at.is_not_null())
        .filter(meetings::stage.ne(Stage::Cancelled.word()))
        .select(meetings::queued_at)
        .load(tx.db())?;
    if !queued.is_empty() || needs.iter().any(|need| need.stage == Stage::Live && !need.licensed) {
        // Whoever waits may be admitted from the next slot on.
        turns.push((now + Span::seconds(1)).grid_up());
    }
    turns.extend(queued.into_iter().flatten().map(|at| leaves_line_at(instant(at))));
    let then = now.seconds();
    let (hold, seat): (Option<i64>, Option<i64>) = diesel::select((
        meetings::table.filter(meetings::hold_from.gt(then)).select(min(meetings::hold_from)).single_value(),
        seats::table.filter(seats::license_retry_at.gt(then)).select(min(seats::license_retry_at)).single_value(),
    ))
    .get_result(tx.db())?;
    turns.extend(hold.into_iter().chain(seat).map(instant));
    Ok(turns)
}

/// The bodies of the events that are stored.
pub fn event_bodies(tx: &mut ReadTx<'_>, _: &OperatorPass) -> Result<Vec<String>, StoreError> {
    Ok(zoom_events::table.select(zoom_events::body).load(tx.db())?)
}

/// The outbox: what each letter about a meeting tells.
pub fn outbox(tx: &mut ReadTx<'_>, _: &OperatorPass) -> Result<Vec<Letter>, StoreError> {
    let rows: Vec<(Option<String>, String, String, String)> = letters::table
        .filter(letters::meeting_id.is_not_null())
        .select((letters::meeting_id, letters::kind, letters::recipient, letters::payload))
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(meeting, kind, to, payload)| [meeting.unwrap_or_default(), kind, to, payload]).collect())
}
