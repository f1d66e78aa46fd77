//! Sessions: kept in our database under the hash of their key, so that they can be ended here and a copy of the database
//! signs nobody in.
//!
//! [`resume_user`] and [`resume_operator`] are where a session turns into the right to reach data.

use diesel::prelude::*;

use crate::domain::ids::{OperatorId, UserId};
use crate::domain::names::Slug;
use crate::domain::tenant::{Tenant, User};
use crate::domain::time::Instant;

use super::accounts::Operator;
use super::convert::instant;
use super::error::StoreError;
use super::schema::{operators, sessions, tenants, users};
use super::scope::{OperatorPass, TenantScope};
use super::tenants::TenantRow;
use super::transaction::{ReadTx, WriteTx};
use super::users::UserRow;

/// Who a session belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A user of a tenant.
    User(UserId),
    /// An operator.
    Operator(OperatorId),
}

/// A user's session, looked up: the person, their tenant and the right to its data.
#[derive(Clone, Debug)]
pub struct SignedInUser {
    /// The right to the tenant's data.
    pub scope: TenantScope,
    /// The tenant.
    pub tenant: Tenant,
    /// The person.
    pub user: User,
}

/// An operator's session, looked up.
#[derive(Clone, Debug)]
pub struct SignedInOperator {
    /// The right to run the pool.
    pub pass: OperatorPass,
    /// The person.
    pub operator: Operator,
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// What it remembers.
    pub state: String,
    /// When it began.
    pub created_at: Instant,
    /// When it ends if it is not used.
    pub expires_at: Instant,
}

/// A session that has not expired.
pub fn load(tx: &mut ReadTx<'_>, key_hash: &str, now: Instant) -> Result<Option<Stored>, StoreError> {
    let row: Option<(String, i64, i64)> = sessions::table
        .find(key_hash)
        .filter(sessions::expires_at.gt(now.seconds()))
        .select((sessions::state, sessions::created_at, sessions::expires_at))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(state, created_at, expires_at)| Stored {
        state,
        created_at: instant(created_at),
        expires_at: instant(expires_at),
    }))
}

/// Changes what a session remembers; when it ends stays as it is.
pub fn set_state(tx: &mut WriteTx<'_>, key_hash: &str, state: &str) -> Result<(), StoreError> {
    diesel::update(sessions::table.find(key_hash)).set(sessions::state.eq(state)).execute(tx.db())?;
    Ok(())
}

/// Stores a session, new or changed.
pub fn save(
    tx: &mut WriteTx<'_>,
    key_hash: &str,
    owner: Option<&Owner>,
    state: &str,
    now: Instant,
    expires_at: Instant,
) -> Result<(), StoreError> {
    let (user, operator) = match owner {
        Some(Owner::User(user)) => (Some(user.as_str()), None),
        Some(Owner::Operator(operator)) => (None, Some(operator.as_str())),
        None => (None, None),
    };
    let columns = (
        sessions::user_id.eq(user),
        sessions::operator_id.eq(operator),
        sessions::state.eq(state),
        sessions::expires_at.eq(expires_at.seconds()),
    );
    let updated = diesel::update(sessions::table.find(key_hash)).set(columns).execute(tx.db())?;
    if updated == 0 {
        diesel::insert_into(sessions::table)
            .values((sessions::key_hash.eq(key_hash), sessions::created_at.eq(now.seconds()), columns))
            .execute(tx.db())?;
    }
    Ok(())
}

/// Lets a session live until `expires_at`.
pub fn extend(tx: &mut WriteTx<'_>, key_hash: &str, expires_at: Instant) -> Result<(), StoreError> {
    diesel::update(sessions::table.find(key_hash)).set(sessions::expires_at.eq(expires_at.seconds())).execute(tx.db())?;
    Ok(())
}

/// Ends one session.
pub fn delete(tx: &mut WriteTx<'_>, key_hash: &str) -> Result<(), StoreError> {
    diesel::delete(sessions::table.find(key_hash)).execute(tx.db())?;
    Ok(())
}

/// Ends every session of a person, but for `except`.
pub fn delete_of(tx: &mut WriteTx<'_>, owner: &Owner, except: Option<&str>) -> Result<(), StoreError> {
    let except = except.unwrap_or_default();
    match owner {
        Owner::User(user) => {
            diesel::delete(sessions::table.filter(sessions::user_id.eq(user.as_str())).filter(sessions::key_hash.ne(except)))
                .execute(tx.db())?
        }
        Owner::Operator(operator) => diesel::delete(
            sessions::table.filter(sessions::operator_id.eq(operator.as_str())).filter(sessions::key_hash.ne(except)),
        )
        .execute(tx.db())?,
    };
    Ok(())
}

/// Removes what has expired.
pub fn purge(tx: &mut WriteTx<'_>, now: Instant) -> Result<usize, StoreError> {
    Ok(diesel::delete(sessions::table.filter(sessions::expires_at.le(now.seconds()))).execute(tx.db())?)
}

/// The user behind a session, if they may use this tenant: the session lives, the user is active, the tenant is not
/// suspended and the slug is theirs. Anything else is nobody.
pub fn resume_user(
    tx: &mut ReadTx<'_>,
    key_hash: &str,
    slug: Option<&Slug>,
    now: Instant,
) -> Result<Option<SignedInUser>, StoreError> {
    let row: Option<(UserRow, TenantRow)> = sessions::table
        .inner_join(users::table.on(sessions::user_id.eq(users::id.nullable())))
        .inner_join(tenants::table.on(tenants::id.eq(users::tenant_id)))
        .filter(sessions::key_hash.eq(key_hash))
        .filter(sessions::expires_at.gt(now.seconds()))
        .filter(users::deactivated_at.is_null())
        .filter(tenants::suspended_at.is_null())
        .select((UserRow::as_select(), TenantRow::as_select()))
        .first(tx.db())
        .optional()?;
    let Some((user, tenant)) = row else { return Ok(None) };
    let (user, tenant) = (user.into_domain()?, tenant.into_domain()?);
    if slug.is_some_and(|slug| *slug != tenant.slug) {
        return Ok(None);
    }
    Ok(Some(SignedInUser { scope: TenantScope::new(tenant.id.clone()), tenant, user }))
}

/// The operator behind a session.
pub fn resume_operator(tx: &mut ReadTx<'_>, key_hash: &str, now: Instant) -> Result<Option<SignedInOperator>, StoreError> {
    let row: Option<(String, String, String)> = sessions::table
        .inner_join(operators::table.on(sessions::operator_id.eq(operators::id.nullable())))
        .filter(sessions::key_hash.eq(key_hash))
        .filter(sessions::expires_at.gt(now.seconds()))
        .select((operators::id, operators::email, operators::name))
        .first(tx.db())
        .optional()?;
    row.map(|(id, email, name)| {
        let operator = Operator::from_columns(id, &email, &name)?;
        Ok(SignedInOperator { pass: OperatorPass::new(operator.id.clone()), operator })
    })
    .transpose()
}
