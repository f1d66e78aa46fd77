//! Every route of the route table with every kind of visitor. The walk is made from the table itself: a route whose path has
//! a parameter that is not known here, or that answers somebody it should not, fails.

use actix_web::http::Method;
use duologue::demo::Demo;
use duologue::domain::names::Slug;
use duologue::store::{StoreError, events, letters, meetings, seats, tenants, users};
use duologue::web::routes::{Access, RouteRow, table};

use crate::support::demo::{From, Seen, Visitor, demo};

/// What only the clinic's people may read.
const CANARIES: [&str; 3] = ["Gil Moreno", "gil@mail.example", "Follow-up after surgery"];
/// Ids and tokens that nobody has, and that hope to break something.
const HOSTILE: [&str; 6] =
    ["nobody", "%00", "..%2f..%2fetc%2fpasswd", "'%20OR%20'1'='1", "%F0%9F%A6%80", "%3Cscript%3Ealert(1)%3C/script%3E"];

/// What stands for each parameter.
struct Ids {
    meeting: String,
    user: String,
    seat: String,
    tenant: String,
    event: String,
    letter: String,
    token: String,
    css: String,
}

impl Ids {
    async fn of(demo: &Demo) -> Self {
        let app = demo.app.clone();
        let (pass, keeper) = (demo.console.clone(), demo.console.clone());
        let found = app.store.read::<_, StoreError, _>(move |tx| {
            let clinic = tenants::find_by_slug(tx, &pass, &Slug::parse("north-clinic").unwrap())?.unwrap();
            let other = tenants::find_by_slug(tx, &pass, &Slug::parse("hale-law").unwrap())?.unwrap();
            let scope = keeper.scope(&clinic.id);
            let users = users::list(tx, &scope)?;
            let id_of = |name: &str| users.iter().find(|user| user.name.as_str().starts_with(name)).unwrap().id.clone();
            let meeting = meetings::list_ahead_of_host(tx, &scope, &id_of("Ana"))?.into_iter().next_back().unwrap();
            Ok((
                meeting,
                id_of("Carla"),
                seats::list(tx, &pass)?.remove(0).id,
                other.id,
                events::list(tx, &pass, None, 0, 1)?.remove(0).id(),
                letters::list(tx, &pass, None, 0, 1)?.remove(0).id,
            ))
        });
        let (meeting, user, seat, tenant, event, letter) = found.await.unwrap();
        let token = app.keys.join_token(&meeting.id, meeting.link_version);
        let home = Visitor::nobody(&demo.portal).get("/").await;
        let css = crate::support::html::attributes(&home.body, "link[rel=stylesheet]", "href").remove(0);
        Self {
            meeting: meeting.id.to_string(),
            user: user.to_string(),
            seat: seat.to_string(),
            tenant: tenant.to_string(),
            event: event.to_string(),
            letter: letter.to_string(),
            token,
            css: css.rsplit('/').next().unwrap().to_owned(),
        }
    }

    /// The path of a row for the clinic; `Err` names what is not known here.
    fn fill(&self, row: &RouteRow) -> Result<String, String> {
        let path = row.path.replace("{slug}", "north-clinic");
        let values = [
            ("/meetings/{id}", &self.meeting),
            ("/users/{id}", &self.user),
            ("/operator/seats/{id}", &self.seat),
            ("/operator/tenants/{id}", &self.tenant),
            ("/operator/webhooks/{id}", &self.event),
            ("/operator/mail/{id}", &self.letter),
            ("/j/{token}", &self.token),
            ("/assets/{name}", &self.css),
            ("/password/{token}", &self.token),
        ];
        let filled = values.iter().fold(path, |path, (pattern, value)| {
            let prefix = pattern.split('{').next().unwrap();
            path.replace(pattern, &format!("{prefix}{value}"))
        });
        if filled.contains('{') {
            Err(format!("{} {} has a parameter that this test does not know", row.method, row.path))
        } else {
            Ok(filled)
        }
    }
}

/// Who walks.
struct Cast {
    nobody: Visitor,
    admin: Visitor,
    staff: Visitor,
    stranger: Visitor,
    operator: Visitor,
}

