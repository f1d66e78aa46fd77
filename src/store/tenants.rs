//! Tenants.

use diesel::prelude::*;

use crate::domain::ids::TenantId;
use crate::domain::names::{EmailAddress, Slug};
use crate::domain::tenant::{Share, Tenant};
use crate::domain::time::{Instant, Span};

use super::convert::{column, count, email, instant, person, slug, zone};
use super::error::StoreError;
use super::schema::tenants;
use super::scope::{OperatorPass, TenantScope};
use super::transaction::{ReadTx, WriteTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = tenants)]
pub(super) struct TenantRow {
    id: String,
    slug: String,
    name: String,
    zone: String,
    reply_to: Option<String>,
    default_minutes: i32,
    guarantee: i32,
    cap: i32,
    shared_seats: bool,
    suspended_at: Option<i64>,
    created_at: i64,
    short_meetings: bool,
}

impl TenantRow {
    pub(super) fn into_domain(self) -> Result<Tenant, StoreError> {
        Ok(Tenant {
            id: TenantId::new(self.id),
            slug: slug(&self.slug)?,
            name: person(&self.name)?,
            zone: zone(&self.zone)?,
            reply_to: self.reply_to.as_deref().map(email).transpose()?,
            default_length: Span::minutes(i64::from(self.default_minutes)),
            share: Share { guarantee: count(self.guarantee), cap: count(self.cap) },
            shared_seats: self.shared_seats,
            short_meetings: self.short_meetings,
            suspended_at: self.suspended_at.map(instant),
            created_at: instant(self.created_at),
        })
    }
}

/// What everybody may know of a tenant: that it has a sign-in page, and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicTenant {
    /// Its part of the URL.
    pub slug: Slug,
    /// Its name.
    pub name: String,
}

/// The tenant's public face; suspended tenants have none.
pub fn public(tx: &mut ReadTx<'_>, slug: &Slug) -> Result<Option<PublicTenant>, StoreError> {
    let name: Option<String> = tenants::table
        .filter(tenants::slug.eq(slug.as_str()))
        .filter(tenants::suspended_at.is_null())
        .select(tenants::name)
        .first(tx.db())
        .optional()?;
    Ok(name.map(|name| PublicTenant { slug: slug.clone(), name }))
}

/// The tenant of this scope.
pub fn get(tx: &mut ReadTx<'_>, scope: &TenantScope) -> Result<Tenant, StoreError> {
    let row: Option<TenantRow> =
        tenants::table.find(scope.tenant().as_str()).select(TenantRow::as_select()).get_result(tx.of(scope)).optional()?;
    row.ok_or(StoreError::NotFound("tenant"))?.into_domain()
}

/// Every tenant, by name.
pub fn list(tx: &mut ReadTx<'_>, _: &OperatorPass) -> Result<Vec<Tenant>, StoreError> {
    let rows: Vec<TenantRow> = tenants::table.order(tenants::name).select(TenantRow::as_select()).load(tx.db())?;
    rows.into_iter().map(TenantRow::into_domain).collect()
}

/// One tenant, by its part of the URL.
pub fn find_by_slug(tx: &mut ReadTx<'_>, _: &OperatorPass, slug: &Slug) -> Result<Option<Tenant>, StoreError> {
    let row: Option<TenantRow> =
        tenants::table.filter(tenants::slug.eq(slug.as_str())).select(TenantRow::as_select()).get_result(tx.db()).optional()?;
    row.map(TenantRow::into_domain).transpose()
}

/// A new tenant. [`StoreError::Duplicate`] when its slug is taken.
pub fn insert(tx: &mut WriteTx<'_>, _: &OperatorPass, tenant: &Tenant) -> Result<(), StoreError> {
    diesel::insert_into(tenants::table)
        .values((
            tenants::id.eq(tenant.id.as_str()),
            tenants::slug.eq(tenant.slug.as_str()),
            tenants::name.eq(tenant.name.as_str()),
            tenants::zone.eq(tenant.zone.as_str()),
            tenants::reply_to.eq(tenant.reply_to.as_ref().map(EmailAddress::as_str)),
            tenants::default_minutes.eq(minutes(tenant.default_length)),
            tenants::guarantee.eq(column(tenant.share.guarantee)),
            tenants::cap.eq(column(tenant.share.cap)),
            tenants::shared_seats.eq(tenant.shared_seats),
            tenants::short_meetings.eq(tenant.short_meetings),
            tenants::suspended_at.eq(tenant.suspended_at.map(Instant::seconds)),
            tenants::created_at.eq(tenant.created_at.seconds()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// What a tenant's admin may set: name, zone, reply-to, default length, and whether short meetings run without a license.
pub fn set_details(tx: &mut WriteTx<'_>, scope: &TenantScope, tenant: &Tenant) -> Result<(), StoreError> {
    diesel::update(tenants::table.find(scope.tenant().as_str()))
        .set((
            tenants::name.eq(tenant.name.as_str()),
            tenants::zone.eq(tenant.zone.as_str()),
            tenants::reply_to.eq(tenant.reply_to.as_ref().map(EmailAddress::as_str)),
            tenants::default_minutes.eq(minutes(tenant.default_length)),
            tenants::short_meetings.eq(tenant.short_meetings),
        ))
        .execute(tx.of(scope))?;
    Ok(())
}

/// The tenant's share of the pool, and whether it has shared seats.
pub fn set_share(
    tx: &mut WriteTx<'_>,
    _: &OperatorPass,
    tenant: &TenantId,
    share: Share,
    shared_seats: bool,
) -> Result<(), StoreError> {
    diesel::update(tenants::table.find(tenant.as_str()))
        .set((
            tenants::guarantee.eq(column(share.guarantee)),
            tenants::cap.eq(column(share.cap)),
            tenants::shared_seats.eq(shared_seats),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Suspends the tenant since that instant, or lets it work again. Its data stays.
pub fn set_suspended(
    tx: &mut WriteTx<'_>,
    _: &OperatorPass,
    tenant: &TenantId,
    since: Option<Instant>,
) -> Result<(), StoreError> {
    diesel::update(tenants::table.find(tenant.as_str()))
        .set(tenants::suspended_at.eq(since.map(Instant::seconds)))
        .execute(tx.db())?;
    Ok(())
}

fn minutes(span: Span) -> i32 {
    i32::try_from(span.as_minutes()).unwrap_or(i32::MAX)
}
