//! The settings of the one pool.

use diesel::prelude::*;

use crate::domain::pool::{Freeze, PoolSettings, Release, Strategy};
use crate::domain::time::{Instant, Span};

use super::convert::{column, count, instant, word};
use super::error::StoreError;
use super::schema::pool;
use super::scope::OperatorPass;
use super::transaction::{ReadTx, WriteTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = pool)]
struct Row {
    licenses: i32,
    spare: Option<i32>,
    lead_seconds: i64,
    grace_seconds: i64,
    rejoin_seconds: i64,
    no_show_seconds: i64,
    horizon_days: i32,
    frozen_until: Option<i64>,
    strategy: String,
    release: String,
    move_budget: Option<i32>,
    late_attach: bool,
    frozen_since: Option<i64>,
}

/// The settings in force.
pub fn settings(tx: &mut ReadTx<'_>) -> Result<PoolSettings, StoreError> {
    let row: Row = pool::table.select(Row::as_select()).get_result(tx.db())?;
    Ok(PoolSettings {
        licenses: count(row.licenses),
        spare: row.spare.map(count),
        lead: Span::seconds(row.lead_seconds),
        grace: Span::seconds(row.grace_seconds),
        rejoin: Span::seconds(row.rejoin_seconds),
        no_show: Span::seconds(row.no_show_seconds),
        horizon: Span::days(i64::from(row.horizon_days)),
        strategy: word(Strategy::from_word(&row.strategy), "strategy", &row.strategy)?,
        release: word(Release::from_word(&row.release), "release", &row.release)?,
        move_budget: row.move_budget.map(count),
        late_attach: row.late_attach,
        freeze: row
            .frozen_since
            .zip(row.frozen_until)
            .map(|(since, probe_at)| Freeze { since: instant(since), probe_at: instant(probe_at) }),
    })
}

/// Puts `settings` in force, all but the number of licenses (see `licenses::set_count`) and the freeze.
pub fn set(tx: &mut WriteTx<'_>, _: &OperatorPass, settings: &PoolSettings) -> Result<(), StoreError> {
    diesel::update(pool::table)
        .set((
            pool::spare.eq(settings.spare.map(column)),
            pool::lead_seconds.eq(settings.lead.as_seconds()),
            pool::grace_seconds.eq(settings.grace.as_seconds()),
            pool::rejoin_seconds.eq(settings.rejoin.as_seconds()),
            pool::no_show_seconds.eq(settings.no_show.as_seconds()),
            pool::strategy.eq(settings.strategy.word()),
            pool::release.eq(settings.release.word()),
            pool::move_budget.eq(settings.move_budget.map(column)),
            pool::late_attach.eq(settings.late_attach),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Zoom refuses to move licenses; none: it moves them again.
pub fn set_freeze(tx: &mut WriteTx<'_>, freeze: Option<Freeze>) -> Result<(), StoreError> {
    diesel::update(pool::table)
        .set((
            pool::frozen_since.eq(freeze.map(|freeze| freeze.since.seconds())),
            pool::frozen_until.eq(freeze.map(|freeze| freeze.probe_at.seconds())),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// What Zoom was last heard to say of the whole account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// When it was read.
    pub at: Option<Instant>,
    /// How many licenses were bought, as far as Zoom says.
    pub purchased: Option<u32>,
    /// How many licenses are on users that are no seats.
    pub others: u32,
}

/// What Zoom was last heard to say of the whole account.
pub fn reading(tx: &mut ReadTx<'_>) -> Result<Reading, StoreError> {
    let (at, purchased, others): (Option<i64>, Option<i32>, Option<i32>) =
        pool::table.select((pool::synced_at, pool::zoom_purchased, pool::zoom_others)).get_result(tx.db())?;
    Ok(Reading { at: at.map(instant), purchased: purchased.map(count), others: others.map(count).unwrap_or_default() })
}

/// Notes what Zoom says of the whole account; what it does not say of the purchase stays as it was.
pub fn note_reading(tx: &mut WriteTx<'_>, at: Instant, purchased: Option<u32>, others: u32) -> Result<(), StoreError> {
    diesel::update(pool::table)
        .set((
            pool::synced_at.eq(Some(at.seconds())),
            purchased.map(|purchased| pool::zoom_purchased.eq(Some(column(purchased)))),
            pool::zoom_others.eq(Some(column(others))),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// A poll found out what a webhook should have told.
pub fn note_webhook_missed(tx: &mut WriteTx<'_>, at: Instant) -> Result<(), StoreError> {
    diesel::update(pool::table).set(pool::webhooks_missed_at.eq(Some(at.seconds()))).execute(tx.db())?;
    Ok(())
}
