//! The settings of the one pool.

use diesel::prelude::*;

use crate::domain::pool::PoolSettings;
use crate::domain::time::{Instant, Span};

use super::convert::{column, count, instant};
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
}

/// The settings in force.
pub fn settings(tx: &mut ReadTx<'_>) -> Result<PoolSettings, StoreError> {
    let row: Row = pool::table.select(Row::as_select()).first(tx.db())?;
    Ok(PoolSettings {
        licenses: count(row.licenses),
        spare: row.spare.map(count),
        lead: Span::seconds(row.lead_seconds),
        grace: Span::seconds(row.grace_seconds),
        rejoin: Span::seconds(row.rejoin_seconds),
        no_show: Span::seconds(row.no_show_seconds),
        horizon: Span::days(i64::from(row.horizon_days)),
        frozen_until: row.frozen_until.map(instant),
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
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Zoom refuses to move licenses: nothing is tried until `until`; none ends the freeze.
pub fn set_frozen(tx: &mut WriteTx<'_>, until: Option<Instant>) -> Result<(), StoreError> {
    diesel::update(pool::table).set(pool::frozen_until.eq(until.map(Instant::seconds))).execute(tx.db())?;
    Ok(())
}
