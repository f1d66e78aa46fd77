//! When seats and hosts are busy: as planned, whatever lead and grace have become since; and as given, where time was given anew.

use duologue::domain::ids::MeetingId;
use duologue::domain::meeting::{Meeting, Run, State};
use duologue::domain::names::Topic;
use duologue::domain::pool::PoolSettings;
use duologue::domain::time::{Instant, Span, Window};
use duologue::store::{demand, meetings, pool};

use crate::support::cast::{at, meeting, window};
use crate::support::database::{Database, ask, both_databases, change};

fn id() -> MeetingId {
    MeetingId::new("m1")
}

fn live() -> State {
    State::Live(Run { uuid: "u".to_owned(), since: at(58) })
}

/// Booked from 60 to 105, while lead and grace were half an hour.
async fn booked(db: Database) -> Database {
    let db = db.with_cast().await;
    db.book(planned()).await;
    db
}

fn planned() -> Meeting {
    Meeting { hold: window(30, 135), ..meeting("m1", window(60, 105)) }
}

async fn set_padding(db: &Database, minutes: i64) {
    let padding = Span::minutes(minutes);
    let settings = PoolSettings { lead: padding, grace: padding, ..PoolSettings::defaults() };
    let operator = db.operator();
    change(&db.store, move |tx| pool::set(tx, &operator, &settings)).await;
}

async fn set_state(db: &Database, state: State, hold: (Instant, Instant)) {
    let scope = db.scope("acme");
    change(&db.store, move |tx| meetings::set_state(tx, &scope, &id(), &state, hold)).await;
}

async fn set_hold(db: &Database, hold: (Instant, Instant)) {
    let scope = db.scope("acme");
    change(&db.store, move |tx| meetings::set_hold(tx, &scope, &id(), hold, true)).await;
}

async fn move_to(db: &Database, moved: Meeting) {
    let scope = db.scope("acme");
    assert!(change(&db.store, move |tx| meetings::move_to(tx, &scope, &moved)).await);
}

async fn busy_at(db: &Database, now: Instant) -> Window {
    let settings = ask(&db.store, pool::settings).await;
    let found = ask(&db.store, move |tx| demand::during(tx, window(0, 500), &settings, now)).await;
    found.holds[0].busy
}

both_databases! {
    async fn a_booked_meeting_is_busy_as_planned_whatever_lead_and_grace_become(db: Database) {
        let db = booked(db).await;
        for padding in [0, 5, 60] {
            set_padding(&db, padding).await;
            assert_eq!(busy_at(&db, at(0)).await, window(60, 105), "{padding}");
        }
    }

    async fn one_that_may_begin_early_is_busy_from_then_on_until_it_is_planned_anew(db: Database) {
        let db = booked(db).await;
        set_padding(&db, 30).await;
        set_hold(&db, (at(10), at(135))).await;
        for padding in [0, 30, 60] {
            set_padding(&db, padding).await;
            assert_eq!(busy_at(&db, at(10)).await, window(10, 105), "{padding}");
        }
        let renamed = Meeting { topic: Topic::parse("Second visit").unwrap(), hold: window(10, 135), ..planned() };
        move_to(&db, renamed).await;
        assert_eq!(busy_at(&db, at(10)).await, window(10, 105), "other words are not another time");
        move_to(&db, Meeting { window: window(180, 225), hold: window(175, 230), ..planned() }).await;
        assert_eq!(busy_at(&db, at(10)).await, window(180, 225));
    }

    async fn one_that_runs_is_busy_since_it_began_and_for_what_it_has_grown_to(db: Database) {
        let db = booked(db).await;
        set_padding(&db, 5).await;
        set_state(&db, live(), (at(30), at(135))).await;
        assert_eq!(busy_at(&db, at(100)).await, window(58, 105), "what follows it is booked as before");
        assert_eq!(busy_at(&db, at(107)).await, window(58, 110), "it runs on, within the longer grace it was booked with");
        set_hold(&db, (at(30), at(150))).await;
        for padding in [5, 60] {
            set_padding(&db, padding).await;
            assert_eq!(busy_at(&db, at(140)).await.end(), at(145), "{padding}");
        }
    }

    async fn one_that_was_looked_into_is_busy_as_planned_again(db: Database) {
        let db = booked(db).await;
        set_padding(&db, 5).await;
        let run = Run { uuid: "u".to_owned(), since: at(10) };
        set_hold(&db, (at(9), at(110))).await;
        set_state(&db, State::Live(run.clone()), (at(9), at(110))).await;
        assert_eq!(busy_at(&db, at(11)).await, window(9, 105));
        set_state(&db, State::Ended { run, at: at(12) }, (at(55), at(110))).await;
        set_padding(&db, 0).await;
        assert_eq!(busy_at(&db, at(12)).await, window(60, 105));
        set_hold(&db, (at(20), at(105))).await;
        assert_eq!(busy_at(&db, at(20)).await, window(20, 105), "looked into again");
    }
}
