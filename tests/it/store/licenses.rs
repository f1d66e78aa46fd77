//! The rows of the license pool: attaching is claiming a row, and nobody claims what somebody else has.

use duologue::domain::ids::{MeetingId, SeatId};
use duologue::domain::pool::{Place, PoolRow, Slot};
use duologue::domain::time::Instant;
use duologue::store::{Store, licenses, seats};

use crate::support::cast::{NOW, at};
use crate::support::database::{Database, ask, both_databases, change};

fn bo() -> SeatId {
    SeatId::new("seat-bo")
}

fn ana() -> SeatId {
    SeatId::new("seat-ana")
}

async fn set_count(db: &Database, count: u32) {
    let operator = db.operator();
    change(&db.store, move |tx| licenses::set_count(tx, &operator, count, NOW)).await;
}

async fn with_licenses(db: Database, count: u32) -> Database {
    let db = db.with_cast().await;
    set_count(&db, count).await;
    db
}

async fn rows(db: &Database) -> Vec<(PoolRow, Option<Instant>)> {
    ask(&db.store, licenses::list).await
}

async fn places(db: &Database) -> Vec<(u32, Place)> {
    rows(db).await.into_iter().map(|(row, _)| (row.number, row.slot.place())).collect()
}

async fn claim(store: &Store, number: u32, seat: SeatId) -> bool {
    change(store, move |tx| licenses::claim(tx, number, &seat, Some(&MeetingId::new("m1")), NOW, at(1))).await
}

