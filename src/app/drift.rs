//! Reads what Zoom says of the whole account, compares it with what we believe, and repairs what is safe to repair.
//!
//! People change things at Zoom: they give, take and move licenses, switch users off, buy fewer licenses. Reading is
//! level-triggered like all background work; a webhook only marks a seat as stale. What must stay true: a repair changes our
//! rows and nothing at Zoom; what was moved by us while Zoom was being read is not judged by that reading.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::drift::{Account, Drift, Held, Repair, SeatFacts, Seen, compare};
use crate::domain::ids::SeatId;
use crate::domain::pool::Place;
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::domain::time::{Instant, Span};
use crate::store::audit::{self, Actor};
use crate::store::moves::{self, Move};
use crate::store::pool::Reading;
use crate::store::scope::OperatorPass;
use crate::store::seats::Observation;
use crate::store::{ReadTx, StoreError, WriteTx, ledger, licenses, meetings, pool, seats};
use crate::zoom::{ZoomError, ZoomUser};

use super::bell::Lane;
use super::letters::Turn;
use super::{App, AppError};

/// How often the account is read when nothing is known to have changed.
const EVERY: Span = Span::minutes(10);
/// How soon it is read again after something has.
const SOONEST: Span = Span::minutes(1);
/// How many of the latest repairs are shown.
const SHOWN: i64 = 5;
/// The audit entry of a seat that Zoom lets host again, or no longer.
pub(super) const STATUS_CHANGED: &str = "seat.status_changed";
/// The audit entries of repairs.
const REPAIRS: [&str; 3] = ["license.lost", "license.adopted", STATUS_CHANGED];

/// What a reading of the account found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Synced {
    /// Seats whose Zoom user was found.
    pub found: usize,
    /// Seats that Zoom does not know.
    pub missing: usize,
    /// Zoom users that are no seats here.
    pub others: usize,
    /// Zoom users with a license.
    pub licensed: usize,
}

/// What Zoom said when it was last read, for the operator.
#[derive(Clone, Debug)]
pub struct AccountView {
    /// The figures.
    pub reading: Reading,
    /// K.
    pub licenses: u32,
    /// What differs and was not repaired: only a person can.
    pub open: Vec<Drift>,
    /// Seats that Zoom does not let host, with how many meetings are still to come on each.
    pub unable: Vec<(Seat, i64)>,
    /// The seats, by id.
    pub seats: BTreeMap<SeatId, Seat>,
    /// The latest repairs: when, and what was done.
    pub repaired: Vec<(Instant, String)>,
}

/// A seat with what Zoom says of it; none: Zoom does not know it.
type Matched = (Seat, Option<ZoomUser>);

impl App {
    /// Reads the account when it is time to, or when something is known to have changed.
    pub async fn read_account(self: &Arc<Self>) -> Result<Turn, AppError> {
        let (pass, now) = (self.pass(), self.now());
        let due = self.store.read::<_, StoreError, _>(move |tx| {
            let Some(last) = pool::reading(tx)?.at else { return Ok(true) };
            Ok(last + EVERY <= now || (last + SOONEST <= now && seats::any_stale(tx, &pass)?))
        });
        if due.await? {
            self.read_and_repair(&OperatorPass::console(&self.pass), Actor::Keeper).await?;
        }
        Ok(Turn::Idle)
    }

    /// Reads the account now, because the operator asks for it.
    pub async fn sync_seats(self: &Arc<Self>, pass: &OperatorPass) -> Result<Synced, AppError> {
        let synced = self.read_and_repair(pass, Actor::of(pass)).await?;
        let detail = format!("{} found, {} missing, {} others", synced.found, synced.missing, synced.others);
        let entry = self.entry(None, Actor::of(pass), "seats.synced", None, detail);
        self.store.write::<_, StoreError, _>(move |tx| audit::add(tx, &entry)).await?;
        Ok(synced)
    }

