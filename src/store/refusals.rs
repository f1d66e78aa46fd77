//! Meetings that were refused: for a tenant's usage, and for planning how many licenses there should be.

use diesel::prelude::*;

use crate::domain::admission::Refusal;
use crate::domain::ids::UserId;
use crate::domain::meeting::Kind;
use crate::domain::time::{Instant, Window};

use super::error::StoreError;
use super::schema::refusals;
use super::scope::TenantScope;
use super::transaction::WriteTx;

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
