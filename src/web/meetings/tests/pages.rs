use super::*;
use crate::domain::ids::MeetingId;

#[actix_web::test]
async fn the_first_page_costs_at_most_three_statements() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    bo.books("2026-11-24", "15:00", &[]).await;
    assert_eq!(statements(&mut bo, "/t/acme", 3).await, 3);
}

#[actix_web::test]
async fn what_a_meetings_page_asks_for_again_costs_five_statements() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    assert_eq!(statements(&mut bo, &format!("{path}/status"), 5).await, 5);
}

/// How many statements a page costs. The count is the whole process's, and other tests run meanwhile: one quiet moment, in which
/// it is no more than was expected, tells.
async fn statements(browser: &mut Visitor, path: &str, expected: u64) -> u64 {
    let mut fewest = u64::MAX;
    for _ in 0..500 {
        let before = Store::statements();
        let seen = browser.get(path).await;
        fewest = fewest.min(Store::statements() - before);
        assert_eq!(seen.status, 200);
        if fewest <= expected {
            break;
        }
    }
    fewest
}

#[actix_web::test]
async fn the_first_page_shows_what_is_next_and_the_days_ahead() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let empty = words(&bo.get("/t/acme").await.body);
    assert!(empty.contains("Nothing ahead this week") && empty.contains("Start one now"), "{empty}");
    let path = bo.books("2026-11-24", "14:30", &[]).await;
    bo.books(
        "2026-11-25",
        "09:00",
        &[("key", "abcdefghijklmnop"), ("client_name", "Ines Sol"), ("client_email", "ines@mail.example")],
    )
    .await;
    scene.at(86).await;
    let link = attribute(&bo.get(&path).await.body, "#join-link", "value");
    scene.app.arrive(link.rsplit('/').next().unwrap()).await.unwrap().unwrap();
    let page = bo.get("/t/acme").await;
    let text = words(&page.body);
    assert!(text.contains("Next meeting License ready Client arrived 14:26 Follow-up Starts in 4 minutes"), "{text}");
    assert!(text.contains("with Gil Moreno, Today, 14:30–15:00 Madrid, UTC+1"), "{text}");
    assert!(text.contains("Tomorrow") && text.contains("Ines Sol") && text.contains("Tuesday 24 November 2026"), "{text}");
    let region = bo.get("/t/acme/now").await;
    assert_eq!(region.status, 200);
    let plain = |html: &str| html.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain(&page.body).contains(&plain(&region.body)), "the first look is what the poll brings");
    assert!(!region.body.contains("<html"));
}

#[actix_web::test]
async fn a_meeting_of_others_does_not_exist() {
    let scene = Scene::new(2).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo, mut cy) =
        (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await, scene.signed_in(&browser, CY).await);
    let anas = ana.books("2026-11-24", "15:00", &[]).await;
    let bos = bo.books("2026-11-24", "16:00", &[("key", "abcdefghijklmnop")]).await;
    assert_eq!(ana.get(&bos).await.status, 200, "admins see the tenant's");
    for path in [&anas, &anas.replace("/t/acme/", "/t/globex/")] {
        let visitor = if path.starts_with("/t/acme/") { &mut bo } else { &mut cy };
        for page in ["", "/status", "/reschedule", "/cancel"] {
            assert_eq!(visitor.get(&format!("{path}{page}")).await.status, 404, "{path}{page}");
        }
        for change in ["/start", "/end", "/cancellation", "/invitations", "/times"] {
            let fields = booking("2026-11-25", "09:00", &[]);
            assert_eq!(visitor.post(&format!("{path}{change}"), &fields).await.status, 404, "{path}{change}");
        }
    }
    assert_eq!(cy.get(&anas).await.status, 404, "another tenant's pages do not exist");
    assert!(words(&ana.get(&anas).await.body).contains("Booked"), "and nothing was changed");
}

#[actix_web::test]
async fn ids_that_can_be_none_are_404() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    for id in ["x", "%00", "..%2f", "%3Cscript%3E", &"a".repeat(500)] {
        let seen = bo.get(&format!("/t/acme/meetings/{id}")).await;
        assert_eq!(seen.status, 404, "{id}");
        assert!(seen.body.contains("There is no page here"));
    }
}

#[actix_web::test]
async fn the_list_searches_turns_pages_and_keeps_to_ones_own() {
    let scene = Scene::new(3).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    assert!(words(&bo.get("/t/acme/meetings").await.body).contains("No meetings ahead"));
    assert!(words(&bo.get("/t/acme/meetings?when=past").await.body).contains("None over or cancelled yet"));
    for day in 1..=26 {
        let (date, key) = (format!("2026-12-{day:02}"), format!("key-of-meeting-{day:03}"));
        bo.books(&date, "10:00", &[("key", &key), ("topic", if day == 7 { "50%_off" } else { "Follow-up" })]).await;
    }
    ana.books(
        "2026-12-01",
        "12:00",
        &[("key", "a-key-of-ana-here"), ("client_name", "Only Anas"), ("client_email", "anas@mail.example")],
    )
    .await;
    let first = bo.get("/t/acme/meetings").await;
    assert_eq!(count(&first.body, "tbody tr"), 25);
    assert!(!first.body.contains("Only Anas") && !first.body.contains(">Host<"));
    let second = bo.get(&attribute(&first.body, "a[rel=next]", "href")).await;
    assert_eq!(
        (count(&second.body, "tbody tr"), count(&second.body, "a[rel=next]"), count(&second.body, "a[rel=prev]")),
        (1, 0, 1)
    );
    assert_eq!(count(&bo.get("/t/acme/meetings?q=50%25_").await.body, "tbody tr"), 1, "wildcards are letters");
    assert!(words(&bo.get("/t/acme/meetings?q=nobody").await.body).contains("Nothing found"));
    let all = words(&ana.get("/t/acme/meetings?q=anas").await.body);
    assert!(all.contains("Only Anas") && all.contains("Host") && all.contains("Ana Ruiz"), "{all}");
    assert!(words(&bo.get("/t/acme/meetings?page=9").await.body).contains("There are no more"));
    for (query, status) in [
        ("page=0", 400),
        ("page=-1", 400),
        ("page=99999999999999999999", 400),
        ("page=x", 400),
        ("when=never", 400),
        ("q=%00", 422),
        // Not UTF-8: read as an unknown letter, which nothing is found by.
        ("q=%FF", 200),
        ("q=%3Cscript%3Ealert(1)%3C/script%3E", 200),
        ("q=%25%5C_", 200),
    ] {
        let seen = bo.get(&format!("/t/acme/meetings?{query}")).await;
        assert_eq!(seen.status, status, "{query}");
        assert!(!seen.body.contains("<script>alert"), "{query}");
    }
    assert_eq!(bo.get(&format!("/t/acme/meetings?q={}", "x".repeat(101))).await.status, 422);
}

#[actix_web::test]
async fn a_missed_meeting_says_so_and_can_still_be_started() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    scene.at(120).await;
    scene.at(136).await;
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("Missed") && text.contains("It can still be started."), "{text}");
    assert_eq!(bo.post(&format!("{path}/start"), &[]).await.status, 303);
}

#[actix_web::test]
async fn the_join_link_on_the_page_is_the_clients() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    let link = attribute(&bo.get(&path).await.body, "#join-link", "value");
    let id = MeetingId::new(path.rsplit('/').next().unwrap());
    assert_eq!(link, format!("http://127.0.0.1:8080/j/{}", scene.app.keys.join_token(&id, 1)));
}
