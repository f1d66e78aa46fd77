//! Removes what is old and tells nobody anything any more.

use crate::domain::time::Span;
use crate::store::{StoreError, accounts, ledger, links, moves, refusals, seat_days, sessions, uses};

use super::{App, AppError};

impl App {
    /// Removes expired sessions, links that ended a week ago, failed sign-ins that are a day old, and what the ledger knows of
    /// longer than it is kept.
    pub async fn sweep(&self) -> Result<(), AppError> {
        let now = self.now();
        let removed = self
            .store
            .write::<_, StoreError, _>(move |tx| {
                let kept_from = now - Span::days(ledger::days_kept(tx)?.into());
                Ok(sessions::purge(tx, now)?
                    + seat_days::purge(tx, now - Span::days(2))?
                    + links::purge(tx, now - Span::days(7))?
                    + accounts::purge_failures(tx, now - Span::days(1))?
                    + ledger::purge(tx, kept_from)?
                    + uses::purge(tx, kept_from)?
                    + refusals::purge(tx, kept_from)?
                    + moves::purge(tx, kept_from)?)
            })
            .await?;
        if removed > 0 {
            tracing::debug!(removed, "old rows were removed");
        }
        Ok(())
    }
}
