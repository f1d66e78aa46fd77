//! Booking, moving and cancelling. The answer is a meeting or a refusal with the nearest times; the transaction that
//! admits also writes the letter and the audit row, and Zoom is told afterwards.

use std::sync::Arc;

use crate::domain::admission::{self, Admitted, Demand, Refusal, Request, Rules};
use crate::domain::ids::{ClientId, MeetingId, SeatId, UserId};
use crate::domain::meeting::{Kind, Meeting, Stage, State};
use crate::domain::names::{EmailAddress, IdempotencyKey, PersonName, Topic, ZoneName};
use crate::domain::pool::PoolSettings;
use crate::domain::tenant::{Standing, User};
use crate::domain::time::{Instant, Span, Window};
use crate::store::audit::{self, Actor};
use crate::store::clients::{self, Client};
use crate::store::scope::TenantScope;
use crate::store::{ReadTx, StoreError, WriteTx, demand, meetings, pool, seats, tenants, users};

use super::bell::Lane;
use super::letters::{self, MeetingNews};
use super::{App, AppError, keys};

/// How many times a refusal offers, and how far from the asked time they may be.
const OFFERS: usize = 3;
const OFFER_WITHIN: Span = Span::days(7);

/// What a user asks for.
#[derive(Clone, Debug)]
pub struct Booking {
    /// Who will host.
    pub host: UserId,
    /// What it is about.
    pub topic: Topic,
    /// The client's name.
    pub client_name: PersonName,
    /// The client's address.
    pub client_email: EmailAddress,
    /// The client's zone, if it is known.
    pub client_zone: Option<ZoneName>,
    /// Scheduled or on the spot.
    pub kind: Kind,
    /// When.
    pub time: Time,
    /// The form's key: the same key makes the same meeting.
    pub key: IdempotencyKey,
}

/// When a meeting is, as it was asked for.
#[derive(Clone, Debug)]
pub struct Time {
    /// The instants.
    pub window: Window,
    /// The wall-clock time of the start, `YYYY-MM-DDTHH:MM`.
    pub wall: String,
    /// The zone of that wall.
    pub zone: ZoneName,
}

/// The answer to a request for a license at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Accepted: this meeting has its license when it starts.
    Accepted(MeetingId),
    /// Refused, with the nearest starts that would be accepted, soonest first.
    Refused {
        /// Why.
        refusal: Refusal,
        /// When instead.
        nearest: Vec<Instant>,
    },
    /// The meeting is not booked any more: it runs, is over or was cancelled.
    TooLate,
}

/// The answer to a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// It is cancelled, now or since before.
    Done,
    /// It runs or is over; it cannot be cancelled any more.
    TooLate,
}

/// What a transaction found out; a refusal is looked into further afterwards.
enum Outcome {
    Accepted(MeetingId),
    Refused(Refusal, Box<Request>, Rules),
    TooLate,
}

impl App {
    /// Books a meeting for `booking.host`. Staff book for themselves, admins for anybody of the tenant.
    pub async fn book(self: &Arc<Self>, scope: &TenantScope, by: &User, booking: Booking) -> Result<Answer, AppError> {
        if !may_act_for(by, &booking.host) {
            return Err(AppError::NotFound("user"));
        }
        let (app, scope, by, on_demand) = (self.clone(), scope.clone(), by.id.clone(), booking.kind == Kind::OnDemand);
        let outcome = self.store.write(move |tx| app.admit_new(tx, &scope, &by, booking)).await?;
        self.bell.ring(Lane::Rooms);
        self.bell.ring(Lane::Letters);
        if on_demand {
            self.bell.ring(Lane::Licenses);
        }
        self.answer(outcome).await
    }

