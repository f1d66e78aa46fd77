//! The outbox: one letter per key, taken by one sender, due again when it could not be sent.

use duologue::domain::ids::{LetterId, MeetingId, TenantId};
use duologue::store::letters::{self, LetterState, NewLetter};

use crate::support::cast::{at, email, meeting, window};
use crate::support::database::{Database, ask, both_databases, change};

fn letter(id: &str, key: &str, minute: i64) -> NewLetter {
    NewLetter {
        id: LetterId::new(id),
        dedupe_key: key.to_owned(),
        tenant: None,
        meeting: None,
        kind: "invitation",
        recipient: email("gil@home.example"),
        payload: "{\"a\":1}".to_owned(),
        created_at: at(minute),
    }
}

async fn put(db: &Database, letter: NewLetter) -> bool {
    change(&db.store, move |tx| letters::put(tx, &letter)).await
}

/// Takes the next letter at minute `now`, to be sent within 5 minutes.
async fn claim(db: &Database, now: i64) -> Option<String> {
    let pass = db.pass.clone();
    change(&db.store, move |tx| letters::claim(tx, &pass, at(now), at(now + 5))).await.map(|due| due.id.to_string())
}

async fn shown(db: &Database, state: Option<LetterState>) -> Vec<letters::Shown> {
    let operator = db.operator();
    ask(&db.store, move |tx| letters::list(tx, &operator, state, 0, 10)).await
}

both_databases! {
    async fn one_letter_per_key(db: Database) {
        assert!(put(&db, letter("l1", "m1:invitation", 0)).await);
        assert!(!put(&db, letter("l2", "m1:invitation", 0)).await);
        assert!(put(&db, letter("l3", "m1:reminder", 0)).await);
        assert_eq!(shown(&db, None).await.len(), 2);
    }

    async fn the_oldest_is_taken_first_and_once(db: Database) {
        put(&db, letter("l2", "b", 2)).await;
        put(&db, letter("l1", "a", 1)).await;
        assert_eq!(claim(&db, 0).await, None, "nothing is due yet");
        assert_eq!(claim(&db, 2).await.as_deref(), Some("l1"));
        assert_eq!(claim(&db, 2).await.as_deref(), Some("l2"));
        assert_eq!(claim(&db, 2).await, None);
    }

    async fn a_letter_whose_sender_died_becomes_due_again(db: Database) {
        put(&db, letter("l1", "a", 0)).await;
        assert!(claim(&db, 0).await.is_some());
        assert_eq!(claim(&db, 4).await, None);
        let pass = db.pass.clone();
        let due = change(&db.store, move |tx| letters::claim(tx, &pass, at(5), at(10))).await.unwrap();
        assert_eq!((due.tries, due.kind.as_str(), due.payload.as_str()), (1, "invitation", "{\"a\":1}"));
        assert_eq!((due.recipient.as_str(), due.created_at), ("gil@home.example", at(0)));
    }

    async fn a_delayed_letter_becomes_due_again_at_its_time(db: Database) {
        put(&db, letter("l1", "a", 0)).await;
        claim(&db, 0).await;
        change(&db.store, |tx| letters::mark_delayed(tx, &LetterId::new("l1"), at(30), "the server is busy")).await;
        assert_eq!(claim(&db, 29).await, None);
        let shown_letter = shown(&db, Some(LetterState::Queued)).await.remove(0);
        assert_eq!((shown_letter.problem.as_deref(), shown_letter.send_after, shown_letter.tries), (Some("the server is busy"), at(30), 1));
        assert_eq!(claim(&db, 30).await.as_deref(), Some("l1"));
    }

    async fn what_was_sent_or_given_up_is_not_taken(db: Database) {
        put(&db, letter("l1", "a", 0)).await;
        put(&db, letter("l2", "b", 0)).await;
        change(&db.store, |tx| letters::mark_sent(tx, &LetterId::new("l1"), at(1))).await;
        change(&db.store, |tx| letters::mark_failed(tx, &LetterId::new("l2"), "no such user")).await;
        assert_eq!(claim(&db, 60).await, None);
        let sent = shown(&db, Some(LetterState::Sent)).await;
        assert_eq!((sent.len(), sent[0].sent_at, sent[0].problem.as_deref()), (1, Some(at(1)), None));
        assert_eq!(shown(&db, Some(LetterState::Failed)).await[0].problem.as_deref(), Some("no such user"));
        let mut counts = ask(&db.store, letters::count_by_state).await;
        counts.sort();
        assert_eq!(counts, [("failed".to_owned(), 1), ("sent".to_owned(), 1)]);
    }

    async fn a_letter_that_was_given_up_can_be_sent_again_and_a_sent_one_cannot(db: Database) {
        put(&db, letter("l1", "a", 0)).await;
        put(&db, letter("l2", "b", 0)).await;
        change(&db.store, |tx| letters::mark_sent(tx, &LetterId::new("l1"), at(1))).await;
        change(&db.store, |tx| letters::mark_failed(tx, &LetterId::new("l2"), "no such user")).await;
        for (id, expected) in [("l1", false), ("l2", true), ("l9", false)] {
            let operator = db.operator();
            let requeued = change(&db.store, move |tx| letters::requeue(tx, &operator, &LetterId::new(id), at(60))).await;
            assert_eq!(requeued, expected, "{id}");
        }
        assert_eq!(claim(&db, 60).await.as_deref(), Some("l2"));
    }

    async fn a_meetings_letters_are_its_tenants(db: Database) {
        let db = db.with_cast().await;
        db.book(meeting("m1", window(60, 90))).await;
        let about = |id: &str, minute| NewLetter {
            tenant: Some(TenantId::new("acme")),
            meeting: Some(MeetingId::new("m1")),
            ..letter(id, id, minute)
        };
        put(&db, about("l2", 2)).await;
        put(&db, about("l1", 1)).await;
        for (tenant, expected) in [("acme", vec!["l1", "l2"]), ("globex", vec![])] {
            let scope = db.scope(tenant);
            let list = ask(&db.store, move |tx| letters::list_for_meeting(tx, &scope, &MeetingId::new("m1"))).await;
            assert_eq!(list.iter().map(|letter| letter.id.as_str()).collect::<Vec<_>>(), expected);
        }
    }
}
