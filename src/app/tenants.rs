//! Tenants: added by an operator together with their first admin, and set up by their admins.

use crate::domain::ids::TenantId;
use crate::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use crate::domain::tenant::{Role, Share, Tenant, User};
use crate::domain::time::Span;
use crate::store::audit::{self, Actor};
use crate::store::scope::{OperatorPass, TenantScope};
use crate::store::{StoreError, tenants, users};

use super::bell::Lane;
use super::pool::{PoolRefusal, share_fits};
use super::users::{Inviter, NewUser};
use super::{App, AppError};

/// The length that a new tenant offers for a meeting.
const DEFAULT_LENGTH: Span = Span::minutes(45);

/// A tenant that is to be, with its first admin.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Its part of the URL.
    pub slug: Slug,
    /// Its name.
    pub name: PersonName,
    /// The zone its people think in.
    pub zone: ZoneName,
    /// Its share of the pool.
    pub share: Share,
    /// The first admin's address.
    pub admin_email: EmailAddress,
    /// The first admin's name.
    pub admin_name: PersonName,
}

/// What a tenant's admins may set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name.
    pub name: PersonName,
    /// The zone its people think in.
    pub zone: ZoneName,
    /// The length offered for a new meeting.
    pub default_length: Span,
    /// Where a client's reply goes.
    pub reply_to: Option<EmailAddress>,
    /// Whether meetings of at most [`SHORT`](crate::domain::meeting::SHORT) run without a license.
    pub short_meetings: bool,
}

/// Why a tenant was not added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotAdded {
    /// The part of the URL belongs to another tenant.
    SlugTaken,
    /// The pool cannot bear its share.
    Share(PoolRefusal),
}

impl App {
    /// Adds a tenant and its first admin, and gives the one-time link with which the admin chooses a password; the same link
    /// is mailed.
    pub async fn add_tenant(&self, pass: &OperatorPass, new: NewTenant) -> Result<Result<String, NotAdded>, AppError> {
        let tenant = Tenant {
            id: TenantId::new(self.id()),
            slug: new.slug,
            name: new.name,
            zone: new.zone,
            reply_to: None,
            default_length: DEFAULT_LENGTH,
            share: new.share,
            shared_seats: true,
            short_meetings: false,
            suspended_at: None,
            created_at: self.now(),
        };
        let scope = pass.scope(&tenant.id);
        let by = Inviter { actor: Actor::of(pass), name: None };
        let admin = NewUser { email: new.admin_email, name: new.admin_name, role: Role::Admin };
        let (admin, invitation) = self.prepare_user(&tenant, &scope, &by, admin);
        let entry = self.entry(Some(&tenant.id), Actor::of(pass), "tenant.added", None, tenant.slug.as_str());
        let (url, pass) = (invitation.url.clone(), pass.clone());
        let written = self.store.write(move |tx| {
            if tenants::find_by_slug(tx, &pass, &tenant.slug)?.is_some() {
                return Ok::<_, StoreError>(Err(NotAdded::SlugTaken));
            }
            if let Err(refusal) = share_fits(tx, &tenant.id, tenant.share)? {
                return Ok(Err(NotAdded::Share(refusal)));
            }
            tenants::insert(tx, &pass, &tenant)?;
            audit::add(tx, &entry)?;
            users::insert(tx, &scope, &admin)?;
            invitation.write(tx, &admin.id)?;
            Ok(Ok(()))
        });
        let outcome = written.await?;
        self.bell.ring(Lane::Letters);
        Ok(outcome.map(|()| url))
    }

    /// Changes what a tenant's admins may set. Meetings that are booked keep the zone they were booked in.
    pub async fn set_tenant_settings(&self, scope: &TenantScope, by: &User, settings: Settings) -> Result<(), AppError> {
        let entry =
            self.entry(Some(scope.tenant()), Actor::User(by.id.clone()), "tenant.settings_changed", None, in_words(&settings));
        let scope = scope.clone();
        let written = self.store.write::<_, StoreError, _>(move |tx| {
            let tenant = Tenant {
                name: settings.name,
                zone: settings.zone,
                default_length: settings.default_length,
                reply_to: settings.reply_to,
                short_meetings: settings.short_meetings,
                ..tenants::get(tx, &scope)?
            };
            tenants::set_details(tx, &scope, &tenant)?;
            audit::add(tx, &entry)
        });
        Ok(written.await?)
    }
}

/// What was set, for the audit: no names and no addresses.
fn in_words(settings: &Settings) -> String {
    format!(
        "time zone {}, usual length {} min, short meetings {} a license",
        settings.zone,
        settings.default_length.as_minutes(),
        if settings.short_meetings { "without" } else { "with" }
    )
}
