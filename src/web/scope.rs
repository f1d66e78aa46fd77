//! Who a request comes from, and whether they may: checked by the table's access before any handler runs.
//!
//! A session is looked up with one statement, its person and tenant with another. Another tenant's pages do not exist for
//! whoever is signed in elsewhere; whoever is not signed in is led to the tenant's sign-in page, known tenant or not.

use std::future::{Ready, ready};
use std::rc::Rc;

use actix_session::SessionExt as _;
use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::domain::names::{Slug, ZoneName};
use crate::store::StoreError;
use crate::store::scope::{OperatorPass, TenantScope};
use crate::store::sessions::{self, Owner, SignedInOperator, SignedInUser};

use super::flash;
use super::page::{Chrome, NavItem, PORTAL, Person, WebError};
use super::routes::Access;
use super::server::site;
use super::session;

/// Who is signed in, for the frame of the page. Cheap to clone.
#[derive(Clone)]
pub(super) enum Viewer {
    User(Rc<Session<SignedInUser>>),
    Operator(Rc<Session<SignedInOperator>>),
}

/// A session that was looked up, with the hash it is stored under.
pub(super) struct Session<T> {
    who: T,
    key_hash: String,
}

/// Lets a request in or says why not. Runs before the handler, for every row of the table.
pub(super) async fn admit(
    access: Access,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Err(error) = check(access, request.request()).await {
        return Ok(request.into_response(error.error_response()));
    }
    next.call(request).await
}