both_databases! {
    async fn a_row_is_claimed_by_one_seat_only(db: Database) {
        let db = with_licenses(db, 2).await;
        assert!(claim(&db.store, 1, bo()).await);
        assert!(!claim(&db.store, 1, ana()).await, "the row is taken");
        assert!(!claim(&db.store, 2, bo()).await, "the seat has a row");
        assert!(!claim(&db.store, 9, ana()).await, "there is no such row");
        assert!(claim(&db.store, 2, ana()).await);
        let (row, worked_on_until) = ask(&db.store, |tx| licenses::of_seat(tx, &bo())).await.unwrap();
        assert_eq!((row.number, worked_on_until), (1, Some(at(1))));
        let Slot::Attaching(claim) = row.slot else { panic!("{row:?}") };
        assert_eq!((claim.seat, claim.meeting, claim.since), (bo(), Some(MeetingId::new("m1")), NOW));
    }

    async fn of_many_claims_at_once_one_succeeds(db: Database) {
        let db = with_licenses(db, 1).await;
        let nodes = [db.store.clone(), db.second_node()];
        let claims = (0..16).map(|number| claim(&nodes[number % 2], 1, if number % 4 < 2 { bo() } else { ana() }));
        let won = futures_util::future::join_all(claims).await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
    }

    async fn a_license_goes_round(db: Database) {
        let db = with_licenses(db, 1).await;
        assert!(claim(&db.store, 1, bo()).await);
        assert!(change(&db.store, |tx| licenses::mark_attached(tx, 1, &bo(), at(1))).await);
        let (row, worked_on_until) = rows(&db).await.remove(0);
        assert_eq!((row.slot.place(), worked_on_until), (Place::Attached, None));
        assert!(!change(&db.store, |tx| licenses::begin_detach(tx, 1, &ana(), at(2), at(3))).await, "it is on another seat");
        assert!(change(&db.store, |tx| licenses::begin_detach(tx, 1, &bo(), at(2), at(3))).await);
        assert!(!change(&db.store, |tx| licenses::begin_detach(tx, 1, &bo(), at(2), at(3))).await, "it is being detached already");
        assert!(!change(&db.store, |tx| licenses::mark_free(tx, 1, &ana(), at(4))).await, "it is on another seat");
        assert!(change(&db.store, |tx| licenses::mark_free(tx, 1, &bo(), at(4))).await);
        assert!(!change(&db.store, |tx| licenses::mark_attached(tx, 1, &bo(), at(5))).await, "a late answer finds the row free");
        assert!(!change(&db.store, |tx| licenses::mark_free(tx, 1, &bo(), at(5))).await);
        assert_eq!(places(&db).await, [(1, Place::Free)]);
    }

    async fn a_late_answer_does_not_touch_the_next_seats_license(db: Database) {
        let db = with_licenses(db, 1).await;
        assert!(claim(&db.store, 1, bo()).await);
        assert!(change(&db.store, |tx| licenses::mark_free(tx, 1, &bo(), at(1))).await);
        assert!(claim(&db.store, 1, ana()).await);
        assert!(!change(&db.store, |tx| licenses::mark_attached(tx, 1, &bo(), at(2))).await);
        assert!(!change(&db.store, |tx| licenses::mark_free(tx, 1, &bo(), at(2))).await);
        assert_eq!(places(&db).await, [(1, Place::Attaching)]);
    }

    async fn an_unfinished_row_is_taken_over_by_one(db: Database) {
        let db = with_licenses(db, 1).await;
        assert!(!change(&db.store, |tx| licenses::take_over(tx, 1, None, at(5))).await, "a free row needs nobody");
        assert!(claim(&db.store, 1, bo()).await);
        assert!(!change(&db.store, |tx| licenses::take_over(tx, 1, None, at(5))).await, "somebody works on it");
        let nodes = [db.store.clone(), db.second_node()];
        let take_over = |number: usize| {
            let until = at(10 + i64::try_from(number).unwrap());
            change(&nodes[number % 2], move |tx| licenses::take_over(tx, 1, Some(at(1)), until))
        };
        let won = futures_util::future::join_all((0..16).map(take_over)).await.into_iter().filter(|won| *won).count();
        assert_eq!(won, 1);
        change(&db.store, |tx| licenses::mark_failed(tx, 1, at(30), "no")).await;
        assert!(change(&db.store, |tx| licenses::take_over(tx, 1, None, at(40))).await, "nobody works on it any more");
    }

    async fn failures_are_counted_and_forgotten(db: Database) {
        let db = with_licenses(db, 1).await;
        assert!(claim(&db.store, 1, bo()).await);
        for _ in 0..2 {
            change(&db.store, |tx| licenses::mark_failed(tx, 1, at(9), "Zoom said no")).await;
        }
        let (row, worked_on_until) = rows(&db).await.remove(0);
        assert_eq!((row.failures, row.retry_at, row.problem.as_deref()), (2, Some(at(9)), Some("Zoom said no")));
        assert_eq!((row.slot.place(), worked_on_until), (Place::Attaching, None), "its place stays what it is");
        assert!(change(&db.store, |tx| licenses::mark_attached(tx, 1, &bo(), at(10))).await);
        let (row, _) = rows(&db).await.remove(0);
        assert_eq!((row.failures, row.retry_at, row.problem), (0, None, None));
    }

    async fn free_rows_rest_while_zoom_has_none_left(db: Database) {
        let db = with_licenses(db, 2).await;
        assert!(claim(&db.store, 1, bo()).await);
        change(&db.store, |tx| licenses::rest_free(tx, at(9), "none left")).await;
        let resting: Vec<_> = rows(&db).await.into_iter().map(|(row, _)| (row.retry_at, row.problem)).collect();
        assert_eq!(resting, [(None, None), (Some(at(9)), Some("none left".to_owned()))]);
        let mut counts = ask(&db.store, licenses::count_by_place).await;
        counts.sort();
        assert_eq!(counts, [("attaching".to_owned(), 1), ("free".to_owned(), 1)]);
    }

    async fn the_count_grows_and_shrinks(db: Database) {
        let db = with_licenses(db, 3).await;
        assert_eq!(places(&db).await, [(1, Place::Free), (2, Place::Free), (3, Place::Free)]);
        set_count(&db, 1).await;
        assert_eq!(places(&db).await, [(1, Place::Free)], "the highest numbers go first");
        set_count(&db, 2).await;
        assert_eq!(places(&db).await, [(1, Place::Free), (2, Place::Free)]);
        set_count(&db, 2).await;
        assert_eq!(places(&db).await.len(), 2, "setting it again changes nothing");
        set_count(&db, 0).await;
        assert_eq!(places(&db).await, []);
    }

    async fn an_occupied_row_beyond_the_count_stays_until_it_is_free(db: Database) {
        let db = with_licenses(db, 3).await;
        assert!(claim(&db.store, 2, bo()).await);
        assert!(claim(&db.store, 3, ana()).await);
        set_count(&db, 1).await;
        assert_eq!(places(&db).await, [(2, Place::Attaching), (3, Place::Attaching)], "the free row goes although its number is low");
        change(&db.store, licenses::drop_surplus).await;
        assert_eq!(places(&db).await.len(), 2);
        change(&db.store, |tx| {
            licenses::mark_free(tx, 3, &ana(), at(5))?;
            licenses::drop_surplus(tx)
        })
        .await;
        assert_eq!(places(&db).await, [(2, Place::Attaching)]);
        set_count(&db, 2).await;
        assert_eq!(places(&db).await, [(1, Place::Free), (2, Place::Attaching)], "the gap is filled");
    }

    async fn a_seat_that_zoom_refuses_is_listed_until_it_has_a_license(db: Database) {
        use duologue::domain::seat::License;
        let db = with_licenses(db, 1).await;
        let refused = async |db: &Database| {
            let operator = db.operator();
            ask(&db.store, move |tx| seats::refused(tx, &operator)).await
        };
        assert_eq!(refused(&db).await, []);
        for minute in [1, 2] {
            change(&db.store, move |tx| seats::mark_refused(tx, &bo(), at(minute), "Zoom says no")).await;
        }
        let expected = seats::Refused { seat: bo(), failures: 2, retry_at: Some(at(2)), problem: "Zoom says no".to_owned() };
        assert_eq!(refused(&db).await, [expected]);
        change(&db.store, |tx| seats::observe_license(tx, &bo(), License::Licensed, at(3))).await;
        assert_eq!(refused(&db).await, []);
    }
}
