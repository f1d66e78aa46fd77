//! What is told of licenses and seats while meetings run and afterwards: to the operator, and to an admin in a sheet.

use super::starting::enter;
use super::*;
use crate::domain::ids::MeetingId;
use crate::domain::pool::{PoolSettings, Release};
use crate::store::{meetings, pool};
use crate::web::tests::path_of;
use crate::zoom::label::Label;

async fn operator(scene: &Scene) -> Browser {
    let (address, name) = ("op@duologue.example", PersonName::parse("Olga Petrova").unwrap());
    let link = scene.app.add_operator(&scene.console, EmailAddress::parse(address).unwrap(), name).await.unwrap();
    let mut browser = Browser::of(&scene.app);
    browser.enter_by(&path_of(&link), address).await;
    browser
}

async fn pool_page(operator: &mut Browser) -> String {
    words(&operator.get("/operator/pool/now").await.body)
}

#[actix_web::test]
async fn a_license_that_stays_on_its_seat_shows_the_meeting_of_now() {
    let scene = Scene::new(1).await;
    let settings = PoolSettings { licenses: 1, release: Release::WhenNeeded, ..PoolSettings::defaults() };
    scene.app.set_pool(&scene.console, settings).await.unwrap().unwrap();
    let (mut operator, mut bo) = (operator(&scene).await, scene.browser(BO).await);
    let first = bo.books("2026-11-24", "15:00", &[]).await;
    let second = bo.books("2026-11-24", "16:00", &[("key", "abcdefghijklmnop")]).await;
    scene.at(116).await;
    let tile = pool_page(&mut operator).await;
    assert!(tile.contains("Attached seat-of-bo-at-acme.example@ours.example The acme practice Bo Lind, 14:00"), "{tile}");
    scene.at(120).await;
    let number = enter(&scene, bo.post(&format!("{first}/start"), &[]).await.header("location"));
    scene.at(145).await;
    let tile = pool_page(&mut operator).await;
    assert!(
        tile.contains("In a meeting seat-of-bo") && tile.contains("Bo Lind, 14:00") && tile.contains("Since 25 minutes ago"),
        "{tile}"
    );
    scene.zoom(|zoom, now| zoom.end(now, number, "done"));
    scene.settle().await;
    scene.at(153).await;
    let tile = pool_page(&mut operator).await;
    assert!(tile.contains("Attached seat-of-bo") && !tile.contains("Bo Lind"), "nobody uses it: {tile}");
    scene.at(180).await;
    enter(&scene, bo.post(&format!("{second}/start"), &[]).await.header("location"));
    scene.at(185).await;
    let tile = pool_page(&mut operator).await;
    assert!(
        tile.contains("In a meeting seat-of-bo") && tile.contains("Bo Lind, 15:00"),
        "it was put there for the first: {tile}"
    );
    assert!(tile.contains("Since 5 minutes ago"), "the meeting, not the license: {tile}");
}

/// It becomes that many minutes after noon; whether Zoom was asked anything then, and whether the page warns of webhooks.
async fn asks_and_warns(scene: &Scene, operator: &mut Browser, minute: i64) -> (bool, bool) {
    let asked = || scene.zoom(|zoom, _| zoom.limits().usage(Label::Light).today);
    let before = asked();
    scene.at(minute).await;
    let page = operator.get("/operator/pool/now").await.body;
    (asked() > before, count(&page, ".notice-warning") > 0)
}

#[actix_web::test]
async fn the_page_warns_of_webhooks_exactly_while_zoom_is_asked_instead() {
    let scene = Scene::new(1).await;
    let (mut operator, mut bo) = (operator(&scene).await, scene.browser(BO).await);
    let path = bo.books("2026-11-24", "15:00", &[("minutes", "120")]).await;
    scene.at(116).await;
    scene.at(120).await;
    let number = enter(&scene, bo.post(&format!("{path}/start"), &[]).await.header("location"));
    scene.settle().await;
    assert_eq!(asks_and_warns(&scene, &mut operator, 145).await, (false, false), "two people who talk send no webhook");
    assert!(pool_page(&mut operator).await.contains("The last one arrived 25 minutes ago."));
    let missed = scene.app.now();
    scene.app.store.write::<_, StoreError, _>(move |tx| pool::note_webhook_missed(tx, missed)).await.unwrap();
    assert_eq!(asks_and_warns(&scene, &mut operator, 150).await, (true, true));
    let told = "A webhook is missing: 5 minutes ago Zoom was found to have begun or ended a meeting of which none told.";
    let page = pool_page(&mut operator).await;
    assert!(page.contains(told) && page.contains("The last one arrived 30 minutes ago."), "{page}");
    assert_eq!(asks_and_warns(&scene, &mut operator, 180).await, (true, true), "none has arrived since");
    scene.zoom(|zoom, now| {
        let passcode = zoom.meetings().find(|meeting| meeting.number == number).unwrap().passcode.clone();
        zoom.client_arrives(now, number, &passcode, "Gil").unwrap();
    });
    scene.settle().await;
    assert_eq!(asks_and_warns(&scene, &mut operator, 185).await, (false, false), "they come again, for more than half an hour");
}

#[actix_web::test]
async fn one_webhook_soon_after_a_missing_one_is_not_enough() {
    let scene = Scene::new(1).await;
    let (mut operator, mut bo) = (operator(&scene).await, scene.browser(BO).await);
    let path = bo.books("2026-11-24", "15:00", &[("minutes", "120")]).await;
    scene.at(116).await;
    let missed = scene.app.now();
    scene.app.store.write::<_, StoreError, _>(move |tx| pool::note_webhook_missed(tx, missed)).await.unwrap();
    scene.at(120).await;
    enter(&scene, bo.post(&format!("{path}/start"), &[]).await.header("location"));
    scene.settle().await;
    assert_eq!(asks_and_warns(&scene, &mut operator, 145).await, (true, true));
    assert_eq!(asks_and_warns(&scene, &mut operator, 147).await, (false, false));
}

#[actix_web::test]
async fn a_sheet_names_the_seats_of_then() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    scene.at(116).await;
    scene.at(120).await;
    let number = enter(&scene, bo.post(&format!("{path}/start"), &[]).await.header("location"));
    scene.settle().await;
    scene.at(140).await;
    scene.zoom(|zoom, now| zoom.end(now, number, "done"));
    scene.settle().await;
    scene.at(150).await;
    let id = MeetingId::new(path.rsplit('/').next().unwrap());
    let scope = scene.people[BO].0.clone();
    let seat = scene.app.store.read::<_, StoreError, _>(move |tx| meetings::find(tx, &scope, &id)).await.unwrap().unwrap().seat;
    scene.app.assign_seat(&scene.console, seat, None, None).await.unwrap();
    let sheet = ana.get("/t/acme/usage.csv").await.body;
    let in_use: Vec<&str> = sheet.lines().filter(|line| line.starts_with("In use,")).collect();
    assert!(matches!(in_use[..], [line] if line.contains(",seat-of-bo-at-acme.example@ours.example,")), "{sheet}");
}