impl Cast {
    async fn of(portal: &str) -> Self {
        Self {
            nobody: Visitor::nobody(portal),
            admin: Visitor::signed_in(portal, "/t/north-clinic", "ana@north-clinic.example").await,
            staff: Visitor::signed_in(portal, "/t/north-clinic", "ben@north-clinic.example").await,
            stranger: Visitor::signed_in(portal, "/t/river-school", "dora@river-school.example").await,
            operator: Visitor::signed_in(portal, "/operator", "operator@duologue.example").await,
        }
    }
}

async fn ask(visitor: &Visitor, row: &RouteRow, path: &str) -> Seen {
    if row.method == Method::GET {
        visitor.get(path).await
    } else {
        visitor.post(path, &[("csrf", &visitor.csrf)], From::OwnPage).await
    }
}

fn expect(broken: &mut Vec<String>, row: &RouteRow, who: &str, seen: &Seen, allowed: &[u16]) {
    if !allowed.contains(&seen.status) {
        broken
            .push(format!("{} {} answered {who} with {} {}, not {allowed:?}", row.method, row.path, seen.status, seen.location));
    }
}

fn expect_sign_in(broken: &mut Vec<String>, row: &RouteRow, who: &str, seen: &Seen, place: &str) {
    if seen.status != 303 || !seen.location.starts_with(place) {
        broken
            .push(format!("{} {} answered {who} with {} {}, not with {place}", row.method, row.path, seen.status, seen.location));
    }
}

/// What a form without its fields may be answered with, when whoever posts it is the right person.
const POSTED: [u16; 6] = [200, 303, 400, 404, 409, 422];

/// Walks one row with everybody.
async fn walk(row: &RouteRow, path: &str, cast: &Cast, broken: &mut Vec<String>) {
    let right: &[u16] = if row.method == Method::GET { &[200, 303] } else { &POSTED };
    match row.access {
        Access::Machine | Access::Anyone | Access::LinkHolder => {
            let allowed: &[u16] = if path.contains("/password/") { &[200, 404, 410, 422, 303] } else { right };
            expect(broken, row, "nobody", &ask(&cast.nobody, row, path).await, allowed);
        }
        Access::Zoom => expect(broken, row, "nobody", &ask(&cast.nobody, row, path).await, &[401]),
        Access::SignedIn => {
            expect_sign_in(broken, row, "nobody", &ask(&cast.nobody, row, path).await, "/");
            expect(broken, row, "the right person", &ask(&cast.admin, row, path).await, right);
        }
        Access::Staff | Access::Admin => {
            expect_sign_in(broken, row, "nobody", &ask(&cast.nobody, row, path).await, "/t/north-clinic/sign-in");
            expect_sign_in(broken, row, "an operator", &ask(&cast.operator, row, path).await, "/t/north-clinic/sign-in");
            expect(broken, row, "a stranger", &ask(&cast.stranger, row, path).await, &[404]);
            if row.access == Access::Admin {
                expect(broken, row, "staff", &ask(&cast.staff, row, path).await, &[403]);
            }
            expect(broken, row, "the right person", &ask(&cast.admin, row, path).await, right);
        }
        Access::Operator => {
            expect_sign_in(broken, row, "nobody", &ask(&cast.nobody, row, path).await, "/operator/sign-in");
            expect(broken, row, "a tenant's admin", &ask(&cast.admin, row, path).await, &[404]);
            expect(broken, row, "the right person", &ask(&cast.operator, row, path).await, right);
        }
    }
}

/// Rows that end the session they are asked with are walked last.
fn ends_sessions(row: &RouteRow) -> bool {
    row.method == Method::POST && (row.path.contains("sign-out") || row.path.starts_with("/account"))
}

