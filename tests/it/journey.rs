//! The whole loop in a real browser, with scripts and without: a host starts a meeting on the spot, the client comes by the
//! link in their letter, both meet in the simulated Zoom, the host ends it, and the license goes back to the pool. And every
//! page as people see it: no accessibility defects, no scrolling sideways, no complaint in the console, valid HTML.

mod licenses;

use std::time::Duration;

use duologue::demo::Demo;
use fantoccini::Locator;
use fantoccini::elements::Element;

use crate::support::browser::{Options, Page, browse};
use crate::support::demo::{Visitor, demo};
use crate::support::html;

/// The longest that anything in the loop takes: the demo's license goes back 20 seconds after the end.
const PATIENCE: Duration = Duration::from_mins(1);

async fn element(page: &Page, xpath: &str) -> Element {
    let found = page.wait().at_most(PATIENCE).for_element(Locator::XPath(xpath)).await;
    match found {
        Ok(element) => element,
        Err(error) => panic!("{xpath} at {}: {error}\n{}", page.current_url().await.unwrap(), text(page).await),
    }
}

/// What the page says; nothing while it is being loaded.
async fn text(page: &Page) -> String {
    match page.find(Locator::Css("body")).await {
        Ok(body) => body.text().await.unwrap_or_default(),
        Err(_) => String::new(),
    }
}

async fn fill(page: &Page, name: &str, value: &str) {
    let field = element(page, &format!("//*[@name='{name}']")).await;
    field.clear().await.unwrap();
    field.send_keys(value).await.unwrap();
}

async fn press(page: &Page, label: &str) {
    element(page, &format!("//main//button[normalize-space()='{label}']")).await.click().await.unwrap();
}

/// Waits until the page says `words`. Without scripts a page says nothing new by itself: the person loads it again.
async fn until(page: &Page, scripts: bool, words: &str) {
    let seen = tokio::time::timeout(PATIENCE, async {
        let mut pause = tokio::time::interval(Duration::from_millis(200));
        while !text(page).await.contains(words) {
            pause.tick().await;
            if !scripts {
                page.refresh().await.unwrap();
            }
        }
    });
    assert!(seen.await.is_ok(), "{} never said {words:?}:\n{}", page.current_url().await.unwrap(), text(page).await);
}

async fn sign_in(page: &Page, place: &str, email: &str) {
    page.goto(&format!("{place}/sign-in")).await.unwrap();
    fill(page, "email", email).await;
    fill(page, "password", duologue::demo::PASSWORD).await;
    press(page, "Sign in").await;
    element(page, "//header//*[contains(., 'Sign out')]").await;
}

async fn the_loop(scripts: bool) {
    let (demo, _folder) = demo().await;
    let options = || if scripts { Options::default() } else { Options::without_javascript() };
    let picture = |name: &str| format!("loop-{}-{name}", if scripts { "scripts" } else { "plain" });
    browse(options(), async |host| {
        browse(options(), async |client| {
            // The host asks for a meeting now.
            sign_in(host, &format!("{}/t/north-clinic", demo.portal), "ben@north-clinic.example").await;
            host.goto(&format!("{}/t/north-clinic/meetings/now", demo.portal)).await.unwrap();
            fill(host, "client_name", "Paula Vance").await;
            fill(host, "client_email", "paula@mail.example").await;
            press(host, "Get the meeting ready").await;
            until(host, scripts, "Paula Vance").await;
            let meeting = host.current_url().await.unwrap();

            // The client finds the letter and says that they are here.
            let link = letter_link(&demo, "paula@mail.example").await;
            client.goto(&link).await.unwrap();
            press(client, "I am here").await;
            until(client, scripts, "knows that you are here").await;
            client.screenshot(&picture("client-waits")).await;
            until(host, scripts, "Client arrived").await;

            // The host starts it and is in Zoom's room; a license is on the seat.
            element(host, "//main//button[starts-with(normalize-space(), 'Start')]").await.click().await.unwrap();
            until(host, true, "In the meeting").await;
            assert!(host.current_url().await.unwrap().as_str().starts_with(&demo.simulator));
            assert_eq!(licenses_in_use(&demo), 1);
            let room = host.current_url().await.unwrap();
            host.screenshot(&picture("room")).await;

            // The client's page lets them in with one click.
            until(client, scripts, "Join the meeting").await;
            client.screenshot(&picture("client-joins")).await;
            press(client, "Join the meeting").await;
            fill(client, "name", "Paula Vance").await;
            press(client, "Enter the room").await;
            until(client, scripts, "In the meeting").await;

            // The meeting's page says that it is live, and, once the host has ended it, that it is over.
            host.goto(meeting.as_str()).await.unwrap();
            until(host, scripts, "Live").await;
            host.screenshot(&picture("live")).await;
            host.goto(room.as_str()).await.unwrap();
            press(host, "End meeting for all").await;
            until(host, scripts, "The meeting has ended").await;
            host.goto(meeting.as_str()).await.unwrap();
            until(host, scripts, "Ended").await;
            client.goto(&link).await.unwrap();
            until(client, scripts, "This meeting is over").await;

            // The operator sees the license go back to the pool.
            sign_in(client, &format!("{}/operator", demo.portal), "operator@duologue.example").await;
            client.goto(&format!("{}/operator", demo.portal)).await.unwrap();
            let gone_back = tokio::time::timeout(PATIENCE, async {
                let mut pause = tokio::time::interval(Duration::from_millis(200));
                while licenses_in_use(&demo) > 0 {
                    pause.tick().await;
                }
            });
            assert!(gone_back.await.is_ok(), "the license did not go back");
            client.screenshot(&picture("pool")).await;
        })
        .await;
    })
    .await;
}

