//! The users of a tenant.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::domain::ids::{TenantId, UserId};
use crate::domain::names::{EmailAddress, PersonName, ZoneName};
use crate::domain::tenant::{Role, Standing, User};
use crate::domain::time::Instant;

use super::convert::{email, instant, person, word, zone};
use super::error::StoreError;
use super::schema::{seats, users};
use super::scope::{OperatorPass, TenantScope};
use super::transaction::{ReadTx, WriteTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
pub(super) struct UserRow {
    id: String,
    tenant_id: String,
    email: String,
    name: String,
    role: String,
    zone: Option<String>,
    password_hash: Option<String>,
    deactivated_at: Option<i64>,
    created_at: i64,
}

impl UserRow {
    pub(super) fn password_hash(&self) -> Option<&str> {
        self.password_hash.as_deref()
    }

    pub(super) fn into_domain(self) -> Result<User, StoreError> {
        let standing = match (self.deactivated_at, &self.password_hash) {
            (Some(at), _) => Standing::Deactivated(instant(at)),
            (None, Some(_)) => Standing::Active,
            (None, None) => Standing::Invited,
        };
        Ok(User {
            id: UserId::new(self.id),
            tenant: TenantId::new(self.tenant_id),
            email: email(&self.email)?,
            name: person(&self.name)?,
            role: word(Role::from_word(&self.role), "role", &self.role)?,
            zone: self.zone.as_deref().map(zone).transpose()?,
            standing,
            created_at: instant(self.created_at),
        })
    }
}

/// One user.
pub fn find(tx: &mut ReadTx<'_>, scope: &TenantScope, id: &UserId) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = of(scope, id).select(UserRow::as_select()).get_result(tx.of(scope)).optional()?;
    row.map(UserRow::into_domain).transpose()
}

/// One user, by address.
pub fn find_by_email(tx: &mut ReadTx<'_>, scope: &TenantScope, address: &EmailAddress) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> = users::table
        .filter(users::tenant_id.eq(scope.tenant().as_str()))
        .filter(users::email.eq(address.as_str()))
        .select(UserRow::as_select())
        .first(tx.of(scope))
        .optional()?;
    row.map(UserRow::into_domain).transpose()
}

/// Every user, by name.
pub fn list(tx: &mut ReadTx<'_>, scope: &TenantScope) -> Result<Vec<User>, StoreError> {
    let rows: Vec<UserRow> = users::table
        .filter(users::tenant_id.eq(scope.tenant().as_str()))
        .order((users::name, users::id))
        .select(UserRow::as_select())
        .load(tx.of(scope))?;
    rows.into_iter().map(UserRow::into_domain).collect()
}

/// The users who have a seat of their own, by name, in all tenants.
pub fn names_of_seat_owners(tx: &mut ReadTx<'_>, _: &OperatorPass) -> Result<BTreeMap<UserId, String>, StoreError> {
    let rows: Vec<(String, String)> = users::table
        .inner_join(seats::table.on(seats::user_id.eq(users::id.nullable())))
        .select((users::id, users::name))
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(id, name)| (UserId::new(id), name)).collect())
}

/// How many users who may sign in each tenant has.
pub fn count_by_tenant(tx: &mut ReadTx<'_>, _: &OperatorPass) -> Result<BTreeMap<TenantId, i64>, StoreError> {
    let rows: Vec<(String, i64)> = users::table
        .filter(users::deactivated_at.is_null())
        .group_by(users::tenant_id)
        .select((users::tenant_id, diesel::dsl::count_star()))
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(id, count)| (TenantId::new(id), count)).collect())
}

/// A new user, who has no password yet. [`StoreError::Duplicate`] when the tenant knows the address already.
pub fn insert(tx: &mut WriteTx<'_>, scope: &TenantScope, user: &User) -> Result<(), StoreError> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(user.id.as_str()),
            users::tenant_id.eq(scope.tenant().as_str()),
            users::email.eq(user.email.as_str()),
            users::name.eq(user.name.as_str()),
            users::role.eq(user.role.word()),
            users::zone.eq(user.zone.as_ref().map(ZoneName::as_str)),
            users::created_at.eq(user.created_at.seconds()),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// Changes what a user may do.
pub fn set_role(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &UserId, role: Role) -> Result<(), StoreError> {
    diesel::update(of(scope, id)).set(users::role.eq(role.word())).execute(tx.of(scope))?;
    Ok(())
}

/// Switches a user off since that instant, or on again.
pub fn set_deactivated(tx: &mut WriteTx<'_>, scope: &TenantScope, id: &UserId, since: Option<Instant>) -> Result<(), StoreError> {
    diesel::update(of(scope, id)).set(users::deactivated_at.eq(since.map(Instant::seconds))).execute(tx.of(scope))?;
    Ok(())
}

/// What users may change about themselves.
pub fn set_profile(
    tx: &mut WriteTx<'_>,
    scope: &TenantScope,
    id: &UserId,
    name: &PersonName,
    zone: Option<&ZoneName>,
) -> Result<(), StoreError> {
    diesel::update(of(scope, id))
        .set((users::name.eq(name.as_str()), users::zone.eq(zone.map(ZoneName::as_str))))
        .execute(tx.of(scope))?;
    Ok(())
}

/// How many admins can sign in or will; a tenant never loses its last one.
pub fn count_admins(tx: &mut ReadTx<'_>, scope: &TenantScope) -> Result<i64, StoreError> {
    Ok(users::table
        .filter(users::tenant_id.eq(scope.tenant().as_str()))
        .filter(users::role.eq(Role::Admin.word()))
        .filter(users::deactivated_at.is_null())
        .count()
        .get_result(tx.of(scope))?)
}

#[diesel::dsl::auto_type(no_type_alias)]
fn of<'a>(scope: &'a TenantScope, id: &'a UserId) -> _ {
    let tenant: &'a str = scope.tenant().as_str();
    let id: &'a str = id.as_str();
    users::table.filter(users::tenant_id.eq(tenant)).filter(users::id.eq(id))
}
