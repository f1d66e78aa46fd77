//! Tenancy: with another tenant's scope, every function that takes one finds nothing and changes nothing (rule 3.4.1).
//!
//! Globex asks every question about Acme's rows and is told nothing where Acme is told something; then it tries every change
//! on Acme's rows, which are compared column by column. A function added to the store without a line here is found by
//! [`every_scoped_function_is_tried`].

use duologue::domain::ids::{ClientId, MeetingId, SeatId, UserId};
use duologue::domain::meeting::{Room, Run, State};
use duologue::domain::names::{PersonName, ZoneName};
use duologue::domain::tenant::Role;
use duologue::domain::time::Instant;
use duologue::store::meetings::Filter;
use duologue::store::refusals::Refused;
use duologue::store::scope::TenantScope;
use duologue::store::{
    ReadTx, StoreError, WriteTx, audit, clients, ledger, letters, licenses, meetings, refusals, seats, users, uses,
};

use crate::support::cast::{NOW, at, email, key, meeting, window};
use crate::support::database::{Database, both_databases};

fn bo() -> UserId {
    UserId::new("bo")
}

fn m1() -> MeetingId {
    MeetingId::new("m1")
}

fn run(uuid: &str, since: Instant) -> Run {
    Run { uuid: uuid.to_owned(), since }
}

fn filter(past: bool) -> Filter {
    Filter { host: None, search: String::new(), past, now: NOW, offset: 0, limit: 50 }
}

/// Every question about Acme's rows that takes a scope, by name, with how much it finds.
fn ask_all(tx: &mut ReadTx<'_>, scope: &TenantScope) -> Result<Vec<(&'static str, usize)>, StoreError> {
    Ok(vec![
        ("users::find", users::find(tx, scope, &bo())?.iter().count()),
        ("users::find_by_email", users::find_by_email(tx, scope, &email("bo@acme.example"))?.iter().count()),
        ("users::list", users::list(tx, scope)?.iter().filter(|user| user.tenant.as_str() == "acme").count()),
        (
            "users::count_admins",
            usize::try_from(users::count_admins(tx, scope)?).unwrap() - usize::from(scope.tenant().as_str() == "globex"),
        ),
        ("clients::find", clients::find(tx, scope, &ClientId::new("gil"))?.iter().count()),
        ("clients::list", clients::list(tx, scope, 50)?.iter().filter(|client| client.id.as_str() == "gil").count()),
        ("seats::candidates", seats::candidates(tx, scope, &bo(), true)?.len()),
        ("seats::standing_candidates", seats::standing_candidates(tx, scope, &bo(), true)?.len()),
        ("seats::list_of_tenant", seats::list_of_tenant(tx, scope)?.iter().filter(|seat| seat.id.as_str() != "seat-cy").count()),
        ("meetings::find", meetings::find(tx, scope, &m1())?.iter().count()),
        ("meetings::find_view", meetings::find_view(tx, scope, &m1())?.iter().count()),
        ("meetings::list_of_host", meetings::list_of_host(tx, scope, &bo(), window(0, 500))?.len()),
        ("meetings::list", meetings::list(tx, scope, &filter(false))?.len()),
        ("meetings::find_by_key", meetings::find_by_key(tx, scope, &key("key-m1"))?.iter().count()),
        ("meetings::list_ahead_of_host", meetings::list_ahead_of_host(tx, scope, &bo())?.len()),
        ("meetings::holding_on_seat", meetings::holding_on_seat(tx, scope, &SeatId::new("seat-bo"), at(65))?.len()),
        ("letters::list_for_meeting", letters::list_for_meeting(tx, scope, &m1())?.len()),
        ("audit::list", audit::list(tx, scope, 0, 50)?.len()),
        ("audit::list_for_meeting", audit::list_for_meeting(tx, scope, &m1())?.len()),
        ("audit::list_from", audit::list_from(tx, scope, None, 50)?.len()),
        ("ledger::list_of_tenant", ledger::list_of_tenant(tx, scope, window(0, 500))?.len()),
        ("uses::list_of_tenant", uses::list_of_tenant(tx, scope, window(0, 500), at(500))?.len()),
        ("refusals::list_of_tenant", refusals::list_of_tenant(tx, scope, window(0, 500))?.len()),
        // Whose tenant it gives is told by the scope alone.
        ("tenants::get", usize::from(duologue::store::tenants::get(tx, scope)?.slug.as_str() == "acme")),
    ])
}

/// Every change of a row of Acme's that takes a scope, by name.
const CHANGES: &[&str] = &[
    "users::set_role",
    "users::set_deactivated",
    "users::set_profile",
    "seats::release_of_user",
    "meetings::move_to",
    "meetings::set_state",
    "meetings::set_hold",
    "meetings::set_queued",
    "meetings::set_time",
    "meetings::mark_start_clicked",
    "meetings::raise_sequence",
    "meetings::mark_client_arrived",
    "meetings::set_alert",
    "meetings::set_room",
    "meetings::mark_synced",
    "meetings::mark_failed",
    "meetings::mark_polled",
    "meetings::clear_room",
    "meetings::set_seat",
    "uses::begin_run",
    "uses::end_run",
    "uses::note_hold",
];

