use super::*;
use crate::domain::ids::MeetingId;
use crate::domain::pool::{Freeze, PoolSettings};
use crate::store::pool;
use crate::zoom::simulator::{Fault, Odds};

/// What a host who wants to meet now sends; the key is all that differs.
fn now(key: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![("key", key), ("client_name", "Gil Moreno"), ("client_email", "gil@mail.example"), ("minutes", "45")]
}

const ANAS: &str = "0123456789abcdef";
const BOS: &str = "fedcba9876543210";

/// One license, on Ana's meeting of this moment; Bo is told to wait, and gets in line.
async fn bo_in_line() -> (Scene, Visitor, String, Visitor, String) {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    let anas = ana.post("/t/acme/meetings/now", &now(ANAS)).await;
    scene.settle().await;
    let waits = bo.post("/t/acme/meetings/now", &[&now(BOS)[..], &[("wait", "1")]].concat()).await;
    assert_eq!(waits.status, 303, "{}", words(&waits.body));
    (scene, ana, anas.header("location").to_owned(), bo, waits.header("location").to_owned())
}

#[actix_web::test]
async fn a_refusal_on_the_spot_offers_a_place_in_line() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    assert_eq!(ana.post("/t/acme/meetings/now", &now(ANAS)).await.status, 303);
    let refused = bo.post("/t/acme/meetings/now", &now(BOS)).await;
    let text = words(&refused.body);
    assert_eq!(refused.status, 422);
    assert!(text.contains("All licenses are in use, or reserved"), "{text}");
    assert!(text.contains("Wait in line: you would be number 1; as meetings are planned, a license is free in about"), "{text}");
    assert_eq!(count(&refused.body, "button[form=booking][name=wait][value='1']"), 1);
    assert_eq!(count(&refused.body, "button[form=booking][name=start]"), 3, "the nearest times stay");
    assert_eq!(attribute(&refused.body, "input[name=key]", "value"), BOS, "the same form can wait");
}

#[actix_web::test]
async fn waiting_does_not_help_who_is_in_a_meeting() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    assert_eq!(bo.post("/t/acme/meetings/now", &now(BOS)).await.status, 303);
    let busy = bo.post("/t/acme/meetings/now", &now(ANAS)).await;
    assert_eq!((busy.status, count(&busy.body, "button[name=wait]")), (422, 0));
    assert!(words(&busy.body).contains("You or your Zoom seat are in a meeting, or have one"));
}

#[actix_web::test]
async fn no_refusal_is_without_a_way_on() {
    let scene = Scene::new(1).await;
    let mut bo = scene.browser(BO).await;
    scene.app.set_licenses(&scene.console, 0).await.unwrap().unwrap();
    let refused = bo.post("/t/acme/meetings/now", &now(BOS)).await;
    let text = words(&refused.body);
    assert_eq!(count(&refused.body, "button[name=start]"), 0);
    assert!(text.contains("No free time was found in the next two months."), "{text}");
    assert!(text.contains("none comes free for this one in the next hours"), "{text}");
    let refused = bo.post("/t/acme/meetings", &booking("2026-11-24", "15:00", &[])).await;
    assert!(words(&refused.body).contains("ask an administrator to talk to the operator"), "{}", words(&refused.body));
}

