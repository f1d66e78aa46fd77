use super::*;

#[actix_web::test]
async fn a_meeting_moves_once_and_its_page_says_so() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    let form = bo.get(&format!("{path}/reschedule")).await;
    assert_eq!(attribute(&form.body, "#time", "value"), "15:00");
    assert_eq!(attribute(&form.body, "#topic", "value"), "Follow-up");
    let fields = booking("2026-11-25", "09:05", &[("minutes", "45")]);
    let moved = bo.post(&format!("{path}/times"), &fields).await;
    assert_eq!((moved.status, moved.header("location")), (303, path.as_str()));
    let text = words(&bo.get(&path).await.body);
    assert!(text.contains("Wednesday 25 November 2026, 09:05–09:50 (Madrid, UTC+1)"), "{text}");
    assert!(text.contains("Changed by Bo Lind"), "{text}");
    scene.settle().await;
    assert!(words(&bo.get(&path).await.body).contains("Change of time"));
    let wrong = bo.post(&format!("{path}/times"), &booking("2026-11-25", "9", &[("topic", " ")])).await;
    assert_eq!(wrong.status, 422);
    assert!(words(&wrong.body).contains("Enter a topic."));
}

#[actix_web::test]
async fn a_meeting_that_cannot_move_there_is_offered_other_times() {
    let scene = Scene::new(1).await;
    let browser = Browser::of(&scene.app);
    let (mut ana, mut bo) = (scene.signed_in(&browser, ANA).await, scene.signed_in(&browser, BO).await);
    ana.books("2026-11-24", "15:00", &[]).await;
    let path = bo.books("2026-11-24", "17:00", &[("key", "abcdefghijklmnop")]).await;
    let refused = bo.post(&format!("{path}/times"), &booking("2026-11-24", "15:00", &[])).await;
    assert_eq!(refused.status, 422);
    assert!(words(&refused.body).contains("All licenses are in use at that time."));
    let offered = attribute(&refused.body, "#offers", "value");
    let fields = booking("2026-11-24", "15:00", &[("start", &offered)]);
    assert_eq!(bo.post(&format!("{path}/times"), &fields).await.status, 303);
}

#[actix_web::test]
async fn cancelling_twice_is_cancelling_once_and_later_is_too_late() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    let confirm = words(&bo.get(&format!("{path}/cancel")).await.body);
    assert!(confirm.contains("Cancel the meeting with Gil Moreno?") && confirm.contains("gil@mail.example"), "{confirm}");
    for _ in 0..2 {
        assert_eq!(bo.post(&format!("{path}/cancellation"), &[]).await.status, 303);
        assert!(words(&bo.get(&path).await.body).contains("The meeting is cancelled."));
    }
    let page = bo.get(&path).await;
    assert_eq!(words(&page.body).matches("Cancelled by Bo Lind").count(), 1);
    assert_eq!(count(&page.body, "#join-link, a[href$='/reschedule'], form[action$='/invitations']"), 0);
    assert_eq!(bo.get(&format!("{path}/cancel")).await.status, 303);
    assert_eq!(bo.get(&format!("{path}/reschedule")).await.status, 303);
    assert_eq!(bo.post(&format!("{path}/times"), &booking("2026-11-25", "09:00", &[])).await.status, 303);
    assert!(words(&bo.get(&path).await.body).contains("cannot be moved"));
    assert_eq!(bo.post(&format!("{path}/invitations"), &[]).await.status, 303);
    assert!(words(&bo.get(&path).await.body).contains("nothing to invite to"));
    assert_eq!(bo.post(&format!("{path}/end"), &[]).await.status, 303);
    assert!(words(&bo.get(&path).await.body).contains("nothing to end"));
}

#[actix_web::test]
async fn an_invitation_goes_out_again() {
    let scene = Scene::new(2).await;
    let mut bo = scene.browser(BO).await;
    let path = bo.books("2026-11-24", "15:00", &[]).await;
    scene.at(2).await;
    assert_eq!(bo.post(&format!("{path}/invitations"), &[]).await.status, 303);
    scene.settle().await;
    let page = bo.get(&path).await;
    assert!(words(&page.body).contains("Invitation sent again by Bo Lind"));
    assert_eq!(count(&page.body, "[aria-labelledby=letters] tbody tr"), 2);
    assert_eq!(bo.post(&format!("{path}/invitations"), &[]).await.status, 303);
    scene.settle().await;
    let page = bo.get(&path).await;
    let text = words(&page.body);
    assert!(text.contains("was sent a moment ago. Wait a minute") && !text.contains("on its way"), "{text}");
    assert_eq!(text.matches("Invitation sent again by Bo Lind").count(), 1, "what did not happen is not told");
    let fragment = words(&bo.get(&format!("{path}/status")).await.body);
    assert!(fragment.contains("Invitation sent again by Bo Lind") && fragment.contains("gil@mail.example"), "{fragment}");
    assert!(text.contains(&fragment), "letters and history are in what the page asks for again");
    assert_eq!(count(&page.body, "[aria-labelledby=letters] tbody tr"), 2);
}
