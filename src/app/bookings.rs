//! Booking, moving and cancelling. The answer is a meeting or a refusal with the nearest times; the transaction that
//! admits also writes the letter and the audit row, and Zoom is told afterwards.

mod change;
mod new;

use std::sync::Arc;

use crate::domain::admission::{self, Admitted, Demand, Refusal, Request, Rules};
use crate::domain::ids::{MeetingId, SeatId, UserId};
use crate::domain::meeting::{Kind, SHORT};
use crate::domain::names::{EmailAddress, IdempotencyKey, PersonName, Topic, ZoneName};
use crate::domain::pool::{PoolSettings, Strategy};
use crate::domain::tenant::{Tenant, User};
use crate::domain::time::{Instant, Span, Window};
use crate::store::refusals::{self, Refused};
use crate::store::scope::TenantScope;
use crate::store::{ReadTx, StoreError, WriteTx, demand, meetings, pool, seats};

use super::line::Wait;
use super::{App, AppError};

/// How many times a refusal offers.
const OFFERS: usize = 3;
/// How far from the asked time they may be; when there are not as many so near, they are looked for further away.
const OFFER_WITHIN: [Span; 2] = [Span::days(7), Span::days(60)];

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
    /// Whether the host of a meeting on the spot will wait in line when no license is free.
    pub wait: bool,
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

/// The answer to who wants the invitation sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invitation {
    /// It is on its way.
    Sent,
    /// It was put into the outbox within the same minute, so nothing was done.
    JustSent,
    /// The meeting is over or cancelled, so there is nothing to invite to.
    TooLate,
}

/// The answer to a request for a license at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Accepted: this meeting has its license when it starts.
    Accepted(MeetingId),
    /// Its host waits in line: nothing is promised until a license comes free.
    InLine(MeetingId),
    /// Refused, with the nearest starts that would be accepted, soonest first.
    Refused {
        /// Why.
        refusal: Refusal,
        /// When instead.
        nearest: Vec<Instant>,
        /// On the spot: how long it would be in line.
        wait: Option<Wait>,
    },
    /// The same form has made this meeting before, with another client or at another time.
    Used(MeetingId),
    /// The meeting is not booked any more: it runs, is over or was cancelled.
    TooLate,
    /// Its host has pressed Start a moment ago and may be entering it.
    Starting,
}

/// The answer to a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancellation {
    /// It is cancelled, now or since before.
    Done,
    /// Its host has pressed Start a moment ago and may be entering it.
    Starting,
    /// It runs or is over; it cannot be cancelled any more.
    TooLate,
}

/// What a transaction found out; a refusal is looked into further afterwards.
enum Outcome {
    Settled(Answer),
    Refused(Refusal, Box<Request>, Rules),
}

impl App {
    /// Writes a refusal down, for the tenant's usage and the planning of licenses.
    pub(super) fn note_refusal(
        &self,
        tx: &mut WriteTx<'_>,
        scope: &TenantScope,
        request: &Request,
        refusal: Refusal,
    ) -> Result<(), StoreError> {
        let refused = Refused {
            id: self.id(),
            at: self.now(),
            host: request.host.clone(),
            kind: request.kind,
            refusal,
            window: request.window,
        };
        refusals::note(tx, scope, &refused)
    }

    /// Adds to a refusal the times that would be accepted, read after the transaction so that it stays short.
    async fn answer(self: &Arc<Self>, outcome: Outcome) -> Result<Answer, AppError> {
        let (refusal, request, rules) = match outcome {
            Outcome::Settled(answer) => return Ok(answer),
            Outcome::Refused(refusal, request, rules) => (refusal, request, rules),
        };
        let app = self.clone();
        self.store
            .read::<_, AppError, _>(move |tx| {
                let mut nearest = nearest(tx, &request, &rules)?;
                nearest.sort_unstable();
                let can_wait = request.kind == Kind::OnDemand && !request.seats.is_empty();
                let wait = if can_wait { Some(app.wait_of(tx, &request, rules.now)?) } else { None };
                Ok(Answer::Refused { refusal, nearest, wait })
            })
            .await
    }
}

/// The nearest times that would be accepted, as far away as they have to be.
fn nearest(tx: &mut ReadTx<'_>, request: &Request, rules: &Rules) -> Result<Vec<Instant>, StoreError> {
    let settings = pool::settings(tx)?;
    let mut found = Vec::new();
    for within in OFFER_WITHIN {
        let demand = demand::during(tx, Demand::needed(request, rules, within), &settings, rules.now)?;
        found = admission::nearest(request, &demand, rules, OFFERS, within);
        if found.len() == OFFERS {
            break;
        }
    }
    Ok(found)
}

/// Whether `request` is admitted, decided from what is in the database at this moment.
pub(super) fn decide(
    tx: &mut ReadTx<'_>,
    request: &Request,
    rules: &Rules,
    settings: &PoolSettings,
) -> Result<Result<Admitted, Refusal>, StoreError> {
    let demand = demand::during(tx, Demand::needed(request, rules, Span::ZERO), settings, rules.now)?;
    Ok(admission::admit(request, &demand, rules))
}

/// The rules in force at `now`.
pub(super) fn rules(settings: &PoolSettings, now: Instant) -> Rules {
    Rules {
        lead: settings.lead,
        grace: settings.grace,
        horizon: settings.horizon,
        strategy: settings.strategy,
        frozen: settings.frozen_at(now).is_some(),
        now,
    }
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

/// Whether a meeting of this length needs a license: a short one of a tenant that allows it runs without.
pub(super) fn needs_license(tenant: &Tenant, length: Span) -> bool {
    !tenant.short_meetings || length > SHORT
}

/// The seats that a meeting could run on, in order of preference (design rule 3.1.11). While licenses cannot move, those that
/// have one come first.
pub(super) fn seats_for(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    host: &UserId,
    tenant: &Tenant,
    (rules, licensed): (&Rules, bool),
) -> Result<Vec<SeatId>, StoreError> {
    let mut seats = match rules.strategy {
        Strategy::Standing if licensed => seats::standing_candidates(tx, scope, host, tenant.shared_seats)?,
        Strategy::Standing | Strategy::Float => seats::candidates(tx, scope, host, tenant.shared_seats)?,
    };
    if rules.frozen && licensed {
        let has_license = demand::licensed_seats(tx)?;
        seats.sort_by_key(|seat| !has_license.contains(&seat.id));
    }
    if seats.is_empty() && rules.strategy == Strategy::Standing {
        // Who has no seat may meet without a license on one of the pool's.
        seats = seats::standing_candidates(tx, scope, host, tenant.shared_seats)?;
    }
    Ok(seats.into_iter().map(|seat| seat.id).collect())
}
