//! What the search box finds: words of the topic, the client's name and address, whatever their case, wildcards literally.

use duologue::domain::names::{PersonName, Topic};
use duologue::store::clients::{self, Client};
use duologue::store::meetings::{self, Filter};

use crate::support::cast::{NOW, client, meeting, window};
use crate::support::database::{Database, ask, both_databases, change};

async fn found(db: &Database, search: &str) -> Vec<String> {
    let filter = Filter { host: None, search: search.to_owned(), past: false, now: NOW, offset: 0, limit: 50 };
    let scope = db.scope("acme");
    let views = ask(&db.store, move |tx| meetings::list(tx, &scope, &filter)).await;
    views.into_iter().map(|view| view.meeting.id.to_string()).collect()
}

async fn with_topics(db: Database, topics: &[&str]) -> Database {
    let db = db.with_cast().await;
    for (number, topic) in topics.iter().enumerate() {
        let start = 60 + 60 * i64::try_from(number).unwrap();
        let mut booked = meeting(&format!("m{number}"), window(start, start + 30));
        booked.topic = Topic::parse(topic).unwrap();
        db.book(booked).await;
    }
    db
}

both_databases! {
    async fn wildcards_stand_for_themselves(db: Database) {
        let db = with_topics(db, &["100% sure", "100 percent", "a_b", "axb", "C:\\temp", "C:/temp", "it's \"so\""]).await;
        assert_eq!(found(&db, "%").await, ["m0"]);
        assert_eq!(found(&db, "0%").await, ["m0"]);
        assert_eq!(found(&db, "_").await, ["m2"]);
        assert_eq!(found(&db, "a_b").await, ["m2"]);
        assert_eq!(found(&db, "\\").await, ["m4"]);
        assert_eq!(found(&db, "\\temp").await, ["m4"]);
        assert_eq!(found(&db, "\\%").await, Vec::<String>::new());
        assert_eq!(found(&db, "'s \"").await, ["m6"]);
        assert_eq!(found(&db, "'; DROP TABLE meetings; --").await, Vec::<String>::new());
    }

    async fn case_does_not_matter_in_any_alphabet(db: Database) {
        let db = with_topics(db, &["First Visit", "ÄRZTIN Grüße", "Ärztin", "ДОКТОР", "доктор"]).await;
        assert_eq!(found(&db, "first VISIT").await, ["m0"]);
        assert_eq!(found(&db, "Ärztin").await, ["m1", "m2"]);
        assert_eq!(found(&db, "ärztin").await, ["m1", "m2"]);
        assert_eq!(found(&db, "GRÜSSE").await, Vec::<String>::new());
        assert_eq!(found(&db, "Доктор").await, ["m3", "m4"]);
    }

    async fn the_clients_name_and_address_are_searched_too(db: Database) {
        let db = with_topics(db, &["First"]).await;
        let scope = db.scope("acme");
        change(&db.store, move |tx| clients::remember(tx, &scope, &Client { name: PersonName::parse("Óscar Núñez").unwrap(), ..client("gil") }, NOW)).await;
        assert_eq!(found(&db, "núÑEZ").await, ["m0"]);
        assert_eq!(found(&db, "GIL@home").await, ["m0"]);
        assert_eq!(found(&db, "gil@away").await, Vec::<String>::new());
        assert_eq!(found(&db, "").await, ["m0"]);
    }
}
