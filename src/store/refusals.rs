//! Meetings that were refused: for a tenant's usage, and for planning how many licenses there should be.

use diesel::prelude::*;

use crate::domain::admission::Refusal;
use crate::domain::ids::{TenantId, UserId};
use crate::domain::meeting::Kind;
use crate::domain::time::{Instant, Window};

use super::convert::{instant, window, word};
use super::error::StoreError;
use super::schema::refusals;
use super::scope::{OperatorPass, TenantScope};
use super::transaction::{ReadTx, WriteTx};

/// A refusal as it is written down.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Its id.
    pub id: String,
    /// When it was said.
    pub at: Instant,
    /// Who would have hosted.
    pub host: UserId,
    /// Scheduled or on the spot.
    pub kind: Kind,
    /// Why.
    pub refusal: Refusal,
    /// When the meeting would have been.
    pub window: Window,
}

/// Writes a refusal down.
pub fn note(tx: &mut WriteTx<'_>, scope: &TenantScope, refused: &Refused) -> Result<(), StoreError> {
    diesel::insert_into(refusals::table)
        .values((
            refusals::id.eq(&refused.id),
            refusals::at.eq(refused.at.seconds()),
            refusals::tenant_id.eq(scope.tenant().as_str()),
            refusals::host_id.eq(refused.host.as_str()),
            refusals::kind.eq(refused.kind.word()),
            refusals::code.eq(refused.refusal.code()),
            refusals::starts_at.eq(refused.window.start().seconds()),
            refusals::ends_at.eq(refused.window.end().seconds()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// A refusal as planning sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRefusal {
    /// Whose meeting it would have been.
    pub tenant: TenantId,
    /// Who would have hosted.
    pub host: UserId,
    /// Scheduled or on the spot.
    pub kind: Kind,
    /// When it was said.
    pub at: Instant,
    /// When the meeting would have been.
    pub window: Window,
}

/// Meetings that were to begin within the span and were refused for want of a license, in the order in which that was said.
pub fn past(tx: &mut ReadTx<'_>, _: &OperatorPass, within: Window) -> Result<Vec<PastRefusal>, StoreError> {
    let for_want_of_a_license = [Refusal::PoolFull, Refusal::TenantCap, Refusal::LicenseFrozen].map(Refusal::code);
    let rows: Vec<(String, String, String, i64, i64, i64)> = refusals::table
        .filter(refusals::code.eq_any(for_want_of_a_license))
        .filter(refusals::starts_at.ge(within.start().seconds()))
        .filter(refusals::starts_at.lt(within.end().seconds()))
        .order((refusals::at, refusals::id))
        .select((refusals::tenant_id, refusals::host_id, refusals::kind, refusals::at, refusals::starts_at, refusals::ends_at))
        .load(tx.db())?;
    let refusal = |(tenant, host, kind, at, from, until): (String, String, String, i64, i64, i64)| {
        Ok(PastRefusal {
            tenant: TenantId::new(tenant),
            host: UserId::new(host),
            kind: word(Kind::from_word(&kind), "kind of a meeting", &kind)?,
            at: instant(at),
            window: window(from, until)?,
        })
    };
    rows.into_iter().map(refusal).collect()
}