#[actix_web::test]
async fn the_meetings_page_shows_the_place_in_line_until_the_license_is_there() {
    let (scene, mut ana, anas, mut bo, bos) = bo_in_line().await;
    let page = bo.get(&bos).await;
    let text = words(&page.body);
    assert!(text.contains("You are in line. This page says when your license is ready."), "{text}");
    assert!(text.contains("as soon as a license is there, for 45 minutes"), "{text}");
    assert!(text.contains("Number 1 in line, about") && text.contains("Your client is invited then"), "{text}");
    assert_eq!(count(&page.body, "form[action$='/wait/end']"), 1);
    assert_eq!(count(&page.body, "form[action$='/start'] input[name=without]"), 1);
    assert_eq!(count(&page.body, "a[href$='/reschedule'], a[href$='/cancel'], form[action$='/invitations']"), 0);
    assert!(words(&bo.get(&format!("{bos}/status")).await.body).contains("Number 1 in line"));
    let dashboard = words(&bo.get("/t/acme/now").await.body);
    assert!(dashboard.contains("Waiting In line Meeting with Bo Lind Number 1 in line"), "{dashboard}");
    assert!(words(&bo.get("/t/acme/meetings").await.body).contains("In line"));
    let letters = |mailer: &Mailer| match mailer {
        Mailer::Mailbox(mailbox) => mailbox.list().len(),
        Mailer::Smtp(_) => 0,
    };
    let before = letters(&scene.app.mailer);
    ana.post(&format!("{anas}/cancellation"), &[]).await;
    scene.at(1).await;
    scene.settle().await;
    let text = words(&bo.get(&bos).await.body);
    assert!(text.contains("Your license is ready: press Start.") && text.contains("A license came free for it"), "{text}");
    assert!(letters(&scene.app.mailer) > before, "the client is invited now");
    assert_eq!(bo.post(&format!("{bos}/start"), &[]).await.status, 303);
}

#[actix_web::test]
async fn leaving_the_line_calls_the_meeting_off() {
    let (_scene, _ana, _anas, mut bo, bos) = bo_in_line().await;
    assert_eq!(bo.get(&format!("{bos}/cancel")).await.status, 303, "there is nobody to tell");
    assert!(words(&bo.get(&bos).await.body).contains("Leave the line to call it off."));
    assert_eq!(bo.get(&format!("{bos}/reschedule")).await.status, 303);
    assert!(words(&bo.get(&bos).await.body).contains("in line for a license, so it cannot be moved"));
    assert_eq!(bo.post(&format!("{bos}/wait/end"), &[]).await.status, 303);
    let text = words(&bo.get(&bos).await.body);
    assert!(text.contains("the meeting is called off. The client was not told of it."), "{text}");
    assert!(text.contains("Bo Lind left the line, and it was called off"), "{text}");
    assert_eq!(bo.post(&format!("{bos}/wait/end"), &[]).await.status, 303);
    assert!(words(&bo.get(&bos).await.body).contains("not in line any more"));
    let again = bo.post("/t/acme/meetings/now", &now(BOS)).await;
    assert_eq!(again.status, 422, "what this form has made is over");
    assert_eq!(attribute(&again.body, ".error-summary a", "href"), bos);
}

#[actix_web::test]
async fn who_waits_may_begin_without_and_is_told_when_zoom_ends_it() {
    let (scene, _ana, _anas, mut bo, bos) = bo_in_line().await;
    let started = bo.post(&format!("{bos}/start"), &[("without", "1")]).await;
    assert_eq!(started.status, 303, "{}", words(&started.body));
    super::starting::enter(&scene, started.header("location"));
    scene.at(5).await;
    let text = words(&bo.get(&bos).await.body);
    assert!(text.contains("No license: ends 13:40") && text.contains("Zoom ends it at 13:40"), "{text}");
    let dashboard = words(&bo.get("/t/acme").await.body);
    assert!(dashboard.contains("Now No license: ends 13:40"), "{dashboard}");
    assert!(dashboard.contains("Live No license: ends 13:40"), "the list says it too: {dashboard}");
}

