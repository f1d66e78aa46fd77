//! Moves licenses as the plan says: read, plan, take the steps, look again (design rules 3.2.1 and 3.2.2).
//!
//! What must stay true: a row is claimed and committed before Zoom is asked; a row becomes free only after Zoom has
//! confirmed, or refused beyond doubt, that the seat holds no license. A step makes no choices.

mod moves;
mod pressed;
mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;

use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::meeting::Meeting;
use crate::domain::plan::{Problem, Snapshot, Step, plan};
use crate::domain::pool::{PoolRow, Strategy};
use crate::domain::time::Instant;
use crate::store::scope::{KeeperPass, TenantScope};
use crate::store::{ReadTx, StoreError, events, licenses, meetings, moves as move_days, pool, seats};

use super::letters::Turn;
use super::{App, AppError};

/// How many steps of a plan are taken side by side: Zoom answers each in some tenths of a second, and a full hour may need
/// hundreds of them.
const AT_ONCE: usize = 10;
/// More rounds than any turn needs; ends a turn that would go round in circles.
const MOST_ROUNDS: usize = 1000;

/// What came of an attempt to put a license on a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attached {
    /// Zoom confirms it.
    Yes,
    /// It has none, and why.
    No(Problem),
}

impl App {
    /// Takes every step that is due. A step is tried once in a turn; what did not come of it is left for the next one.
    pub async fn reconcile(self: &Arc<Self>) -> Result<Turn, AppError> {
        let mut taken: Vec<Step> = Vec::new();
        for _ in 0..MOST_ROUNDS {
            // In each round: in a rush a turn takes minutes, and what comes free meanwhile goes to the line first.
            self.serve_line().await?;
            let snapshot = self.snapshot(None).await?;
            let due = plan(&snapshot).into_iter().filter(|step| !taken.contains(step));
            let steps: Vec<Step> = due.take(AT_ONCE).collect();
            if steps.is_empty() {
                break;
            }
            let outcomes = join_all(steps.iter().map(|step| self.take(step, &snapshot))).await;
            for (step, outcome) in steps.iter().zip(outcomes) {
                match outcome {
                    Ok(()) => {}
                    Err(AppError::Zoom(error)) => tracing::warn!(?step, %error, "a step of the plan failed"),
                    Err(error) => return Err(error),
                }
            }
            taken.extend(steps);
        }
        Ok(Turn::Idle)
    }

    /// Lets the holds grow of the meetings that run over.
    pub(super) async fn grow_holds(self: &Arc<Self>) -> Result<(), AppError> {
        let snapshot = self.snapshot(None).await?;
        for step in plan(&snapshot).iter().filter(|step| matches!(step, Step::GrowHold { .. })) {
            self.take(step, &snapshot).await?;
        }
        Ok(())
    }

    /// What the plan is made from. `pressed`: the meeting whose host is pressing Start.
    pub(in crate::app) async fn snapshot(&self, pressed: Option<MeetingId>) -> Result<Snapshot, AppError> {
        let (pass, now) = (self.pass(), self.now());
        Ok(self.store.read(move |tx| read_snapshot(tx, &pass, now, pressed)).await?)
    }

    async fn take(self: &Arc<Self>, step: &Step, snapshot: &Snapshot) -> Result<(), AppError> {
        match step {
            Step::GrowHold { meeting, until } => self.grow_hold(meeting, *until).await,
            Step::GiveUp { meeting } => self.give_up(meeting).await,
            Step::Settle { license } => self.settle(*license, snapshot).await,
            Step::Attach { license, seat, meeting } => self.attach(*license, seat, meeting.as_ref()).await.map(|_| ()),
            Step::Detach { license, seat } => self.detach(*license, seat).await,
            Step::Poll { meeting } => self.poll(meeting).await,
            Step::Alert { meeting, problem } => self.alert(meeting, Some(*problem)).await,
            Step::Clear { meeting } => self.alert(meeting, None).await,
        }
    }

    async fn meeting(&self, id: &MeetingId) -> Result<Option<(TenantScope, Meeting)>, AppError> {
        let (pass, id) = (self.pass(), id.clone());
        let found = self.store.read::<_, StoreError, _>(move |tx| {
            let Some(scope) = meetings::tenant_of(tx, &pass, &id)? else { return Ok(None) };
            Ok(meetings::find(tx, &scope, &id)?.map(|meeting| (scope, meeting)))
        });
        Ok(found.await?)
    }
}

fn read_snapshot(
    tx: &mut ReadTx<'_>,
    pass: &KeeperPass,
    now: Instant,
    pressed: Option<MeetingId>,
) -> Result<Snapshot, StoreError> {
    let settings = pool::settings(tx)?;
    let standing = match settings.strategy {
        Strategy::Float => Vec::new(),
        Strategy::Standing => seats::standing(tx, pass)?,
    };
    let (rows, mut barred) = (licenses::list(tx)?, seats::barred(tx, pass, now)?);
    let needs = meetings::needs(tx, pass, now, &rows)?;
    // A seat that Zoom refused a license a while ago is tried once more for a person who waits.
    let waits = needs.iter().find(|need| Some(&need.meeting) == pressed.as_ref()).map(|need| &need.seat);
    if let Some(seat) = waits.filter(|seat| barred.contains(seat))
        && seats::find(tx, seat)?.is_some_and(|seat| seat.can_host())
    {
        barred.remove(seat);
    }
    let probe = match settings.frozen_at(now) {
        Some(_) => seat_to_probe(tx, pass, now, (&rows, &barred))?,
        None => None,
    };
    Ok(Snapshot {
        now,
        needs,
        rows,
        moves_today: move_days::on_day(tx, now)?,
        next_holds: meetings::next_holds(tx, pass, now)?,
        barred,
        standing,
        probe,
        webhooks: events::webhooks(tx)?,
        pressed,
        settings,
    })
}

/// The seat on which it is tried whether licenses move again: that of the next promise, or else the first that has none.
fn seat_to_probe(
    tx: &mut ReadTx<'_>,
    pass: &KeeperPass,
    now: Instant,
    (rows, barred): (&[(PoolRow, Option<Instant>)], &BTreeSet<SeatId>),
) -> Result<Option<(Option<MeetingId>, SeatId)>, StoreError> {
    if let Some((meeting, seat)) = meetings::next_promise(tx, pass, now)?.filter(|(_, seat)| !barred.contains(seat)) {
        return Ok(Some((Some(meeting), seat)));
    }
    let is_occupied = |seat: &SeatId| rows.iter().any(|(row, _)| row.slot.claim().is_some_and(|claim| claim.seat == *seat));
    let able = seats::standing(tx, pass)?;
    Ok(able.into_iter().find(|seat| !is_occupied(seat) && !barred.contains(seat)).map(|seat| (None, seat)))
}
