//! The whole loop in a real browser, with scripts and without: a host starts a meeting on the spot, the client comes by the
//! link in their letter, both meet in the simulated Zoom, the host ends it, and the license goes back to the pool. On the way
//! every page of theirs is looked at as it is then.

mod licenses;
mod pages;

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
            clean(host).await;
            host.goto(&format!("{}/t/north-clinic/meetings/now", demo.portal)).await.unwrap();
            fill(host, "client_name", "Paula Vance").await;
            fill(host, "client_email", "paula@mail.example").await;
            press(host, "Get the meeting ready").await;
            until(host, scripts, "Paula Vance").await;
            let meeting = host.current_url().await.unwrap();
            clean(host).await;

            // The client finds the letter and says that they are here.
            let link = letter_link(&demo, "paula@mail.example", "/j/").await;
            client.goto(&link).await.unwrap();
            clean(client).await;
            press(client, "I am here").await;
            until(client, scripts, "knows that you are here").await;
            clean(client).await;
            client.screenshot(&picture("client-waits")).await;
            until(host, scripts, "Client arrived").await;
            until(host, scripts, "The client arrived").await;
            clean(host).await;

            // The host starts it and is in Zoom's room; a license is on the seat.
            element(host, "//main//button[starts-with(normalize-space(), 'Start')]").await.click().await.unwrap();
            until(host, true, "In the meeting").await;
            clean(host).await;
            assert!(host.current_url().await.unwrap().as_str().starts_with(&demo.simulator));
            assert_eq!(licenses_in_use(&demo), 1);
            let room = host.current_url().await.unwrap();
            host.screenshot(&picture("room")).await;

            // The client's page lets them in with one click.
            until(client, scripts, "Join the meeting").await;
            clean(client).await;
            client.screenshot(&picture("client-joins")).await;
            press(client, "Join the meeting").await;
            element(client, "//button[normalize-space()='Enter the room']").await;
            clean(client).await;
            fill(client, "name", "Paula Vance").await;
            press(client, "Enter the room").await;
            until(client, scripts, "In the meeting").await;

            // The meeting's page says that it is live, and, once the host has ended it, that it is over.
            host.goto(meeting.as_str()).await.unwrap();
            until(host, scripts, "Live").await;
            clean(host).await;
            host.screenshot(&picture("live")).await;
            host.goto(room.as_str()).await.unwrap();
            press(host, "End meeting for all").await;
            until(host, scripts, "The meeting has ended").await;
            clean(host).await;
            host.goto(meeting.as_str()).await.unwrap();
            until(host, scripts, "Ended").await;
            clean(host).await;
            client.goto(&link).await.unwrap();
            until(client, scripts, "This meeting is over").await;
            clean(client).await;

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
            clean(client).await;
            client.screenshot(&picture("pool")).await;
        })
        .await;
    })
    .await;
}

/// Sees that nobody is kept out of the page in front of them, in the state it is in now.
async fn clean(page: &Page) {
    let found = (page.axe().await, page.spills().await, page.sideways_overflow().await);
    assert!(found.0.is_empty() && found.1.is_empty() && found.2 <= 0, "{}: {found:?}", page.current_url().await.unwrap());
}

/// The link with `piece` in it, read where a person reads it: in the newest letter to them on the mailbox page.
async fn letter_link(demo: &Demo, address: &str, piece: &str) -> String {
    let mailbox = Visitor::nobody(&demo.simulator);
    let read = tokio::time::timeout(PATIENCE, async {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        loop {
            pause.tick().await;
            let list = mailbox.get(&format!("/mailbox?to={address}")).await;
            if let Some(letter) = html::attributes(&list.body, "th a", "href").into_iter().next() {
                let letter = mailbox.get(&letter).await;
                let links = html::attributes(&letter.body, "a", "href");
                break links.into_iter().find(|link| link.contains(piece)).expect("the letter has the link");
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
