use super::*;
use crate::zoom::simulator::{Fault, Odds};

/// Follows a start link into the simulated room.
pub(super) fn enter(scene: &Scene, link: &str) -> i64 {
    let url = url::Url::parse(link).unwrap();
    let zak = url.query_pairs().find(|(name, _)| name == "zak").unwrap().1.into_owned();
    let number = url.path_segments().unwrap().next_back().unwrap().parse().unwrap();
    scene.zoom(|zoom, now| zoom.host_arrives(now, number, &zak, false)).unwrap();
    number
}

#[actix_web::test]
async fn start_leads_to_zoom_and_end_ends_it() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    scene.at(116).await;
    assert!(words(&bo.get(&path).await.body).contains("License ready"));
    scene.at(120).await;
    assert_eq!(ana.post(&format!("{path}/start"), &[]).await.status, 404, "only its host starts it");
    let started = bo.post(&format!("{path}/start"), &[]).await;
    assert_eq!(started.status, 303, "{}", words(&started.body));
    assert!(started.header("location").starts_with("https://zoom.us/s/"));
    assert_eq!(started.header("cache-control"), "no-store");
    enter(&scene, started.header("location"));
    scene.at(125).await;
    let page = bo.get(&path).await;
    let text = words(&page.body);
    assert!(
        text.contains("Running for 5 minutes") && text.contains("License in use") && text.contains("Return to meeting"),
        "{text}"
    );
    assert!(!page.body.contains("zak="), "the start link is on no page");
    assert_eq!(bo.post(&format!("{path}/cancellation"), &[]).await.status, 303);
    assert!(words(&bo.get(&path).await.body).contains("cannot be cancelled any more"));
    let dashboard = words(&bo.get("/t/acme").await.body);
    assert!(dashboard.contains("Now License in use Follow-up Running for 5 minutes"), "{dashboard}");
    assert_eq!(ana.post(&format!("{path}/end"), &[]).await.status, 404);
    assert_eq!(bo.post(&format!("{path}/end"), &[]).await.status, 303);
    scene.at(126).await;
    assert!(words(&bo.get(&path).await.body).contains("Ended"));
}

/// The client presses the button behind their link.
async fn arrives(scene: &Scene, page: &str) {
    let link = attribute(page, "#join-link", "value");
    scene.app.arrive(link.rsplit('/').next().unwrap()).await.unwrap().unwrap();
}

#[actix_web::test]
async fn a_client_is_there_for_as_long_as_the_meeting_runs_and_has_come_afterwards() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[("minutes", "60")]).await;
    scene.at(60).await;
    arrives(&scene, &bo.get(&path).await.body).await;
    scene.at(91).await;
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("Client here Not yet seen"), "who waited an hour before may have gone: {text}");
    scene.at(118).await;
    arrives(&scene, &bo.get(&path).await.body).await;
    scene.at(120).await;
    let number = enter(&scene, bo.post(&format!("{path}/start"), &[]).await.header("location"));
    for minute in [121, 151, 175] {
        scene.at(minute).await;
        for page in [path.as_str(), "/t/acme"] {
            let text = words(&bo.get(page).await.body);
            assert!(text.contains("Client arrived 14:58"), "{minute}: {text}");
        }
    }
    scene.zoom(|zoom, now| zoom.end(now, number, "done"));
    scene.settle().await;
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("Ended less than a minute ago") && text.contains("Client Came 14:58"), "{text}");
    assert!(!text.contains("Not yet seen") && !text.contains("At Zoom"), "{text}");
    assert!(text.contains("Still on the host's Zoom seat, in case the meeting starts again."), "{text}");
    scene.at(180).await;
    assert!(words(&bo.get(&path).await.body).contains("Free for others since the meeting ended."));
}

#[actix_web::test]
async fn a_client_who_stays_away_did_not_come_and_nobody_looks_for_one_who_was_put_off() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    let put_off = bo.books("2026-11-25", "15:00", &[("key", "abcdefghijklmnop")]).await;
    scene.at(120).await;
    let number = enter(&scene, bo.post(&format!("{path}/start"), &[]).await.header("location"));
    scene.at(151).await;
    assert!(words(&bo.get(&path).await.body).contains("Client here Not yet seen"));
    scene.zoom(|zoom, now| zoom.end(now, number, "done"));
    scene.settle().await;
    assert!(words(&bo.get(&path).await.body).contains("Client Did not come"));
    bo.post(&format!("{put_off}/cancellation"), &[]).await;
    let text = words(&bo.get(&put_off).await.body);
    assert!(text.contains("Cancelled") && !text.contains("Client here") && !text.contains("Did not come"), "{text}");
}