#[actix_web::test]
async fn every_route_answers_the_right_people_and_nobody_else() {
    let (demo, _folder) = demo().await;
    let (ids, mut broken) = (Ids::of(&demo).await, Vec::new());
    let (mut rows, last): (Vec<_>, Vec<_>) = table().into_iter().partition(|row| !ends_sessions(row));
    rows.sort_by_key(|row| row.method == Method::POST);
    assert!(rows.len() > 60, "{}", rows.len());
    let cast = Cast::of(&demo.portal).await;
    for row in &rows {
        match ids.fill(row) {
            Ok(path) => walk(row, &path, &cast, &mut broken).await,
            Err(unknown) => broken.push(unknown),
        }
    }
    for row in &last {
        let cast = Cast::of(&demo.portal).await;
        walk(row, &ids.fill(row).unwrap(), &cast, &mut broken).await;
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[actix_web::test]
async fn no_form_is_taken_from_another_site_or_without_its_token() {
    let (demo, _folder) = demo().await;
    let (ids, mut broken) = (Ids::of(&demo).await, Vec::new());
    let cast = Cast::of(&demo.portal).await;
    for row in table().iter().filter(|row| row.method == Method::POST && row.access != Access::Zoom) {
        let path = ids.fill(row).unwrap();
        let visitor = if row.access == Access::Operator || path.starts_with("/operator") { &cast.operator } else { &cast.admin };
        let abroad = visitor.post(&path, &[("csrf", &visitor.csrf)], From::OtherSite).await;
        expect(&mut broken, row, "another site", &abroad, &[403]);
        if matches!(row.access, Access::SignedIn | Access::Staff | Access::Admin | Access::Operator) {
            for token in ["", "wrong"] {
                let seen = visitor.post(&path, &[("csrf", token)], From::OwnPage).await;
                expect(&mut broken, row, "a form without its token", &seen, &[400, 403]);
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[actix_web::test]
async fn no_byte_of_one_tenant_reaches_another() {
    let (demo, _folder) = demo().await;
    let ids = Ids::of(&demo).await;
    let cast = Cast::of(&demo.portal).await;
    let own = cast.admin.get("/t/north-clinic/meetings").await;
    assert!(CANARIES[..2].iter().all(|canary| own.body.contains(canary)), "the clinic itself reads them");
    for row in table().iter().filter(|row| row.method == Method::GET && row.access != Access::LinkHolder) {
        let foreign = ids.fill(row).unwrap();
        let own = foreign.replace("north-clinic", "river-school");
        for (visitor, path) in [(&cast.stranger, &foreign), (&cast.stranger, &own), (&cast.nobody, &foreign)] {
            let seen = visitor.get(path).await;
            assert!(!CANARIES.iter().any(|canary| seen.body.contains(canary)), "{path} tells a stranger of the clinic");
            assert!(seen.status < 500, "{path}");
        }
    }
}

#[actix_web::test]
async fn hostile_ids_are_answered_with_words() {
    let (demo, _folder) = demo().await;
    let cast = Cast::of(&demo.portal).await;
    for row in table().iter().filter(|row| row.path.contains('{')) {
        for hostile in HOSTILE {
            let path = row.path.replace("{slug}", if row.path.contains("{id}") { "north-clinic" } else { hostile });
            let path = path.replace("{id}", hostile).replace("{token}", hostile).replace("{name}", hostile);
            let visitor = if row.access == Access::Operator { &cast.operator } else { &cast.admin };
            let seen = ask(visitor, row, &path).await;
            assert!((400..500).contains(&seen.status) || seen.status == 303, "{} {path}: {}", row.method, seen.status);
            assert!(!seen.body.contains("<script>alert"), "{path}");
        }
    }
}

#[actix_web::test]
async fn a_row_that_lets_the_wrong_people_in_or_is_not_known_is_noticed() {
    let (demo, _folder) = demo().await;
    let (ids, cast) = (Ids::of(&demo).await, Cast::of(&demo.portal).await);
    let unknown = RouteRow::get("/t/{slug}/rooms/{room}", Access::Staff, actix_web::web::get);
    assert!(ids.fill(&unknown).is_err());
    // Said to be for admins, but in truth for all staff; said to be for operators, but in truth for everybody.
    for (path, access) in [("/t/{slug}/meetings", Access::Admin), ("/", Access::Operator)] {
        let wrong = RouteRow::get(path, access, actix_web::web::get);
        let mut broken = Vec::new();
        walk(&wrong, &ids.fill(&wrong).unwrap(), &cast, &mut broken).await;
        assert!(!broken.is_empty(), "{path}");
    }
}
