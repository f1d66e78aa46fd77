//! Operators, passwords, and the slowing down of guesses.

use diesel::prelude::*;

use crate::domain::ids::{OperatorId, UserId};
use crate::domain::names::{EmailAddress, PersonName, Slug};
use crate::domain::time::Instant;

use super::convert::{count, email, instant, person};
use super::error::StoreError;
use super::schema::{operators, sign_in_failures, tenants, users};
use super::scope::OperatorPass;
use super::sessions::Owner;
use super::transaction::{ReadTx, WriteTx};

/// A person who runs the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// Their id.
    pub id: OperatorId,
    /// The address they sign in with.
    pub email: EmailAddress,
    /// Their name.
    pub name: PersonName,
}

impl Operator {
    pub(super) fn from_columns(id: String, address: &str, name: &str) -> Result<Self, StoreError> {
        Ok(Self { id: OperatorId::new(id), email: email(address)?, name: person(name)? })
    }
}

/// What signing in is checked against. Whoever has no password yet cannot sign in.
#[derive(Clone)]
pub struct Credentials {
    /// Whose they are.
    pub owner: Owner,
    /// The argon2id hash in PHC format.
    pub password_hash: Option<String>,
}

/// The credentials of an active user of a tenant that is not suspended.
pub fn user_credentials(tx: &mut ReadTx<'_>, slug: &Slug, address: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
    let row: Option<(String, Option<String>)> = users::table
        .inner_join(tenants::table.on(tenants::id.eq(users::tenant_id)))
        .filter(tenants::slug.eq(slug.as_str()))
        .filter(tenants::suspended_at.is_null())
        .filter(users::email.eq(address.as_str()))
        .filter(users::deactivated_at.is_null())
        .select((users::id, users::password_hash))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(id, password_hash)| Credentials { owner: Owner::User(UserId::new(id)), password_hash }))
}

/// The credentials of an operator.
pub fn operator_credentials(tx: &mut ReadTx<'_>, address: &EmailAddress) -> Result<Option<Credentials>, StoreError> {
    let row: Option<(String, Option<String>)> = operators::table
        .filter(operators::email.eq(address.as_str()))
        .select((operators::id, operators::password_hash))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(id, password_hash)| Credentials { owner: Owner::Operator(OperatorId::new(id)), password_hash }))
}

/// The hash of somebody's own password, for checking the old one before it is changed.
pub fn password_hash(tx: &mut ReadTx<'_>, owner: &Owner) -> Result<Option<String>, StoreError> {
    let hash: Option<Option<String>> = match owner {
        Owner::User(user) => users::table.find(user.as_str()).select(users::password_hash).first(tx.db()).optional()?,
        Owner::Operator(operator) => {
            operators::table.find(operator.as_str()).select(operators::password_hash).first(tx.db()).optional()?
        }
    };
    Ok(hash.flatten())
}

/// Gives somebody a new password.
pub fn set_password_hash(tx: &mut WriteTx<'_>, owner: &Owner, hash: &str) -> Result<(), StoreError> {
    match owner {
        Owner::User(user) => {
            diesel::update(users::table.find(user.as_str())).set(users::password_hash.eq(Some(hash))).execute(tx.db())?
        }
        Owner::Operator(operator) => diesel::update(operators::table.find(operator.as_str()))
            .set(operators::password_hash.eq(Some(hash)))
            .execute(tx.db())?,
    };
    Ok(())
}

/// A new operator, who has no password yet. [`StoreError::Duplicate`] when the address is known.
pub fn insert_operator(tx: &mut WriteTx<'_>, _: &OperatorPass, operator: &Operator, now: Instant) -> Result<(), StoreError> {
    diesel::insert_into(operators::table)
        .values((
            operators::id.eq(operator.id.as_str()),
            operators::email.eq(operator.email.as_str()),
            operators::name.eq(operator.name.as_str()),
            operators::created_at.eq(now.seconds()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// An operator, by address.
pub fn find_operator(tx: &mut ReadTx<'_>, address: &EmailAddress) -> Result<Option<Operator>, StoreError> {
    let row: Option<(String, String, String)> = operators::table
        .filter(operators::email.eq(address.as_str()))
        .select((operators::id, operators::email, operators::name))
        .first(tx.db())
        .optional()?;
    row.map(|(id, email, name)| Operator::from_columns(id, &email, &name)).transpose()
}

/// Failed sign-ins under one key: how many in a row, and until when further ones are refused unheard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failures {
    /// How many in a row.
    pub count: u32,
    /// Until when.
    pub blocked_until: Instant,
}

/// The failures under a key.
pub fn failures(tx: &mut ReadTx<'_>, key_hash: &str) -> Result<Option<Failures>, StoreError> {
    let row: Option<(i32, i64)> = sign_in_failures::table
        .find(key_hash)
        .select((sign_in_failures::failures, sign_in_failures::blocked_until))
        .first(tx.db())
        .optional()?;
    Ok(row.map(|(failures, until)| Failures { count: count(failures), blocked_until: instant(until) }))
}

/// Notes the failures under a key; none clears them.
pub fn set_failures(tx: &mut WriteTx<'_>, key_hash: &str, failures: Option<Failures>, now: Instant) -> Result<(), StoreError> {
    diesel::delete(sign_in_failures::table.find(key_hash)).execute(tx.db())?;
    if let Some(failures) = failures {
        diesel::insert_into(sign_in_failures::table)
            .values((
                sign_in_failures::key_hash.eq(key_hash),
                sign_in_failures::failures.eq(super::convert::column(failures.count)),
                sign_in_failures::blocked_until.eq(failures.blocked_until.seconds()),
                sign_in_failures::last_at.eq(now.seconds()),
            ))
            .execute(tx.db())?;
    }
    Ok(())
}

/// Forgets failures whose last one is older than `before`.
pub fn purge_failures(tx: &mut WriteTx<'_>, before: Instant) -> Result<usize, StoreError> {
    Ok(diesel::delete(sign_in_failures::table.filter(sign_in_failures::last_at.lt(before.seconds()))).execute(tx.db())?)
}