#[actix_web::test]
async fn without_a_license_the_host_may_wait_or_begin_all_the_same() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    let first = ana.books("2026-11-24", "15:00", &[]).await;
    let early = bo.books("2026-11-24", "17:00", &[("key", "abcdefghijklmnop")]).await;
    scene.at(120).await;
    enter(&scene, ana.post(&format!("{first}/start"), &[]).await.header("location"));
    scene.settle().await;
    let refused = bo.post(&format!("{early}/start"), &[]).await;
    let text = words(&refused.body);
    assert_eq!(refused.status, 409, "{text}");
    assert!(text.contains("No license is free now") && text.contains("a license is free in about"), "{text}");
    assert_eq!(count(&refused.body, "form[action$='/start']"), 2);
    assert_eq!(count(&refused.body, "form[action$='/wait']"), 1);
    let without = bo.post(&format!("{early}/start"), &[("without", "1")]).await;
    assert_eq!(without.status, 303, "{}", words(&without.body));
    assert!(without.header("location").starts_with("https://zoom.us/s/"));
}

#[actix_web::test]
async fn an_overrun_is_explained_before_and_at_the_start() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    let first = ana.books("2026-11-24", "15:00", &[]).await;
    let next = bo.books("2026-11-24", "15:40", &[("key", "abcdefghijklmnop")]).await;
    scene.at(120).await;
    enter(&scene, ana.post(&format!("{first}/start"), &[]).await.header("location"));
    for minute in 121..=160 {
        scene.at(minute).await;
    }
    let text = words(&bo.get("/t/acme").await.body);
    assert!(text.contains("an earlier meeting runs late"), "{text}");
    let refused = bo.post(&format!("{next}/start"), &[]).await;
    assert_eq!(refused.status, 409);
    assert!(words(&refused.body).contains("No license is free yet"), "{}", words(&refused.body));
    assert!(words(&bo.get(&next).await.body).contains("No license was free"));
}

#[actix_web::test]
async fn while_a_meeting_runs_the_next_one_is_told_of_too() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let first = bo.books("2026-11-24", "15:00", &[]).await;
    let second = bo.books("2026-11-24", "15:30", &[("key", "abcdefghijklmnop"), ("topic", "The one after")]).await;
    scene.at(119).await;
    assert!(!words(&bo.get("/t/acme").await.body).contains("Next: "), "what is next is the first one, on top");
    scene.at(120).await;
    let number = enter(&scene, bo.post(&format!("{first}/start"), &[]).await.header("location"));
    scene.at(123).await;
    for page in ["/t/acme", "/t/acme/now"] {
        let text = words(&bo.get(page).await.body);
        assert!(text.contains("Now License in use Follow-up") && text.contains("Next: The one after License reserved"), "{text}");
        assert!(text.contains("with Gil Moreno, Today, 15:30–16:00") && text.contains("Starts in 27 minutes"), "{text}");
    }
    arrives(&scene, &bo.get(&second).await.body).await;
    scene.at(151).await;
    let page = bo.get("/t/acme").await;
    let text = words(&page.body);
    assert!(text.contains("Client arrived 15:03") && text.contains("Should have begun 1 minute ago"), "{text}");
    assert_eq!(count(&page.body, &format!("#main a.btn[href='{second}']")), 1);
    scene.zoom(|zoom, now| zoom.end(now, number, "done"));
    scene.at(152).await;
    let text = words(&bo.get("/t/acme").await.body);
    assert!(text.contains("Due now") && !text.contains("Next: "), "{text}");
}

#[actix_web::test]
async fn a_start_over_another_meeting_of_the_same_host_is_refused() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let first = bo.books("2026-11-24", "15:00", &[]).await;
    let second = bo.books("2026-11-24", "17:00", &[("key", "abcdefghijklmnop")]).await;
    scene.at(120).await;
    enter(&scene, bo.post(&format!("{first}/start"), &[]).await.header("location"));
    scene.settle().await;
    let refused = bo.post(&format!("{second}/start"), &[("without", "1")]).await;
    assert_eq!(refused.status, 409);
    assert!(words(&refused.body).contains("You are in another meeting"));
    assert_eq!(count(&refused.body, "input[name=without]"), 0);
    assert!(words(&refused.body).contains("“Follow-up” with Gil Moreno runs on your Zoom seat"), "{}", words(&refused.body));
    assert_eq!(count(&refused.body, &format!("a[href='{first}']")), 1, "one click leads to the one that runs");
}

