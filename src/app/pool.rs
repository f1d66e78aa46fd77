//! The pool and the tenants' shares, as the operator sees and sets them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::admission::{Stretch, above, peak};
use crate::domain::count::counted;
use crate::domain::ids::{EventId, LetterId, SeatId, TenantId};
use crate::domain::line::Place;
use crate::domain::meeting::Meeting;
use crate::domain::plan::Webhooks;
use crate::domain::pool::{Moves, PoolRow, PoolSettings};
use crate::domain::seat::Seat;
use crate::domain::tenant::{Share, Tenant};
use crate::domain::time::{Instant, Span, Window};
use crate::store::audit::{self, Actor};
use crate::store::meetings::{self, MeetingView};
use crate::store::scope::{OperatorPass, TenantScope};
use crate::store::{ReadTx, StoreError, demand, events, heartbeats, letters, licenses, moves, pool, seats, tenants};

use super::bell::Lane;
use super::{App, AppError};

/// One that waits for a license.
#[derive(Clone, Debug)]
pub struct InLine {
    /// Whose it is.
    pub tenant: TenantId,
    /// Where in line.
    pub place: Place,
    /// Whether there is a license on its seat all the same, which was promised to somebody else or to nobody.
    pub has_license: bool,
}

/// The pool at one moment.
#[derive(Clone, Debug)]
pub struct PoolView {
    /// Its settings.
    pub settings: PoolSettings,
    /// Each license.
    pub rows: Vec<PoolRow>,
    /// The seats, by id.
    pub seats: BTreeMap<SeatId, Seat>,
    /// The tenants, by id.
    pub tenants: BTreeMap<TenantId, Tenant>,
    /// When the last webhook arrived, and when one was last found missing.
    pub webhooks: Webhooks,
    /// The parts of the background work with their last round and what they say.
    pub heartbeats: Vec<(String, Instant, String)>,
    /// Letters by state.
    pub letters: Vec<(String, i64)>,
    /// Events by state.
    pub events: Vec<(String, i64)>,
    /// The meetings that are live or hold a license now, each with its tenant's name.
    pub open: Vec<(String, MeetingView)>,
    /// How often licenses have moved on this UTC day.
    pub moves: Moves,
    /// Who waits for a license that nobody was promised, the first one first.
    pub line: Vec<InLine>,
    /// The seats that Zoom refuses a license.
    pub refused: Vec<seats::Refused>,
}

/// What the accepted meetings of the days ahead need, against the licenses that were bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// K.
    pub licenses: u32,
    /// When the most licenses are needed at once; none: nothing is booked.
    pub peak: Option<Stretch>,
    /// When more are needed than were bought, in order.
    pub short: Vec<Stretch>,
}

/// How far ahead the need is looked at.
const AHEAD: Span = Span::days(30);
/// More licenses than any account of this kind buys; a larger number is a slip.
pub const MOST_LICENSES: u32 = 1000;

/// Why a setting was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolRefusal {
    /// The guarantees add up to more than can be promised: their sum, and what can.
    #[error("the tenants' guarantees add up to {sum}, and {} can be promised", counted((*promisable).into(), "license"))]
    GuaranteesExceed {
        /// Their sum: wider than a single share, so that no number of shares is too much for it.
        sum: u64,
        /// K less the spare.
        promisable: u32,
    },
    /// A tenant's cap is below its guarantee.
    #[error("a tenant's cap cannot be lower than its guarantee")]
    CapBelowGuarantee,
    /// Lead and grace must lie on the 5-minute grid.
    #[error("lead and grace are whole multiples of 5 minutes")]
    OffGrid,
}

