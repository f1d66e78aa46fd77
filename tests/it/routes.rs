//! Every route of the route table with every kind of visitor. The walk is made from the table itself: a route whose path has
//! a parameter that is not known here, or that answers somebody it should not, fails.

mod hostile;
mod walk;

use actix_web::http::Method;
use duologue::app::accounts::Realm;
use duologue::demo::Demo;
use duologue::domain::names::{EmailAddress, Slug};
use duologue::store::{StoreError, events, letters, meetings, seats, tenants, users};
use duologue::web::routes::{Access, RouteRow, table};

use walk::{Answers, judge};

use crate::support::demo::{From, Seen, Visitor, with_demo_on_both_databases};

/// What only the clinic's people may read.
const CANARIES: [&str; 5] =
    ["Gil Moreno", "gil@mail.example", "Igor Petrov", "Follow-up after surgery", "Reading the lab results"];
/// What stands for each parameter.
struct Ids {
    meeting: String,
    user: String,
    seat: String,
    tenant: String,
    event: String,
    letter: String,
    token: String,
    passwords: [String; 2],
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
            let meeting = meetings::list_ahead_of_host(tx, &scope, &id_of("Ben"))?.into_iter().next_back().unwrap();
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
        let clinic = Realm::Tenant(Slug::parse("north-clinic").unwrap());
        let passwords = [
            password_token(demo, &clinic, "ben@north-clinic.example").await,
            password_token(demo, &Realm::Operator, "operator@duologue.example").await,
        ];
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
            passwords,
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
            ("/t/north-clinic/password/{token}", &self.passwords[0]),
            ("/operator/password/{token}", &self.passwords[1]),
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

/// The token of a link with which a new password can be chosen.
async fn password_token(demo: &Demo, realm: &Realm, email: &str) -> String {
    let before = demo.mailbox.sent();
    demo.app.forget_password(realm, &EmailAddress::parse(email).unwrap()).await.unwrap();
    let sent = || {
        let new = demo.mailbox.list().into_iter().filter(|sent| sent.number > before && sent.letter.to.address.as_str() == email);
        new.map(|sent| sent.letter.text.clone()).find(|text| text.contains("/password/"))
    };
    crate::support::until("the letter with the link", || async { sent().is_some() }).await;
    let text = sent().unwrap();
    text.split("/password/").nth(1).unwrap().split_whitespace().next().unwrap().to_owned()
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

/// Rows that end the session they are asked with are walked last.
fn ends_sessions(row: &RouteRow) -> bool {
    row.method == Method::POST && (row.path.contains("sign-out") || row.path.starts_with("/account"))
}

with_demo_on_both_databases! {
    async fn every_route_answers_the_right_people_and_nobody_else(demo: &Demo) {
        let (ids, mut broken) = (Ids::of(demo).await, Vec::new());
        let (mut rows, last): (Vec<_>, Vec<_>) = table().into_iter().partition(|row| !ends_sessions(row));
        rows.sort_by_key(|row| row.method == Method::POST);
        assert!(rows.len() > 60, "{}", rows.len());
        let cast = Cast::of(&demo.portal).await;
        for row in &rows {
            match ids.fill(row) {
                Ok(path) => broken.extend(judge(row, &Answers::to(row, &path, &cast).await)),
                Err(unknown) => broken.push(unknown),
            }
        }
        for row in &last {
            let cast = Cast::of(&demo.portal).await;
            broken.extend(judge(row, &Answers::to(row, &ids.fill(row).unwrap(), &cast).await));
        }
        assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    }

    async fn no_form_is_taken_from_another_site_or_without_its_token(demo: &Demo) {
        let (ids, mut broken) = (Ids::of(demo).await, Vec::new());
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

    async fn no_byte_of_one_tenant_reaches_another(demo: &Demo) {
        let ids = Ids::of(demo).await;
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

    async fn a_row_that_lets_the_wrong_people_in_or_is_not_known_is_noticed(demo: &Demo) {
        let (ids, cast) = (Ids::of(demo).await, Cast::of(&demo.portal).await);
        let unknown = RouteRow::get("/t/{slug}/rooms/{room}", Access::Staff, actix_web::web::get);
        assert!(ids.fill(&unknown).is_err());
        // Said to be for some, but in truth for others.
        for (path, access) in [
            ("/t/{slug}/meetings", Access::Admin),
            ("/t/{slug}/meetings", Access::SignedIn),
            ("/t/{slug}/users", Access::Staff),
            ("/t/{slug}/settings", Access::Anyone),
            ("/operator/seats", Access::SignedIn),
            ("/account", Access::Staff),
            ("/", Access::Operator),
        ] {
            let wrong = RouteRow::get(path, access, actix_web::web::get);
            let answers = Answers::to(&wrong, &ids.fill(&wrong).unwrap(), &cast).await;
            assert!(!judge(&wrong, &answers).is_empty(), "{path} as {access:?}");
        }
        // A form that is never found, whoever sends it.
        let missing = RouteRow::post("/t/{slug}/meetings/{id}/nothing", Access::Staff, actix_web::web::post);
        let answers = Answers::to(&missing, &ids.fill(&missing).unwrap(), &cast).await;
        assert!(judge(&missing, &answers).iter().any(|blame| blame.contains("staff with 404")));
    }
}
