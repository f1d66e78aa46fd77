//! The operator's pages: the pool, seats, tenants, what runs now, and what came in and went out.
//!
//! What must stay true: every row asks for [`Access::Operator`](super::routes::Access); nothing here shows what a meeting is
//! about or who its client is; times are UTC and say so.

mod account;
mod audit;
mod ledger;
mod line;
mod mail;
mod meetings;
mod moves;
mod paging;
mod pool;
mod seat;
mod seat_import;
mod seat_new;
mod seats;
mod settings;
mod tenant;
mod tenants;
mod tiles;
mod webhooks;
mod words;

#[cfg(test)]
mod tests;

use super::routes::RouteRow;

pub(super) fn rows() -> Vec<RouteRow> {
    [
        audit::rows(),
        ledger::rows(),
        mail::rows(),
        meetings::rows(),
        pool::rows(),
        seat::rows(),
        seat_import::rows(),
        seat_new::rows(),
        seats::rows(),
        settings::rows(),
        tenant::rows(),
        tenants::rows(),
        webhooks::rows(),
    ]
    .concat()
}
