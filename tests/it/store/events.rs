//! The inbox: a webhook is kept once, processed in the order of arrival, tried again, and replayed on request.

use duologue::domain::ids::EventId;
use duologue::domain::plan::Webhooks;
use duologue::store::events::{self, EventState, NewEvent};
use duologue::store::pool;

use crate::support::cast::at;
use crate::support::database::{Database, ask, both_databases, change};

fn event(id: &str, key: &str, minute: i64) -> NewEvent {
    NewEvent {
        id: EventId::new(id),
        dedupe_key: key.to_owned(),
        kind: "meeting.started".to_owned(),
        body: "{ \"payload\":  \"ünïcode \\u0000\" }".to_owned(),
        received_at: at(minute),
    }
}

async fn put(db: &Database, event: NewEvent) -> bool {
    change(&db.store, move |tx| events::put(tx, &event)).await
}

async fn next(db: &Database, now: i64) -> Option<events::Event> {
    let pass = db.pass.clone();
    ask(&db.store, move |tx| events::next(tx, &pass, at(now))).await
}

async fn next_id(db: &Database, now: i64) -> Option<String> {
    next(db, now).await.map(|event| event.id().to_string())
}

both_databases! {
    async fn an_event_is_kept_once_and_byte_for_byte(db: Database) {
        assert_eq!(ask(&db.store, events::webhooks).await, Webhooks::default());
        assert!(put(&db, event("e1", "k1", 0)).await);
        assert!(!put(&db, event("e2", "k1", 5)).await);
        let kept = next(&db, 0).await.unwrap();
        assert_eq!((kept.id().as_str(), kept.received_at()), ("e1", at(0)));
        assert_eq!(kept.body, event("", "", 0).body);
        assert_eq!(ask(&db.store, events::webhooks).await, Webhooks { last: Some(at(0)), missed: None });
        change(&db.store, |tx| pool::note_webhook_missed(tx, at(7))).await;
        assert_eq!(ask(&db.store, events::webhooks).await, Webhooks { last: Some(at(0)), missed: Some(at(7)) });
    }

    async fn of_many_deliveries_at_once_one_is_kept(db: Database) {
        let nodes = [db.store.clone(), db.second_node()];
        let puts = (0..16).map(|number: usize| {
            let event = event(&format!("e{number}"), "k1", 0);
            change(&nodes[number % 2], move |tx| events::put(tx, &event))
        });
        let kept = futures_util::future::join_all(puts).await.into_iter().filter(|kept| *kept).count();
        assert_eq!(kept, 1);
    }

    async fn events_are_processed_in_the_order_of_arrival(db: Database) {
        put(&db, event("e3", "k3", 2)).await;
        put(&db, event("e2", "k2", 1)).await;
        put(&db, event("e1", "k1", 1)).await;
        for expected in ["e1", "e2", "e3"] {
            let found = next(&db, 10).await.unwrap();
            assert_eq!(found.id().as_str(), expected);
            change(&db.store, move |tx| events::mark_done(tx, &found.id(), "live")).await;
        }
        assert_eq!(next_id(&db, 10).await, None);
    }

    async fn a_failed_event_is_tried_again_at_its_time_or_given_up(db: Database) {
        put(&db, event("e1", "k1", 0)).await;
        let id = EventId::new("e1");
        change(&db.store, |tx| events::mark_failed(tx, &EventId::new("e1"), Some(at(5)), "no such meeting yet")).await;
        assert_eq!(next_id(&db, 4).await, None);
        let again = next(&db, 5).await.unwrap();
        assert_eq!((again.state(), again.tries(), again.outcome.as_deref()), (EventState::Waiting, 1, Some("no such meeting yet")));
        change(&db.store, move |tx| events::mark_failed(tx, &id, None, "given up")).await;
        assert_eq!(next_id(&db, 1000).await, None);
        let operator = db.operator();
        let listed = ask(&db.store, move |tx| events::list(tx, &operator, None, 0, 10)).await;
        assert_eq!((listed.len(), listed[0].state(), listed[0].tries()), (1, EventState::Failed, 2));
        assert_eq!(ask(&db.store, events::count_by_state).await, [("failed".to_owned(), 1)]);
    }

    async fn an_event_is_replayed_from_the_start(db: Database) {
        put(&db, event("e1", "k1", 0)).await;
        change(&db.store, |tx| events::mark_done(tx, &EventId::new("e1"), "live")).await;
        for (id, expected) in [("e1", true), ("e9", false)] {
            let operator = db.operator();
            let replayed = change(&db.store, move |tx| events::replay(tx, &operator, &EventId::new(id), at(9))).await;
            assert_eq!(replayed, expected, "{id}");
        }
        let again = next(&db, 9).await.unwrap();
        assert_eq!((again.id().as_str(), again.tries()), ("e1", 0));
    }
}