/// The client's link, read where a person reads it: in the letter on the mailbox page.
async fn letter_link(demo: &Demo, address: &str) -> String {
    let mailbox = Visitor::nobody(&demo.simulator);
    let read = tokio::time::timeout(PATIENCE, async {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        loop {
            pause.tick().await;
            let list = mailbox.get(&format!("/mailbox?to={address}")).await;
            if let Some(letter) = html::attributes(&list.body, "th a", "href").into_iter().next() {
                let letter = mailbox.get(&letter).await;
                let links = html::attributes(&letter.body, "a", "href");
                break links.into_iter().find(|link| link.contains("/j/")).expect("the letter has the join link");
            }
        }
    });
    read.await.expect("the letter was sent")
}

fn licenses_in_use(demo: &Demo) -> u32 {
    demo.world.lock().unwrap().licenses_in_use()
}

#[actix_web::test]
async fn the_whole_loop_with_scripts() {
    the_loop(true).await;
}

#[actix_web::test]
async fn the_whole_loop_without_scripts() {
    the_loop(false).await;
}

/// What is wrong with the page in front of the person.
async fn defects(page: &Page, name: &str, source: &str) -> Vec<String> {
    let mut found: Vec<String> = html::parse_errors(source).into_iter().map(|error| format!("{name}: HTML: {error}")).collect();
    found.extend(page.axe().await.into_iter().map(|violation| format!("{name}: {violation:?}")));
    let overflow = page.sideways_overflow().await;
    if overflow > 0 {
        found.push(format!("{name}: {overflow} pixels too wide"));
    }
    found.extend(page.console_errors().await.into_iter().map(|error| format!("{name}: console: {error}")));
    found
}

/// Goes through `paths` and looks at each.
async fn look(page: &Page, visitor: &Visitor, portal: &str, paths: &[String], look: &str) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths {
        page.goto(&format!("{portal}{path}")).await.unwrap();
        let name = format!("{look}{}", path.replace(['/', '?', '='], "-"));
        let source = visitor.get(path).await;
        assert!(source.status == 200 || path.ends_with("/nowhere"), "{path}: {}", source.status);
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

fn below(base: &str, pages: &[&str]) -> Vec<String> {
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
    let mut public = below("", &["/", "/t/north-clinic/sign-in", "/t/north-clinic/forgotten", "/operator/sign-in", "/nowhere"]);
    public.push(letter_link(&demo, "gil@mail.example").await.replace(&demo.app.url(""), ""));
    let clinic_pages = ["", "/meetings", "/meetings?when=past", "/meetings?q=nothing", "/meetings/new", "/meetings/now"];
    let mut own = below("/t/north-clinic", &clinic_pages);
    own.extend(below(
        "/t/north-clinic",
        &["/users", "/users/new", "/settings", "/usage", "/usage?from=2020-01-01&until=2020-01-02", "/audit"],
    ));
    own.push("/account".to_owned());
    own.push(first_of(&admin, "/t/north-clinic/users").await);
    let meeting = first_of(&admin, "/t/north-clinic/meetings").await;
    own.extend(below(&meeting, &["", "/reschedule", "/cancel"]));
    let pool = ["", "/pool/settings", "/seats", "/seats/new", "/seats/import", "/tenants", "/tenants/new"];
    let mut run = below("/operator", &pool);
    run.extend(below(
        "/operator",
        &["/meetings", "/ledger", "/ledger?from=2020-01-01&until=2020-01-02", "/webhooks", "/mail", "/audit"],
    ));
    run.push(first_of(&operator, "/operator/seats").await);
    run.push(first_of(&operator, "/operator/tenants").await);
    let mut found = Vec::new();
    for (name, options) in looks {
        browse(options, async |page| {
            found.extend(look(page, &nobody, portal, &public, name).await);
            sign_in(page, &clinic, "ana@north-clinic.example").await;
            found.extend(look(page, &admin, portal, &own, name).await);
            page.delete_all_cookies().await.unwrap();
            sign_in(page, &format!("{portal}/operator"), "operator@duologue.example").await;
            found.extend(look(page, &operator, portal, &run, name).await);
        })
        .await;
    }
    // A page that is not there is answered with 404, which the console reports.
    found.retain(|defect| !(defect.contains("nowhere") && defect.contains("404")));
    assert!(found.is_empty(), "{} defects\n{}", found.len(), found.join("\n"));
}