    fn admit_new(&self, tx: &mut WriteTx<'_>, scope: &TenantScope, by: &UserId, booking: Booking) -> Result<Outcome, AppError> {
        if let Some(known) = meetings::find_by_key(tx, scope, &booking.key)? {
            return Ok(Outcome::Accepted(known));
        }
        let now = self.now();
        let tenant = tenants::get(tx, scope)?;
        let host = users::find(tx, scope, &booking.host)?.filter(may_host).ok_or(AppError::NotFound("user"))?;
        let settings = pool::settings(tx)?;
        let request = Request {
            tenant: tenant.id.clone(),
            host: host.id.clone(),
            moving: None,
            seats: seat_ids(tx, scope, &host.id, tenant.shared_seats)?,
            window: booking.time.window,
            kind: booking.kind,
        };
        let rules = rules(&settings, now);
        let admitted = match decide(tx, &request, &rules, &settings)? {
            Ok(admitted) => admitted,
            Err(refusal) => return Ok(Outcome::Refused(refusal, Box::new(request), rules)),
        };
        let client = Client {
            id: ClientId::new(self.id()),
            email: booking.client_email,
            name: booking.client_name,
            zone: booking.client_zone,
        };
        let client = Client { id: clients::remember(tx, scope, &client, now)?, ..client };
        let meeting = Meeting {
            id: MeetingId::new(self.id()),
            tenant: tenant.id.clone(),
            host: host.id,
            client: client.id.clone(),
            seat: admitted.seat,
            kind: booking.kind,
            topic: booking.topic,
            window: booking.time.window,
            wall_time: booking.time.wall,
            zone: booking.time.zone,
            hold: admitted.hold,
            licensed: true,
            queued_at: None,
            state: State::Booked,
            room: None,
            sequence: 0,
            link_version: 1,
            client_arrived_at: None,
            start_clicked_at: None,
            created_at: now,
        };
        let link_hash = keys::hash(&self.keys.join_token(&meeting.id, meeting.link_version));
        meetings::insert(tx, scope, &meeting, &link_hash, &booking.key)?;
        let invitation = self.meeting_letter(MeetingNews::Invited { again: 0 }, &meeting, &client, &host.name, &tenant);
        letters::put(tx, &[invitation])?;
        let detail = format!("{} to {}", meeting.window.start(), meeting.window.end());
        audit::add(tx, &self.entry(Some(&tenant.id), Actor::User(by.clone()), "meeting.booked", Some(&meeting.id), detail))?;
        Ok(Outcome::Accepted(meeting.id))
    }

