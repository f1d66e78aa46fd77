//! What the ledger is made from: the licenses' spans, the meetings' runs and spent holds, and the refusals that count once.

use duologue::domain::admission::Refusal;
use duologue::domain::ids::{MeetingId, SeatId, UserId};
use duologue::domain::meeting::{Kind, Run, State};
use duologue::domain::time::Instant;
use duologue::store::refusals::{self, Refused};
use duologue::store::{ledger, meetings, moves, uses};

use crate::support::cast::{NOW, at, meeting, window};
use crate::support::database::{Database, ask, both_databases, change};

fn run(uuid: &str, since: Instant) -> Run {
    Run { uuid: uuid.to_owned(), since }
}

async fn with_meeting(db: Database) -> Database {
    let db = db.with_cast().await;
    db.book(meeting("m1", window(60, 90))).await;
    db
}

/// Begins a run at a minute, or ends the one that began then.
async fn hear(db: &Database, uuid: &'static str, began: i64, ended: Option<i64>) {
    let (scope, meeting) = (db.scope("acme"), meeting("m1", window(60, 90)));
    change(&db.store, move |tx| match ended {
        None => uses::begin_run(tx, &scope, &meeting, &run(uuid, at(began))),
        Some(ended) => uses::end_run(tx, &scope, &meeting, &run(uuid, at(began)), at(ended)),
    })
    .await;
}

/// When the meeting ran, in minutes.
async fn ran(db: &Database) -> Vec<(i64, Option<i64>)> {
    let pass = db.operator();
    let mut uses = ask(&db.store, move |tx| uses::list(tx, &pass, window(0, 500), at(500))).await;
    uses.retain(|one| one.runs);
    uses.sort_by_key(|one| one.from);
    let minute = |at: Instant| (at - NOW).as_minutes();
    uses.into_iter().map(|one| (minute(one.from), one.until.map(minute))).collect()
}

async fn refuse(db: &Database, id: &'static str, minute: i64, kind: Kind, start: i64, refusal: Refusal) {
    let scope = db.scope("acme");
    let refused =
        Refused { id: id.to_owned(), at: at(minute), host: UserId::new("bo"), kind, refusal, window: window(start, start + 30) };
    change(&db.store, move |tx| refusals::note(tx, &scope, &refused)).await;
}

/// When and why, in minutes.
async fn refused(db: &Database) -> Vec<(i64, Refusal)> {
    let scope = db.scope("acme");
    let found = ask(&db.store, move |tx| refusals::list_of_tenant(tx, &scope, window(0, 5000))).await;
    found.into_iter().map(|one| ((one.at - NOW).as_minutes(), one.refusal)).collect()
}