#[actix_web::test]
async fn a_refused_start_can_wait_in_line() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    let later = bo.books("2026-11-24", "14:30", &[("key", BOS)]).await;
    assert_eq!(ana.post("/t/acme/meetings/now", &now(ANAS)).await.status, 303);
    let refused = bo.post(&format!("{later}/start"), &[]).await;
    let text = words(&refused.body);
    assert_eq!(refused.status, 409, "{text}");
    assert!(text.contains("Wait in line: you would be number 1; as meetings are planned"), "{text}");
    assert_eq!((count(&refused.body, "form[action$='/wait']"), count(&refused.body, "input[name=without]")), (1, 1));
    assert_eq!(bo.post(&format!("{later}/wait"), &[]).await.status, 303);
    assert!(words(&bo.get(&later).await.body).contains("Number 1 in line, about"));
    let again = bo.post(&format!("{later}/start"), &[]).await;
    let text = words(&again.body);
    assert!(text.contains("Number 1 in line") && text.contains("Back to your place in line"), "{text}");
    assert_eq!(count(&again.body, "form[action$='/wait']"), 0);
    assert_eq!(bo.post(&format!("{later}/wait/end"), &[]).await.status, 303);
    let text = words(&bo.get(&later).await.body);
    assert!(text.contains("The meeting itself has not changed.") && text.contains("License reserved"), "{text}");
}

#[actix_web::test]
async fn there_is_nothing_to_wait_for_where_a_license_is_promised() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.post("/t/acme/meetings/now", &now(BOS)).await.header("location").to_owned();
    assert_eq!(bo.post(&format!("{path}/wait"), &[]).await.status, 303);
    assert!(words(&bo.get(&path).await.body).contains("There is nothing to wait for"));
}

#[actix_web::test]
async fn the_line_of_others_does_not_exist() {
    let (scene, _ana, _anas, _bo, bos) = bo_in_line().await;
    let mut cy = scene.browser(CY).await;
    for change in ["wait", "wait/end"] {
        assert_eq!(cy.post(&format!("{}/{change}", bos.replace("/acme/", "/globex/")), &[]).await.status, 404);
        assert_eq!(cy.post(&format!("{bos}/{change}"), &[]).await.status, 404);
    }
}

#[actix_web::test]
async fn while_zoom_lets_no_license_move_the_words_say_so() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    let path = bo.books("2026-11-24", "13:30", &[("key", BOS)]).await;
    scene.zoom(|zoom, _| zoom.faults_mut().set(Fault::LicenseFreeze, Odds { next: 0, per_mille: 1000 }));
    scene.at(26).await;
    scene.at(27).await;
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("Zoom is not letting licenses move at the moment, and is asked again every 15 minutes."), "{text}");
    let dashboard = bo.get("/t/acme").await;
    assert!(words(&dashboard.body).contains("Begin now without one"), "{}", words(&dashboard.body));
    assert_eq!(count(&dashboard.body, ".notice form[action$='/start'] input[name=without]"), 1);
    let refused = bo.post(&format!("{path}/start"), &[]).await;
    assert_eq!(refused.status, 503);
    assert!(words(&refused.body).contains("Zoom is not letting licenses move"), "{}", words(&refused.body));
    let spot = ana.post("/t/acme/meetings/now", &now(ANAS)).await;
    let text = words(&spot.body);
    assert!(text.contains("it is asked every 15 minutes"), "{text}");
}

#[actix_web::test]
async fn a_short_meeting_says_that_it_runs_without() {
    let scene = Scene::new(1).await;
    let scope = scene.people[ANA].0.clone();
    let settings = crate::app::tenants::Settings {
        name: PersonName::parse("Acme").unwrap(),
        zone: ZoneName::parse("Europe/Madrid").unwrap(),
        default_length: Span::minutes(40),
        reply_to: None,
        short_meetings: true,
    };
    scene.app.set_tenant_settings(&scope, &scene.people[ANA].1, settings).await.unwrap();
    let mut bo = scene.browser(BO).await;
    let form = bo.get("/t/acme/meetings/new").await;
    assert!(words(&form.body).contains("Meetings of up to 35 minutes run without a license here"), "{}", words(&form.body));
    assert!(form.body.contains("30 minutes, without a license</option>"));
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("Runs without a license, as short meetings do here: Zoom ends it after 40 minutes."), "{text}");
    assert!(text.contains("From minute 25 on it gets one if one is free."), "{text}");
    let (console, none) = (scene.console.clone(), PoolSettings { late_attach: false, ..PoolSettings::defaults() });
    scene.app.set_pool(&console, none).await.unwrap().unwrap();
    let text = words(&bo.get(&path).await.body);
    assert!(!text.contains("From minute 25"), "what the pool does not do is not promised: {text}");
}

