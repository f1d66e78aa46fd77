//! Every page as people see it, in the colors and on the screens they have: no accessibility defects, no scrolling sideways,
//! nothing beyond its card, no complaint in the console, valid HTML. Answers to forms are pages too.

use super::*;
use crate::support::demo::From;

/// What is wrong with the page in front of the person.
pub(super) async fn defects(page: &Page, name: &str, source: &str) -> Vec<String> {
    let mut found: Vec<String> = html::parse_errors(source).into_iter().map(|error| format!("{name}: HTML: {error}")).collect();
    found.extend(page.axe().await.into_iter().map(|violation| format!("{name}: {violation:?}")));
    let overflow = page.sideways_overflow().await;
    if overflow > 0 {
        found.push(format!("{name}: {overflow} pixels too wide"));
    }
    found.extend(page.spills().await.into_iter().map(|spill| format!("{name}: beyond its card: {spill}")));
    // A page that is not there, or whose form was refused, is answered with 4xx, which the console reports.
    let refused =
        format!("{} - Failed to load resource: the server responded with a status of 4", page.current_url().await.unwrap());
    let errors = page.console_errors().await.into_iter().filter(|error| !error.starts_with(&refused));
    found.extend(errors.map(|error| format!("{name}: console: {error}")));
    found
}

/// Goes through `paths` of the visitor's site and looks at each.
pub(super) async fn look(page: &Page, visitor: &Visitor, paths: &[String], look: &str) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        page.goto(&visitor.url(path)).await.unwrap();
        let name = format!("{look}{}", path.replace(['/', '?', '=', '&'], "-"));
        let source = visitor.get(path).await;
        let status = if path.contains("nowhere") { 404 } else { 200 };
        assert_eq!(source.status, status, "{path}");
        found.extend(defects(page, &name, &source.body).await);
        page.screenshot(&name.chars().take(70).collect::<String>()).await;
    }
    found
}

/// A form that is filled in, and whose answer is a page.
struct Filled<'a> {
    page: String,
    button: &'a str,
    action: String,
    fields: &'a [(&'a str, &'a str)],
    /// The beginning of the answer's title.
    title: &'a str,
}

