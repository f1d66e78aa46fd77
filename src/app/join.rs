//! The client's side: what the join link leads to, before, during and after the meeting.

use std::sync::Arc;

use crate::domain::meeting::{Meeting, Stage, State};
use crate::domain::tenant::Tenant;
use crate::domain::time::{Instant, Span};
use crate::store::audit::{self, Actor};
use crate::store::meetings::{self, MeetingView};
use crate::store::{StoreError, tenants};

use super::{App, AppError, keys};

/// How long after the host pressed Start the client is let through although Zoom has not said yet that the meeting runs.
const START_IS_FRESH: Span = Span::minutes(10);
/// How long a client who said "I am here" counts as waiting.
const ARRIVAL_IS_FRESH: Span = Span::minutes(30);

/// What a client sees behind their link.
#[derive(Clone, Debug)]
pub struct Joining {
    /// The meeting.
    pub view: MeetingView,
    /// The host's organization.
    pub tenant: Tenant,
    /// What they can do now.
    pub door: Door,
    /// Whether they have said that they are here.
    pub arrived: bool,
}

/// Whether the client can go in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Door {
    /// Not before this instant.
    Early,
    /// It is time, and the host is not there yet.
    HostMissing,
    /// The host is there: this is Zoom's link for the client.
    Open(String),
    /// Its time has passed, and its host has not come.
    Missed,
    /// It is over.
    Over,
}

impl App {
    /// What is behind a join link. Unknown, revoked, cancelled and expired links are all the same nothing.
    pub async fn look_behind(&self, token: &str) -> Result<Option<Joining>, AppError> {
        let (hash, now) = (keys::hash(token), self.now());
        let found = self.store.read::<_, StoreError, _>(move |tx| {
            let Some((scope, view)) = meetings::find_by_link(tx, &hash)? else { return Ok(None) };
            let tenant = tenants::get(tx, &scope)?;
            let works = view.meeting.link_works_at(now) && tenant.suspended_at.is_none();
            let arrived = view.meeting.client_arrived_at.is_some_and(|at| now < at + ARRIVAL_IS_FRESH);
            Ok(works.then(|| Joining { door: door(&view.meeting, now), view, tenant, arrived }))
        });
        Ok(found.await?)
    }

    /// The client says that they are here; the host's page shows it. `None` as for [`App::look_behind`].
    pub async fn arrive(self: &Arc<Self>, token: &str) -> Result<Option<Joining>, AppError> {
        let Some(joining) = self.look_behind(token).await? else { return Ok(None) };
        if matches!(joining.door, Door::Over | Door::Missed) {
            return Ok(Some(joining));
        }
        let (app, hash, first) = (self.clone(), keys::hash(token), !joining.arrived);
        self.store
            .write::<_, StoreError, _>(move |tx| {
                let Some((scope, view)) = meetings::find_by_link(tx, &hash)? else { return Ok(()) };
                meetings::mark_client_arrived(tx, &scope, &view.meeting.id, app.now())?;
                if first {
                    audit::add(
                        tx,
                        &app.entry(Some(scope.tenant()), Actor::Client, "client.arrived", Some(&view.meeting.id), ""),
                    )?;
                }
                Ok(())
            })
            .await?;
        Ok(Some(Joining { arrived: true, ..joining }))
    }
}

fn door(meeting: &Meeting, now: Instant) -> Door {
    let ended_at = if let State::Ended { at, .. } = meeting.state { Some(at) } else { None };
    let since_then = |pressed: Instant| ended_at.is_none_or(|ended| ended < pressed);
    let started = meeting.start_clicked_at.is_some_and(|at| now < at + START_IS_FRESH && since_then(at));
    match (meeting.state.stage(), &meeting.room) {
        (Stage::Live, Some(room)) => Door::Open(room.join_url.clone()),
        (Stage::Booked | Stage::Missed | Stage::Ended, Some(room)) if started => Door::Open(room.join_url.clone()),
        (Stage::Cancelled, _) => Door::Over,
        (Stage::Ended, _) if !meeting.is_awaited_at(now) => Door::Over,
        (Stage::Missed, _) if now >= meeting.window.end() && !meeting.is_awaited_at(now) => Door::Missed,
        _ if now < meeting.window.start() - Span::minutes(15) => Door::Early,
        _ => Door::HostMissing,
    }
}

/// What a host is told of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not here, and may still come.
    NotYet,
    /// Waits, or is in the meeting; since then.
    Here(Instant),
    /// Was here; came then.
    Came(Instant),
    /// The meeting is over, and nobody came.
    DidNotCome,
}

/// Where the client is at `now`; of a cancelled meeting there is nothing to say. Who waits may give up, so before the meeting an
/// arrival counts while it is fresh; who is in it may stay for as long as it runs.
pub fn client_presence(meeting: &Meeting, now: Instant) -> Option<Presence> {
    let arrived_since = |from: Instant| meeting.client_arrived_at.filter(|at| *at + ARRIVAL_IS_FRESH > from);
    let here = |arrived: Option<Instant>| arrived.map_or(Presence::NotYet, Presence::Here);
    let came = |arrived: Option<Instant>| arrived.map_or(Presence::DidNotCome, Presence::Came);
    let begin = meeting.window.start();
    Some(match &meeting.state {
        State::Cancelled { .. } => return None,
        State::Live(run) => here(arrived_since(run.since)),
        State::Booked => here(arrived_since(now)),
        _ if meeting.is_awaited_at(now) => here(arrived_since(now)),
        State::Ended { run, .. } => came(arrived_since(run.since.min(begin))),
        // Its host may still start it.
        State::Missed { .. } if now < meeting.window.end() => here(arrived_since(now)),
        State::Missed { .. } => came(arrived_since(begin)),
    })
}