async fn check(access: Access, request: &HttpRequest) -> Result<(), WebError> {
    match access {
        Access::Machine | Access::Anyone | Access::LinkHolder | Access::Zoom => Ok(()),
        Access::SignedIn => remember(request, viewer(request).await?.ok_or_else(|| WebError::signed_out("/".to_owned()))?),
        Access::Staff | Access::Admin => {
            let user = tenant_user(request).await?;
            let allowed = access == Access::Staff || user.who.user.role.is_admin();
            remember(request, Viewer::User(user))?;
            if allowed {
                Ok(())
            } else {
                Err(WebError::forbidden("Only admins of your organization can open this page. Ask one of them."))
            }
        }
        Access::Operator => match viewer(request).await? {
            Some(Viewer::Operator(operator)) => remember(request, Viewer::Operator(operator)),
            Some(Viewer::User(_)) => Err(WebError::not_found()),
            None => Err(WebError::signed_out(sign_in_path("/operator", request))),
        },
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the last step of each arm above")]
fn remember(request: &HttpRequest, viewer: Viewer) -> Result<(), WebError> {
    request.extensions_mut().insert(viewer);
    Ok(())
}

/// The user of the tenant in the path.
async fn tenant_user(request: &HttpRequest) -> Result<Rc<Session<SignedInUser>>, WebError> {
    let slug = slug(request)?;
    match viewer(request).await? {
        Some(Viewer::User(user)) if user.who.tenant.slug == slug => Ok(user),
        Some(Viewer::User(_)) => Err(WebError::not_found()),
        Some(Viewer::Operator(_)) | None => Err(WebError::signed_out(sign_in_path(&format!("/t/{slug}"), request))),
    }
}

/// The tenant's part of the path.
pub fn slug(request: &HttpRequest) -> Result<Slug, WebError> {
    let text = request.match_info().get("slug").unwrap_or_default();
    // Only the spelling in which it was given names a tenant: one page has one address.
    Slug::parse(text).ok().filter(|slug| slug.as_str() == text).ok_or_else(WebError::not_found)
}

/// Whoever is signed in and still may be.
pub(super) async fn viewer(request: &HttpRequest) -> Result<Option<Viewer>, WebError> {
    let cookie = request.get_session();
    if session::is_unknown(&cookie) {
        return Err(WebError::unavailable("the session could not be looked up"));
    }
    let (Some(key_hash), Some(owner)) = (session::key_hash(&cookie), session::owner(&cookie)) else { return Ok(None) };
    let site = site(request);
    let (now, hash) = (site.app.now(), key_hash.clone());
    Ok(match owner {
        Owner::User(_) => {
            let found = site.app.store.read::<_, StoreError, _>(move |tx| sessions::resume_user(tx, &hash, None, now)).await?;
            found.map(|who| Viewer::User(Rc::new(Session { who, key_hash })))
        }
        Owner::Operator(_) => {
            let found = site.app.store.read::<_, StoreError, _>(move |tx| sessions::resume_operator(tx, &hash, now)).await?;
            found.map(|who| Viewer::Operator(Rc::new(Session { who, key_hash })))
        }
    })
}

/// Where to sign in, and to come back to this page afterwards.
fn sign_in_path(realm: &str, request: &HttpRequest) -> String {
    if request.method() != Method::GET || request.path() == realm {
        return format!("{realm}/sign-in");
    }
    let here = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    format!("{realm}/sign-in?next={}", utf8_percent_encode(&here, NON_ALPHANUMERIC))
}

/// Where to go after signing in: `next` when it is a page of this realm, else the realm's first page.
pub(super) fn next_page(realm: &str, next: &str) -> String {
    let inside = next == realm || next.strip_prefix(realm).is_some_and(|rest| rest.starts_with(['/', '?']));
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if inside && plain && !next.contains("/..") && !next.contains("//") { next.to_owned() } else { realm.to_owned() }
}

impl Viewer {
    pub(super) fn key_hash(&self) -> &str {
        match self {
            Self::User(session) => &session.key_hash,
            Self::Operator(session) => &session.key_hash,
        }
    }

    pub(super) fn csrf(&self, app: &App) -> String {
        app.keys.csrf_token(self.key_hash())
    }

    pub(super) fn owner(&self) -> Owner {
        match self {
            Self::User(session) => Owner::User(session.who.user.id.clone()),
            Self::Operator(session) => Owner::Operator(session.who.operator.id.clone()),
        }
    }

    pub(super) fn brand(&self) -> String {
        match self {
            Self::User(session) => session.who.tenant.name.to_string(),
            Self::Operator(_) => PORTAL.to_owned(),
        }
    }

    pub(super) fn home(&self) -> String {
        match self {
            Self::User(session) => format!("/t/{}", session.who.tenant.slug),
            Self::Operator(_) => "/operator".to_owned(),
        }
    }

    pub(super) fn person(&self) -> Person {
        let (name, detail) = match self {
            Self::User(session) => (session.who.user.name.to_string(), session.who.user.role.label()),
            Self::Operator(session) => (session.who.operator.name.to_string(), "Operator"),
        };
        Person { name, detail, sign_out: format!("{}/sign-out", self.home()), account: "/account" }
    }

    /// The one list of what is in the navigation.
    pub(super) fn navigation(&self, here: &str) -> Vec<NavItem> {
        const STAFF: [(&str, &str); 3] = [("", "Today"), ("/meetings", "Meetings"), ("/meetings/new", "New meeting")];
        const ADMIN: [(&str, &str); 4] =
            [("/users", "Users"), ("/settings", "Settings"), ("/usage", "Usage"), ("/audit", "Audit")];
        const OPERATOR: [(&str, &str); 8] = [
            ("", "Pool"),
            ("/seats", "Seats"),
            ("/tenants", "Tenants"),
            ("/meetings", "Meetings"),
            ("/ledger", "Ledger"),
            ("/webhooks", "Webhooks"),
            ("/mail", "Mail"),
            ("/audit", "Audit"),
        ];
        let home = self.home();
        let pages: Vec<(&str, &'static str)> = match self {
            Self::User(session) if session.who.user.role.is_admin() => [STAFF.as_slice(), ADMIN.as_slice()].concat(),
            Self::User(_) => STAFF.to_vec(),
            Self::Operator(_) => OPERATOR.to_vec(),
        };
        let mut items: Vec<NavItem> =
            pages.into_iter().map(|(path, label)| NavItem { href: format!("{home}{path}"), label, current: false }).collect();
        mark_current(&mut items, here);
        items
    }
}

/// Where we are is the entry whose path is ours, or the longest that ours lies below; the first page has nothing below it.
fn mark_current(items: &mut [NavItem], here: &str) {
    let lies_in = |(at, item): &(usize, &NavItem)| {
        here == item.href || (*at > 0 && here.strip_prefix(&*item.href).is_some_and(|rest| rest.starts_with('/')))
    };
    let best = items.iter().enumerate().filter(lies_in).max_by_key(|(_, item)| item.href.len()).map(|(at, _)| at);
    if let Some(best) = best {
        items[best].current = true;
    }
}

/// Makes the request's extractors for signed-in people, all with the same helpers.
macro_rules! signed_in {
    ($($(#[$doc:meta])* $name:ident($variant:ident: $who:ty)),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            session: Rc<Session<$who>>,
            request: HttpRequest,
        }

        impl $name {
            /// The frame of a page for them.
            pub fn chrome(&self) -> Chrome {
                Chrome::of(&self.request)
            }

            /// The hash under which their session is stored.
            pub fn session_key_hash(&self) -> &str {
                &self.session.key_hash
            }

            /// The request.
            pub const fn request(&self) -> &HttpRequest {
                &self.request
            }

            /// Leads on to `to`, whose page will say that this was done.
            pub fn done(&self, to: &str, text: &str) -> HttpResponse {
                flash::done(&self.request, to, text)
            }

            /// Leads on to `to`, whose page will say why this was not done.
            pub fn not_done(&self, to: &str, text: &str) -> HttpResponse {
                flash::not_done(&self.request, to, text)
            }
        }

        impl std::ops::Deref for $name {
            type Target = $who;
            fn deref(&self) -> &$who {
                &self.session.who
            }
        }

        impl FromRequest for $name {
            type Error = WebError;
            type Future = Ready<Result<Self, WebError>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let viewer = request.extensions().get::<Viewer>().cloned();
                ready(match viewer {
                    Some(Viewer::$variant(session)) => Ok(Self { session, request: request.clone() }),
                    _ => Err(WebError::failed("a handler wants somebody whom its row in the route table does not ask for")),
                })
            }
        }
    )+};
}

signed_in! {
    /// A user of the tenant in the path; for rows with [`Access::Staff`] and [`Access::Admin`]. Dereferences to
    /// [`SignedInUser`]: `.scope`, `.tenant`, `.user`.
    Staff(User: SignedInUser),
    /// An operator; for rows with [`Access::Operator`]. Dereferences to [`SignedInOperator`]: `.pass`, `.operator`.
    Operator(Operator: SignedInOperator),
}

/// Anybody who is signed in, about themselves; for rows with [`Access::SignedIn`].
#[derive(Clone)]
pub struct SignedIn {
    viewer: Viewer,
    request: HttpRequest,
}

impl SignedIn {
    /// Who it is.
    pub fn owner(&self) -> Owner {
        self.viewer.owner()
    }

    /// Their first page.
    pub fn home(&self) -> String {
        self.viewer.home()
    }

    /// The frame of a page for them.
    pub fn chrome(&self) -> Chrome {
        Chrome::of(&self.request)
    }

    /// The hash under which their session is stored.
    pub fn session_key_hash(&self) -> &str {
        self.viewer.key_hash()
    }

    /// Leads on to `to`, whose page will say that this was done.
    pub fn done(&self, to: &str, text: &str) -> HttpResponse {
        flash::done(&self.request, to, text)
    }
}

impl FromRequest for SignedIn {
    type Error = WebError;
    type Future = Ready<Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let viewer = request.extensions().get::<Viewer>().cloned();
        let missing = || WebError::failed("a handler wants somebody whom its row in the route table does not ask for");
        ready(viewer.map(|viewer| Self { viewer, request: request.clone() }).ok_or_else(missing))
    }
}

