//! The inbox: webhooks as they arrived. A webhook is here before Zoom hears 200, and its effect happens once.

use diesel::dsl::max;
use diesel::prelude::*;

use crate::domain::ids::EventId;
use crate::domain::plan::Webhooks;
use crate::domain::time::Instant;

use super::convert::{count, instant};
use super::error::StoreError;
use super::schema::{pool, zoom_events};
use super::scope::{KeeperPass, OperatorPass};
use super::transaction::{ReadTx, WriteTx};

/// Where an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventState {
    /// Not processed yet.
    Waiting,
    /// Its effect has happened, or it has none.
    Done,
    /// Given up.
    Failed,
}

crate::domain::stored_as! {
    EventState { Waiting = "waiting", Done = "done", Failed = "failed" }
}

/// A webhook that has arrived.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its id here.
    pub id: EventId,
    /// The same for every delivery of the same event.
    pub dedupe_key: String,
    /// Zoom's name for it, such as `meeting.started`.
    pub kind: String,
    /// The body, byte for byte.
    pub body: String,
    /// When it arrived.
    pub received_at: Instant,
}

/// An event as it is processed or shown.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = zoom_events)]
pub struct Event {
    id: String,
    /// Zoom's name for it.
    pub kind: String,
    /// The body, byte for byte.
    pub body: String,
    received_at: i64,
    state: String,
    tries: i32,
    /// What came of it, in words.
    pub outcome: Option<String>,
}

impl Event {
    /// Its id here.
    pub fn id(&self) -> EventId {
        EventId::new(&*self.id)
    }

    /// When it arrived.
    pub fn received_at(&self) -> Instant {
        instant(self.received_at)
    }

    /// Where it is.
    pub fn state(&self) -> EventState {
        EventState::from_word(&self.state).unwrap_or(EventState::Failed)
    }

    /// How often it was tried.
    pub fn tries(&self) -> u32 {
        count(self.tries)
    }
}

/// Puts an event into the inbox. `false`: it is there already.
pub fn put(tx: &mut WriteTx<'_>, event: &NewEvent) -> Result<bool, StoreError> {
    let known: i64 = zoom_events::table.filter(zoom_events::dedupe_key.eq(&event.dedupe_key)).count().get_result(tx.db())?;
    if known > 0 {
        return Ok(false);
    }
    diesel::insert_into(zoom_events::table)
        .values((
            zoom_events::id.eq(event.id.as_str()),
            zoom_events::dedupe_key.eq(&event.dedupe_key),
            zoom_events::kind.eq(&event.kind),
            zoom_events::body.eq(&event.body),
            zoom_events::received_at.eq(event.received_at.seconds()),
            zoom_events::state.eq(EventState::Waiting.word()),
            zoom_events::tries.eq(0),
            zoom_events::retry_at.eq(event.received_at.seconds()),
        ))
        .execute(tx.db())?;
    Ok(true)
}

/// The event that has waited longest. Read inside the transaction that will process it, so that nobody else does.
pub fn next(tx: &mut ReadTx<'_>, _: &KeeperPass, now: Instant) -> Result<Option<Event>, StoreError> {
    Ok(zoom_events::table
        .filter(zoom_events::state.eq(EventState::Waiting.word()))
        .filter(zoom_events::retry_at.le(now.seconds()))
        .order((zoom_events::received_at, zoom_events::id))
        .select(Event::as_select())
        .first(tx.db())
        .optional()?)
}

/// Its effect has happened.
pub fn mark_done(tx: &mut WriteTx<'_>, id: &EventId, outcome: &str) -> Result<(), StoreError> {
    diesel::update(zoom_events::table.find(id.as_str()))
        .set((
            zoom_events::state.eq(EventState::Done.word()),
            zoom_events::tries.eq(zoom_events::tries + 1),
            zoom_events::outcome.eq(Some(outcome)),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// It could not be processed: tried again at `retry_at`, or given up.
pub fn mark_failed(tx: &mut WriteTx<'_>, id: &EventId, retry_at: Option<Instant>, outcome: &str) -> Result<(), StoreError> {
    let state = if retry_at.is_some() { EventState::Waiting } else { EventState::Failed };
    diesel::update(zoom_events::table.find(id.as_str()))
        .set((
            zoom_events::state.eq(state.word()),
            zoom_events::tries.eq(zoom_events::tries + 1),
            zoom_events::retry_at.eq(retry_at.map_or(0, Instant::seconds)),
            zoom_events::outcome.eq(Some(outcome)),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Processes an event again from the start. `false`: there is no such event.
pub fn replay(tx: &mut WriteTx<'_>, _: &OperatorPass, id: &EventId, now: Instant) -> Result<bool, StoreError> {
    let replayed = diesel::update(zoom_events::table.find(id.as_str()))
        .set((
            zoom_events::state.eq(EventState::Waiting.word()),
            zoom_events::tries.eq(0),
            zoom_events::retry_at.eq(now.seconds()),
        ))
        .execute(tx.db())?;
    Ok(replayed == 1)
}

/// When one arrived last, and when one was last missed.
pub fn webhooks(tx: &mut ReadTx<'_>) -> Result<Webhooks, StoreError> {
    let last = zoom_events::table.select(max(zoom_events::received_at)).single_value();
    let (last, missed): (Option<i64>, Option<i64>) = pool::table.select((last, pool::webhooks_missed_at)).get_result(tx.db())?;
    Ok(Webhooks { last: last.map(instant), missed: missed.map(instant) })
}

/// The inbox, newest first; only one state if one is named.
pub fn list(
    tx: &mut ReadTx<'_>,
    _: &OperatorPass,
    state: Option<EventState>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let mut query = zoom_events::table
        .order((zoom_events::received_at.desc(), zoom_events::id.desc()))
        .select(Event::as_select())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(zoom_events::state.eq(state.word()));
    }
    Ok(query.offset(offset).limit(limit).load(tx.db())?)
}

/// How many events are in each state.
pub fn count_by_state(tx: &mut ReadTx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(zoom_events::table.group_by(zoom_events::state).select((zoom_events::state, diesel::dsl::count_star())).load(tx.db())?)
}
