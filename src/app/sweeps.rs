//! Removes what is old and tells nobody anything any more.

use crate::domain::time::Span;
use crate::store::{StoreError, accounts, links, seat_days, sessions};

use super::{App, AppError};

impl App {
    /// Removes expired sessions, links that ended a week ago, and failed sign-ins that are a day old.
    pub async fn sweep(&self) -> Result<(), AppError> {
        let now = self.now();
        let removed = self
            .store
            .write::<_, StoreError, _>(move |tx| {
                Ok(seat_days::purge(tx, now - Span::days(2))?
                    + sessions::purge(tx, now)?
                    + links::purge(tx, now - Span::days(7))?
                    + accounts::purge_failures(tx, now - Span::days(1))?)
            })
            .await?;
        if removed > 0 {
            tracing::debug!(removed, "old rows were removed");
        }
        Ok(())
    }
}
