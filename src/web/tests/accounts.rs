//! Signing in, passwords, sessions and users.

use crate::domain::time::Span;

use super::*;

#[actix_web::test]
async fn a_first_admin_chooses_a_password_signs_in_and_out() {
    let app = portal();
    let mut browser = Browser::of(&app);
    let link = tenant(&app, "north").await;

    let page = browser.get(&link).await;
    assert!(page.body.contains("Ana Ruiz") && page.body.contains("ana@north.example"), "{}", page.body);
    assert_eq!(browser.post(&link, &[("password", "short")]).await.status, 422);
    assert_eq!(browser.post(&link.replace("/t/north", "/t/south"), &[("password", PASSWORD)]).await.status, 404);
    browser.enter_by(&link, "ana@north.example").await;
    assert_eq!(browser.get(&link).await.status, 404, "a link works once");

    let users = browser.get("/t/north/users").await;
    assert_eq!(users.status, 200);
    assert!(users.body.contains("ana@north.example") && users.body.contains("aria-current=\"page\">Users"));
    assert_eq!(browser.get("/t/north/sign-in").await.header("location"), "/t/north");

    let out = browser.submit("/t/north/users", "/t/north/sign-out", &[]).await;
    assert_eq!((out.status, out.header("location")), (303, "/t/north/sign-in"));
    assert!(browser.get("/t/north/sign-in").await.body.contains("You are signed out."));
    assert!(!browser.get("/t/north/sign-in").await.body.contains("You are signed out."), "it is said once");
    let again = browser.get("/t/north/users?x=1").await;
    assert_eq!((again.status, again.header("location")), (303, "/t/north/sign-in?next=%2Ft%2Fnorth%2Fusers%3Fx%3D1"));
}

#[actix_web::test]
async fn an_unknown_address_and_a_wrong_password_are_told_alike() {
    let app = portal();
    let mut browser = Browser::of(&app);
    browser.post(&tenant(&app, "north").await, &[("password", PASSWORD)]).await;
    browser.get("/t/north/sign-in").await;
    let wrong = browser.post("/t/north/sign-in", &[("email", "ana@north.example"), ("password", "wrong")]).await;
    let unknown = browser.post("/t/north/sign-in", &[("email", "bob@north.example"), ("password", "wrong")]).await;
    assert_eq!(wrong.status, 422);
    assert_eq!(wrong.body.replace("ana@", "bob@"), unknown.body);
    let known = browser.post("/t/north/forgotten", &[("email", "ana@north.example")]).await;
    let unknown = browser.post("/t/north/forgotten", &[("email", "bob@north.example")]).await;
    assert_eq!(known.status, 200);
    assert_eq!(known.body.replace("ana@", "bob@"), unknown.body);
}

#[actix_web::test]
async fn guessing_is_slowed_down_and_waiting_helps() {
    let app = portal();
    let mut browser = Browser::of(&app);
    browser.post(&tenant(&app, "north").await, &[("password", PASSWORD)]).await;
    let right = [("email", "ana@north.example"), ("password", PASSWORD)];
    for _ in 0..5 {
        browser.post("/t/north/sign-in", &[("email", "ana@north.example"), ("password", "wrong")]).await;
    }
    let unheard = browser.post("/t/north/sign-in", &right).await;
    assert_eq!(unheard.status, 422);
    assert!(unheard.body.contains("wait a moment"));
    app.clock.advance(std::time::Duration::from_secs(2));
    assert_eq!(browser.post("/t/north/sign-in", &right).await.status, 303);
}

#[actix_web::test]
async fn a_forgotten_password_is_replaced_and_ends_the_other_sessions() {
    let app = portal();
    let mut old = Browser::of(&app);
    old.enter_by(&tenant(&app, "north").await, "ana@north.example").await;
    let mut new = old.another();
    new.post("/t/north/forgotten", &[("email", "ana@north.example")]).await;
    let link = latest_link(&app).await;
    assert_eq!(old.get("/t/north/users").await.status, 200);
    assert_eq!(new.post(&link, &[("password", "eleven purple lanterns")]).await.status, 303);
    assert_eq!(old.get("/t/north/users").await.status, 303, "the old session has ended");
    assert_eq!(new.post("/t/north/sign-in", &[("email", "ana@north.example"), ("password", PASSWORD)]).await.status, 422);

    new.post("/t/north/forgotten", &[("email", "ana@north.example")]).await;
    let late = latest_link(&app).await;
    app.clock.advance(std::time::Duration::from_hours(1));
    assert_eq!(new.get(&late).await.status, 404, "a link ends after an hour");
}

#[actix_web::test]
async fn a_session_ends_when_idle_and_after_a_week() {
    let app = portal();
    let mut browser = Browser::of(&app);
    browser.enter_by(&tenant(&app, "north").await, "ana@north.example").await;
    let pass = |hours: u64| app.clock.advance(std::time::Duration::from_hours(hours));
    for _ in 0..16 {
        pass(10);
        assert_eq!(browser.get("/t/north/users").await.status, 200);
    }
    pass(9);
    assert_eq!(browser.get("/t/north/users").await.status, 303, "a week is over");

    let mut browser = browser.another();
    browser.post("/t/north/sign-in", &[("email", "ana@north.example"), ("password", PASSWORD)]).await;
    assert_eq!(browser.get("/t/north/users").await.status, 200);
    pass(13);
    assert_eq!(browser.get("/t/north/users").await.status, 303, "it was idle");
}