impl App {
    /// The pool as it is now.
    pub async fn pool(self: &Arc<Self>, pass: &OperatorPass) -> Result<PoolView, AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        Ok(self.store.read(move |tx| app.view(tx, &pass)).await?)
    }

    fn view(&self, tx: &mut ReadTx<'_>, pass: &OperatorPass) -> Result<PoolView, StoreError> {
        let (settings, now) = (pool::settings(tx)?, self.now());
        let (waiting, licensed_seats) = (self.in_order(tx)?, demand::licensed_seats(tx)?);
        let in_line = |(place, scope, meeting): (Place, TenantScope, Meeting)| {
            let has_license = licensed_seats.contains(&meeting.seat);
            InLine { tenant: scope.tenant().clone(), place, has_license }
        };
        Ok(PoolView {
            line: waiting.into_iter().map(in_line).collect(),
            moves: moves::on_day(tx, now)?,
            refused: seats::refused(tx, pass)?,
            rows: licenses::list(tx)?.into_iter().map(|(row, _)| row).collect(),
            seats: seats::list(tx, pass)?.into_iter().map(|seat| (seat.id.clone(), seat)).collect(),
            tenants: tenants::list(tx, pass)?.into_iter().map(|tenant| (tenant.id.clone(), tenant)).collect(),
            webhooks: events::webhooks(tx)?,
            heartbeats: heartbeats::list(tx)?,
            letters: letters::count_by_state(tx)?,
            events: events::count_by_state(tx)?,
            open: meetings::find_open(tx, pass, now)?,
            settings,
        })
    }

    /// What the accepted meetings of the next 30 days need. `licenses` stands in for K, to ask before it is changed.
    pub async fn ahead(&self, _: &OperatorPass, licenses: Option<u32>) -> Result<Ahead, AppError> {
        let now = self.now();
        let during = Window::lasting(now, AHEAD);
        let read = self.store.read::<_, StoreError, _>(move |tx| {
            let settings = pool::settings(tx)?;
            Ok((settings.licenses, demand::during(tx, during, &settings, now)?.holds))
        });
        let (bought, holds) = read.await?;
        let licenses = licenses.unwrap_or(bought);
        Ok(Ahead { licenses, peak: peak(&holds, during), short: above(&holds, during, licenses) })
    }

    /// Sets K. Accepted meetings stay; nothing new is admitted into a shortfall (design rule 3.1.8). Guarantees that no
    /// longer fit are refused first, since they were promised.
    pub async fn set_licenses(self: &Arc<Self>, pass: &OperatorPass, count: u32) -> Result<Result<(), PoolRefusal>, AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        let set = self
            .store
            .write::<_, StoreError, _>(move |tx| {
                let settings = PoolSettings { licenses: count, ..pool::settings(tx)? };
                if let Err(refusal) = guarantees_fit(tx, &settings, None)? {
                    return Ok(Err(refusal));
                }
                licenses::set_count(tx, &pass, count, app.now())?;
                audit::add(tx, &app.entry(None, Actor::of(&pass), "pool.licenses_set", None, count.to_string()))?;
                Ok(Ok(()))
            })
            .await?;
        self.bell.ring(Lane::Licenses);
        Ok(set)
    }

    /// Sets everything but the number of licenses.
    pub async fn set_pool(
        self: &Arc<Self>,
        pass: &OperatorPass,
        asked: PoolSettings,
    ) -> Result<Result<(), PoolRefusal>, AppError> {
        if [asked.lead, asked.grace].iter().any(|span| span.as_seconds() % Span::minutes(5).as_seconds() != 0) {
            return Ok(Err(PoolRefusal::OffGrid));
        }
        let (app, pass) = (self.clone(), pass.clone());
        let set = self
            .store
            .write::<_, StoreError, _>(move |tx| {
                let asked = PoolSettings { licenses: pool::settings(tx)?.licenses, ..asked };
                if let Err(refusal) = guarantees_fit(tx, &asked, None)? {
                    return Ok(Err(refusal));
                }
                pool::set(tx, &pass, &asked)?;
                audit::add(tx, &app.entry(None, Actor::of(&pass), "pool.settings_set", None, in_words(&asked)))?;
                Ok(Ok(()))
            })
            .await?;
        self.bell.ring(Lane::Licenses);
        Ok(set)
    }

    /// Sets a tenant's guarantee and cap.
    pub async fn set_share(
        self: &Arc<Self>,
        pass: &OperatorPass,
        tenant: TenantId,
        share: Share,
        shared_seats: bool,
    ) -> Result<Result<(), PoolRefusal>, AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        Ok(self
            .store
            .write::<_, StoreError, _>(move |tx| {
                if let Err(refusal) = share_fits(tx, &tenant, share)? {
                    return Ok(Err(refusal));
                }
                tenants::set_share(tx, &pass, &tenant, share, shared_seats)?;
                let detail = format!("guarantee {}, cap {}", share.guarantee, share.cap);
                audit::add(tx, &app.entry(Some(&tenant), Actor::of(&pass), "tenant.share_set", None, detail))?;
                Ok(Ok(()))
            })
            .await?)
    }

    /// Suspends a tenant, or lets it work again. Its people are signed out; its data stays.
    pub async fn set_suspended(self: &Arc<Self>, pass: &OperatorPass, tenant: TenantId, suspended: bool) -> Result<(), AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                tenants::set_suspended(tx, &pass, &tenant, suspended.then(|| app.now()))?;
                let action = if suspended { "tenant.suspended" } else { "tenant.resumed" };
                audit::add(tx, &app.entry(Some(&tenant), Actor::of(&pass), action, None, ""))
            })
            .await?;
        Ok(())
    }

    /// Ends a freeze before its time: the next move is tried at once.
    pub async fn end_freeze(self: &Arc<Self>, pass: &OperatorPass) -> Result<(), AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                pool::set_freeze(tx, None)?;
                audit::add(tx, &app.entry(None, Actor::of(&pass), "pool.freeze_ended", None, ""))
            })
            .await?;
        self.bell.ring(Lane::Licenses);
        Ok(())
    }

    /// Tries a letter again that was given up or waits. `false`: it was sent.
    pub async fn requeue_letter(self: &Arc<Self>, pass: &OperatorPass, id: LetterId) -> Result<bool, AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        let queued = self
            .store
            .write::<_, StoreError, _>(move |tx| {
                let queued = letters::requeue(tx, &pass, &id, app.now())?;
                if queued {
                    audit::add(tx, &app.entry(None, Actor::of(&pass), "letter.queued_again", None, id.as_str()))?;
                }
                Ok(queued)
            })
            .await?;
        self.bell.ring(Lane::Letters);
        Ok(queued)
    }

    /// Processes an event again. `false`: there is none.
    pub async fn replay_event(self: &Arc<Self>, pass: &OperatorPass, id: EventId) -> Result<bool, AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        let replayed = self
            .store
            .write::<_, StoreError, _>(move |tx| {
                let replayed = events::replay(tx, &pass, &id, app.now())?;
                if replayed {
                    audit::add(tx, &app.entry(None, Actor::of(&pass), "event.replayed", None, id.as_str()))?;
                }
                Ok(replayed)
            })
            .await?;
        self.bell.ring(Lane::Inbox);
        Ok(replayed)
    }
}