both_databases! {
    async fn a_run_is_kept_although_the_meeting_restarts(db: Database) {
        let db = with_meeting(db).await;
        hear(&db, "a", 60, None).await;
        hear(&db, "a", 60, None).await;
        hear(&db, "a", 60, Some(70)).await;
        hear(&db, "b", 72, None).await;
        assert_eq!(ran(&db).await, [(60, Some(70)), (72, None)]);
        hear(&db, "b", 72, Some(90)).await;
        assert_eq!(ran(&db).await, [(60, Some(70)), (72, Some(90))]);
    }

    async fn a_lost_end_is_at_the_latest_the_next_beginning(db: Database) {
        let db = with_meeting(db).await;
        hear(&db, "a", 60, None).await;
        hear(&db, "b", 72, None).await;
        assert_eq!(ran(&db).await, [(60, Some(72)), (72, None)]);
        hear(&db, "a", 60, Some(68)).await;
        assert_eq!(ran(&db).await[0], (60, Some(68)), "the end arrives after all");
        hear(&db, "a", 60, Some(80)).await;
        assert_eq!(ran(&db).await[0], (60, Some(68)), "an end that was found out later is not truer");
    }

    async fn an_end_without_a_beginning_is_both(db: Database) {
        let db = with_meeting(db).await;
        hear(&db, "a", 61, Some(75)).await;
        hear(&db, "a", 61, None).await;
        assert_eq!(ran(&db).await, [(61, Some(75))]);
    }

    async fn a_hold_waits_until_its_meeting_begins(db: Database) {
        let db = with_meeting(db).await;
        let pass = db.operator();
        let waiting = ask(&db.store, move |tx| uses::list(tx, &pass, window(0, 500), at(57))).await;
        let spans: Vec<_> = waiting.iter().map(|one| (one.runs, one.from, one.until)).collect();
        assert_eq!(spans, [(false, at(55), Some(at(95)))], "the booked meeting's present hold");
        let pass = db.operator();
        assert!(ask(&db.store, move |tx| uses::list(tx, &pass, window(0, 500), at(54))).await.is_empty(), "it has not begun");
        let (scope, pass) = (db.scope("acme"), db.operator());
        change(&db.store, move |tx| uses::note_hold(tx, &scope, "h1", &meeting("m1", window(60, 90)), window(20, 30))).await;
        let noted = ask(&db.store, move |tx| uses::list(tx, &pass, window(0, 25), at(54))).await;
        assert_eq!((noted.len(), noted[0].runs, noted[0].until), (1, false, Some(at(30))));
    }

    async fn what_ended_or_was_missed_waits_only_for_what_lies_ahead_of_it(db: Database) {
        let db = with_meeting(db).await;
        let run = |at_| State::Ended { run: Run { uuid: "a".to_owned(), since: at(9) }, at: at(at_) };
        for (state, hold, waits) in [
            (run(10), (55, 95), true),
            (run(70), (55, 72), false),
            (run(70), (80, 120), true),
            (State::Missed { at: at(75) }, (55, 75), false),
            (State::Missed { at: at(75) }, (80, 120), true),
            (State::Cancelled { at: at(10) }, (55, 95), false),
        ] {
            let (scope, set) = (db.scope("acme"), state.clone());
            let set_state = change(&db.store, move |tx| {
                meetings::set_state(tx, &scope, &MeetingId::new("m1"), &set, (at(hold.0), at(hold.1)))
            });
            set_state.await;
            // At its time, and told days later.
            for now in [at(hold.1 - 1), at(5000)] {
                let pass = db.operator();
                let found = ask(&db.store, move |tx| uses::list(tx, &pass, window(0, 500), now)).await;
                let spans: Vec<_> = found.iter().map(|one| (one.runs, one.from, one.until)).collect();
                let expected = if waits { vec![(false, at(hold.0), Some(at(hold.1)))] } else { vec![] };
                assert_eq!(spans, expected, "{state:?} {hold:?}");
            }
        }
    }

    async fn a_span_knows_its_way_there_and_back(db: Database) {
        let db = with_meeting(db).await;
        let seat = SeatId::new("seat-bo");
        change(&db.store, move |tx| ledger::open(tx, "s1", 1, &seat, (at(54), at(55)))).await;
        change(&db.store, |tx| ledger::leave(tx, 1, at(92))).await;
        assert!(change(&db.store, |tx| ledger::close(tx, 1, at(93))).await);
        assert!(!change(&db.store, |tx| ledger::close(tx, 1, at(94))).await, "it is on no seat any more");
        let pass = db.operator();
        let all = ask(&db.store, move |tx| ledger::list(tx, &pass, window(92, 100))).await;
        let span = &all[0];
        assert_eq!((span.claimed, span.attached, span.leaving, span.until), (at(54), at(55), Some(at(92)), Some(at(93))));
        assert_eq!(span.tenant.as_ref().map(ToString::to_string).as_deref(), Some("acme"));
        let pass = db.operator();
        assert!(ask(&db.store, move |tx| ledger::list(tx, &pass, window(93, 100))).await.is_empty(), "its end is not in it");
        let served = [SeatId::new("seat-bo")];
        let there = ask(&db.store, move |tx| ledger::list_on_seats(tx, &served, window(0, 100))).await;
        assert_eq!(there.len(), 1, "whoever it was charged to");
        for (tenant, spans) in [("acme", 1), ("globex", 0)] {
            let scope = db.scope(tenant);
            let own = ask(&db.store, move |tx| ledger::list_of_tenant(tx, &scope, window(0, 100))).await;
            assert_eq!(own.len(), spans, "{tenant}");
        }
    }

    async fn the_same_wish_is_refused_once(db: Database) {
        let db = db.with_cast().await;
        refuse(&db, "r1", 0, Kind::Scheduled, 120, Refusal::PoolFull).await;
        refuse(&db, "r2", 59, Kind::Scheduled, 120, Refusal::TenantCap).await;
        assert_eq!(refused(&db).await, [(59, Refusal::TenantCap)], "it tells of the last time");
        refuse(&db, "r3", 60, Kind::Scheduled, 125, Refusal::PoolFull).await;
        refuse(&db, "r4", 119, Kind::Scheduled, 120, Refusal::PoolFull).await;
        assert_eq!(refused(&db).await.len(), 3, "another time is another wish, and so is the same after an hour");
    }

    async fn on_the_spot_now_is_the_same_time_for_an_hour(db: Database) {
        let db = db.with_cast().await;
        refuse(&db, "r1", 0, Kind::OnDemand, 0, Refusal::PoolFull).await;
        refuse(&db, "r2", 10, Kind::OnDemand, 10, Refusal::PoolFull).await;
        refuse(&db, "r3", 10, Kind::Scheduled, 10, Refusal::PoolFull).await;
        assert_eq!(refused(&db).await.len(), 2);
    }

    async fn what_is_old_goes_and_the_rest_stays(db: Database) {
        let db = with_meeting(db).await;
        let seat = SeatId::new("seat-bo");
        change(&db.store, move |tx| {
            ledger::open(tx, "s1", 1, &seat, (at(0), at(1)))?;
            ledger::close(tx, 1, at(10))?;
            ledger::open(tx, "s2", 1, &seat, (at(11), at(12)))?;
            moves::note(tx, moves::Move::Attach, at(0))
        })
        .await;
        hear(&db, "a", 0, Some(10)).await;
        hear(&db, "b", 20, None).await;
        refuse(&db, "r1", 0, Kind::Scheduled, 500, Refusal::PoolFull).await;
        refuse(&db, "r2", 30, Kind::Scheduled, 600, Refusal::PoolFull).await;
        let purged = change(&db.store, |tx| {
            Ok([
                ledger::purge(tx, at(20))?,
                uses::purge(tx, at(20))?,
                refusals::purge(tx, at(20))?,
                moves::purge(tx, at(20))?,
            ])
        });
        assert_eq!(purged.await, [1, 1, 1, 0], "the open span, the open run, the later refusal and today stay");
        assert_eq!(ran(&db).await, [(20, None)]);
    }

    async fn for_how_long_it_is_kept_is_a_setting(db: Database) {
        assert_eq!(ask(&db.store, ledger::days_kept).await, 400);
        let pass = db.operator();
        change(&db.store, move |tx| ledger::set_days_kept(tx, &pass, 31)).await;
        assert_eq!(ask(&db.store, ledger::days_kept).await, 31);
    }
}
