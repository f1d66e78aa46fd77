//! One-time links: invitations and password resets. Only the hash of the secret is kept, and each works once.

use diesel::prelude::*;

use crate::domain::ids::{OperatorId, UserId};
use crate::domain::time::Instant;

use super::error::StoreError;
use super::schema::{one_time_links, operators, tenants, users};
use super::sessions::Owner;
use super::transaction::{ReadTx, WriteTx};

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The first password.
    Invitation,
    /// A new password.
    Reset,
}

crate::domain::stored_as! {
    Purpose { Invitation = "invitation", Reset = "reset" }
}

/// A link that works, and whom it lets set a password.
#[derive(Clone, Debug)]
pub struct OneTimeLink {
    /// Whose password.
    pub owner: Owner,
    /// What it is for.
    pub purpose: Purpose,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their tenant's name and slug; none for an operator.
    pub tenant: Option<(String, String)>,
}

/// Makes a link, and ends the person's earlier ones: only the newest letter works.
pub fn insert(
    tx: &mut WriteTx<'_>,
    secret_hash: &str,
    owner: &Owner,
    purpose: Purpose,
    now: Instant,
    expires_at: Instant,
) -> Result<(), StoreError> {
    end_all(tx, owner, now)?;
    let (user, operator) = match owner {
        Owner::User(user) => (Some(user.as_str()), None),
        Owner::Operator(operator) => (None, Some(operator.as_str())),
    };
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::secret_hash.eq(secret_hash),
            one_time_links::purpose.eq(purpose.word()),
            one_time_links::user_id.eq(user),
            one_time_links::operator_id.eq(operator),
            one_time_links::created_at.eq(now.seconds()),
            one_time_links::expires_at.eq(expires_at.seconds()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// The link with this secret, if it still works: not used, not expired, its person not deactivated.
pub fn find(tx: &mut ReadTx<'_>, secret_hash: &str, now: Instant) -> Result<Option<OneTimeLink>, StoreError> {
    let link: Option<(String, Option<String>, Option<String>)> = one_time_links::table
        .find(secret_hash)
        .filter(one_time_links::used_at.is_null())
        .filter(one_time_links::expires_at.gt(now.seconds()))
        .select((one_time_links::purpose, one_time_links::user_id, one_time_links::operator_id))
        .first(tx.db())
        .optional()?;
    let Some((purpose, user, operator)) = link else { return Ok(None) };
    let purpose = Purpose::from_word(&purpose).ok_or_else(|| StoreError::corrupt("an unknown link purpose"))?;
    match (user, operator) {
        (Some(user), _) => find_for_user(tx, purpose, user),
        (None, Some(operator)) => find_for_operator(tx, purpose, operator),
        (None, None) => Err(StoreError::corrupt("a link that belongs to nobody")),
    }
}

fn find_for_user(tx: &mut ReadTx<'_>, purpose: Purpose, id: String) -> Result<Option<OneTimeLink>, StoreError> {
    let row: Option<(String, String, String, String)> = users::table
        .inner_join(tenants::table.on(tenants::id.eq(users::tenant_id)))
        .filter(users::id.eq(&id))
        .filter(users::deactivated_at.is_null())
        .filter(tenants::suspended_at.is_null())
        .select((users::name, users::email, tenants::name, tenants::slug))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(name, email, tenant, slug)| OneTimeLink {
        owner: Owner::User(UserId::new(id)),
        purpose,
        name,
        email,
        tenant: Some((tenant, slug)),
    }))
}

fn find_for_operator(tx: &mut ReadTx<'_>, purpose: Purpose, id: String) -> Result<Option<OneTimeLink>, StoreError> {
    let row: Option<(String, String)> =
        operators::table.find(&id).select((operators::name, operators::email)).first(tx.db()).optional()?;
    Ok(row.map(|(name, email)| OneTimeLink { owner: Owner::Operator(OperatorId::new(id)), purpose, name, email, tenant: None }))
}

/// Uses a link up. `false`: somebody was faster.
pub fn use_up(tx: &mut WriteTx<'_>, secret_hash: &str, now: Instant) -> Result<bool, StoreError> {
    let used = diesel::update(one_time_links::table.find(secret_hash).filter(one_time_links::used_at.is_null()))
        .set(one_time_links::used_at.eq(Some(now.seconds())))
        .execute(tx.db())?;
    Ok(used == 1)
}

/// Ends every link of a person.
pub fn end_all(tx: &mut WriteTx<'_>, owner: &Owner, now: Instant) -> Result<(), StoreError> {
    let used = one_time_links::used_at.eq(Some(now.seconds()));
    match owner {
        Owner::User(user) => diesel::update(
            one_time_links::table.filter(one_time_links::user_id.eq(user.as_str())).filter(one_time_links::used_at.is_null()),
        )
        .set(used)
        .execute(tx.db())?,
        Owner::Operator(operator) => diesel::update(
            one_time_links::table
                .filter(one_time_links::operator_id.eq(operator.as_str()))
                .filter(one_time_links::used_at.is_null()),
        )
        .set(used)
        .execute(tx.db())?,
    };
    Ok(())
}

/// Removes links that ended before `before`.
pub fn purge(tx: &mut WriteTx<'_>, before: Instant) -> Result<usize, StoreError> {
    Ok(diesel::delete(one_time_links::table.filter(one_time_links::expires_at.lt(before.seconds()))).execute(tx.db())?)
}
