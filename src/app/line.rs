//! The line for a license: who is in it, how long it will take, and who is served.
//!
//! Serving is admission: it happens in one transaction, in the order of `domain::line`, and never at the cost of a promise.

use std::sync::Arc;

use crate::domain::admission::{self, Admitted, Demand, Hold, Refusal, Request, Rules};
use crate::domain::ids::MeetingId;
use crate::domain::line::{self, Place};
use crate::domain::meeting::{Kind, Meeting, Stage};
use crate::domain::plan::waiting;
use crate::domain::pool::PoolSettings;
use crate::domain::tenant::User;
use crate::domain::time::{Instant, Span, Window};
use crate::domain::zone;
use crate::store::audit::{self, Actor};
use crate::store::scope::TenantScope;
use crate::store::{ReadTx, StoreError, WriteTx, demand, meetings, pool, tenants, users};

use super::bell::Lane;
use super::bookings::{decide, manageable, rules};
use super::letters::{self, MeetingNews};
use super::{App, AppError};

/// How far ahead a license is looked for while somebody waits for one.
const WAIT_WITHIN: Span = Span::hours(8);

/// How long somebody will wait for a license, as far as meetings are planned and hold their time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Which in line they are, from 1.
    pub position: usize,
    /// About how long; none: not within the next hours, as things stand.
    pub about: Option<Span>,
}

/// What came of asking for a place in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// The host is in line, since now or since before.
    Waiting,
    /// There is nothing to wait for: the meeting runs, was cancelled, or has its license promised, for now or for much later.
    NoNeed,
}

impl App {
    /// Gives licenses to those in line for whom there is room, and lets those go who have waited too long.
    pub(super) async fn serve_line(self: &Arc<Self>) -> Result<(), AppError> {
        let (pass, now) = (self.pass(), self.now());
        if !self.store.read(move |tx| meetings::is_anybody_in_line(tx, &pass, now)).await? {
            return Ok(());
        }
        // What runs over is counted before anybody is admitted into its time.
        self.grow_holds().await?;
        let app = self.clone();
        let served = self.store.write::<_, AppError, _>(move |tx| app.serve(tx)).await?;
        if served {
            for lane in [Lane::Rooms, Lane::Letters] {
                self.bell.ring(lane);
            }
        }
        Ok(())
    }

    /// Whether somebody was served.
    pub(super) fn serve(&self, tx: &mut WriteTx<'_>) -> Result<bool, AppError> {
        let (settings, now) = (pool::settings(tx)?, self.now());
        let rules = rules(&settings, now);
        let mut served = false;
        for (_, scope, meeting) in self.in_order(tx)? {
            if line::has_left(&meeting, now) {
                self.leave(tx, &scope, &meeting, Actor::Keeper)?;
            } else if let Ok(admitted) = grant(tx, &meeting, &rules, &settings)? {
                self.begin(tx, &scope, &meeting, (now, admitted.hold.end()), true)?;
                audit::add(
                    tx,
                    &self.entry(Some(scope.tenant()), Actor::Keeper, "meeting.license_granted", Some(&meeting.id), ""),
                )?;
                served = true;
            }
        }
        Ok(served)
    }

    /// Everybody in line with their place, the first one first.
    pub(super) fn in_order(&self, tx: &mut ReadTx<'_>) -> Result<Vec<(Place, TenantScope, Meeting)>, StoreError> {
        let (settings, now) = (pool::settings(tx)?, self.now());
        let in_line = meetings::line(tx, &self.pass(), now)?;
        let placed =
            in_line.into_iter().filter_map(|(scope, meeting)| Some((line::place(&meeting, &settings, now)?, scope, meeting)));
        let mut placed: Vec<_> = placed.collect();
        placed.sort_by(|(one, _, a), (other, _, b)| (one, &a.id).cmp(&(other, &b.id)));
        Ok(placed)
    }