fn in_words(settings: &PoolSettings) -> String {
    let minutes = |span: Span| span.as_minutes();
    let budget = settings.move_budget.map_or_else(|| "none".to_owned(), |budget| budget.to_string());
    format!(
        "kept back {}, lead {} min, grace {} min, rejoin {} min, no-show {} min, strategy {}, release {}, move budget {budget}, late \
         licenses {}",
        settings.spare(),
        minutes(settings.lead),
        minutes(settings.grace),
        minutes(settings.rejoin),
        minutes(settings.no_show),
        settings.strategy.word(),
        settings.release.word(),
        if settings.late_attach { "yes" } else { "no" }
    )
}

/// Whether a tenant, known or new, can be given this share. Asked inside the transaction that gives it.
pub(super) fn share_fits(tx: &mut ReadTx<'_>, tenant: &TenantId, share: Share) -> Result<Result<(), PoolRefusal>, StoreError> {
    if share.cap < share.guarantee {
        return Ok(Err(PoolRefusal::CapBelowGuarantee));
    }
    let settings = pool::settings(tx)?;
    guarantees_fit(tx, &settings, Some((tenant, share)))
}

/// Guarantees are promises to tenants: together they never exceed what can be promised (design rule 3.1.4). `changed`
/// stands in for one tenant's share.
fn guarantees_fit(
    tx: &mut ReadTx<'_>,
    settings: &PoolSettings,
    changed: Option<(&TenantId, Share)>,
) -> Result<Result<(), PoolRefusal>, StoreError> {
    let mut shares = demand::shares(tx)?;
    if let Some((tenant, share)) = changed {
        shares.insert(tenant.clone(), share);
    }
    let sum: u64 = shares.values().map(|share| u64::from(share.guarantee)).sum();
    let promisable = settings.promisable();
    Ok(if sum > u64::from(promisable) { Err(PoolRefusal::GuaranteesExceed { sum, promisable }) } else { Ok(()) })
}