#[actix_web::test]
async fn a_form_used_for_another_meeting_leads_to_it_and_books_one_more() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let first = bo.books("2026-11-24", "15:00", &[]).await;
    let changed = booking("2026-11-24", "17:00", &[("client_email", "ines@mail.example")]);
    let seen = bo.post("/t/acme/meetings", &changed).await;
    assert_eq!(seen.status, 422);
    assert_eq!(attribute(&seen.body, ".error-summary a", "href"), first);
    assert_eq!(attribute(&seen.body, "#client_email", "value"), "ines@mail.example");
    let key = attribute(&seen.body, "input[name=key]", "value");
    let other = booking("2026-11-24", "17:00", &[("client_email", "ines@mail.example"), ("key", &key)]);
    let second = bo.post("/t/acme/meetings", &other).await;
    assert_eq!(second.status, 303);
    assert_ne!(second.header("location"), first);
}

#[actix_web::test]
async fn a_meeting_that_is_being_started_is_not_cancelled() {
    let scene = Scene::new(1).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    scene.at(120).await;
    assert_eq!(bo.post(&format!("{path}/start"), &[]).await.status, 303);
    assert_eq!(bo.post(&format!("{path}/cancellation"), &[]).await.status, 303);
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("was not cancelled: its host pressed Start a moment ago"), "{text}");
}

#[actix_web::test]
async fn the_client_hears_nothing_of_licenses() {
    let (scene, _ana, _anas, mut bo, bos) = bo_in_line().await;
    let token = |path: &str| scene.app.keys.join_token(&MeetingId::new(path.rsplit('/').next().unwrap()), 1);
    let link = format!("/j/{}", token(&bos));
    let mut gil = bo.browser.another();
    let waits = words(&gil.get(&link).await.body);
    assert!(waits.contains("Bo Lind is not in the meeting yet."), "{waits}");
    let started = bo.post(&format!("{bos}/start"), &[("without", "1")]).await;
    let number = super::starting::enter(&scene, started.header("location"));
    scene.at(5).await;
    let open = words(&gil.get(&link).await.body);
    assert!(open.contains("Bo Lind is here"), "{open}");
    scene.zoom(|zoom, now| zoom.end(now, number, "cut"));
    scene.at(6).await;
    let over = words(&gil.get(&link).await.body);
    assert!(
        over.contains("This meeting is over.") && over.contains("If Bo Lind starts it again, you can join it here."),
        "{over}"
    );
    for seen in [waits, open, over] {
        assert!(!seen.to_lowercase().contains("license"), "{seen}");
    }
}

#[actix_web::test]
async fn the_operator_sees_the_line_the_freeze_and_the_moves() {
    let (scene, _ana, _anas, mut bo, bos) = bo_in_line().await;
    scene.at(6).await;
    let view = scene.app.pool(&scene.console).await.unwrap();
    assert_eq!((view.line.len(), view.moves.attaches), (1, 1));
    let started = bo.post(&format!("{bos}/start"), &[("without", "1")]).await;
    super::starting::enter(&scene, started.header("location"));
    let freeze = Freeze { since: NOON, probe_at: NOON + Span::minutes(20) };
    scene.app.store.write::<_, StoreError, _>(move |tx| pool::set_freeze(tx, Some(freeze))).await.unwrap();
    scene.at(7).await;
    let view = scene.app.pool(&scene.console).await.unwrap();
    assert!(matches!(&view.line[..], [one] if matches!(one.place, crate::domain::line::Place::Running(_))), "{:?}", view.line);
}