/// Sends the forms and looks at the answers.
async fn look_at_answers(page: &Page, visitor: &Visitor, forms: &[Filled<'_>], look: &str) -> Vec<String> {
    let mut found = Vec::new();
    for form in forms {
        page.goto(&visitor.url(&form.page)).await.unwrap();
        for (name, value) in form.fields {
            fill(page, name, value).await;
        }
        press(page, form.button).await;
        element(page, &format!("/html/head/title[starts-with(., '{}')]", form.title)).await;
        let name = format!("{look}{}-sent", form.page.replace(['/', '?', '=', '&'], "-"));
        let csrf = [("csrf", visitor.csrf.as_str())];
        let source = visitor.post(&form.action, &[&csrf, form.fields].concat(), From::OwnPage).await;
        found.extend(defects(page, &name, &source.body).await);
        page.screenshot(&name.chars().take(70).collect::<String>()).await;
    }
    found
}

/// The page of the first thing that a list links to. Ids are 36 characters long.
async fn first_of(visitor: &Visitor, list: &str) -> String {
    let seen = visitor.get(list).await;
    let ids = html::attributes(&seen.body, "main a", "href").into_iter().filter_map(|href| {
        let id = href.strip_prefix(list)?.strip_prefix('/')?.get(..36)?.to_owned();
        (!id.contains(['/', '?'])).then_some(id)
    });
    format!("{list}/{}", ids.into_iter().next().unwrap_or_else(|| panic!("{list} links to nothing:\n{}", seen.body)))
}

pub(super) fn below(base: &str, pages: &[&str]) -> Vec<String> {
    pages.iter().map(|page| format!("{base}{page}")).collect()
}

#[actix_web::test]
async fn every_page_is_accessible_valid_and_fits_a_phone() {
    let (demo, _folder) = demo().await;
    let portal = demo.portal.as_str();
    let clinic = format!("{portal}/t/north-clinic");
    let looks = [
        ("wide", Options::default()),
        ("wide-dark", Options { dark: true, ..Options::default() }),
        ("phone", Options::phone()),
        ("phone-dark", Options { dark: true, ..Options::phone() }),
    ];
    let nobody = Visitor::nobody(portal);
    let admin = Visitor::signed_in(portal, "/t/north-clinic", "ana@north-clinic.example").await;
    let operator = Visitor::signed_in(portal, "/operator", "operator@duologue.example").await;
    let zoom = Visitor::nobody(&demo.simulator);
    let public = public_pages(&demo, &admin).await;
    let (own, own_forms) = pages_of_a_tenant(&admin).await;
    let (run, run_forms) = pages_of_the_operator(&operator).await;
    let letter = zoom.get("/mailbox").await;
    let letter = html::attributes(&letter.body, "th a", "href").into_iter().next().expect("there are letters");
    let simulated = ["/", "/mailbox", "/mailbox?to=nobody", letter.as_str(), "/mailbox/nowhere", "/nowhere", "/s/1?zak=nowhere"];
    let mut found = Vec::new();
    for (name, options) in looks {
        browse(options, async |page| {
            found.extend(look(page, &nobody, &public, name).await);
            found.extend(look_at_answers(page, &nobody, &forgotten(), name).await);
            found.extend(look(page, &zoom, &below("", &simulated), &format!("{name}-zoom")).await);
            sign_in(page, &clinic, "ana@north-clinic.example").await;
            found.extend(look(page, &admin, &own, name).await);
            found.extend(look_at_answers(page, &admin, &own_forms, name).await);
            page.delete_all_cookies().await.unwrap();
            sign_in(page, &format!("{portal}/operator"), "operator@duologue.example").await;
            found.extend(look(page, &operator, &run, name).await);
            found.extend(look_at_answers(page, &operator, &run_forms, name).await);
        })
        .await;
    }
    assert!(found.is_empty(), "{} defects\n{}", found.len(), found.join("\n"));
}

/// What nobody has to sign in for.
async fn public_pages(demo: &Demo, admin: &Visitor) -> Vec<String> {
    let mut paths = below("", &["/", "/t/north-clinic/sign-in", "/t/north-clinic/forgotten", "/operator/sign-in", "/nowhere"]);
    paths.extend(below("", &["/j/nowhere", "/t/north-clinic/password/nowhere"]));
    let fields = [("csrf", admin.csrf.as_str()), ("name", "Nia New"), ("email", "nia@north-clinic.example"), ("role", "staff")];
    assert_eq!(admin.post("/t/north-clinic/users", &fields, From::OwnPage).await.status, 303);
    for (address, piece) in [("gil@mail.example", "/j/"), ("nia@north-clinic.example", "/password/")] {
        paths.push(letter_link(demo, address, piece).await.replace(&demo.app.url(""), ""));
    }
    paths
}

fn forgotten() -> [Filled<'static>; 2] {
    let form = |email, title| Filled {
        page: "/t/north-clinic/forgotten".to_owned(),
        button: "Send link",
        action: "/t/north-clinic/forgotten".to_owned(),
        fields: email,
        title,
    };
    [form(&[("email", "nobody")], "Error: "), form(&[("email", "nobody@north-clinic.example")], "Look into your mailbox")]
}

async fn pages_of_a_tenant(admin: &Visitor) -> (Vec<String>, Vec<Filled<'static>>) {
    let home = "/t/north-clinic";
    let pages = ["", "/meetings", "/meetings?when=past", "/meetings?q=nothing", "/meetings/new", "/meetings/now", "/users"];
    let mut paths = below(home, &pages);
    paths.extend(below(home, &["/users/new", "/settings", "/usage", "/usage?from=2020-01-01&until=2020-01-02", "/audit"]));
    paths.push("/account".to_owned());
    paths.extend(below(&first_of(admin, &format!("{home}/users")).await, &["", "/deactivation"]));
    let meeting = first_of(admin, &format!("{home}/meetings")).await;
    paths.extend(below(&meeting, &["", "/reschedule", "/cancel"]));
    let wrong = |page: String, action: String, button, fields| Filled { page, button, action, fields, title: "Error: " };
    let at = |path: &str| format!("{home}{path}");
    let forms = vec![
        wrong(at("/meetings/new"), at("/meetings"), "Book meeting", &[("client_name", ""), ("client_email", "")][..]),
        wrong(at("/meetings/now"), at("/meetings/now"), "Get the meeting ready", &[("client_name", ""), ("client_email", "x")]),
        wrong(at("/users/new"), at("/users"), "Send invitation", &[("name", ""), ("email", "")]),
        wrong(at("/settings"), at("/settings"), "Save settings", &[("name", ""), ("minutes", "x")]),
        wrong("/account".to_owned(), "/account".to_owned(), "Save details", &[("name", "")]),
        wrong(format!("{meeting}/reschedule"), format!("{meeting}/times"), "Save and tell the client", &[("topic", "")]),
    ];
    (paths, forms)
}

async fn pages_of_the_operator(operator: &Visitor) -> (Vec<String>, Vec<Filled<'static>>) {
    let home = "/operator";
    let pages =
        ["", "/pool/settings", "/seats", "/seats/new", "/seats/import", "/tenants", "/tenants/new", "/meetings", "/audit"];
    let mut paths = below(home, &pages);
    paths.extend(below(home, &["/ledger", "/ledger?from=2020-01-01&until=2020-01-02", "/webhooks", "/mail"]));
    paths.push(first_of(operator, "/operator/seats").await);
    let tenant = first_of(operator, "/operator/tenants").await;
    paths.extend(below(&tenant, &["", "/suspension"]));
    let form = |page: String, action: String, button, fields, title| Filled { page, button, action, fields, title };
    let at = |path: &str| format!("{home}{path}");
    let settings = at("/pool/settings");
    let forms = vec![
        form(at("/tenants/new"), at("/tenants"), "Add tenant", &[("name", ""), ("cap", "x")][..], "Error: "),
        form(at("/seats/new"), at("/seats/new"), "Add seat", &[("email", "")], "Error: "),
        form(at("/seats/import"), at("/seats/import"), "Import seats", &[("csv", "email\nnobody")], "Error: "),
        form(tenant.clone(), format!("{tenant}/shares"), "Save share", &[("cap", "x")], "Error: "),
        form(settings.clone(), settings.clone(), "Save settings", &[("lead", "7"), ("grace", "8")], "Error: "),
        form(settings, at("/pool/licenses"), "Set number of licenses", &[("licenses", "0")], "Fewer licenses"),
    ];
    (paths, forms)
}
