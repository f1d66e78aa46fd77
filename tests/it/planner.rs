//! `duologue plan --recorded`: what the database says of the past becomes an answer, on both databases.

use clap::Parser as _;
use duologue::clock::Clock;
use duologue::domain::admission::Refusal;
use duologue::domain::ids::{SeatId, TenantId, UserId};
use duologue::domain::meeting::{Kind, Meeting, Run, State};
use duologue::planner;
use duologue::store::refusals::{self, Refused, Shown};
use duologue::store::{licenses, meetings};

use crate::support::cast::{NOW, at, meeting, window};
use crate::support::database::{Database, ask, both_databases, change};

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    plan: planner::Arguments,
}

/// Yesterday at ten: Bo and Ana meet, Cy of Globex meets, and Ana was refused later on when only two licenses were there.
async fn with_yesterday(db: Database) -> Database {
    let db = db.with_cast().await;
    let yesterday = window(-1440, -1380);
    let of = |id: &str, tenant: &str, host: &str| Meeting {
        tenant: TenantId::new(tenant),
        host: UserId::new(host),
        seat: SeatId::new(format!("seat-{host}")),
        client: duologue::domain::ids::ClientId::new(if tenant == "acme" { "gil" } else { "hal" }),
        created_at: at(-3000),
        ..meeting(id, yesterday)
    };
    db.book(of("m1", "acme", "bo")).await;
    db.book(of("m2", "globex", "cy")).await;
    db.book(Meeting { created_at: at(-100), ..meeting("m3", window(60, 90)) }).await;
    let (operator, acme) = (db.operator(), db.scope("acme"));
    change(&db.store, move |tx| {
        licenses::set_count(tx, &operator, 2, NOW)?;
        let ended = State::Ended { run: Run { uuid: "u".to_owned(), since: at(-1440) }, at: at(-1390) };
        meetings::set_state(tx, &acme, &duologue::domain::ids::MeetingId::new("m1"), &ended, (at(-1445), at(-1388)))?;
        for (id, refusal, minutes) in
            [("r1", Refusal::PoolFull, -2000), ("r2", Refusal::PoolFull, -1995), ("r3", Refusal::SeatBusy, -1500)]
        {
            let (id, host) = (id.to_owned(), UserId::new("ana"));
            let refused = Refused { id, at: at(minutes), host, kind: Kind::Scheduled, refusal, window: yesterday };
            refusals::note(tx, &acme, &refused)?;
        }
        Ok(())
    })
    .await;
    db
}

async fn plan(db: &Database, words: &[&str]) -> serde_json::Value {
    let line = Line::parse_from(["plan", "--recorded", "--json"].iter().chain(words));
    let mut out = Vec::new();
    let clock = Clock::manual(NOW);
    planner::run_on_record(&db.store, db.operator(), &clock, &line.plan, &mut out).await.unwrap();
    serde_json::from_slice(&out).unwrap()
}

both_databases! {
    async fn the_past_is_read_as_it_was(db: Database) {
        let db = with_yesterday(db).await;
        let (operator, within) = (db.operator(), window(-3000, 0));
        let past = ask(&db.store, move |tx| meetings::past(tx, &operator, within)).await;
        let seen: Vec<_> = past.iter().map(|past| (past.host.as_str(), past.asked_at, past.given_back)).collect();
        assert_eq!(seen, [("bo", at(-3000), Some(at(-1388))), ("cy", at(-3000), None)]);
        let operator = db.operator();
        let past = ask(&db.store, move |tx| refusals::past(tx, &operator, within)).await;
        let expected = Shown {
            tenant: TenantId::new("acme"),
            host: UserId::new("ana"),
            kind: Kind::Scheduled,
            at: at(-2000),
            refusal: Refusal::PoolFull,
            window: window(-1440, -1380),
        };
        assert_eq!(past, [Shown { at: at(-1995), ..expected }], "asked twice within the hour is once; a busy seat wants no license");
    }

    async fn yesterday_needed_one_license_more(db: Database) {
        let db = with_yesterday(db).await;
        let answer = plan(&db, &["--around", "1"]).await;
        assert_eq!((&answer["licenses"], &answer["around"], &answer["hosts"]), (&3.into(), &2.into(), &3.into()), "{answer}");
        let lines: Vec<_> = answer["lines"].as_array().unwrap().iter().map(|line| (&line["licenses"], &line["refused"])).collect();
        assert_eq!(lines[..3], [(&1.into(), &2.into()), (&2.into(), &1.into()), (&3.into(), &0.into())], "{answer}");
    }

    async fn whoever_shares_a_seat_on_record_wanted_a_license_all_the_same(db: Database) {
        let db = db.with_cast().await;
        // Both meet on Bo's seat, one after the other; Ana would have liked to meet while he does.
        let met = |id: &str, host: &str, from: i64| Meeting {
            host: UserId::new(host),
            created_at: at(-3000),
            ..meeting(id, window(from, from + 60))
        };
        db.book(met("m1", "bo", -1440)).await;
        db.book(met("m2", "ana", -1200)).await;
        let (operator, acme) = (db.operator(), db.scope("acme"));
        change(&db.store, move |tx| {
            licenses::set_count(tx, &operator, 1, NOW)?;
            let (id, host, refusal) = ("r1".to_owned(), UserId::new("ana"), Refusal::PoolFull);
            let window = window(-1425, -1395);
            refusals::note(tx, &acme, &Refused { id, at: at(-2000), host, kind: Kind::Scheduled, refusal, window })
        })
        .await;
        let answer = plan(&db, &["--around", "1"]).await;
        assert_eq!((&answer["licenses"], &answer["busy"]), (&2.into(), &0.into()), "{answer}");
    }

    async fn a_tenant_alone_is_counted_alone(db: Database) {
        let db = with_yesterday(db).await;
        let answer = plan(&db, &["--tenant", "acme"]).await;
        assert_eq!((&answer["licenses"], &answer["hosts"]), (&2.into(), &2.into()), "{answer}");
        let answer = plan(&db, &["--tenant", "globex"]).await;
        assert_eq!((&answer["licenses"], &answer["hosts"]), (&1.into(), &1.into()), "{answer}");
    }
}
