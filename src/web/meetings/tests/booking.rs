use super::*;

#[actix_web::test]
async fn a_booked_meeting_is_on_its_page_with_both_zones() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let form = bo.get("/t/acme/meetings/new").await;
    assert_eq!((form.status, attribute(&form.body, "#minutes option[selected]", "value").as_str()), (200, "40"));
    assert_eq!(count(&form.body, "#host"), 0, "staff host their own meetings");
    let path = bo.books("2026-11-24", "15:00", &[("client_zone", "America/Lima")]).await;
    let page = bo.get(&path).await;
    let text = words(&page.body);
    assert!(text.contains("The meeting is booked. Gil Moreno gets the invitation at gil@mail.example."), "{text}");
    assert!(text.contains("Tuesday 24 November 2026, 15:00–15:30 (Madrid, UTC+1)"), "{text}");
    assert!(text.contains("Tuesday 24 November 2026, 09:00–09:30 (Lima, UTC-5)"), "{text}");
    assert!(text.contains("Starts in 2 hours") && text.contains("5 minutes before the start"), "{text}");
    assert!(attribute(&page.body, "#join-link", "value").starts_with("http://127.0.0.1:8080/j/"));
    scene.settle().await;
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("Zoom has the meeting") && text.contains("Booked by Bo Lind") && text.contains("Sent"), "{text}");
}

#[actix_web::test]
async fn the_same_form_posted_twice_makes_one_meeting() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let first = bo.books("2026-11-24", "15:00", &[]).await;
    assert_eq!(first, bo.books("2026-11-24", "15:00", &[]).await);
    assert_eq!(count(&bo.get("/t/acme/meetings").await.body, "tbody tr"), 1);
}

#[actix_web::test]
async fn a_refusal_says_why_and_one_click_books_the_nearest_time() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    ana.books("2026-11-24", "15:00", &[]).await;
    let fields = booking("2026-11-24", "15:10", &[("key", "another-key-of-mine")]);
    let refused = bo.post("/t/acme/meetings", &fields).await;
    let text = words(&refused.body);
    assert_eq!(refused.status, 422);
    assert!(text.contains("There is a problem All licenses are in use at that time."), "{text}");
    assert!(text.contains("Madrid, UTC+1") && text.contains("Today, 15:40"), "{text}");
    assert_eq!(count(&refused.body, "button[name=start][form=booking]"), 3);
    assert_eq!(attribute(&refused.body, "#client_name", "value"), "Gil Moreno", "what was typed is kept");
    assert_eq!(attribute(&refused.body, "input[name=key]", "value"), "another-key-of-mine");
    let offered = attribute(&refused.body, "#offers", "value");
    let booked = bo.post("/t/acme/meetings", &[fields, vec![("start", offered.as_str())]].concat()).await;
    assert_eq!(booked.status, 303, "{}", words(&booked.body));
    assert!(words(&bo.get(booked.header("location")).await.body).contains("15:40–16:10"));
}

#[actix_web::test]
async fn every_refusal_has_words() {
    let scene = Scene::new(1).await;
    let mut bo = scene.browser(BO).await;
    for (date, time, said) in [
        ("2026-11-24", "09:00", "That time has passed."),
        ("2031-11-24", "09:00", "further ahead than meetings can be booked"),
        ("2027-03-28", "02:30", "Use 03:00 or later"),
        ("2027-10-31", "02:30", "02:30 (second)"),
        ("2026-11-24", "15:03", "every fifth minute"),
    ] {
        let seen = bo.post("/t/acme/meetings", &booking(date, time, &[])).await;
        assert_eq!(seen.status, 422, "{date}");
        assert!(words(&seen.body).contains(said), "{date}: {}", words(&seen.body));
    }
    bo.books("2026-11-24", "15:00", &[]).await;
    let busy = bo.post("/t/acme/meetings", &booking("2026-11-24", "15:10", &[("key", "abcdefghijklmnop")])).await;
    assert!(words(&busy.body).contains("You or your Zoom seat already have a meeting at that time."));
}

#[actix_web::test]
async fn nobody_without_a_seat_books_and_admins_book_for_others() {
    let mut scene = Scene::new(2).await;
    let scope = scene.people[ANA].0.clone();
    let seatless = UserId::new(scene.app.id());
    let user = User {
        id: seatless.clone(),
        email: EmailAddress::parse("di@acme.example").unwrap(),
        name: PersonName::parse("Di").unwrap(),
        ..scene.people[BO].1.clone()
    };
    scene.people.push((scope.clone(), user.clone()));
    scene.app.store.write::<_, StoreError, _>(move |tx| users::insert(tx, &scope, &user)).await.unwrap();
    let browser = Browser::of(&scene.app);
    let mut ana = scene.signed_in(&browser, ANA).await;
    let refused = ana.post("/t/acme/meetings", &booking("2026-11-24", "15:00", &[("host", seatless.as_str())])).await;
    assert!(words(&refused.body).contains("Di has no Zoom seat yet."), "{}", words(&refused.body));
    let stranger = scene.people[CY].1.id.clone();
    let refused = ana.post("/t/acme/meetings", &booking("2026-11-24", "15:00", &[("host", stranger.as_str())])).await;
    assert_eq!(refused.status, 422);
    assert!(words(&refused.body).contains("Choose a host from the list."));
    let bos = scene.people[BO].1.id.clone();
    let path = ana.books("2026-11-24", "15:00", &[("host", bos.as_str())]).await;
    let page = ana.get(&path).await;
    assert!(words(&page.body).contains("Host Bo Lind"));
    assert_eq!(count(&page.body, "form[action$='/start']"), 0, "only the host starts");
    let mut bo = scene.signed_in(&browser, BO).await;
    assert_eq!(count(&bo.get(&path).await.body, "form[action$='/start']"), 1);
}