    /// The meeting may begin now, with the promise of a license or without. A host who waited to begin is told by the page
    /// they wait on; the client gets the invitation only now, because only now there is a time.
    pub(super) fn begin(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        meeting: &Meeting,
        hold: (Instant, Instant),
        licensed: bool,
    ) -> Result<(), AppError> {
        self.note_hold(tx, scope, meeting, hold.0)?;
        if meeting.waits_to_begin() {
            let begins = Meeting {
                window: meeting.window.moved_to(hold.0),
                announced: true,
                wall_time: zone::wall_time(hold.0, &meeting.zone),
                ..meeting.clone()
            };
            meetings::set_time(tx, scope, &begins)?;
            let view = meetings::find_view(tx, scope, &meeting.id)?.ok_or(AppError::NotFound("meeting"))?;
            let tenant = tenants::get(tx, scope)?;
            let host = users::find(tx, scope, &meeting.host)?.ok_or(AppError::NotFound("user"))?;
            let letter = self.meeting_letter(MeetingNews::Invited { again: 0 }, &begins, &view.client, &host.name, &tenant);
            letters::put(tx, &[letter])?;
        }
        Ok(meetings::set_hold(tx, scope, &meeting.id, hold, licensed)?)
    }

    /// Out of the line. A meeting on the spot that never began is called off; nobody but its host knows of it.
    fn leave(&self, tx: &mut WriteTx<'_>, scope: &TenantScope, meeting: &Meeting, by: Actor) -> Result<(), StoreError> {
        let (now, from) = (self.now(), meeting.hold.start());
        meetings::set_queued(tx, scope, &meeting.id, None)?;
        if meeting.waits_to_begin()
            && let Ok(cancelled) = meeting.state.cancelled(now)
        {
            meetings::set_state(tx, scope, &meeting.id, &cancelled, (from, from))?;
            return audit::add(
                tx,
                &self.entry(Some(scope.tenant()), by, "meeting.cancelled", Some(&meeting.id), "left the line"),
            );
        }
        audit::add(tx, &self.entry(Some(scope.tenant()), by, "meeting.line_left", Some(&meeting.id), ""))
    }

