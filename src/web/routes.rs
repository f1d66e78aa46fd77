//! One table of everything that can be asked for, and who may ask. It is data, so that tests walk it: a page that is not in
//! the table cannot be reached, and one that is has its access checked before its handler runs.

use actix_web::guard;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{Resource, Route, web};

use super::{
    account, assets, audit, dashboard, health, home, join, meetings, operator, password, scope, session, settings, sign_in,
    usage, users, webhooks,
};

/// Who may ask for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Everybody, and nobody's session is looked at: styles, health.
    Machine,
    /// Everybody; a session is looked at, so that the page can say who is signed in.
    Anyone,
    /// Whoever holds the token in the path.
    LinkHolder,
    /// Zoom, by its signature.
    Zoom,
    /// Every signed-in user or operator, about themselves.
    SignedIn,
    /// Every user of the tenant in the path.
    Staff,
    /// The admins of the tenant in the path.
    Admin,
    /// Operators.
    Operator,
}

impl Access {
    /// Whether the session cookie is read.
    const fn looks_at_session(self) -> bool {
        matches!(self, Self::Anyone | Self::SignedIn | Self::Staff | Self::Admin | Self::Operator)
    }
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct RouteRow {
    /// GET (HEAD comes with it) or POST.
    pub method: Method,
    /// The path's pattern.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// Makes the route; its method is set from the row.
    pub handler: fn() -> Route,
}

impl RouteRow {
    /// A page.
    pub const fn get(path: &'static str, access: Access, handler: fn() -> Route) -> Self {
        Self { method: Method::GET, path, access, handler }
    }

    /// A change.
    pub const fn post(path: &'static str, access: Access, handler: fn() -> Route) -> Self {
        Self { method: Method::POST, path, access, handler }
    }

    fn route(&self) -> Route {
        let access = self.access;
        let route = (self.handler)().wrap(from_fn(move |request, next| scope::admit(access, request, next)));
        if self.method == Method::GET {
            route.guard(guard::Any(guard::Get()).or(guard::Head()))
        } else {
            route.method(self.method.clone())
        }
    }
}

/// Every row of every page file.
pub fn table() -> Vec<RouteRow> {
    let machines = [assets::rows(), health::rows(), webhooks::rows()].concat();
    let doors = [home::rows(), join::rows(), sign_in::rows(), password::rows(), account::rows()].concat();
    let admins = [users::rows(), settings::rows(), usage::rows(), audit::rows()].concat();
    let staff = [dashboard::rows(), meetings::rows()].concat();
    [machines, doors, staff, admins, operator::rows()].concat()
}

/// Puts the table into the server: one resource per path, more exact paths first, other methods answered with 405.
pub(super) fn configure(config: &mut web::ServiceConfig, sessions: &session::Sessions) {
    let mut rows = table();
    rows.sort_by_key(|row| exactness(row.path));
    for group in rows.chunk_by(|a, b| a.path == b.path) {
        let resource = group.iter().fold(web::resource(group[0].path), |resource, row| resource.route(row.route()));
        register(config, resource, group.iter().any(|row| row.access.looks_at_session()).then_some(sessions));
    }
}

fn register(config: &mut web::ServiceConfig, resource: Resource, sessions: Option<&session::Sessions>) {
    match sessions {
        Some(sessions) => config.service(resource.wrap(sessions.middleware())),
        None => config.service(resource),
    };
}

/// Sorts `/meetings/new` before `/meetings/{id}`, and rows of one path together.
fn exactness(path: &'static str) -> Vec<(bool, &'static str)> {
    path.split('/').map(|segment| (segment.starts_with('{'), segment)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_page_comes_before_one_with_a_parameter() {
        let mut paths = ["/t/{slug}/meetings/{id}", "/t/{slug}/meetings/new", "/t/{slug}"];
        paths.sort_by_key(|path| exactness(path));
        let at = |path| paths.iter().position(|p| *p == path).unwrap();
        assert!(at("/t/{slug}/meetings/new") < at("/t/{slug}/meetings/{id}"));
    }

    #[test]
    fn no_two_rows_answer_the_same_request() {
        let rows = table();
        let mut seen = std::collections::HashSet::new();
        for row in &rows {
            assert!(seen.insert((row.method.clone(), row.path)), "{} {} stands twice", row.method, row.path);
        }
    }

    #[test]
    fn everything_below_a_tenant_or_the_operator_is_theirs() {
        for row in table() {
            let open = ["sign-in", "forgotten", "password/{token}"].iter().any(|end| row.path.ends_with(end));
            match row.access {
                Access::Staff | Access::Admin => assert!(row.path.starts_with("/t/{slug}"), "{}", row.path),
                Access::Operator => assert!(row.path.starts_with("/operator"), "{}", row.path),
                Access::Anyone if row.path.starts_with("/t/") || row.path.starts_with("/operator") => {
                    assert!(open, "{} is open to anyone", row.path);
                }
                Access::Anyone | Access::Machine | Access::LinkHolder | Access::Zoom | Access::SignedIn => {}
            }
        }
    }
}
