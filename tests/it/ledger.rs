//! The ledger after whole lives of meetings: every minute of a license is told, and told to the right tenant.

use duologue::domain::ledger::{Part, Piece, Sums};
use duologue::domain::time::{Instant, Span, Window};
use duologue::store::{DatabaseUrl, Store, migrate};

use crate::support::demo::{From, Visitor, demo};
use crate::support::world::{Party, World, minutes, monday};

/// A day from Monday 08:00 on.
fn the_day() -> Window {
    Window::lasting(monday(), Span::days(1))
}

async fn ledger(world: &World) -> Vec<Piece> {
    world.app.ledger(&world.console, the_day()).await.expect("the ledger is read").pieces
}

async fn usage(world: &World, party: &Party) -> Vec<Piece> {
    world.app.usage(&party.scope, the_day()).await.expect("the usage is read").pieces
}

/// What was done from which minute to which, after Monday 08:00.
fn story(pieces: &[Piece]) -> Vec<(Part, i64, i64)> {
    let minute = |at: Instant| (at - monday()).as_minutes();
    pieces.iter().map(|piece| (piece.part, minute(piece.window.start()), minute(piece.window.end()))).collect()
}

#[tokio::test]
async fn a_meeting_is_told_minute_by_minute_to_its_tenant_and_the_operator() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(62).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.at(85).await;
    world.end(number);
    world.settle().await;
    world.at(100).await;
    let pieces = ledger(&world).await;
    assert_eq!(story(&pieces), [(Part::Ready, 55, 62), (Part::Live, 62, 85), (Part::Idle, 85, 87)]);
    assert_eq!(pieces[1].meeting.as_ref().unwrap().0, meeting);
    assert_eq!(usage(&world, &world.acme).await, pieces);
    assert!(usage(&world, &world.globex).await.is_empty());
}

#[tokio::test]
async fn restarts_no_shows_moves_and_cancellations_lose_no_minute() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::Sqlite(folder.path().join("duologue.db"));
    migrate::up(&url).unwrap();
    let mut world = World::new(Store::open(&url).unwrap(), 2).await;
    // Runs, is left, and runs again within its time; the process dies in between.
    let restarts = world.booked(&world.acme, 0, 60, 60).await;
    // Nobody comes.
    let missed = world.booked(&world.globex, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &restarts).await;
    world.settle().await;
    world.at(70).await;
    world.end(number);
    world.settle().await;
    world.restart(Store::open(&url).unwrap());
    world.at(71).await;
    world.start(&world.acme, 0, &restarts).await;
    world.settle().await;
    world.at(100).await;
    world.end(number);
    world.settle().await;
    world.at(120).await;
    let all = ledger(&world).await;
    let of = |meeting| -> Vec<Piece> {
        all.iter().filter(|piece| piece.meeting.as_ref().is_some_and(|(one, _)| one == meeting)).cloned().collect()
    };
    assert_eq!(story(&of(&restarts)), [(Part::Ready, 55, 60), (Part::Live, 60, 70), (Part::Live, 71, 100)]);
    assert_eq!(story(&of(&missed)), [(Part::Ready, 55, 75)]);

    // Moved away and called off while its license was ready.
    let moved = world.booked(&world.acme, 1, 180, 30).await;
    world.at(177).await;
    let time = world.booking(&world.acme.users[1], 240, 30).time;
    let topic = world.meeting(&world.acme, &moved).await.topic;
    world.app.reschedule(&world.acme.scope, &world.acme.users[1], &moved, topic, time).await.unwrap();
    world.at(238).await;
    world.app.cancel(&world.acme.scope, &world.acme.users[1], &moved).await.unwrap();
    world.at(260).await;
    let all = ledger(&world).await;
    let of_moved: Vec<Piece> =
        all.iter().filter(|piece| piece.meeting.as_ref().is_some_and(|(one, _)| *one == moved)).cloned().collect();
    assert_eq!(story(&of_moved), [(Part::Ready, 175, 177), (Part::Ready, 235, 238)]);
    let sums = Sums::of(&all);
    let whole: i64 = all.iter().map(|piece| piece.window.length().as_seconds()).sum();
    assert_eq!(sums.whole().as_seconds(), whole);
    assert_eq!(sums.live, minutes(39));
}

#[tokio::test]
async fn after_an_early_look_the_license_is_ready_for_the_meeting_again() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 120, 30).await;
    // Once long before, and once when the license is there already.
    for (from, until) in [(30, 32), (116, 117)] {
        world.at(from).await;
        let number = world.start(&world.acme, 0, &meeting).await;
        world.settle().await;
        world.at(until).await;
        world.end(number);
        world.settle().await;
    }
    world.at(119).await;
    let early = [(Part::Live, 30, 32)];
    let look = [(Part::Ready, 115, 116), (Part::Live, 116, 117)];
    let waits = story(&ledger(&world).await);
    assert_eq!(waits, [&early[..], &look, &[(Part::Ready, 117, 119)]].concat(), "while it waits");
    world.at(123).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.at(140).await;
    world.end(number);
    world.settle().await;
    world.at(160).await;
    let pieces = ledger(&world).await;
    let met = [(Part::Ready, 117, 123), (Part::Live, 123, 140), (Part::Idle, 140, 142)];
    assert_eq!(story(&pieces), [&early[..], &look, &met].concat(), "and afterwards");
    assert!(pieces[..5].iter().all(|piece| piece.meeting.as_ref().is_some_and(|(one, _)| *one == meeting)));
}