/// An admin of the tenant in the path: the row's [`Access::Admin`] is what makes them one.
pub type Admin = Staff;

impl Staff {
    /// The right to the tenant's data, to move into a transaction.
    pub fn scope(&self) -> TenantScope {
        self.session.who.scope.clone()
    }

    /// The zone in which they are told times.
    pub fn zone(&self) -> &ZoneName {
        self.user.zone.as_ref().unwrap_or(&self.tenant.zone)
    }

    /// A path below the tenant's first page: `staff.path("/users")`.
    pub fn path(&self, below: &str) -> String {
        format!("/t/{}{below}", self.tenant.slug)
    }
}

impl Operator {
    /// The right to run the pool, to move into a transaction.
    pub fn pass(&self) -> OperatorPass {
        self.session.who.pass.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_nobody_is_led_elsewhere() {
        assert_eq!(next_page("/t/north", "/t/north/meetings/7?x=1"), "/t/north/meetings/7?x=1");
        for next in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/t/northern",
            "/t/north//evil.example",
            "/t/north/../south",
            "/t/north/\r\nSet-Cookie: a=b",
            "/operator",
        ] {
            assert_eq!(next_page("/t/north", next), "/t/north", "{next:?}");
        }
    }

    #[test]
    fn one_entry_of_the_navigation_is_where_we_are() {
        let current = |here: &str| {
            let entry = |href: &str| NavItem { href: href.to_owned(), label: "x", current: false };
            let mut items = vec![entry("/t/a"), entry("/t/a/meetings"), entry("/t/a/meetings/new")];
            mark_current(&mut items, here);
            items.iter().filter(|item| item.current).map(|item| item.href.clone()).collect::<Vec<_>>()
        };
        assert_eq!(current("/t/a"), ["/t/a"]);
        assert_eq!(current("/t/a/meetings/17"), ["/t/a/meetings"]);
        assert_eq!(current("/t/a/meetings/new"), ["/t/a/meetings/new"]);
        assert!(current("/account").is_empty());
    }
}
