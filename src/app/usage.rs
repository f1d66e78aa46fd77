//! What licenses did in the past, for the operator's ledger and a tenant's usage. Read only, but for how long it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::ids::SeatId;
use crate::domain::ledger::{Piece, partition};
use crate::domain::names::EmailAddress;
use crate::domain::pool::Moves;
use crate::domain::time::{Span, Window};
use crate::store::audit::{self, Actor};
use crate::store::refusals::{self, Shown};
use crate::store::scope::{OperatorPass, TenantScope};
use crate::store::{ReadTx, StoreError, ledger, moves, seats, uses};

use super::{App, AppError};

/// What happened in a span of time.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    /// What the licenses did, by license and time.
    pub pieces: Vec<Piece>,
    /// The meetings that were refused, oldest first.
    pub refusals: Vec<Shown>,
    /// The Zoom addresses of the seats that the licenses stood for.
    pub seats: BTreeMap<SeatId, EmailAddress>,
}

impl Usage {
    fn of(tx: &mut ReadTx<'_>, pieces: Vec<Piece>, refusals: Vec<Shown>) -> Result<Self, StoreError> {
        let seats: BTreeSet<SeatId> = pieces.iter().map(|piece| piece.seat.clone()).collect();
        Ok(Self { seats: seats::addresses(tx, &seats)?, pieces, refusals })
    }

    /// The seat's Zoom address.
    pub fn seat(&self, id: &SeatId) -> String {
        self.seats.get(id).map(ToString::to_string).unwrap_or_default()
    }
}

impl App {
    /// What every license did and who was refused. What is still going on is told up to now.
    pub async fn ledger(&self, pass: &OperatorPass, during: Window) -> Result<Usage, AppError> {
        let (pass, now) = (pass.clone(), self.now());
        let read = self.store.read::<_, StoreError, _>(move |tx| {
            let refusals = refusals::list(tx, &pass, during)?;
            let Some(past) = Window::new(during.start(), during.end().min(now)) else {
                return Ok(Usage { refusals, ..Usage::default() });
            };
            let (holdings, uses) = (ledger::list(tx, &pass, past)?, uses::list(tx, &pass, past, now)?);
            Usage::of(tx, partition(&holdings, &uses, past), refusals)
        });
        Ok(read.await?)
    }

    /// What licenses did for a tenant, and who of it was refused.
    pub async fn usage(&self, scope: &TenantScope, during: Window) -> Result<Usage, AppError> {
        let (scope, now) = (scope.clone(), self.now());
        let read = self.store.read::<_, StoreError, _>(move |tx| {
            let refusals = refusals::list_of_tenant(tx, &scope, during)?;
            let Some(past) = Window::new(during.start(), during.end().min(now)) else {
                return Ok(Usage { refusals, ..Usage::default() });
            };
            let uses = uses::list_of_tenant(tx, &scope, past, now)?;
            let seats: BTreeSet<SeatId> = uses.iter().map(|one| one.seat.clone()).collect();
            let seats: Vec<SeatId> = seats.into_iter().collect();
            let mut holdings = ledger::list_of_tenant(tx, &scope, past)?;
            // Its meetings may have been on seats that were charged to others, or to nobody.
            let others = ledger::list_on_seats(tx, &seats, past)?;
            holdings.extend(others.into_iter().filter(|one| one.tenant.as_ref() != Some(scope.tenant())));
            holdings.sort_by_key(|one| (one.license, one.claimed));
            let mut pieces = partition(&holdings, &uses, past);
            pieces.retain(|piece| piece.tenant.as_ref() == Some(scope.tenant()));
            Usage::of(tx, pieces, refusals)
        });
        Ok(read.await?)
    }

    /// How often licenses moved on each UTC day within `during`, with the day's number.
    pub async fn moves_by_day(&self, _: &OperatorPass, during: Window) -> Result<Vec<(i32, Moves)>, AppError> {
        let mut found = self.store.read(move |tx| moves::since(tx, during.start())).await?;
        found.retain(|(day, _)| *day <= (during.end() - Span::seconds(1)).utc_day());
        Ok(found)
    }

    /// For how many days the ledger is kept.
    pub async fn ledger_days(&self, _: &OperatorPass) -> Result<u32, AppError> {
        Ok(self.store.read(ledger::days_kept).await?)
    }

    /// Sets for how many days the ledger is kept. The next sweep removes what is older.
    pub async fn keep_ledger(self: &Arc<Self>, pass: &OperatorPass, days: u32) -> Result<(), AppError> {
        let (app, pass) = (self.clone(), pass.clone());
        let set = self.store.write::<_, StoreError, _>(move |tx| {
            ledger::set_days_kept(tx, &pass, days)?;
            audit::add(tx, &app.entry(None, Actor::of(&pass), "ledger.keeping_set", None, format!("{days} days")))
        });
        Ok(set.await?)
    }
}
