//! Tenants, their users and what each may do.

use super::ids::{TenantId, UserId};
use super::names::{EmailAddress, PersonName, Slug, ZoneName};
use super::time::{Instant, Span};

/// What a user of a tenant may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Hosts meetings.
    Staff,
    /// Hosts meetings and manages the tenant's users and settings.
    Admin,
}

impl Role {
    /// Whether this role manages users and settings.
    pub const fn is_admin(self) -> bool {
        matches!(self, Self::Admin)
    }

    /// The role as a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Staff => "Staff",
            Self::Admin => "Admin",
        }
    }
}

/// A tenant's share of the pool (design rule 3.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Licenses kept for this tenant at every instant, used or not.
    pub guarantee: u32,
    /// The most licenses this tenant may use at one instant.
    pub cap: u32,
}

/// A customer organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its part of the URL.
    pub slug: Slug,
    /// Its name.
    pub name: PersonName,
    /// The zone its people think in, unless they say otherwise.
    pub zone: ZoneName,
    /// Where a client's reply goes; none: nowhere but our sender address.
    pub reply_to: Option<EmailAddress>,
    /// The length offered for a new meeting.
    pub default_length: Span,
    /// Its share of the pool.
    pub share: Share,
    /// Whether users without a free seat of their own may use the tenant's shared seats.
    pub shared_seats: bool,
    /// Whether meetings of at most [`SHORT`](super::meeting::SHORT) run without a license.
    pub short_meetings: bool,
    /// Since when the operator has suspended it.
    pub suspended_at: Option<Instant>,
    /// When it was created.
    pub created_at: Instant,
}

/// A person of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their tenant.
    pub tenant: TenantId,
    /// The address they sign in with.
    pub email: EmailAddress,
    /// Their name.
    pub name: PersonName,
    /// What they may do.
    pub role: Role,
    /// Their own zone; none: the tenant's.
    pub zone: Option<ZoneName>,
    /// Where they stand.
    pub standing: Standing,
    /// When they were invited.
    pub created_at: Instant,
}

/// Whether a user can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Invited; has not chosen a password yet.
    Invited,
    /// Can sign in.
    Active,
    /// Switched off by an admin since that instant.
    Deactivated(Instant),
}

super::stored_as! {
    Role { Staff = "staff", Admin = "admin" }
}