fn try_change(tx: &mut WriteTx<'_>, scope: &TenantScope, name: &str) -> Result<(), StoreError> {
    let live = State::Live(Run { uuid: "u".to_owned(), since: NOW });
    let room = Room { number: 9, join_url: "https://zoom.example/j/9".to_owned() };
    match name {
        "users::set_role" => users::set_role(tx, scope, &bo(), Role::Admin),
        "users::set_deactivated" => users::set_deactivated(tx, scope, &bo(), Some(NOW)),
        "users::set_profile" => {
            users::set_profile(tx, scope, &bo(), &PersonName::parse("Mallory").unwrap(), Some(&ZoneName::utc()))
        }
        "seats::release_of_user" => seats::release_of_user(tx, scope, &bo()),
        "meetings::move_to" => meetings::move_to(tx, scope, &meeting("m1", window(300, 330))).map(drop),
        "meetings::set_state" => meetings::set_state(tx, scope, &m1(), &live, (NOW, NOW)),
        "meetings::set_hold" => meetings::set_hold(tx, scope, &m1(), (NOW, at(1)), true),
        "meetings::set_queued" => meetings::set_queued(tx, scope, &m1(), Some(NOW)),
        "meetings::set_time" => meetings::set_time(tx, scope, &meeting("m1", window(400, 430))),
        "meetings::mark_start_clicked" => meetings::mark_start_clicked(tx, scope, &m1(), NOW),
        "meetings::raise_sequence" => meetings::raise_sequence(tx, scope, &m1()),
        "meetings::mark_client_arrived" => meetings::mark_client_arrived(tx, scope, &m1(), NOW),
        "meetings::set_alert" => meetings::set_alert(tx, scope, &m1(), Some("x")),
        "meetings::set_room" => meetings::set_room(tx, scope, &m1(), &room, 7).map(drop),
        "meetings::mark_synced" => meetings::mark_synced(tx, scope, &m1(), 8),
        "meetings::mark_failed" => meetings::mark_failed(tx, scope, &m1(), NOW, "x"),
        "meetings::mark_polled" => meetings::mark_polled(tx, scope, &m1(), NOW, true).map(drop),
        "uses::begin_run" => uses::begin_run(tx, scope, &meeting("m1", window(60, 90)), &run("later", at(70))),
        "uses::end_run" => uses::end_run(tx, scope, &meeting("m1", window(60, 90)), &run("first", at(60)), at(65)),
        "uses::note_hold" => uses::note_hold(tx, scope, "h1", &meeting("m1", window(60, 90)), window(55, 60)),
        "meetings::set_seat" => meetings::set_seat(tx, scope, &m1(), &SeatId::new("seat-ana")),
        "meetings::clear_room" => meetings::clear_room(tx, scope, &m1()),
        other => panic!("{other} has no line"),
    }
}

/// Functions that make rows of the tenant they are given, so that there is nothing of another's to find or change;
/// `tenants::set_details` names the row by the scope alone.
const MAKERS: &[&str] =
    &["users::insert", "clients::remember", "meetings::insert", "refusals::note", "uses::note_hold", "tenants::set_details"];

async fn with_rows(db: Database) -> Database {
    use duologue::domain::ids::{LetterId, TenantId};
    let db = db.with_cast().await;
    db.book(meeting("m1", window(60, 90))).await;
    let operator = db.operator();
    crate::support::database::change(&db.store, move |tx| {
        licenses::set_count(tx, &operator, 1, NOW)?;
        licenses::claim(tx, 1, &SeatId::new("seat-bo"), None, NOW, at(1))?;
        licenses::mark_attached(tx, 1, &SeatId::new("seat-bo"), NOW)
    })
    .await;
    let acme = TenantId::new("acme");
    crate::support::database::change(&db.store, move |tx| {
        let letter = letters::NewLetter {
            id: LetterId::new("l1"),
            dedupe_key: "l1".to_owned(),
            tenant: Some(acme.clone()),
            meeting: Some(m1()),
            kind: "invitation",
            recipient: email("gil@home.example"),
            payload: "{}".to_owned(),
            created_at: NOW,
        };
        letters::put(tx, &letter)?;
        let entry = audit::Entry {
            id: "a1".to_owned(),
            at: NOW,
            tenant: Some(acme),
            actor: audit::Actor::Keeper,
            action: "meeting.booked",
            meeting: Some(m1()),
            detail: String::new(),
        };
        audit::add(tx, &entry)
    })
    .await;
    let scope = db.scope("acme");
    crate::support::database::change(&db.store, move |tx| {
        ledger::open(tx, "s1", 1, &SeatId::new("seat-bo"), (NOW, at(1)))?;
        uses::begin_run(tx, &scope, &meeting("m1", window(60, 90)), &run("first", at(60)))?;
        let refusal = duologue::domain::admission::Refusal::PoolFull;
        let kind = duologue::domain::meeting::Kind::Scheduled;
        let refused = Refused { id: "r1".to_owned(), at: NOW, host: bo(), kind, refusal, window: window(60, 90) };
        refusals::note(tx, &scope, &refused)
    })
    .await;
    db
}

