//! Operators, passwords, and the slowing down of guesses.

use diesel::prelude::*;

use crate::domain::ids::OperatorId;
use crate::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use crate::domain::tenant::Tenant;
use crate::domain::time::Instant;

use super::convert::{count, email, instant, person};
use super::error::StoreError;
use super::schema::{operators, sign_in_failures, tenants, users};
use super::scope::OperatorPass;
use super::sessions::Owner;
use super::tenants::TenantRow;
use super::transaction::{ReadTx, WriteTx};
use super::users::UserRow;

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

/// Somebody who can sign in, or will once they have chosen a password.
#[derive(Clone)]
pub struct Account {
    /// Who it is.
    pub owner: Owner,
    /// The address they sign in with.
    pub email: EmailAddress,
    /// Their name.
    pub name: PersonName,
    /// Their own zone.
    pub zone: Option<ZoneName>,
    /// Their tenant; none for an operator.
    pub tenant: Option<Tenant>,
    /// The argon2id hash in PHC format; none until they have chosen a password.
    pub password_hash: Option<String>,
}

/// The account of an active user of a tenant that is not suspended.
pub fn find_of_user(tx: &mut ReadTx<'_>, slug: &Slug, address: &EmailAddress) -> Result<Option<Account>, StoreError> {
    let row: Option<(UserRow, TenantRow)> = active_users()
        .filter(tenants::slug.eq(slug.as_str()))
        .filter(users::email.eq(address.as_str()))
        .select((UserRow::as_select(), TenantRow::as_select()))
        .first(tx.db())
        .optional()?;
    row.map(of_user).transpose()
}

/// The account of an operator.
pub fn find_of_operator(tx: &mut ReadTx<'_>, address: &EmailAddress) -> Result<Option<Account>, StoreError> {
    let row: Option<OperatorRow> =
        operators::table.filter(operators::email.eq(address.as_str())).select(OPERATOR).first(tx.db()).optional()?;
    row.map(of_operator).transpose()
}

/// Somebody's own account, while they may use it.
pub fn find(tx: &mut ReadTx<'_>, owner: &Owner) -> Result<Option<Account>, StoreError> {
    match owner {
        Owner::User(user) => {
            let row: Option<(UserRow, TenantRow)> = active_users()
                .filter(users::id.eq(user.as_str()))
                .select((UserRow::as_select(), TenantRow::as_select()))
                .first(tx.db())
                .optional()?;
            row.map(of_user).transpose()
        }
        Owner::Operator(operator) => {
            let row: Option<OperatorRow> = operators::table.find(operator.as_str()).select(OPERATOR).first(tx.db()).optional()?;
            row.map(of_operator).transpose()
        }
    }
}

type OperatorRow = (String, String, String, Option<String>);
const OPERATOR: (operators::id, operators::email, operators::name, operators::password_hash) =
    (operators::id, operators::email, operators::name, operators::password_hash);

#[diesel::dsl::auto_type(no_type_alias)]
fn active_users() -> _ {
    users::table
        .inner_join(tenants::table.on(tenants::id.eq(users::tenant_id)))
        .filter(tenants::suspended_at.is_null())
        .filter(users::deactivated_at.is_null())
}

fn of_user((row, tenant): (UserRow, TenantRow)) -> Result<Account, StoreError> {
    let password_hash = row.password_hash().map(str::to_owned);
    let user = row.into_domain()?;
    Ok(Account {
        owner: Owner::User(user.id),
        email: user.email,
        name: user.name,
        zone: user.zone,
        tenant: Some(tenant.into_domain()?),
        password_hash,
    })
}

fn of_operator((id, address, name, password_hash): OperatorRow) -> Result<Account, StoreError> {
    let operator = Operator::from_columns(id, &address, &name)?;
    let owner = Owner::Operator(operator.id);
    Ok(Account { owner, email: operator.email, name: operator.name, zone: None, tenant: None, password_hash })
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

/// What an operator may change about themselves.
pub fn set_operator_name(tx: &mut WriteTx<'_>, id: &OperatorId, name: &PersonName) -> Result<(), StoreError> {
    diesel::update(operators::table.find(id.as_str())).set(operators::name.eq(name.as_str())).execute(tx.db())?;
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
