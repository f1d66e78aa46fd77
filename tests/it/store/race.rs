//! The race for the last licenses: many clients on two nodes book the same hour, and exactly as many win as there are
//! licenses to promise (design rule 3.1.6). Nobody gets an error.

use duologue::domain::admission::{Demand, Refusal, Request, Rules, admit};
use duologue::domain::ids::{MeetingId, SeatId, TenantId, UserId};
use duologue::domain::meeting::{Kind, Meeting};
use duologue::domain::tenant::Role;
use duologue::domain::time::{Span, Window};
use duologue::store::scope::TenantScope;
use duologue::store::{Store, StoreError, WriteTx, demand, licenses, meetings, pool, seats, users};
use futures_util::future::join_all;

use crate::support::cast::{NOW, at, key, meeting, seat, user};
use crate::support::database::{Database, both_databases, change};

/// How many hours are raced for on each database.
const ROUNDS: i64 = 25;
/// How many clients race, on each of the two nodes.
const CLIENTS: usize = 64;
/// Of these one is kept back, as of every pool of five and more.
const LICENSES: u32 = 5;
const PROMISABLE: usize = 4;

/// Each client has a host with a seat of their own, so that licenses alone are scarce.
async fn with_hosts(db: Database) -> Database {
    let db = db.with_cast().await;
    let (operator, scope) = (db.operator(), db.scope("acme"));
    change(&db.store, move |tx| {
        licenses::set_count(tx, &operator, LICENSES, NOW)?;
        for number in 0..2 * CLIENTS {
            let name = format!("host{number}");
            users::insert(tx, &scope, &user("acme", &name, Role::Staff))?;
            seats::insert(tx, &operator, &seat(&format!("seat-{name}"), Some("acme"), Some(&name)), NOW)?;
        }
        Ok(())
    })
    .await;
    db
}

/// Decides and books in one write transaction, as the portal does.
fn book(tx: &mut WriteTx<'_>, scope: &TenantScope, number: usize, window: Window) -> Result<Result<(), Refusal>, StoreError> {
    let settings = pool::settings(tx)?;
    let rules = Rules {
        lead: settings.lead,
        grace: settings.grace,
        horizon: settings.horizon,
        strategy: settings.strategy,
        frozen: false,
        now: NOW,
    };
    let host = UserId::new(format!("host{number}"));
    let request = Request {
        tenant: TenantId::new("acme"),
        host: host.clone(),
        moving: None,
        seats: vec![SeatId::new(format!("seat-host{number}"))],
        window,
        kind: Kind::Scheduled,
        licensed: true,
    };
    let demand = demand::during(tx, Demand::needed(&request, &rules, Span::ZERO), &settings)?;
    let admitted = match admit(&request, &demand, &rules) {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let id = format!("m-{}-{number}", window.start().seconds());
    let booked = Meeting { id: MeetingId::new(&id), host, seat: admitted.seat, hold: admitted.hold, ..meeting(&id, window) };
    meetings::insert(tx, scope, &booked, &format!("link-{id}"), &key(&id))?;
    Ok(Ok(()))
}

async fn attempt(store: Store, scope: TenantScope, number: usize, window: Window) -> Result<Result<(), Refusal>, StoreError> {
    store.write(move |tx| book(tx, &scope, number, window)).await
}

both_databases! {
    async fn as_many_win_as_there_are_licenses(db: Database) {
        let db = with_hosts(db).await;
        let nodes = [db.store.clone(), db.second_node()];
        for round in 0..ROUNDS {
            // Hours that touch no other round's hour, padding included.
            let window = Window::lasting(at(60 + round * 120), Span::minutes(60));
            let race = (0..2 * CLIENTS).map(|number| tokio::spawn(attempt(nodes[number % 2].clone(), db.scope("acme"), number, window)));
            let outcomes = join_all(race).await;
            let outcomes: Vec<_> = outcomes.into_iter().map(|outcome| outcome.unwrap().unwrap_or_else(|error| panic!("round {round}: {error}"))).collect();
            let won = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
            let told = outcomes.iter().filter(|outcome| **outcome == Err(Refusal::PoolFull)).count();
            assert_eq!((won, told), (PROMISABLE, 2 * CLIENTS - PROMISABLE), "round {round}");
        }
        let stored = db.rows("SELECT CAST(COUNT(*) AS TEXT) AS a, CAST(COUNT(DISTINCT starts_at) AS TEXT) AS b, NULL AS c FROM meetings").remove(0);
        let rounds = ROUNDS.to_string();
        assert_eq!(stored, [Some((PROMISABLE * usize::try_from(ROUNDS).unwrap()).to_string()), Some(rounds), None]);
        println!("{ROUNDS} rounds of {} clients on two nodes: {PROMISABLE} won each", 2 * CLIENTS);
    }
}
