//! The users of a tenant: invited, given a role, switched off and on again, by its admins or by an operator.
//!
//! What must stay true: a tenant keeps at least one admin; nobody demotes or deactivates themselves; whoever is deactivated
//! has no session, no link and no seat from that moment.

use crate::domain::ids::UserId;
use crate::domain::names::{EmailAddress, PersonName};
use crate::domain::tenant::{Role, Standing, Tenant, User};
use crate::store::audit::{self, Actor, Entry};
use crate::store::letters::NewLetter;
use crate::store::links::{self, Purpose};
use crate::store::scope::TenantScope;
use crate::store::sessions::{self, Owner};
use crate::store::{StoreError, WriteTx, seats, tenants, users};

use super::accounts::FreshLink;
use super::bell::Lane;
use super::letters::{AccountOwner, put};
use super::{App, AppError};

/// Who is invited.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// The address they will sign in with.
    pub email: EmailAddress,
    /// Their name.
    pub name: PersonName,
    /// What they may do.
    pub role: Role,
}

/// Who invites, for the letter and the audit log.
#[derive(Clone, Debug)]
pub struct Inviter {
    /// Who it is.
    pub actor: Actor,
    /// The name that the letter names; none: the letter names nobody.
    pub name: Option<PersonName>,
}

impl Inviter {
    /// A user of the tenant.
    pub fn user(user: &User) -> Self {
        Self { actor: Actor::User(user.id.clone()), name: Some(user.name.clone()) }
    }
}

/// Why a user was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The tenant knows the address already.
    AddressTaken,
    /// It would leave the tenant without an admin.
    LastAdmin,
    /// Nobody does this to themselves.
    Yourself,
    /// They have a password, or were deactivated: there is nothing to invite them to.
    NotInvited,
}

impl App {
    /// Invites somebody by e-mail, and gives the one-time link that the letter carries.
    pub async fn invite_user(
        &self,
        scope: &TenantScope,
        by: &Inviter,
        new: NewUser,
    ) -> Result<Result<String, Refusal>, AppError> {
        let tenant = self.tenant_of(scope).await?;
        let (user, invitation) = self.prepare_user(&tenant, scope, by, new);
        let (url, scope) = (invitation.url.clone(), scope.clone());
        let written = self.store.write(move |tx| {
            if users::find_by_email(tx, &scope, &user.email)?.is_some() {
                return Ok::<_, StoreError>(Err(Refusal::AddressTaken));
            }
            users::insert(tx, &scope, &user)?;
            invitation.write(tx, &user.id)?;
            Ok(Ok(()))
        });
        let outcome = written.await?;
        self.bell.ring(Lane::Letters);
        Ok(outcome.map(|()| url))
    }

    /// A user who does not exist yet, and their invitation; for the transaction that makes both.
    pub(super) fn prepare_user(&self, tenant: &Tenant, scope: &TenantScope, by: &Inviter, new: NewUser) -> (User, Invitation) {
        let user = User {
            id: UserId::new(self.id()),
            tenant: tenant.id.clone(),
            email: new.email,
            name: new.name,
            role: new.role,
            zone: None,
            standing: Standing::Invited,
            created_at: self.now(),
        };
        let invitation = self.prepare_invitation(tenant, scope, by, &user, "user.invited");
        (user, invitation)
    }

    fn prepare_invitation(
        &self,
        tenant: &Tenant,
        scope: &TenantScope,
        by: &Inviter,
        user: &User,
        action: &'static str,
    ) -> Invitation {
        let link = self.fresh_link(Purpose::Invitation);
        let owner = AccountOwner {
            email: user.email.clone(),
            name: user.name.clone(),
            place: tenant.name.to_string(),
            zone: tenant.zone.clone(),
            path: format!("/t/{}", tenant.slug),
        };
        Invitation {
            url: self.password_link(&owner.path, link.id()),
            letter: self.account_letter(link.news(by.name.clone()), &owner, Some(scope)),
            entry: self.entry(Some(&tenant.id), by.actor.clone(), action, None, user.id.as_str()),
            link,
        }
    }

    /// Sends an invitation again; the earlier link ends.
    pub async fn invite_again(&self, scope: &TenantScope, by: &Inviter, id: &UserId) -> Result<Result<(), Refusal>, AppError> {
        let tenant = self.tenant_of(scope).await?;
        let user = self.user(scope, id).await?;
        if user.standing != Standing::Invited {
            return Ok(Err(Refusal::NotInvited));
        }
        let invitation = self.prepare_invitation(&tenant, scope, by, &user, "user.invited_again");
        self.store.write::<_, StoreError, _>(move |tx| invitation.write(tx, &user.id)).await?;
        self.bell.ring(Lane::Letters);
        Ok(Ok(()))
    }

