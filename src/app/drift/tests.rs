//! Who is whom at Zoom, and what a reading may judge; each check with a planted bug that it must notice.

use super::super::testing::portal;
use super::*;
use crate::domain::names::EmailAddress;

const BEFORE: Span = Span::seconds(-30);

fn seat(name: &str, zoom_user_id: Option<&str>) -> Seat {
    Seat {
        id: SeatId::new(name),
        zoom_user_id: zoom_user_id.map(str::to_owned),
        email: EmailAddress::parse(&format!("{name}@ours.example")).unwrap(),
        name: name.to_owned(),
        tenant: None,
        user: None,
        status: SeatStatus::Active,
        observed: License::Basic,
        observed_at: None,
    }
}

fn user(id: &str, email: &str, license: License) -> ZoomUser {
    let (id, email) = (id.to_owned(), format!("{email}@ours.example"));
    ZoomUser { id, email, license, status: SeatStatus::Active, name: String::new() }
}

type Matcher = fn(Vec<Seat>, &[ZoomUser]) -> Vec<Matched>;

/// Whom each seat gets when people at Zoom were renamed: `a` was, and somebody new has its address; `b` has no id yet, and its
/// address is that of `c`'s user now.
fn whom(matcher: Matcher) -> Vec<(String, Option<String>)> {
    let seats = vec![seat("a", Some("u1")), seat("b", None), seat("c", Some("u3")), seat("d", None)];
    let users = [("u1", "renamed"), ("u2", "a"), ("u3", "b"), ("u4", "d")].map(|(id, email)| user(id, email, License::Basic));
    matcher(seats, &users).into_iter().map(|(seat, user)| (seat.id.to_string(), user.map(|user| user.id))).collect()
}

fn right() -> Vec<(String, Option<String>)> {
    let pairs = [("a", Some("u1")), ("b", None), ("c", Some("u3")), ("d", Some("u4"))];
    pairs.map(|(seat, user)| (seat.to_owned(), user.map(str::to_owned))).to_vec()
}

#[test]
fn a_seat_is_known_by_its_id_then_by_its_address_and_no_user_serves_two() {
    assert_eq!(whom(matched), right());
}

#[test]
fn who_looks_at_addresses_first_or_lets_a_user_serve_two_is_noticed() {
    let without_ids: Matcher = |known, users| {
        let bare = |seat: Seat| Seat { zoom_user_id: None, ..seat };
        matched(known.into_iter().map(bare).collect(), users)
    };
    let one_by_one: Matcher = |known, users| known.into_iter().flat_map(|seat| matched(vec![seat], users)).collect();
    assert_ne!(whom(without_ids), right());
    assert_ne!(whom(one_by_one), right());
}

/// A portal with one license on one seat, of which Zoom was last asked at `observed_at`.
async fn with_a_license(observed_at: Instant) -> (Arc<App>, OperatorPass, Seat) {
    let (app, pass) = portal();
    app.set_licenses(&pass, 1).await.unwrap().unwrap();
    let (seat, tx_pass, now) = (seat("a", Some("u1")), pass.clone(), app.now());
    let put = seat.clone();
    let written = app.store.write::<_, StoreError, _>(move |tx| {
        seats::insert(tx, &tx_pass, &put, now)?;
        assert!(licenses::claim(tx, 1, &put.id, None, now, now)?);
        licenses::mark_attached(tx, 1, &put.id, now)?;
        let (zoom_user_id, status, license) = (put.zoom_user_id, SeatStatus::Active, License::Licensed);
        seats::observe(tx, &put.id, &Observation { zoom_user_id, status, license, at: observed_at })
    });
    written.await.unwrap();
    (app, pass, seat)
}

/// Takes over a reading that began a while ago; gives how many licenses are attached afterwards, and the seat's status.
async fn after_reading(app: &Arc<App>, pass: &OperatorPass, matched: Vec<Matched>) -> (usize, SeatStatus) {
    let (began, actor) = (app.now() + BEFORE, Actor::of(pass));
    let (noting, reading) = (app.clone(), Reading { at: Some(began), purchased: None, others: 0 });
    let noted = app.store.write::<_, StoreError, _>(move |tx| noting.note_reading(tx, &matched, &reading, began, &actor));
    noted.await.unwrap();
    let seen = app.store.read::<_, StoreError, _>(|tx| {
        let attached = licenses::list(tx)?.iter().filter(|(row, _)| row.slot.place() == Place::Attached).count();
        Ok((attached, seats::find(tx, &SeatId::new("a"))?.unwrap().status))
    });
    seen.await.unwrap()
}

#[tokio::test]
async fn what_was_moved_while_zoom_was_being_read_is_not_judged_by_that_reading() {
    let (app, pass, seat) = with_a_license(portal().0.now()).await;
    let old_news = vec![(seat, Some(user("u1", "a", License::Basic)))];
    assert_eq!(after_reading(&app, &pass, old_news).await, (1, SeatStatus::Active));
    // As if nobody had looked when the seat was asked about last.
    let (app, pass, seat) = with_a_license(portal().0.now() + BEFORE + BEFORE).await;
    let old_news = vec![(seat, Some(user("u1", "a", License::Basic)))];
    assert_eq!(after_reading(&app, &pass, old_news).await.0, 0, "this test would have noticed");
}

#[tokio::test]
async fn who_was_not_in_the_list_is_not_judged_while_zoom_does_not_answer() {
    let (app, pass, seat) = with_a_license(portal().0.now() + BEFORE + BEFORE).await;
    let missed = matched(vec![seat], &[]);
    let (confirmed, _) = app.confirmed(missed.clone()).await;
    assert_eq!(after_reading(&app, &pass, confirmed).await, (1, SeatStatus::Active));
    // As if the list were believed.
    assert_eq!(after_reading(&app, &pass, missed).await, (0, SeatStatus::Missing), "this test would have noticed");
}