    /// What Zoom said when it was last read.
    pub async fn zoom_account(&self, pass: &OperatorPass) -> Result<AccountView, AppError> {
        let pass = pass.clone();
        let view = self.store.read::<_, StoreError, _>(move |tx| {
            let all = seats::list(tx, &pass)?;
            let mut unable = Vec::new();
            for seat in all.iter().filter(|seat| seat.zoom_user_id.is_some() && !seat.can_host()) {
                unable.push((seat.clone(), meetings::count_ahead_on_seat(tx, &seat.id)?));
            }
            let reading = pool::reading(tx)?;
            let seen =
                all.iter().map(|seat| (seat.id.clone(), seat.status, Seen { status: seat.status, license: seat.observed }));
            let account = account(tx, seen.collect(), &reading)?;
            Ok(AccountView {
                reading,
                licenses: account.licenses,
                open: compare(&account).into_iter().filter(|drift| drift.repair().is_none()).collect(),
                unable,
                seats: all.into_iter().map(|seat| (seat.id.clone(), seat)).collect(),
                repaired: audit::latest(tx, &pass, &REPAIRS, SHOWN)?,
            })
        });
        Ok(view.await?)
    }

    async fn read_and_repair(self: &Arc<Self>, pass: &OperatorPass, actor: Actor) -> Result<Synced, AppError> {
        let began = self.now();
        let users = self.zoom.users().await?;
        let purchased = self.purchased().await?;
        let tx_pass = pass.clone();
        let known = self.store.read(move |tx| seats::list(tx, &tx_pass)).await?;
        let (matched, ours) = self.confirmed(matched(known, &users)).await;
        let licensed =
            |users: &mut dyn Iterator<Item = &ZoomUser>| users.filter(|user| user.license == License::Licensed).count();
        let synced = Synced {
            found: ours.len(),
            missing: matched.iter().filter(|(_, user)| user.is_none()).count(),
            others: users.iter().filter(|user| !ours.contains(&user.id)).count(),
            licensed: licensed(&mut users.iter()),
        };
        let others = licensed(&mut users.iter().filter(|user| !ours.contains(&user.id)));
        let reading = Reading { at: Some(began), purchased, others: u32::try_from(others).unwrap_or(u32::MAX) };
        let app = self.clone();
        self.store.write::<_, StoreError, _>(move |tx| app.note_reading(tx, &matched, &reading, began, &actor)).await?;
        self.bell.ring(Lane::Licenses);
        Ok(synced)
    }

    /// How many licenses were bought: asked once an hour, because it is a heavy call. Some accounts do not tell.
    async fn purchased(&self) -> Result<Option<u32>, AppError> {
        let last = self.store.read(pool::reading).await?;
        let hour = |at: Instant| at.seconds().div_euclid(3600);
        if last.purchased.is_some() && last.at.is_some_and(|at| hour(at) == hour(self.now())) {
            return Ok(last.purchased);
        }
        match self.zoom.plan_usage().await {
            Ok(usage) => Ok(Some(usage.purchased)),
            Err(error) => {
                tracing::warn!(%error, "Zoom does not say how many licenses were bought");
                Ok(last.purchased)
            }
        }
    }

    /// A list that was read page by page can miss a user who changed meanwhile: whoever was not in it is asked about alone, and
    /// without an answer not judged. Also gives the ids of our users.
    async fn confirmed(&self, matched: Vec<Matched>) -> (Vec<Matched>, BTreeSet<String>) {
        let mut confirmed = Vec::with_capacity(matched.len());
        for (seat, user) in matched {
            let answer = match (&user, seat.status) {
                (Some(_), _) | (None, SeatStatus::Missing) => Ok(user),
                (None, _) => {
                    let key = seat.zoom_user_id.as_deref().unwrap_or(seat.email.as_str());
                    match self.zoom.user(key).await {
                        Ok(user) => Ok(Some(user)),
                        Err(ZoomError::Gone) => Ok(None),
                        Err(error) => Err(error),
                    }
                }
            };
            match answer {
                Ok(user) => confirmed.push((seat, user)),
                Err(error) => tracing::warn!(seat = %seat.id, %error, "Zoom does not say what became of a seat"),
            }
        }
        let ours = confirmed.iter().filter_map(|(_, user)| user.as_ref().map(|user| user.id.clone())).collect();
        (confirmed, ours)
    }

