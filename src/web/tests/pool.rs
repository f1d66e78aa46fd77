//! The operator's pool: its settings, what moved, who waits, and what a freeze says.

use super::*;
use crate::domain::pool::{Freeze, PoolSettings, Release, Strategy};
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::domain::time::Span;
use crate::store::moves::{self, Move};
use crate::store::{audit, pool, seats};

async fn operator(app: &Arc<App>) -> Browser {
    let link = app.add_operator(&console(), email("op@duologue.example"), name("Olga Petrova")).await.unwrap();
    app.set_licenses(&console(), 5).await.unwrap().unwrap();
    let mut browser = Browser::of(app);
    browser.enter_by(&path_of(&link), "op@duologue.example").await;
    browser
}

/// Counts that many licenses put on seats today.
async fn moved(app: &Arc<App>, times: usize) {
    let now = app.now();
    let write = app.store.write::<_, StoreError, _>(move |tx| (0..times).try_for_each(|_| moves::note(tx, Move::Attach, now)));
    write.await.unwrap();
}

fn settings<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("spare", ""),
        ("lead", "5"),
        ("grace", "5"),
        ("rejoin", "2"),
        ("no_show", "15"),
        ("strategy", "standing"),
        ("release", "when_needed"),
        ("move_budget", "40"),
        ("late_attach", "on"),
    ];
    let kept = usual.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    kept.chain(more.iter().copied()).collect()
}

const PAGE: &str = "/operator/pool/settings";

#[actix_web::test]
async fn the_pools_strategy_and_budget_are_set_and_audited() {
    let app = portal();
    let mut browser = operator(&app).await;
    let page = browser.get(PAGE).await.body;
    for said in ["Float", "Standing", "When another seat needs it", "Zoom does not promise it", "Today so far: 0 moves."] {
        assert!(page.contains(said), "{said}");
    }
    assert_eq!(browser.submit(PAGE, PAGE, &settings(&[])).await.status, 303);
    let view = app.pool(&console()).await.unwrap();
    let expected = PoolSettings {
        licenses: 5,
        strategy: Strategy::Standing,
        release: Release::WhenNeeded,
        move_budget: Some(40),
        ..PoolSettings::defaults()
    };
    assert_eq!(view.settings, expected);
    let page = browser.get(PAGE).await.body;
    assert!(page.contains("value=\"standing\" checked") && page.contains("value=\"when_needed\" checked"));
    assert!(page.contains("Today so far: 0 moves of 40."));
    let pass = console();
    let rows = app.store.read::<_, StoreError, _>(move |tx| audit::list_all(tx, &pass, 0, 20)).await.unwrap();
    let detail = &rows.iter().find(|row| row.entry.action == "pool.settings_set").unwrap().entry.detail;
    assert!(detail.ends_with("strategy standing, release when_needed, move budget 40, late licenses yes"), "{detail}");
    let without: Vec<_> = settings(&[("move_budget", " ")]).into_iter().filter(|(name, _)| *name != "late_attach").collect();
    assert_eq!(browser.submit(PAGE, PAGE, &without).await.status, 303);
    let set = app.pool(&console()).await.unwrap().settings;
    assert_eq!((set.move_budget, set.late_attach), (None, false));
}

#[actix_web::test]
async fn what_is_no_strategy_or_budget_stands_beside_its_field() {
    let app = portal();
    let mut browser = operator(&app).await;
    for (field, value) in [
        ("strategy", "drift"),
        ("strategy", ""),
        ("release", "never"),
        ("move_budget", "0"),
        ("move_budget", "-1"),
        ("lead", "7"),
    ] {
        let seen = browser.submit(PAGE, PAGE, &settings(&[(field, value)])).await;
        assert_eq!(seen.status, 422, "{field} {value}");
        assert!(seen.body.contains(&format!("<a href=\"#{field}\">")), "{field} {value}");
    }
    assert_eq!(app.pool(&console()).await.unwrap().settings.strategy, Strategy::Float, "nothing was set");
}