#[actix_web::test]
async fn a_start_into_the_next_meeting_of_the_same_host_names_it() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let first = bo.books("2026-11-24", "15:00", &[]).await;
    let second = bo.books("2026-11-24", "15:30", &[("key", "abcdefghijklmnop"), ("topic", "The next")]).await;
    scene.at(120).await;
    let number = enter(&scene, bo.post(&format!("{first}/start"), &[]).await.header("location"));
    scene.at(140).await;
    scene.zoom(|zoom, now| zoom.end(now, number, "done"));
    scene.at(148).await;
    let refused = bo.post(&format!("{first}/start"), &[]).await;
    let text = words(&refused.body);
    assert_eq!(refused.status, 409, "{text}");
    assert!(text.contains("Another meeting of yours comes first") && text.contains("“The next” with Gil Moreno"), "{text}");
    assert_eq!(count(&refused.body, &format!("a[href='{second}']")), 1);
}

#[actix_web::test]
async fn who_is_too_early_is_led_on() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-25", "15:00", &[]).await;
    let early = bo.post(&format!("{path}/start"), &[]).await;
    assert_eq!(early.status, 409);
    assert!(words(&early.body).contains("Wednesday 25 November 2026, 15:00 (Madrid, UTC+1)"), "{}", words(&early.body));
    assert_eq!(count(&early.body, &format!("a[href='{path}/reschedule'], a[href='/t/acme/meetings/now']")), 2);
}

#[actix_web::test]
async fn what_was_cancelled_does_not_start_and_trouble_at_zoom_is_explained() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    scene.at(120).await;
    scene.zoom(|zoom, _| zoom.faults_mut().set(Fault::ServerError, Odds { next: 0, per_mille: 1000 }));
    let trouble = bo.post(&format!("{path}/start"), &[]).await;
    assert_eq!(trouble.status, 503, "{}", words(&trouble.body));
    assert!(
        words(&trouble.body).contains("Zoom does not answer. Wait a moment and press Start again."),
        "{}",
        words(&trouble.body)
    );
    scene.zoom(|zoom, _| zoom.faults_mut().set(Fault::ServerError, Odds::default()));
    bo.post(&format!("{path}/cancellation"), &[]).await;
    let cancelled = bo.post(&format!("{path}/start"), &[]).await;
    assert_eq!(cancelled.status, 409);
    assert!(words(&cancelled.body).contains("This meeting was cancelled"));
}

#[actix_web::test]
async fn a_link_that_leads_elsewhere_is_not_followed() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    scene.at(120).await;
    scene.zoom(|zoom, _| zoom.settings_mut().base_url = "https://evil.example".to_owned());
    let seen = bo.post(&format!("{path}/start"), &[]).await;
    assert_eq!((seen.status, seen.header("location")), (500, ""));
    assert!(!seen.body.contains("zak="));
}

#[actix_web::test]
async fn a_seat_that_zoom_has_switched_off_is_named_and_start_says_what_helps() {
    let scene = Scene::new(1).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    scene.at(60).await;
    let zoom_user = scene.zoom(|zoom, _| zoom.users().find(|user| user.email.starts_with("seat-of-bo")).unwrap().id.clone());
    scene.zoom(|zoom, now| zoom.deactivate_user(now, &zoom_user));
    scene.settle().await;
    scene.at(116).await;
    scene.settle().await;
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("Seat cannot host") && text.contains("switched off at Zoom, so nobody can host on it."), "{text}");
    assert!(text.contains("if one is free for you") && !text.contains("Begin without"), "{text}");
    assert!(!text.contains("has not given") && !text.contains("asked again"), "that does not pass by itself: {text}");
    let refused = bo.post(&format!("{path}/start"), &[]).await;
    let text = words(&refused.body);
    assert_eq!(refused.status, 409, "{text}");
    assert!(
        text.contains("No Zoom seat can host this meeting") && text.contains("the portal's operator can repair the seat"),
        "{text}"
    );
}
