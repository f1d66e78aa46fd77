//! A new meeting: admitted with a license promised, put in line for one, or refused.

use std::sync::Arc;

use crate::domain::admission::{Request, Rules};
use crate::domain::ids::{ClientId, MeetingId, SeatId, UserId};
use crate::domain::meeting::{Kind, Meeting, State};
use crate::domain::pool::PoolSettings;
use crate::domain::tenant::{Standing, Tenant, User};
use crate::domain::time::{Instant, Span, Window};
use crate::store::audit::{self, Actor};
use crate::store::clients::{self, Client};
use crate::store::scope::TenantScope;
use crate::store::{ReadTx, StoreError, WriteTx, meetings, pool, tenants, users};

use super::super::bell::Lane;
use super::super::letters::{self, MeetingNews};
use super::super::{App, AppError, keys};
use super::{Answer, Booking, Outcome, decide, may_act_for, needs_license, rules, seats_for};

/// What a new meeting is given: a seat for some time, and a license or a place in line.
struct Given {
    seat: SeatId,
    hold: Window,
    licensed: bool,
    queued_at: Option<Instant>,
}

impl App {
    /// Books a meeting for `booking.host`. Staff book for themselves, admins for anybody of the tenant.
    pub async fn book(self: &Arc<Self>, scope: &TenantScope, by: &User, booking: Booking) -> Result<Answer, AppError> {
        if !may_act_for(by, &booking.host) {
            return Err(AppError::NotFound("user"));
        }
        let (app, scope, by) = (self.clone(), scope.clone(), by.id.clone());
        let outcome = self.store.write(move |tx| app.admit_new(tx, &scope, &by, booking)).await?;
        // The lead of a meeting that was booked for soon has begun.
        for lane in [Lane::Rooms, Lane::Letters, Lane::Licenses] {
            self.bell.ring(lane);
        }
        self.answer(outcome).await
    }

    fn admit_new(&self, tx: &mut WriteTx<'_>, scope: &TenantScope, by: &UserId, booking: Booking) -> Result<Outcome, AppError> {
        if let Some(known) = meetings::find_by_key(tx, scope, &booking.key)? {
            return Ok(Outcome::Settled(repeated(tx, scope, known, &booking)?));
        }
        let tenant = tenants::get(tx, scope)?;
        let host = users::find(tx, scope, &booking.host)?.filter(may_host).ok_or(AppError::NotFound("user"))?;
        let settings = pool::settings(tx)?;
        let rules = rules(&settings, self.now());
        let licensed = needs_license(&tenant, booking.time.window.length());
        let request = Request {
            tenant: tenant.id.clone(),
            host: host.id.clone(),
            moving: None,
            seats: seats_for(tx, scope, &host.id, &tenant, (&rules, licensed))?,
            window: booking.time.window,
            kind: booking.kind,
            licensed,
        };
        if booking.kind == Kind::OnDemand {
            // Whoever has waited comes before who asks now.
            self.serve(tx)?;
        }
        match decide(tx, &request, &rules, &settings)? {
            Ok(admitted) => {
                let given = Given { seat: admitted.seat, hold: admitted.hold, licensed, queued_at: None };
                let meeting = self.insert(tx, scope, by, (&tenant, &host), booking, given)?;
                Ok(Outcome::Settled(Answer::Accepted(meeting)))
            }
            Err(refusal) if booking.wait && booking.kind == Kind::OnDemand && !request.seats.is_empty() => {
                let seat = seat_to_wait_for(tx, &request, &rules, &settings)?;
                let hold = Window::lasting(rules.now, Span::ZERO);
                let given = Given { seat, hold, licensed: false, queued_at: Some(rules.now) };
                self.note_refusal(tx, scope, &request, refusal)?;
                let meeting = self.insert(tx, scope, by, (&tenant, &host), booking, given)?;
                Ok(Outcome::Settled(Answer::InLine(meeting)))
            }
            Err(refusal) => {
                self.note_refusal(tx, scope, &request, refusal)?;
                Ok(Outcome::Refused(refusal, Box::new(request), rules))
            }
        }
    }

    /// Writes the meeting down with the client's letter and the audit row. Who waits in line has no letter yet: there is no
    /// time to invite to.
    fn insert(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        by: &UserId,
        (tenant, host): (&Tenant, &User),
        booking: Booking,
        given: Given,
    ) -> Result<MeetingId, AppError> {
        let now = self.now();
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
            host: host.id.clone(),
            client: client.id.clone(),
            seat: given.seat,
            kind: booking.kind,
            topic: booking.topic,
            window: booking.time.window,
            wall_time: booking.time.wall,
            zone: booking.time.zone,
            hold: given.hold,
            licensed: given.licensed,
            queued_at: given.queued_at,
            announced: given.queued_at.is_none(),
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
        if meeting.announced {
            let invitation = self.meeting_letter(MeetingNews::Invited { again: 0 }, &meeting, &client, &host.name, tenant);
            letters::put(tx, &[invitation])?;
        }
        let action = if meeting.queued_at.is_some() { "meeting.line_joined" } else { "meeting.booked" };
        let detail = format!("{} to {}", meeting.window.start(), meeting.window.end());
        audit::add(tx, &self.entry(Some(&tenant.id), Actor::User(by.clone()), action, Some(&meeting.id), detail))?;
        Ok(meeting.id)
    }
}

/// The same form once more. When it asks for something else than the first time, or what it made is over, it is not a
/// repetition.
fn repeated(tx: &mut ReadTx<'_>, scope: &TenantScope, known: MeetingId, booking: &Booking) -> Result<Answer, AppError> {
    let view = meetings::find_view(tx, scope, &known)?.ok_or(AppError::NotFound("meeting"))?;
    let same_time = booking.kind == Kind::OnDemand || view.meeting.window == booking.time.window || view.meeting.sequence > 0;
    let same = view.meeting.host == booking.host && view.client.email == booking.client_email && same_time;
    let same = same && view.meeting.kind == booking.kind && view.meeting.state.holds();
    Ok(match (same, view.meeting.queued_at) {
        (false, _) => Answer::Used(known),
        (true, Some(_)) => Answer::InLine(known),
        (true, None) => Answer::Accepted(known),
    })
}

/// The seat on which a host waits: the first on which nobody meets, or the first one.
fn seat_to_wait_for(
    tx: &mut ReadTx<'_>,
    request: &Request,
    rules: &Rules,
    settings: &PoolSettings,
) -> Result<SeatId, StoreError> {
    let without = Request { licensed: false, ..request.clone() };
    let free = decide(tx, &without, rules, settings)?;
    Ok(free.map_or_else(|_| request.seats[0].clone(), |admitted| admitted.seat))
}

fn may_host(user: &User) -> bool {
    !matches!(user.standing, Standing::Deactivated(_))
}