    /// Changes what a user may do.
    pub async fn set_user_role(
        &self,
        scope: &TenantScope,
        by: &User,
        id: &UserId,
        role: Role,
    ) -> Result<Result<(), Refusal>, AppError> {
        let entry = self.entry(
            Some(scope.tenant()),
            Actor::User(by.id.clone()),
            "user.role_changed",
            None,
            format!("{id} {}", role.word()),
        );
        let (scope, by, id) = (scope.clone(), by.id.clone(), id.clone());
        let written = self.store.write(move |tx| {
            let user = users::find(tx, &scope, &id)?.ok_or(StoreError::NotFound("user"))?;
            if user.role == role {
                return Ok::<_, StoreError>(Ok(()));
            }
            if let Some(refusal) = would_lose_admin(tx, &scope, &by, &user)? {
                return Ok(Err(refusal));
            }
            users::set_role(tx, &scope, &id, role)?;
            // What they may see has changed: they sign in again.
            sessions::delete_of(tx, &Owner::User(id), None)?;
            audit::add(tx, &entry)?;
            Ok(Ok(()))
        });
        Ok(written.await?)
    }

    /// Switches a user off: no session, no link, no seat. Their booked meetings stay, for an admin to cancel.
    pub async fn deactivate_user(&self, scope: &TenantScope, by: &User, id: &UserId) -> Result<Result<(), Refusal>, AppError> {
        let entry = self.entry(Some(scope.tenant()), Actor::User(by.id.clone()), "user.deactivated", None, id.as_str());
        let (scope, by, id, now) = (scope.clone(), by.id.clone(), id.clone(), self.now());
        let written = self.store.write(move |tx| {
            let user = users::find(tx, &scope, &id)?.ok_or(StoreError::NotFound("user"))?;
            if matches!(user.standing, Standing::Deactivated(_)) {
                return Ok::<_, StoreError>(Ok(()));
            }
            if by == id {
                return Ok(Err(Refusal::Yourself));
            }
            if let Some(refusal) = would_lose_admin(tx, &scope, &by, &user)? {
                return Ok(Err(refusal));
            }
            users::set_deactivated(tx, &scope, &id, Some(now))?;
            seats::release_of_user(tx, &scope, &id)?;
            let owner = Owner::User(id);
            sessions::delete_of(tx, &owner, None)?;
            links::end_all(tx, &owner, now)?;
            audit::add(tx, &entry)?;
            Ok(Ok(()))
        });
        Ok(written.await?)
    }

    /// Lets a deactivated user sign in again, with the password they had. Their seat is for the operator to give.
    pub async fn reactivate_user(&self, scope: &TenantScope, by: &User, id: &UserId) -> Result<(), AppError> {
        let entry = self.entry(Some(scope.tenant()), Actor::User(by.id.clone()), "user.reactivated", None, id.as_str());
        let (scope, id) = (scope.clone(), id.clone());
        let written = self.store.write::<_, StoreError, _>(move |tx| {
            let user = users::find(tx, &scope, &id)?.ok_or(StoreError::NotFound("user"))?;
            if !matches!(user.standing, Standing::Deactivated(_)) {
                return Ok(());
            }
            users::set_deactivated(tx, &scope, &id, None)?;
            audit::add(tx, &entry)
        });
        Ok(written.await?)
    }

    /// Ends every session of a user.
    pub async fn end_user_sessions(&self, scope: &TenantScope, by: &User, id: &UserId) -> Result<(), AppError> {
        let entry = self.entry(Some(scope.tenant()), Actor::User(by.id.clone()), "user.sessions_ended", None, id.as_str());
        let (scope, id) = (scope.clone(), id.clone());
        let written = self.store.write::<_, StoreError, _>(move |tx| {
            users::find(tx, &scope, &id)?.ok_or(StoreError::NotFound("user"))?;
            sessions::delete_of(tx, &Owner::User(id), None)?;
            audit::add(tx, &entry)
        });
        Ok(written.await?)
    }

    /// One user of the tenant.
    pub async fn user(&self, scope: &TenantScope, id: &UserId) -> Result<User, AppError> {
        let (scope, id) = (scope.clone(), id.clone());
        let user = self.store.read::<_, StoreError, _>(move |tx| users::find(tx, &scope, &id)).await?;
        user.ok_or(AppError::NotFound("user"))
    }

    async fn tenant_of(&self, scope: &TenantScope) -> Result<Tenant, AppError> {
        let scope = scope.clone();
        Ok(self.store.read::<_, StoreError, _>(move |tx| tenants::get(tx, &scope)).await?)
    }
}

/// An invitation that is about to be written.
pub(super) struct Invitation {
    pub(super) url: String,
    link: FreshLink,
    letter: NewLetter,
    entry: Entry,
}

impl Invitation {
    pub(super) fn write(&self, tx: &mut WriteTx<'_>, user: &UserId) -> Result<(), StoreError> {
        self.link.insert(tx, &Owner::User(user.clone()), self.entry.at)?;
        put(tx, std::slice::from_ref(&self.letter))?;
        audit::add(tx, &self.entry)
    }
}

/// Whether the tenant would lose an admin whom it needs, were this one no admin any more.
fn would_lose_admin(tx: &mut WriteTx<'_>, scope: &TenantScope, by: &UserId, user: &User) -> Result<Option<Refusal>, StoreError> {
    if !user.role.is_admin() || matches!(user.standing, Standing::Deactivated(_)) {
        return Ok(None);
    }
    if users::count_admins(tx, scope)? <= 1 {
        return Ok(Some(Refusal::LastAdmin));
    }
    Ok((user.id == *by).then_some(Refusal::Yourself))
}
