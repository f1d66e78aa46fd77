//! Meetings that were refused: for a tenant's usage, and for planning how many licenses there should be.

use diesel::prelude::*;

use crate::domain::admission::Refusal;
use crate::domain::ids::{TenantId, UserId};
use crate::domain::meeting::Kind;
use crate::domain::time::{Instant, Span, Window};

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

/// How long a host who asks again for the same time is still asking for the same thing.
pub const SAME_WISH: Span = Span::hours(1);

/// Writes a refusal down. The same host asking again for the same start within an hour counts once: the row then tells of
/// the last time. On the spot the time asked for is "now", whenever that is.
pub fn note(tx: &mut WriteTx<'_>, scope: &TenantScope, refused: &Refused) -> Result<(), StoreError> {
    let before: Vec<(String, i64)> = refusals::table
        .filter(refusals::tenant_id.eq(scope.tenant().as_str()))
        .filter(refusals::host_id.eq(refused.host.as_str()))
        .filter(refusals::kind.eq(refused.kind.word()))
        .filter(refusals::at.gt((refused.at - SAME_WISH).seconds()))
        .select((refusals::id, refusals::starts_at))
        .load(tx.of(scope))?;
    let start = refused.window.start().seconds();
    let same = before.into_iter().find(|(_, starts_at)| refused.kind == Kind::OnDemand || *starts_at == start);
    match same {
        Some((id, _)) => say_again(tx, scope, &id, refused),
        None => insert(tx, scope, refused),
    }
}

fn say_again(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &str, refused: &Refused) -> Result<(), StoreError> {
    diesel::update(refusals::table.filter(refusals::tenant_id.eq(scope.tenant().as_str())).filter(refusals::id.eq(id)))
        .set((
            refusals::at.eq(refused.at.seconds()),
            refusals::code.eq(refused.refusal.code()),
            refusals::starts_at.eq(refused.window.start().seconds()),
            refusals::ends_at.eq(refused.window.end().seconds()),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

fn insert(tx: &mut WriteTx<'_>, scope: &TenantScope, refused: &Refused) -> Result<(), StoreError> {
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
        .execute(tx.of(scope))?;
    Ok(())
}

/// A refusal as it is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When it was last said.
    pub at: Instant,
    /// Whose user would have hosted.
    pub tenant: TenantId,
    /// Who would have hosted.
    pub host: UserId,
    /// Scheduled or on the spot.
    pub kind: Kind,
    /// Why.
    pub refusal: Refusal,
    /// When the meeting would have been.
    pub window: Window,
}

/// At, tenant, host, kind, code, from, until.
type Row = (i64, String, String, String, String, i64, i64);

/// The columns of a [`Row`].
const COLUMNS: (
    refusals::at,
    refusals::tenant_id,
    refusals::host_id,
    refusals::kind,
    refusals::code,
    refusals::starts_at,
    refusals::ends_at,
) = (
    refusals::at,
    refusals::tenant_id,
    refusals::host_id,
    refusals::kind,
    refusals::code,
    refusals::starts_at,
    refusals::ends_at,
);

fn in_domain((at, tenant, host, kind, code, from, until): Row) -> Result<Shown, StoreError> {
    Ok(Shown {
        at: instant(at),
        tenant: TenantId::new(tenant),
        host: UserId::new(host),
        kind: word(Kind::from_word(&kind), "kind of meeting", &kind)?,
        refusal: word(Refusal::from_code(&code), "refusal", &code)?,
        window: window(from, until)?,
    })
}

/// Every refusal said within `during`, oldest first.
pub fn list(tx: &mut ReadTx<'_>, _: &OperatorPass, during: Window) -> Result<Vec<Shown>, StoreError> {
    let rows: Vec<Row> = refusals::table
        .filter(refusals::at.ge(during.start().seconds()))
        .filter(refusals::at.lt(during.end().seconds()))
        .order((refusals::at, refusals::id))
        .select(COLUMNS)
        .load(tx.db())?;
    rows.into_iter().map(in_domain).collect()
}

/// A tenant's refusals said within `during`, oldest first.
pub fn list_of_tenant(tx: &mut ReadTx<'_>, scope: &TenantScope, during: Window) -> Result<Vec<Shown>, StoreError> {
    let rows: Vec<Row> = refusals::table
        .filter(refusals::tenant_id.eq(scope.tenant().as_str()))
        .filter(refusals::at.ge(during.start().seconds()))
        .filter(refusals::at.lt(during.end().seconds()))
        .order((refusals::at, refusals::id))
        .select(COLUMNS)
        .load(tx.of(scope))?;
    rows.into_iter().map(in_domain).collect()
}

/// Removes what was said before `before`; how much it was.
pub fn purge(tx: &mut WriteTx<'_>, before: Instant) -> Result<usize, StoreError> {
    Ok(diesel::delete(refusals::table.filter(refusals::at.lt(before.seconds()))).execute(tx.db())?)
}

/// Meetings that were to begin within the span and were refused for want of a license, in the order in which that was said.
pub fn past(tx: &mut ReadTx<'_>, _: &OperatorPass, within: Window) -> Result<Vec<Shown>, StoreError> {
    let for_want_of_a_license = [Refusal::PoolFull, Refusal::TenantCap, Refusal::LicenseFrozen].map(Refusal::code);
    let rows: Vec<Row> = refusals::table
        .filter(refusals::code.eq_any(for_want_of_a_license))
        .filter(refusals::starts_at.ge(within.start().seconds()))
        .filter(refusals::starts_at.lt(within.end().seconds()))
        .order((refusals::at, refusals::id))
        .select(COLUMNS)
        .load(tx.db())?;
    rows.into_iter().map(in_domain).collect()
}