#[actix_web::test]
async fn staff_cannot_book_for_others() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let anas = scene.people[ANA].1.id.clone();
    let path = bo.books("2026-11-24", "15:00", &[("host", anas.as_str())]).await;
    assert!(words(&bo.get(&path).await.body).contains("Host Bo Lind"));
}

#[actix_web::test]
async fn hostile_values_come_back_as_words() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let huge = "x".repeat(60_000);
    for (field, value) in [
        ("client_name", "<script>alert(1)</script>\u{0}"),
        ("client_name", huge.as_str()),
        ("client_email", "a@b\r\nBcc: evil@example.com"),
        ("topic", "a\u{202e}b"),
        ("topic", huge.as_str()),
        ("date", "'; drop table meetings; --"),
        ("date", "99999-01-01"),
        ("time", "\u{661}\u{662}:00"),
        ("minutes", "-5"),
        ("minutes", "1e3"),
        ("minutes", "485"),
        ("zone", "../../etc/passwd"),
        ("client_zone", "\u{0}"),
        ("key", "<b>"),
        ("start", "9999999999999999999999"),
    ] {
        let seen = bo.post("/t/acme/meetings", &booking("2026-11-24", "15:00", &[(field, value)])).await;
        assert_eq!(seen.status, 422, "{field} {}", &value[..value.len().min(30)]);
        assert!(words(&seen.body).contains("There is a problem"), "{field}");
        assert!(!seen.body.contains("<script>alert"), "{field}");
    }
    assert_eq!(bo.post("/t/acme/meetings", &[("topic", &"x".repeat(70_000))]).await.status, 413);
    assert_eq!(bo.post("/t/acme/meetings", &[]).await.status, 422, "nothing at all");
    let path =
        bo.books("2026-11-24", "15:00", &[("client_name", "<script>alert(1)</script>"), ("topic", "\"><img src=x>")]).await;
    let page = bo.get(&path).await;
    assert!(!page.body.contains("<script>alert") && !page.body.contains("<img src=x>"));
    assert!(words(&page.body).contains("<script>alert(1)</script>"), "a name is a name");
}

#[actix_web::test]
async fn a_form_without_its_token_changes_nothing() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    bo.csrf = "wrong".into();
    assert_eq!(bo.post("/t/acme/meetings", &booking("2026-11-24", "15:00", &[])).await.status, 403);
    for path in ["cancellation", "times", "start", "end", "invitations"] {
        assert_eq!(bo.post(&format!("/t/acme/meetings/x/{path}"), &[]).await.status, 403, "{path}");
    }
}

#[actix_web::test]
async fn on_the_spot_takes_a_license_now_or_offers_when() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    let fields = [("key", "0123456789abcdef"), ("client_name", "Gil"), ("client_email", "gil@mail.example"), ("minutes", "30")];
    assert_eq!(ana.get("/t/acme/meetings/now").await.status, 200);
    let taken = ana.post("/t/acme/meetings/now", &fields).await;
    assert_eq!(taken.status, 303, "{}", words(&taken.body));
    let text = words(&ana.get(taken.header("location")).await.body);
    assert!(text.contains("Meeting with Ana Ruiz") && text.contains("press Start"), "{text}");
    let other = [("key", "fedcba9876543210"), fields[1], fields[2], fields[3]];
    let refused = bo.post("/t/acme/meetings/now", &other).await;
    assert_eq!(refused.status, 422);
    let text = words(&refused.body);
    assert!(text.contains("All licenses are in use, or reserved") && text.contains("Today, 13:40"), "{text}");
    let offered = attribute(&refused.body, "#offers", "value");
    assert_eq!(
        (offered.as_str(), attribute(&refused.body, "#offers", "formaction").as_str()),
        (Scene::start(40).as_str(), "/t/acme/meetings")
    );
    let booked = bo.post("/t/acme/meetings", &[&other[..], &[("start", offered.as_str())]].concat()).await;
    assert_eq!(booked.status, 303, "{}", words(&booked.body));
    let wrong = bo.post("/t/acme/meetings/now", &[("minutes", "x")]).await;
    assert_eq!(wrong.status, 422);
    assert!(words(&wrong.body).contains("Enter the client's name."));
}