    /// Puts the host of a meeting that has no license promised (any more) in line for one.
    pub async fn wait_in_line(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<Queued, AppError> {
        let (app, tx_scope, by, id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        let queued = self
            .store
            .write::<_, AppError, _>(move |tx| {
                let meeting = manageable(tx, &tx_scope, &by, &id)?.meeting;
                let now = app.now();
                if line::is_too_early(&meeting, now)
                    || meeting.is_promised_at(now)
                    || !matches!(meeting.state.stage(), Stage::Booked | Stage::Ended | Stage::Missed)
                {
                    return Ok(Queued::NoNeed);
                }
                if meeting.queued_at.is_none() {
                    meetings::set_queued(tx, &tx_scope, &id, Some(now))?;
                    audit::add(
                        tx,
                        &app.entry(Some(tx_scope.tenant()), Actor::User(by.id), "meeting.line_joined", Some(&id), ""),
                    )?;
                }
                Ok(Queued::Waiting)
            })
            .await?;
        self.bell.ring(Lane::Licenses);
        Ok(queued)
    }

    /// The host waits no more.
    pub async fn leave_line(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<(), AppError> {
        let (app, scope, by, id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        self.store
            .write::<_, AppError, _>(move |tx| {
                let meeting = manageable(tx, &scope, &by, &id)?.meeting;
                if meeting.queued_at.is_some() {
                    app.leave(tx, &scope, &meeting, Actor::User(by.id))?;
                }
                Ok(())
            })
            .await
    }

    /// How long it will be until this meeting has a license: by its place in line, or, when one is promised to it and has
    /// not come, by its place among those who wait for one to come free.
    pub async fn wait_for_license(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<Wait, AppError> {
        let meeting = self.meeting_for(scope, by, id).await?.meeting;
        let now = self.now();
        if meeting.is_promised_at(now) {
            let snapshot = self.snapshot(None).await?;
            let ahead = waiting(&snapshot).iter().take_while(|need| need.meeting != meeting.id).count();
            let request = Request { licensed: true, ..asks(&meeting, now) };
            let about = self.store.read::<_, StoreError, _>(move |tx| first_start(tx, &request, &[], now)).await?;
            return Ok(Wait { position: ahead + 1, about });
        }
        let (app, request) = (self.clone(), asks(&meeting, now));
        Ok(self.store.read::<_, StoreError, _>(move |tx| app.wait_of(tx, &request, now)).await?)
    }

    /// How long a meeting that is asked for now would wait, after everybody who is in line before it.
    pub(super) fn wait_of(&self, tx: &mut ReadTx<'_>, request: &Request, now: Instant) -> Result<Wait, StoreError> {
        let in_line = self.in_order(tx)?;
        let is_asked_for = |meeting: &Meeting| request.moving.as_ref() == Some(&meeting.id);
        let is_in_line = in_line.iter().any(|(.., meeting)| is_asked_for(meeting));
        // Who would come into the line only now comes before those that are merely insured.
        let comes_first =
            |place: &Place, meeting: &Meeting| !is_asked_for(meeting) && (is_in_line || !matches!(place, Place::Insured(_)));
        let ahead = in_line.iter().take_while(|(place, _, meeting)| comes_first(place, meeting));
        let ahead: Vec<Request> = ahead.map(|(.., meeting)| asks(meeting, now)).collect();
        Ok(Wait { position: ahead.len() + 1, about: first_start(tx, request, &ahead, now)? })
    }
}

/// Whether the meeting in line can be given a license now. One that runs and that Zoom would cut in some minutes is also given one
/// that is kept back, which is what they are kept back for; before, that would only make room for others to be refused.
fn grant(
    tx: &mut ReadTx<'_>,
    meeting: &Meeting,
    rules: &Rules,
    settings: &PoolSettings,
) -> Result<Result<Admitted, Refusal>, StoreError> {
    let request = asks(meeting, rules.now);
    if meeting.state.stage() != Stage::Live {
        return decide(tx, &request, rules, settings);
    }
    let is_near_cut = line::is_near_cut(meeting, rules.now);
    let settings = PoolSettings { spare: if is_near_cut { Some(0) } else { settings.spare }, ..settings.clone() };
    let mut demand = demand::during(tx, Demand::needed(&request, rules, Span::ZERO), &settings, rules.now)?;
    // It is on its seat already: what its host has planned there next is no reason to let Zoom cut it.
    let past = Window::lasting(rules.now - Span::minutes(1), Span::minutes(1));
    let is_next = |hold: &&mut Hold| hold.seat == meeting.seat || hold.host == meeting.host;
    demand.holds.iter_mut().filter(is_next).for_each(|hold| hold.busy = past);
    Ok(admission::admit(&request, &demand, rules))
}

/// What a meeting in line asks for: a license on its seat from now on.
pub(super) fn asks(meeting: &Meeting, now: Instant) -> Request {
    Request {
        tenant: meeting.tenant.clone(),
        host: meeting.host.clone(),
        moving: Some(meeting.id.clone()),
        seats: vec![meeting.seat.clone()],
        window: line::wanted(meeting, now),
        kind: Kind::OnDemand,
        licensed: true,
    }
}

/// How long until the request would be admitted, when those before it are served first.
fn first_start(tx: &mut ReadTx<'_>, request: &Request, ahead: &[Request], now: Instant) -> Result<Option<Span>, StoreError> {
    let settings = pool::settings(tx)?;
    let rules = rules(&settings, now);
    let mut demand = demand::during(tx, Demand::needed(request, &rules, WAIT_WITHIN), &settings, now)?;
    for before in ahead {
        let start = earliest(before, &demand, &rules);
        demand.holds.extend(start.map(|start| held_from(start, before, &rules)));
    }
    Ok(earliest(request, &demand, &rules).map(|start| (start - now).max(Span::ZERO)))
}

fn earliest(request: &Request, demand: &Demand, rules: &Rules) -> Option<Instant> {
    if admission::admit(request, demand, rules).is_ok() {
        return Some(rules.now);
    }
    // Whoever waits begins when the license comes; there is no lead to it.
    let at_once = Rules { lead: Span::ZERO, ..*rules };
    admission::nearest(request, demand, &at_once, 1, WAIT_WITHIN).first().copied()
}

fn held_from(start: Instant, request: &Request, rules: &Rules) -> Hold {
    let window = request.window.moved_to(start);
    Hold {
        meeting: request.moving.clone().unwrap_or_else(|| MeetingId::new("in line")),
        tenant: request.tenant.clone(),
        host: request.host.clone(),
        seat: request.seats[0].clone(),
        busy: window,
        hold: admission::hold_of(window, Kind::OnDemand, rules),
        licensed: true,
    }
}