/// Acme's rows that a change could reach, each as text.
fn rows(db: &Database) -> Vec<[Option<String>; 3]> {
    let columns = |table: &str| match db.url {
        duologue::store::DatabaseUrl::Sqlite(_) => {
            let names = db.rows(&format!("SELECT name AS a, NULL AS b, NULL AS c FROM pragma_table_info('{table}')"));
            let texts: Vec<String> =
                names.into_iter().map(|[name, _, _]| format!("COALESCE(CAST({} AS TEXT), 'none')", name.unwrap())).collect();
            texts.join(" || ' ' || ")
        }
        duologue::store::DatabaseUrl::Postgres(_) => format!("CAST({table} AS TEXT)"),
    };
    let table = |name: &str| db.rows(&format!("SELECT {} AS a, NULL AS b, NULL AS c FROM {name} ORDER BY 1", columns(name)));
    [table("users"), table("seats"), table("meetings"), table("runs"), table("hold_spans")].concat()
}

both_databases! {
    async fn another_tenants_scope_finds_nothing(db: Database) {
        let db = with_rows(db).await;
        for (tenant, is_its_own) in [("acme", true), ("globex", false)] {
            let scope = db.scope(tenant);
            let found = db.store.read::<_, StoreError, _>(move |tx| ask_all(tx, &scope)).await.unwrap();
            for (name, count) in found {
                // Bo's seat and Acme's shared seat are candidates for Bo at Acme only.
                assert_eq!(count > 0, is_its_own, "{name} as {tenant} found {count}");
            }
        }
    }

    async fn another_tenants_scope_changes_nothing(db: Database) {
        let db = with_rows(db).await;
        for name in CHANGES {
            let before = rows(&db);
            let scope = db.scope("globex");
            // An error is as good as nothing, for the caller learns no more than that.
            let _ = db.store.write::<_, StoreError, _>(move |tx| try_change(tx, &scope, name)).await;
            assert_eq!(rows(&db), before, "{name} as globex");
            let scope = db.scope("acme");
            db.store.write::<_, StoreError, _>(move |tx| try_change(tx, &scope, name)).await.unwrap();
            assert_ne!(rows(&db), before, "{name} as acme changes something, or the comparison proves nothing");
        }
    }
}

#[test]
fn every_scoped_function_is_tried() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.extend(std::fs::read_dir(folder.join("meetings")).unwrap().map(|entry| entry.unwrap().path()));
    let this: String = include_str!("scope.rs").split_whitespace().collect();
    let mut scoped = 0;
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let inside = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        let noun = inside.split('/').next().unwrap().trim_end_matches(".rs");
        for function in std::fs::read_to_string(file).unwrap().split("\npub fn ").skip(1) {
            let (name, rest) = function.split_once('(').unwrap();
            let arguments = rest.split_once(')').unwrap().0;
            if arguments.contains("TenantScope") {
                scoped += 1;
                let name = format!("{noun}::{name}");
                let is_asked = this.contains(&format!("(\"{name}\","));
                let tried = is_asked || CHANGES.contains(&name.as_str()) || MAKERS.contains(&name.as_str());
                assert!(tried, "{name} takes a scope and is not tried with another tenant's");
            }
        }
    }
    assert!(scoped > 30, "{scoped}");
}

/// The items of a file that take a scope and ask past it: PostgreSQL's policies bind only what is asked through it.
fn past_their_scope(text: &str) -> Vec<&str> {
    let items = text.split("\n}\n").filter(|item| item.contains("scope: &TenantScope") && item.contains("tx.db()"));
    items.map(|item| item.rsplit("fn ").next().and_then(|rest| rest.split('(').next()).unwrap_or_default()).collect()
}

#[test]
fn whatever_takes_a_scope_asks_through_it() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    for folder in [folder.clone(), folder.join("meetings")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let file = entry.unwrap().path();
            if file.extension().is_some_and(|extension| extension == "rs") && !file.ends_with("transaction.rs") {
                let text = std::fs::read_to_string(&file).unwrap();
                assert_eq!(past_their_scope(&text), Vec::<&str>::new(), "{}", file.display());
            }
        }
    }
    let planted = "pub fn get(tx: &mut ReadTx<'_>, scope: &TenantScope) -> Tenant {\n    load(tx.db())\n}\n";
    assert_eq!(past_their_scope(planted), ["get"]);
}
