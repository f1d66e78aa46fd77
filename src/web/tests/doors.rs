//! Who gets in, what every answer carries, and what becomes of nonsense.

use crate::web::routes::{Access, table};

use super::*;

#[actix_web::test]
async fn every_answer_carries_the_headers_even_a_failure() {
    let app = portal();
    let mut browser = Browser::of(&app);
    let answers = [
        browser.get("/").await,
        browser.get("/nowhere").await,
        browser.get("/healthz").await,
        browser.post("/", &[]).await,
        browser.send(browser.http.post(browser.url("/"))).await,
    ];
    for (answer, status) in answers.iter().zip([200, 404, 200, 405, 403]) {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(answers[3].header("allow"), "GET, HEAD");
    assert!(answers[1].body.contains("There is no page here"));
}

/// Every row of the table, asked by everybody who may not: nothing but a refusal comes back, and nothing of the tenant's.
#[actix_web::test]
async fn nobody_gets_past_a_door_that_is_not_theirs() {
    let app = portal();
    let mut nobody = Browser::of(&app);
    let (mut other, mut staffer, mut admin) = (nobody.another(), nobody.another(), nobody.another());
    admin.enter_by(&tenant(&app, "north").await, "ana@north.example").await;
    staffer.enter_by(&staff(&app, "north", "jo@north.example").await, "jo@north.example").await;
    other.enter_by(&tenant(&app, "south").await, "ana@south.example").await;
    for row in table() {
        let path = row.path.replace("{slug}", "north").replace("{id}", "0193e9c0-0000-7000-8000-000000000000");
        let mut cases: Vec<(&mut Browser, u16)> = match row.access {
            Access::Staff => vec![(&mut nobody, 303), (&mut other, 404)],
            Access::Admin => vec![(&mut nobody, 303), (&mut other, 404), (&mut staffer, 403)],
            Access::Operator => vec![(&mut nobody, 303), (&mut admin, 404), (&mut staffer, 404)],
            Access::SignedIn => vec![(&mut nobody, 303)],
            Access::Machine | Access::Anyone | Access::LinkHolder | Access::Zoom => Vec::new(),
        };
        for (browser, status) in &mut cases {
            let seen = if row.method == "GET" { browser.get(&path).await } else { browser.post(&path, &[]).await };
            assert_eq!(seen.status, *status, "{} {path}", row.method);
            assert!(*status == 403 || !seen.body.contains("north Clinic"), "{} {path}", row.method);
        }
    }
}

#[actix_web::test]
async fn a_form_without_its_session_s_token_changes_nothing() {
    let app = portal();
    let mut browser = Browser::of(&app);
    browser.enter_by(&tenant(&app, "north").await, "ana@north.example").await;
    let fields = [("name", "Taken over"), ("zone", "Europe/Madrid"), ("minutes", "45"), ("reply_to", "")];
    assert_eq!(browser.post("/t/north/settings", &fields).await.status, 403);
    assert!(!browser.get("/t/north/settings").await.body.contains("Taken over"));
    assert_eq!(browser.submit("/t/north/settings", "/t/north/settings", &fields).await.status, 303);
    assert!(browser.get("/t/north/settings").await.body.contains("Taken over"));
    for (wrong, field) in [("minutes", "52"), ("zone", "Mars/Olympus"), ("name", ""), ("reply_to", "x")] {
        let mut fields = fields;
        fields.iter_mut().filter(|(name, _)| *name == wrong).for_each(|pair| pair.1 = field);
        let refused = browser.submit("/t/north/settings", "/t/north/settings", &fields).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.body.contains(&format!("<a href=\"#{wrong}\">")), "{wrong}");
    }
}

#[actix_web::test]
async fn what_makes_no_sense_is_a_page_and_never_a_5xx() {
    let app = portal();
    let mut browser = Browser::of(&app);
    tenant(&app, "north").await;
    let long = "x".repeat(70_000);
    for (path, status) in
        [("/t/NORTH/sign-in", 404), ("/t/%00/sign-in", 404), ("/t/nowhere/sign-in", 404), ("/t/north/password/x", 404)]
    {
        assert_eq!(browser.get(path).await.status, status, "{path}");
    }
    assert_eq!(browser.post("/t/north/sign-in", &[("email", &long)]).await.status, 413);
    assert_eq!(browser.post("/t/north/sign-in", &[("email", "a"), ("email", "b")]).await.status, 400);
    let odd = [("application/json", "{}"), ("application/x-www-form-urlencoded", "email=%ff%fe"), ("", "")];
    for (kind, body) in odd {
        let request = browser.http.post(browser.url("/t/north/sign-in")).header("sec-fetch-site", "same-origin");
        let seen = browser.send(request.header("content-type", kind).body(body)).await;
        assert!((400..500).contains(&seen.status), "{kind} {body}: {}", seen.status);
        assert!(seen.header("content-type").starts_with("text/html"));
    }
    browser.cookies.insert("duologue".to_owned(), "forged".to_owned());
    browser.cookies.insert("duologue-say".to_owned(), "forged".to_owned());
    assert_eq!(browser.get("/t/north/sign-in").await.status, 200);
    assert_eq!(browser.get("/?organization=%2F%2Fevil.example").await.status, 422);
    assert_eq!(browser.get("/?organization=north").await.header("location"), "/t/north/sign-in");
}

#[actix_web::test]
async fn machines_learn_what_they_may() {
    let app = portal();
    let mut browser = Browser::of(&app);
    assert_eq!(browser.get("/readyz").await.status, 200);
    let metrics = browser.get("/metrics").await;
    assert!(metrics.status == 200 && metrics.body.contains("duologue_responses_total{class=\"2xx\"} 1\n"), "{}", metrics.body);
    let forwarded = browser.http.get(browser.url("/metrics")).header("x-forwarded-for", "203.0.113.7");
    assert_eq!(browser.send(forwarded).await.status, 404);
    let page = browser.get("/").await.body;
    let css = page.split("href=\"").find(|part| part.starts_with("/assets/")).unwrap().split('"').next().unwrap();
    let css = browser.get(css).await;
    assert_eq!((css.status, css.header("cache-control")), (200, "public, max-age=31536000, immutable"));
    assert_eq!(browser.get("/assets/duologue.0000000000.css").await.status, 404);
}