#[tokio::test]
async fn who_looks_in_early_and_does_not_come_kept_the_license_waiting() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 120, 5).await;
    world.at(30).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.at(32).await;
    world.end(number);
    world.settle().await;
    world.at(140).await;
    let expected = [(Part::Live, 30, 32), (Part::Ready, 115, 130)];
    assert_eq!(story(&ledger(&world).await), expected);
    world.clock.set(monday() + Span::days(3));
    assert_eq!(story(&ledger(&world).await), expected, "days later the same is told");
}

#[tokio::test]
async fn what_passed_of_a_hold_is_told_when_start_gives_the_meeting_another() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 5).await;
    world.at(72).await;
    let before = story(&ledger(&world).await);
    assert_eq!(before, [(Part::Ready, 55, 70)]);
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.at(76).await;
    world.end(number);
    world.settle().await;
    world.at(90).await;
    let after = story(&ledger(&world).await);
    assert_eq!(after, [(Part::Ready, 55, 70), (Part::Live, 72, 76), (Part::Idle, 76, 78)]);
}

#[tokio::test]
async fn who_takes_an_offered_time_was_refused_once() {
    let world = World::in_memory(1).await;
    world.booked(&world.acme, 0, 60, 30).await;
    let party = &world.globex;
    let duologue::app::bookings::Answer::Refused { nearest, .. } = world.book(party, 0, 75, 30).await else { panic!("accepted") };
    world.clock.advance(std::time::Duration::from_mins(1));
    world.book(party, 0, 75, 30).await;
    world.booked(party, 0, (nearest[0] - monday()).as_minutes(), 30).await;
    let usage = world.app.usage(&party.scope, the_day()).await.unwrap();
    assert_eq!(usage.refusals.len(), 1);
    assert_eq!(usage.refusals[0].at, monday() + minutes(1));
}

#[tokio::test]
async fn a_sweep_removes_what_is_older_than_it_is_kept() {
    let world = World::in_memory(1).await;
    let meeting = world.booked(&world.acme, 0, 60, 30).await;
    world.at(60).await;
    let number = world.start(&world.acme, 0, &meeting).await;
    world.settle().await;
    world.at(85).await;
    world.end(number);
    world.settle().await;
    world.at(100).await;
    world.clock.set(monday() + Span::days(400));
    world.app.sweep().await.unwrap();
    assert!(!ledger(&world).await.is_empty(), "400 days are kept");
    world.clock.set(monday() + Span::days(401));
    world.app.sweep().await.unwrap();
    assert!(ledger(&world).await.is_empty());
}

/// The rows of a sheet, without its headings.
fn read(sheet: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut reader = csv::Reader::from_reader(sheet.as_bytes());
    let own = |record: &csv::StringRecord| record.iter().map(ToOwned::to_owned).collect::<Vec<_>>();
    let headings = own(reader.headers().expect("a row of headings"));
    (headings, reader.records().map(|record| own(&record.expect("rows of one length"))).collect())
}

#[actix_web::test]
async fn sheets_are_saved_whole_and_tell_each_tenant_only_its_own() {
    let (demo, _folder) = demo().await;
    let admin = Visitor::signed_in(&demo.portal, "/t/north-clinic", "ana@north-clinic.example").await;
    let operator = Visitor::signed_in(&demo.portal, "/operator", "operator@duologue.example").await;
    for (visitor, path, name) in [
        (&operator, "/operator/ledger.csv", "ledger-"),
        (&admin, "/t/north-clinic/usage.csv", "usage-north-clinic-"),
        (&admin, "/t/north-clinic/audit.csv", "audit-north-clinic"),
    ] {
        let since = demo.app.now() - Span::days(3);
        let from = &since.to_string()[..10];
        let seen = visitor.get(&format!("{path}?from={from}")).await;
        assert_eq!(seen.status, 200, "{path}");
        let header = |name: &str| seen.headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert!(header("content-type").starts_with("text/csv; charset=utf-8"), "{path}");
        assert!(header("content-disposition").starts_with(&format!("attachment; filename=\"{name}")), "{path}");
        assert!(seen.body.contains("\r\n") && !seen.body.replace("\r\n", "").contains('\n'), "{path}");
        let (headings, rows) = read(&seen.body);
        assert!(rows.len() > 3, "{path} has {} rows", rows.len());
        let times: Vec<usize> = (0..headings.len()).filter(|at| matches!(&*headings[*at], "from" | "until" | "at")).collect();
        for row in &rows {
            for at in &times {
                let text = &row[*at];
                assert!(text.ends_with('Z') || text.as_bytes()[text.len() - 6] == b'+', "{path}: {text} names its zone");
            }
        }
        assert_eq!(seen.body.contains("River School"), path.starts_with("/operator"), "{path}");
    }
    let wrong = admin.get("/t/north-clinic/usage.csv?from=2020-01-01").await;
    assert_eq!(wrong.status, 400, "more days than a sheet takes");
    assert_eq!(admin.get("/t/north-clinic/usage?from=2020-01-01").await.status, 422);
}

#[actix_web::test]
async fn the_operator_says_for_how_long_the_ledger_is_kept() {
    let (demo, _folder) = demo().await;
    let operator = Visitor::signed_in(&demo.portal, "/operator", "operator@duologue.example").await;
    let post = async |days: &str| {
        operator.post("/operator/ledger/keeping", &[("csrf", &operator.csrf), ("days", days)], From::OwnPage).await
    };
    let refused = post("30").await;
    assert!(refused.status == 422 && refused.body.contains("Days must be a whole number from 31 to 3660."), "{}", refused.body);
    assert_eq!(post("500").await.status, 303);
    assert_eq!(demo.app.ledger_days(&demo.console).await.unwrap(), 500);
}
