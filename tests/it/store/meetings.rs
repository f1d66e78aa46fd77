//! Meetings: kept as they were given, listed in a fixed order, changed only where their state allows it.

use duologue::domain::ids::{MeetingId, SeatId, UserId};
use duologue::domain::meeting::{Kind, Meeting, Room, Run, State};
use duologue::domain::names::{Topic, ZoneName};
use duologue::domain::pool::{Place, PoolSettings};
use duologue::domain::time::{Instant, Span};
use duologue::store::meetings::{self, Filter, MeetingView, Task};
use duologue::store::{StoreError, demand, licenses};

use crate::support::cast::{NOW, at, key, meeting, window};
use crate::support::database::{Database, ask, both_databases, change};

fn id(text: &str) -> MeetingId {
    MeetingId::new(text)
}

async fn find(db: &Database, meeting: &'static str) -> Meeting {
    let scope = db.scope("acme");
    ask(&db.store, move |tx| meetings::find(tx, &scope, &id(meeting))).await.unwrap()
}

async fn find_view(db: &Database, meeting: &'static str) -> MeetingView {
    let scope = db.scope("acme");
    ask(&db.store, move |tx| meetings::find_view(tx, &scope, &id(meeting))).await.unwrap()
}

async fn set_state(db: &Database, meeting: &'static str, state: State, hold: (Instant, Instant)) {
    let scope = db.scope("acme");
    change(&db.store, move |tx| meetings::set_state(tx, &scope, &id(meeting), &state, hold)).await;
}

async fn listed(db: &Database, past: bool, offset: i64, limit: i64) -> Vec<String> {
    let filter = Filter { host: None, search: String::new(), past, now: NOW, offset, limit };
    let scope = db.scope("acme");
    ids(ask(&db.store, move |tx| meetings::list(tx, &scope, &filter)).await)
}

fn ids(views: Vec<MeetingView>) -> Vec<String> {
    views.into_iter().map(|view| view.meeting.id.to_string()).collect()
}

fn run(uuid: &str) -> Run {
    Run { uuid: uuid.to_owned(), since: at(61) }
}

/// Every state, with what is known in it.
fn every_state() -> [State; 5] {
    [
        State::Booked,
        State::Live(run("u/1==")),
        State::Ended { run: run("u/1=="), at: at(80) },
        State::Cancelled { at: at(10) },
        State::Missed { at: at(75) },
    ]
}

async fn errand(db: &Database, minute: i64) -> Option<(String, Task, u32)> {
    let pass = db.pass.clone();
    let errand = ask(&db.store, move |tx| meetings::next_errand(tx, &pass, at(minute))).await;
    errand.map(|errand| (errand.meeting.id.to_string(), errand.task, errand.tries))
}