    /// Moves a booked meeting, or changes its topic. The same time and topic again change nothing.
    pub async fn reschedule(
        self: &Arc<Self>,
        scope: &TenantScope,
        by: &User,
        id: &MeetingId,
        topic: Topic,
        time: Time,
    ) -> Result<Answer, AppError> {
        let (app, scope, by, id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        let outcome = self.store.write(move |tx| app.admit_moved(tx, &scope, &by, &id, topic, time)).await?;
        for lane in [Lane::Rooms, Lane::Letters, Lane::Licenses] {
            self.bell.ring(lane);
        }
        self.answer(outcome).await
    }

    fn admit_moved(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        by: &User,
        id: &MeetingId,
        topic: Topic,
        time: Time,
    ) -> Result<Outcome, AppError> {
        let view = manageable(tx, scope, by, id)?;
        let before = view.meeting.window;
        if view.meeting.state.stage() != Stage::Booked {
            return Ok(Outcome::TooLate);
        }
        if before == time.window && view.meeting.topic == topic && view.meeting.zone == time.zone {
            return Ok(Outcome::Accepted(view.meeting.id));
        }
        let tenant = tenants::get(tx, scope)?;
        let settings = pool::settings(tx)?;
        // The seat stays: Zoom has the meeting there, and the client's link leads to it.
        let request = Request {
            tenant: tenant.id.clone(),
            host: view.meeting.host.clone(),
            moving: Some(id.clone()),
            seats: vec![view.meeting.seat.clone()],
            window: time.window,
            kind: Kind::Scheduled,
        };
        let rules = rules(&settings, self.now());
        let hold = if before == time.window {
            view.meeting.hold
        } else {
            match decide(tx, &request, &rules, &settings)? {
                Ok(admitted) => admitted.hold,
                Err(refusal) => return Ok(Outcome::Refused(refusal, Box::new(request), rules)),
            }
        };
        let moved = Meeting {
            topic,
            window: time.window,
            wall_time: time.wall,
            zone: time.zone,
            hold,
            sequence: view.meeting.sequence + 1,
            ..view.meeting
        };
        if !meetings::move_to(tx, scope, &moved)? {
            return Ok(Outcome::TooLate);
        }
        let host = users::find(tx, scope, &moved.host)?.ok_or(AppError::NotFound("user"))?;
        let letter = self.meeting_letter(MeetingNews::Rescheduled { before }, &moved, &view.client, &host.name, &tenant);
        letters::put(tx, &[letter])?;
        let detail = format!("from {} to {}", before.start(), moved.window.start());
        audit::add(tx, &self.entry(Some(&tenant.id), Actor::User(by.id.clone()), "meeting.rescheduled", Some(id), detail))?;
        Ok(Outcome::Accepted(moved.id))
    }

    /// Calls a meeting off and tells the client. Doing so twice is the same as once.
    pub async fn cancel(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<Cancellation, AppError> {
        let (app, scope, by, id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        let done = self.store.write(move |tx| app.call_off(tx, &scope, &by, &id)).await?;
        for lane in [Lane::Rooms, Lane::Letters, Lane::Licenses] {
            self.bell.ring(lane);
        }
        Ok(done)
    }

    fn call_off(&self, tx: &mut WriteTx<'_>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<Cancellation, AppError> {
        let view = manageable(tx, scope, by, id)?;
        if view.meeting.state.stage() == Stage::Cancelled {
            return Ok(Cancellation::Done);
        }
        let Ok(cancelled) = view.meeting.state.cancelled(self.now()) else {
            return Ok(Cancellation::TooLate);
        };
        let from = view.meeting.hold.start();
        meetings::set_state(tx, scope, id, &cancelled, (from, from))?;
        meetings::raise_sequence(tx, scope, id)?;
        let meeting = Meeting { sequence: view.meeting.sequence + 1, state: cancelled, ..view.meeting };
        let tenant = tenants::get(tx, scope)?;
        let host = users::find(tx, scope, &meeting.host)?.ok_or(AppError::NotFound("user"))?;
        letters::put(tx, &[self.meeting_letter(MeetingNews::Cancelled, &meeting, &view.client, &host.name, &tenant)])?;
        audit::add(tx, &self.entry(Some(scope.tenant()), Actor::User(by.id.clone()), "meeting.cancelled", Some(id), ""))?;
        Ok(Cancellation::Done)
    }

    /// Sends the invitation again, at most once a minute. `false`: the meeting is over or cancelled, so there is nothing to
    /// invite to.
    pub async fn resend_invitation(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<bool, AppError> {
        let (app, scope, by, id) = (self.clone(), scope.clone(), by.clone(), id.clone());
        let sent = self
            .store
            .write(move |tx| {
                let view = manageable(tx, &scope, &by, &id)?;
                if !view.meeting.state.holds() {
                    return Ok::<_, AppError>(false);
                }
                let tenant = tenants::get(tx, &scope)?;
                let host = users::find(tx, &scope, &view.meeting.host)?.ok_or(AppError::NotFound("user"))?;
                let again = u32::try_from(app.now().seconds() / 60).unwrap_or(u32::MAX);
                letters::put(
                    tx,
                    &[app.meeting_letter(MeetingNews::Invited { again }, &view.meeting, &view.client, &host.name, &tenant)],
                )?;
                audit::add(tx, &app.entry(Some(scope.tenant()), Actor::User(by.id), "meeting.invited_again", Some(&id), ""))?;
                Ok(true)
            })
            .await?;
        self.bell.ring(Lane::Letters);
        Ok(sent)
    }

    /// Adds to a refusal the times that would be accepted, read after the transaction so that it stays short.
    async fn answer(&self, outcome: Outcome) -> Result<Answer, AppError> {
        match outcome {
            Outcome::Accepted(id) => Ok(Answer::Accepted(id)),
            Outcome::TooLate => Ok(Answer::TooLate),
            Outcome::Refused(refusal, request, rules) => {
                let nearest = self
                    .store
                    .read::<_, StoreError, _>(move |tx| {
                        let settings = pool::settings(tx)?;
                        let demand = demand::during(tx, Demand::needed(&request, &rules, OFFER_WITHIN), &settings)?;
                        Ok(admission::nearest(&request, &demand, &rules, OFFERS, OFFER_WITHIN))
                    })
                    .await?;
                let mut nearest = nearest;
                nearest.sort_unstable();
                Ok(Answer::Refused { refusal, nearest })
            }
        }
    }
}

/// Whether `request` is admitted, decided from what is in the database at this moment.
pub(super) fn decide(
    tx: &mut ReadTx<'_>,
    request: &Request,
    rules: &Rules,
    settings: &PoolSettings,
) -> Result<Result<Admitted, Refusal>, StoreError> {
    let demand = demand::during(tx, Demand::needed(request, rules, Span::ZERO), settings)?;
    Ok(admission::admit(request, &demand, rules))
}

/// The rules in force at `now`.
pub(super) fn rules(settings: &PoolSettings, now: Instant) -> Rules {
    Rules { lead: settings.lead, grace: settings.grace, horizon: settings.horizon, frozen: settings.freeze.is_some(), now }
}

/// The meeting, if this user may see and change it: their own, or any of the tenant for an admin. For anybody else it does
/// not exist.
pub(super) fn manageable(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    by: &User,
    id: &MeetingId,
) -> Result<meetings::MeetingView, AppError> {
    let view = meetings::find_view(tx, scope, id)?;
    view.filter(|view| may_act_for(by, &view.meeting.host)).ok_or(AppError::NotFound("meeting"))
}

fn may_act_for(by: &User, host: &UserId) -> bool {
    by.role.is_admin() || by.id == *host
}

fn may_host(user: &User) -> bool {
    !matches!(user.standing, Standing::Deactivated(_))
}

fn seat_ids(tx: &mut ReadTx<'_>, scope: &TenantScope, host: &UserId, shared: bool) -> Result<Vec<SeatId>, StoreError> {
    Ok(seats::candidates(tx, scope, host, shared)?.into_iter().map(|seat| seat.id).collect())
}
