//! The place at which somebody signs in: a tenant's page, or the operator's. Both have the same pages; this tells which.

use actix_web::HttpRequest;

use crate::app::accounts::Realm;
use crate::store::{StoreError, tenants};

use super::page::{Chrome, PORTAL, WebError};
use super::scope;
use super::server::site;

/// Where somebody stands who is not signed in.
pub(super) struct Door {
    pub(super) realm: Realm,
    /// The tenant's name, or the portal's.
    pub(super) name: String,
    request: HttpRequest,
}

impl Door {
    /// The door of this request's path. A tenant that does not exist, or is suspended, has none.
    pub(super) async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        let request = request.clone();
        if request.path().starts_with("/operator/") {
            return Ok(Self { realm: Realm::Operator, name: PORTAL.to_owned(), request });
        }
        let slug = scope::slug(&request)?;
        let asked = slug.clone();
        let found = site(&request).app.store.read::<_, StoreError, _>(move |tx| tenants::public(tx, &asked)).await?;
        let tenant = found.ok_or_else(WebError::not_found)?;
        Ok(Self { realm: Realm::Tenant(slug), name: tenant.name, request })
    }

    /// A path behind this door: `door.path("/sign-in")`.
    pub(super) fn path(&self, below: &str) -> String {
        format!("{}{below}", self.realm.path())
    }

    pub(super) fn chrome(&self) -> Chrome {
        Chrome::public(&self.request, &self.name, &self.path("/sign-in"))
    }
}