#[actix_web::test]
async fn an_admin_invites_changes_and_deactivates_and_is_never_the_last_to_go() {
    let app = portal();
    let mut ana = Browser::of(&app);
    ana.enter_by(&tenant(&app, "north").await, "ana@north.example").await;
    let invite = [("name", "Jonas Weber"), ("email", "jo@north.example"), ("role", "staff")];
    assert_eq!(ana.submit("/t/north/users/new", "/t/north/users", &invite).await.status, 303);
    let twice = ana.submit("/t/north/users/new", "/t/north/users", &invite).await;
    assert!(twice.status == 422 && twice.body.contains("among your users already"));
    let mut jonas = ana.another();
    jonas.enter_by(&latest_link(&app).await, "jo@north.example").await;
    assert_eq!(jonas.get("/account").await.status, 200);

    let list = ana.get("/t/north/users").await.body;
    let path = |who: &str| {
        let (before, _) = list.split_once(&format!("\">{who}</a>")).unwrap();
        before.rsplit_once("href=\"").unwrap().1.to_owned()
    };
    let (of_ana, of_jonas) = (path("Ana Ruiz"), path("Jonas Weber"));
    ana.submit("/t/north/users/new", &format!("{of_ana}/role"), &[("role", "staff")]).await;
    assert!(ana.get(&of_ana).await.body.contains("This is the only admin"));
    ana.submit("/t/north/users/new", &format!("{of_ana}/deactivation"), &[]).await;
    assert!(ana.get(&of_ana).await.body.contains("your own account"));

    assert_eq!(ana.get(&format!("{of_jonas}/deactivation")).await.status, 200);
    ana.submit(&of_jonas, &format!("{of_jonas}/deactivation"), &[]).await;
    assert_eq!(jonas.get("/account").await.status, 303, "deactivation ends sessions");
    assert_eq!(jonas.post("/t/north/sign-in", &[("email", "jo@north.example"), ("password", PASSWORD)]).await.status, 422);
    ana.submit(&of_jonas, &format!("{of_jonas}/reactivation"), &[]).await;
    assert_eq!(jonas.post("/t/north/sign-in", &[("email", "jo@north.example"), ("password", PASSWORD)]).await.status, 303);

    let log = ana.get("/t/north/audit").await.body;
    for what in ["Tenant: added", "User: invited", "User: deactivated", "User: reactivated", "Account: signed in"] {
        assert!(log.contains(what), "{what}");
    }
}

#[actix_web::test]
async fn one_changes_one_s_own_password_and_stays_signed_in_only_here() {
    let app = portal();
    let mut here = Browser::of(&app);
    here.enter_by(&tenant(&app, "north").await, "ana@north.example").await;
    let mut there = here.another();
    there.post("/t/north/sign-in", &[("email", "ana@north.example"), ("password", PASSWORD)]).await;
    assert_eq!(there.get("/account").await.status, 200);
    let change = |current: &'static str| [("current", current), ("new", "eleven purple lanterns")];
    assert_eq!(here.submit("/account", "/account/password", &change("wrong")).await.status, 422);
    let before = here.cookies["duologue"].clone();
    assert_eq!(here.submit("/account", "/account/password", &change(PASSWORD)).await.status, 303);
    assert_ne!(here.cookies["duologue"], before, "the session goes on under a new key");
    assert_eq!(here.get("/account").await.status, 200);
    assert_eq!(there.get("/account").await.status, 303);
    let profile = [("name", "Ana R."), ("zone", "America/New_York")];
    assert_eq!(here.submit("/account", "/account", &profile).await.status, 303);
    assert!(here.get("/account").await.body.contains("value=\"America/New_York\" selected"));
    here.submit("/account", "/account/sessions", &[]).await;
    assert_eq!(here.get("/account").await.status, 303);
}

#[actix_web::test]
async fn an_operator_enters_by_the_link_that_the_console_prints() {
    let app = portal();
    let link = app.add_operator(&console(), email("op@duologue.example"), name("Olga Petrova")).await.unwrap();
    let mut browser = Browser::of(&app);
    browser.enter_by(&path_of(&link), "op@duologue.example").await;
    let account = browser.get("/account").await;
    assert!(account.status == 200 && account.body.contains("Olga Petrova"));
    assert_eq!(browser.get("/t/north/users").await.status, 303);
    let twice = app.add_operator(&console(), email("op@duologue.example"), name("Olga Petrova")).await;
    assert!(matches!(twice, Err(crate::app::AppError::Store(StoreError::Duplicate(_)))));
}

#[actix_web::test]
async fn a_week_old_invitation_ends_and_can_be_sent_again() {
    let app = portal();
    let mut ana = Browser::of(&app);
    ana.enter_by(&tenant(&app, "north").await, "ana@north.example").await;
    let link = staff(&app, "north", "jo@north.example").await;
    assert_eq!(ana.another().get(&link).await.status, 200);
    app.clock.set(NOON + Span::days(7));
    assert_eq!(ana.another().get(&link).await.status, 404);
}