both_databases! {
    async fn a_meeting_is_kept_as_it_was_given(db: Database) {
        let db = db.with_cast().await;
        let given = Meeting { kind: Kind::OnDemand, sequence: 2, link_version: 3, ..meeting("m1", window(60, 105)) };
        db.book(given.clone()).await;
        assert_eq!(find(&db, "m1").await, given);
        let view = find_view(&db, "m1").await;
        assert_eq!((view.meeting, view.host_name.as_str(), view.client.id.as_str(), view.license), (given, "bo", "gil", None));
        assert_eq!((view.progress.at_zoom, view.progress.zoom_problem, view.progress.alert), (false, None, None));
    }

    async fn a_view_shows_where_the_license_is(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        let operator = db.operator();
        change(&db.store, move |tx| {
            licenses::set_count(tx, &operator, 1, NOW)?;
            licenses::claim(tx, 1, &SeatId::new("seat-bo"), Some(&id("m1")), NOW, at(1))
        })
        .await;
        assert_eq!(find_view(&db, "m1").await.license, Some(Place::Attaching));
    }

    async fn a_form_posted_twice_makes_one_meeting(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        let scope = db.scope("acme");
        let known = ask(&db.store, move |tx| meetings::find_by_key(tx, &scope, &key("key-m1"))).await;
        assert_eq!(known, Some(id("m1")));
        let scope = db.scope("acme");
        let again: Result<(), StoreError> =
            db.store.write(move |tx| meetings::insert(tx, &scope, &meeting("m2", window(60, 105)), "link-m2", &key("key-m1"))).await;
        assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
    }

    async fn a_link_leads_to_its_meeting_and_tenant(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        let (scope, view) = ask(&db.store, |tx| meetings::find_by_link(tx, "link-m1")).await.unwrap();
        assert_eq!((scope, view.meeting.id), (db.scope("acme"), id("m1")));
        assert!(ask(&db.store, |tx| meetings::find_by_link(tx, "link-m2")).await.is_none());
    }

    async fn every_state_comes_back_as_it_was_set(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        for state in every_state().into_iter().rev().chain(every_state()) {
            set_state(&db, "m1", state.clone(), (at(55), at(110))).await;
            let kept = find(&db, "m1").await;
            assert_eq!((kept.state, kept.hold), (state, window(55, 110)));
        }
    }

    async fn a_hold_that_is_given_back_whole_counts_no_more(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        let holds = |db: &Database| {
            let store = db.store.clone();
            async move { ask(&store, |tx| demand::during(tx, window(0, 200), &PoolSettings::defaults(), NOW)).await.holds.len() }
        };
        assert_eq!(holds(&db).await, 1);
        set_state(&db, "m1", State::Cancelled { at: at(10) }, (at(55), at(10))).await;
        assert_eq!(holds(&db).await, 0);
        find(&db, "m1").await;
    }

    async fn only_a_booked_meeting_is_moved(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        let moved = Meeting {
            seat: SeatId::new("seat-shared"),
            topic: Topic::parse("Second visit").unwrap(),
            wall_time: "2026-11-24T13:00".to_owned(),
            zone: ZoneName::utc(),
            sequence: 1,
            ..meeting("m1", window(180, 225))
        };
        for state in every_state() {
            let is_booked = state == State::Booked;
            set_state(&db, "m1", state.clone(), (at(55), at(110))).await;
            let (scope, to) = (db.scope("acme"), moved.clone());
            assert_eq!(change(&db.store, move |tx| meetings::move_to(tx, &scope, &to)).await, is_booked, "{state:?}");
            if is_booked {
                assert_eq!(find(&db, "m1").await, moved);
            }
        }
    }

    async fn what_is_to_come_is_listed_by_start_and_what_is_past_from_the_newest(db: Database) {
        let db = db.with_cast().await;
        for (name, from) in [("later", 120), ("soon", 60), ("cancelled", 180), ("live", -90), ("over", -300), ("unstarted", -200)] {
            db.book(meeting(name, window(from, from + 30))).await;
        }
        set_state(&db, "cancelled", State::Cancelled { at: NOW }, (NOW, NOW)).await;
        set_state(&db, "live", State::Live(run("a")), (at(-95), at(5))).await;
        set_state(&db, "over", State::Ended { run: run("b"), at: at(-270) }, (NOW, NOW)).await;
        assert_eq!(listed(&db, false, 0, 10).await, ["live", "soon", "later"]);
        assert_eq!(listed(&db, true, 0, 10).await, ["cancelled", "unstarted", "over"]);
        assert_eq!(listed(&db, false, 1, 1).await, ["soon"]);
        assert_eq!(listed(&db, false, 3, 10).await, Vec::<String>::new());
        let scope = db.scope("acme");
        change(&db.store, move |tx| meetings::set_queued(tx, &scope, &id("unstarted"), Some(NOW))).await;
        assert_eq!(listed(&db, false, 0, 1).await, ["unstarted"], "whoever waits in line has not met yet");
        let filter = Filter { host: Some(UserId::new("ana")), search: String::new(), past: false, now: NOW, offset: 0, limit: 10 };
        let scope = db.scope("acme");
        assert_eq!(ids(ask(&db.store, move |tx| meetings::list(tx, &scope, &filter)).await), Vec::<String>::new());
        let scope = db.scope("acme");
        let today = ask(&db.store, move |tx| meetings::list_of_host(tx, &scope, &UserId::new("bo"), window(0, 100))).await;
        assert_eq!(ids(today), ["live", "soon"], "a live meeting shows although its time is over");
        let scope = db.scope("acme");
        let ahead = ask(&db.store, move |tx| meetings::list_ahead_of_host(tx, &scope, &UserId::new("bo"))).await;
        assert_eq!(ahead.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["unstarted", "live", "soon", "later"]);
        assert_eq!(ask(&db.store, |tx| meetings::count_ahead_on_seat(tx, &SeatId::new("seat-bo"))).await, 4);
    }

    async fn small_changes_change_only_what_they_say(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        db.book(meeting("m2", window(160, 205))).await;
        let scope = db.scope("acme");
        change(&db.store, move |tx| {
            meetings::set_hold(tx, &scope, &id("m1"), (at(50), at(130)), true)?;
            meetings::mark_start_clicked(tx, &scope, &id("m1"), at(57))?;
            meetings::raise_sequence(tx, &scope, &id("m1"))?;
            meetings::mark_client_arrived(tx, &scope, &id("m1"), at(58))?;
            meetings::set_alert(tx, &scope, &id("m1"), Some("no_license"))
        })
        .await;
        let expected = Meeting {
            hold: window(50, 130),
            start_clicked_at: Some(at(57)),
            sequence: 1,
            client_arrived_at: Some(at(58)),
            ..meeting("m1", window(60, 105))
        };
        assert_eq!(find(&db, "m1").await, expected);
        assert_eq!(find_view(&db, "m1").await.progress.alert.as_deref(), Some("no_license"));
        assert_eq!(find(&db, "m2").await, meeting("m2", window(160, 205)));
    }

    async fn zoom_is_told_of_each_change_once(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m2", window(160, 205))).await;
        db.book(meeting("m1", window(60, 105))).await;
        assert_eq!(errand(&db, 0).await, Some(("m1".to_owned(), Task::Create, 0)), "the nearest first");
        let scope = db.scope("acme");
        change(&db.store, move |tx| meetings::mark_failed(tx, &scope, &id("m1"), at(5), "busy")).await;
        assert_eq!(errand(&db, 4).await, Some(("m2".to_owned(), Task::Create, 0)));
        assert_eq!(errand(&db, 5).await, Some(("m1".to_owned(), Task::Create, 1)));
        assert_eq!(find_view(&db, "m1").await.progress.zoom_problem.as_deref(), Some("busy"));

        let room = Room { number: 98_765_432_101, join_url: "https://zoom.example/j/98765432101".to_owned() };
        for (number, expected) in [(98_765_432_101, true), (98_765_432_102, false)] {
            let (scope, room) = (db.scope("acme"), Room { number, ..room.clone() });
            assert_eq!(change(&db.store, move |tx| meetings::set_room(tx, &scope, &id("m1"), &room, 0)).await, expected);
        }
        assert_eq!(find(&db, "m1").await.room, Some(room));
        assert!(find_view(&db, "m1").await.progress.at_zoom);
        assert_eq!(errand(&db, 9).await.unwrap().0, "m2");

        let pass = db.pass.clone();
        let (scope, found) = ask(&db.store, move |tx| meetings::find_by_number(tx, &pass, 98_765_432_101)).await.unwrap();
        assert_eq!((scope, found.id), (db.scope("acme"), id("m1")));

        let scope = db.scope("acme");
        change(&db.store, move |tx| meetings::raise_sequence(tx, &scope, &id("m1"))).await;
        assert_eq!(errand(&db, 9).await, Some(("m1".to_owned(), Task::Update, 0)));
        set_state(&db, "m1", State::Cancelled { at: at(9) }, (at(9), at(9))).await;
        assert_eq!(errand(&db, 9).await, Some(("m1".to_owned(), Task::Delete, 0)));
        let scope = db.scope("acme");
        change(&db.store, move |tx| meetings::mark_synced(tx, &scope, &id("m1"), 1)).await;
        assert_eq!(errand(&db, 9).await.unwrap().0, "m2");
    }

    async fn a_meeting_that_zoom_lost_is_created_again(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        let room = Room { number: 98_765_432_101, join_url: "https://zoom.example/j/98765432101".to_owned() };
        let scope = db.scope("acme");
        change(&db.store, move |tx| meetings::set_room(tx, &scope, &id("m1"), &room, 0)).await;
        assert_eq!(errand(&db, 0).await, None);
        let scope = db.scope("acme");
        change(&db.store, move |tx| meetings::clear_room(tx, &scope, &id("m1"))).await;
        assert_eq!(errand(&db, 0).await, Some(("m1".to_owned(), Task::Create, 0)));
        assert_eq!(find(&db, "m1").await.room, None);
    }

    async fn polls_that_found_nothing_are_counted_in_a_row(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 105))).await;
        for (absent, expected) in [(true, 1), (true, 2), (false, 0), (true, 1)] {
            let scope = db.scope("acme");
            assert_eq!(change(&db.store, move |tx| meetings::mark_polled(tx, &scope, &id("m1"), at(70), absent)).await, expected);
        }
        set_state(&db, "m1", State::Live(run("a")), (at(55), at(110))).await;
        let scope = db.scope("acme");
        assert_eq!(change(&db.store, move |tx| meetings::mark_polled(tx, &scope, &id("m1"), at(72), true)).await, 1, "a change of state begins anew");
    }

    async fn the_keeper_needs_what_holds_is_live_or_should_have_begun(db: Database) {
        let db = db.with_cast().await;
        for (name, from) in [("held", 3), ("ahead", 60), ("live", -600), ("unstarted", -300), ("over", -60), ("alerted", -120)] {
            db.book(meeting(name, window(from, from + 30))).await;
        }
        set_state(&db, "live", State::Live(run("a")), (at(-605), at(-500))).await;
        set_state(&db, "over", State::Ended { run: run("b"), at: at(-30) }, (at(-65), at(-30))).await;
        set_state(&db, "alerted", State::Ended { run: run("c"), at: at(-90) }, (at(-125), at(-90))).await;
        let scope = db.scope("acme");
        change(&db.store, move |tx| meetings::set_alert(tx, &scope, &id("alerted"), Some("no_license"))).await;
        let pass = db.pass.clone();
        let needs = ask(&db.store, move |tx| meetings::needs(tx, &pass, NOW, &[])).await;
        assert_eq!(needs.iter().map(|need| need.meeting.as_str()).collect::<Vec<_>>(), ["alerted", "held", "live", "unstarted"]);
        assert_eq!(needs[2].live_since, Some(at(61)));
        assert_eq!((needs[1].hold, needs[1].at_zoom, &needs[1].seat), ((at(-2), at(38)), false, &SeatId::new("seat-bo")));
        let operator = db.operator();
        let open = ask(&db.store, move |tx| meetings::find_open(tx, &operator, NOW)).await;
        let open: Vec<_> = open.iter().map(|(tenant, view)| (tenant.as_str(), view.meeting.id.as_str())).collect();
        assert_eq!(open, [("acme", "live"), ("acme", "held")]);
    }

    async fn demand_has_every_hold_that_touches_the_span(db: Database) {
        let db = db.with_cast().await;
        // With lead and grace: 55 to 110, 110 to 140, and one that outgrew its plan by a day.
        db.book(meeting("first", window(60, 105))).await;
        db.book(meeting("second", window(115, 135))).await;
        db.book(meeting("overrun", window(-1500, -1470))).await;
        set_state(&db, "overrun", State::Live(run("a")), (at(-1505), at(90))).await;
        for (from, until, expected) in [
            (0, 55, vec!["overrun"]),
            (0, 56, vec!["first", "overrun"]),
            (90, 110, vec!["first"]),
            (109, 111, vec!["first", "second"]),
            (110, 140, vec!["second"]),
            (140, 200, vec![]),
        ] {
            let demand = ask(&db.store, move |tx| demand::during(tx, window(from, until), &PoolSettings::defaults(), NOW)).await;
            let mut found: Vec<&str> = demand.holds.iter().map(|hold| hold.meeting.as_str()).collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{from} to {until}");
            assert_eq!(demand.shares.len(), 2);
        }
        let demand = ask(&db.store, |tx| demand::during(tx, window(60, 61), &PoolSettings { licenses: 5, ..PoolSettings::defaults() }, NOW)).await;
        let first = demand.holds.iter().find(|hold| hold.meeting == id("first")).unwrap();
        assert_eq!((first.busy, first.hold, demand.promisable), (window(60, 105), window(55, 110), 4));
        assert_eq!(first.hold.length(), Span::minutes(55));
    }
}