    fn note_reading(
        &self,
        tx: &mut WriteTx<'_>,
        matched: &[Matched],
        reading: &Reading,
        began: Instant,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let (mut seen, mut newly) = (Vec::new(), BTreeSet::new());
        for (seat, user) in matched {
            // Read again: what was moved meanwhile, the reading does not know.
            let Some(now) = seats::find(tx, &seat.id)? else { continue };
            if now.observed_at.is_some_and(|at| at >= began) && seat.zoom_user_id.is_some() {
                continue;
            }
            let (status, license) =
                user.as_ref().map_or((SeatStatus::Missing, License::Basic), |user| (user.status, user.license));
            let zoom_user_id = user.as_ref().map(|user| user.id.clone());
            seats::observe(tx, &seat.id, &Observation { zoom_user_id, status, license, at: began })?;
            // A seat of which Zoom was never asked before has no status that could have changed.
            let known = if seat.zoom_user_id.is_none() { status } else { now.status };
            if seat.zoom_user_id.is_some() && now.observed != License::Licensed {
                newly.insert(seat.id.clone());
            }
            seen.push((seat.id.clone(), known, Seen { status, license }));
        }
        pool::note_reading(tx, began, reading.purchased, reading.others)?;
        let account = account(tx, seen, reading)?;
        for drift in compare(&account) {
            if matches!(&drift, Drift::Found { seat, .. } if newly.contains(seat)) {
                moves::note(tx, Move::ByPeople, self.now())?;
            }
            if let Some(repair) = drift.repair() {
                self.repair(tx, &repair, actor)?;
            }
        }
        licenses::drop_surplus(tx)
    }

    fn repair(&self, tx: &mut WriteTx<'_>, repair: &Repair, actor: &Actor) -> Result<(), StoreError> {
        let now = self.now();
        let (action, detail) = match repair {
            // Observed already.
            Repair::Note { seat, status } => (STATUS_CHANGED, status_words(seat, *status)),
            Repair::Release { license, seat } => {
                if !licenses::mark_free(tx, *license, seat, now)? {
                    return Ok(());
                }
                ledger::close(tx, *license, now)?;
                ("license.lost", format!("license {license} was taken off seat {seat} at Zoom"))
            }
            Repair::Adopt { license, seat } => {
                if !licenses::claim(tx, *license, seat, None, now, now)? {
                    return Ok(());
                }
                licenses::mark_attached(tx, *license, seat, now)?;
                ledger::open(tx, &self.id(), *license, seat, (now, now))?;
                ("license.adopted", format!("license {license} stands for the one that was put on seat {seat} at Zoom"))
            }
        };
        tracing::info!(action, detail, "somebody changed something at Zoom");
        audit::add(tx, &self.entry(None, actor.clone(), action, None, detail))
    }
}

/// What is said of a seat whose status changed.
pub(super) fn status_words(seat: &SeatId, status: SeatStatus) -> String {
    format!("seat {seat} is {} at Zoom now", status.word())
}

/// Each seat with its Zoom user: by Zoom's id, else by address; no user serves two seats.
fn matched(known: Vec<Seat>, users: &[ZoomUser]) -> Vec<Matched> {
    let by_id: BTreeMap<&str, &ZoomUser> = users.iter().map(|user| (user.id.as_str(), user)).collect();
    let by_email: BTreeMap<&str, &ZoomUser> = users.iter().map(|user| (user.email.as_str(), user)).collect();
    let of_id = |seat: &Seat| seat.zoom_user_id.as_deref().and_then(|id| by_id.get(id).copied());
    let taken: BTreeSet<String> = known.iter().filter_map(of_id).map(|user| user.id.clone()).collect();
    let of_email = |seat: &Seat| by_email.get(seat.email.as_str()).copied().filter(|user| !taken.contains(&user.id));
    known
        .into_iter()
        .map(|seat| {
            let user = of_id(&seat).or_else(|| of_email(&seat)).cloned();
            (seat, user)
        })
        .collect()
}

/// What is compared: the rows as they are now, and what was seen of each seat.
fn account(tx: &mut ReadTx<'_>, seen: Vec<(SeatId, SeatStatus, Seen)>, reading: &Reading) -> Result<Account, StoreError> {
    let (mut free, mut held) = (Vec::new(), BTreeMap::new());
    for (row, _) in licenses::list(tx)? {
        match (row.slot.claim(), row.slot.place()) {
            (None, _) => free.push(row.number),
            (Some(claim), Place::Attached) => {
                held.insert(claim.seat.clone(), Held::Attached(row.number));
            }
            (Some(claim), _) => {
                held.insert(claim.seat.clone(), Held::Moving);
            }
        }
    }
    let seats = seen
        .into_iter()
        .map(|(seat, status, seen)| {
            let held = held.get(&seat).copied().unwrap_or(Held::Nothing);
            SeatFacts { seat, status, held, seen }
        })
        .collect();
    Ok(Account { seats, free, licenses: pool::settings(tx)?.licenses, purchased: reading.purchased, others: reading.others })
}