#[actix_web::test]
async fn four_fifths_of_the_days_moves_are_warned_of() {
    let app = portal();
    let mut browser = operator(&app).await;
    browser.submit(PAGE, PAGE, &settings(&[])).await;
    moved(&app, 31).await;
    let page = browser.get("/operator").await.body;
    assert!(page.contains("31 of 40 in the day's budget") && !page.contains("Four fifths"), "{page}");
    moved(&app, 1).await;
    assert!(browser.get("/operator").await.body.contains("Four fifths of the day"));
    assert!(browser.get(PAGE).await.body.contains("nearly used up"));
    moved(&app, 8).await;
    assert!(browser.get("/operator").await.body.contains("moves are used up"));
}

#[actix_web::test]
async fn a_freeze_says_since_when_and_when_zoom_is_asked_again() {
    let app = portal();
    let mut browser = operator(&app).await;
    let freeze = Freeze { since: NOON - Span::minutes(20), probe_at: NOON + Span::minutes(10) };
    app.store.write::<_, StoreError, _>(move |tx| pool::set_freeze(tx, Some(freeze))).await.unwrap();
    let page = browser.get("/operator").await.body;
    assert!(page.contains("Zoom has frozen license moves") && page.contains("2026-11-24 11:40 UTC"), "{page}");
    assert!(page.contains("20 minutes ago") && page.contains("asked again in 10 minutes, at 2026-11-24 12:10 UTC"), "{page}");
    app.clock.set(NOON + Span::hours(25));
    // The session of yesterday has ended.
    let fields = [("email", "op@duologue.example"), ("password", PASSWORD)];
    let mut browser = browser.another();
    assert_eq!(browser.post("/operator/sign-in", &fields).await.status, 303);
    assert!(!browser.get("/operator").await.body.contains("frozen license moves"), "a day later it is forgotten");
}

#[actix_web::test]
async fn a_seat_that_zoom_refuses_a_license_is_named_with_why() {
    let app = portal();
    let mut browser = operator(&app).await;
    assert!(browser.get("/operator").await.body.contains("Nobody waits for a license."));
    let pass = console();
    let seat = Seat {
        id: crate::domain::ids::SeatId::new("seat-1"),
        zoom_user_id: Some("z1".to_owned()),
        email: email("seat-1@ours.example"),
        name: "Seat 1".to_owned(),
        tenant: None,
        user: None,
        status: SeatStatus::Active,
        observed: License::Basic,
        observed_at: None,
    };
    let write = app.store.write::<_, StoreError, _>(move |tx| {
        seats::insert(tx, &pass, &seat, NOON)?;
        seats::mark_refused(tx, &seat.id, NOON + Span::minutes(5), "Zoom says <no>")
    });
    write.await.unwrap();
    let page = browser.get("/operator").await.body;
    assert!(page.contains("<a href=\"/operator/seats/seat-1\">seat-1@ours.example</a>"), "{page}");
    assert!(page.contains("Zoom says &#60;no&#62;") && page.contains("Next try in 5 minutes"), "{page}");
}

#[actix_web::test]
async fn an_admin_lets_short_meetings_run_without_a_license() {
    let app = portal();
    let mut browser = Browser::of(&app);
    browser.enter_by(&tenant(&app, "north").await, "ana@north.example").await;
    let page = "/t/north/settings";
    assert!(!browser.get(page).await.body.contains("name=\"short_meetings\" value=\"on\" checked"), "off by default");
    let fields = [("name", "North"), ("zone", "Europe/Madrid"), ("minutes", "45"), ("reply_to", "")];
    let ticked = [&fields[..], &[("short_meetings", "on")]].concat();
    assert_eq!(browser.submit(page, page, &ticked).await.status, 303);
    assert!(browser.get(page).await.body.contains("name=\"short_meetings\" value=\"on\" checked"));
    assert!(browser.get("/t/north/audit").await.body.contains("short meetings without a license"));
    assert!(browser.get("/t/north/meetings/new").await.body.contains("30 minutes, without a license"));
    assert_eq!(browser.submit(page, page, &fields).await.status, 303);
    assert!(!browser.get(page).await.body.contains("name=\"short_meetings\" value=\"on\" checked"));
}
