//! One-time links: each works once, until it expires, and only the newest of a person.

use duologue::domain::ids::{OperatorId, TenantId, UserId};
use duologue::domain::names::PersonName;
use duologue::store::accounts::{self, Operator};
use duologue::store::links::{self, Purpose};
use duologue::store::sessions::Owner;
use duologue::store::{tenants, users};

use crate::support::cast::{NOW, at, email};
use crate::support::database::{Database, ask, both_databases, change};

fn bo() -> Owner {
    Owner::User(UserId::new("bo"))
}

/// A link for Bo that works for an hour.
async fn invite(db: &Database, secret: &'static str, purpose: Purpose) {
    change(&db.store, move |tx| links::insert(tx, secret, &bo(), purpose, NOW, at(60))).await;
}

async fn works(db: &Database, secret: &'static str, minute: i64) -> bool {
    ask(&db.store, move |tx| links::find(tx, secret, at(minute))).await.is_some()
}

both_databases! {
    async fn a_link_tells_whose_it_is(db: Database) {
        let db = db.with_cast().await;
        invite(&db, "s1", Purpose::Invitation).await;
        let link = ask(&db.store, |tx| links::find(tx, "s1", NOW)).await.unwrap();
        assert_eq!((link.owner, link.purpose, link.name.as_str(), link.email.as_str()), (bo(), Purpose::Invitation, "bo", "bo@acme.example"));
        assert_eq!(link.tenant, Some(("acme".to_owned(), "acme".to_owned())));

        let pass = db.operator();
        let olga = Operator { id: OperatorId::new("olga"), email: email("olga@ops.example"), name: PersonName::parse("Olga").unwrap() };
        let owner = Owner::Operator(olga.id.clone());
        change(&db.store, move |tx| {
            accounts::insert_operator(tx, &pass, &olga, NOW)?;
            links::insert(tx, "s2", &owner, Purpose::Reset, NOW, at(60))
        })
        .await;
        let link = ask(&db.store, |tx| links::find(tx, "s2", NOW)).await.unwrap();
        assert_eq!((link.purpose, link.name.as_str(), link.tenant), (Purpose::Reset, "Olga", None));
        assert!(works(&db, "s1", 0).await, "another person's new link ends nothing");
    }

    async fn a_link_works_once(db: Database) {
        let db = db.with_cast().await;
        invite(&db, "s1", Purpose::Invitation).await;
        let nodes = [db.store.clone(), db.second_node()];
        let uses = (0..8).map(|number: usize| change(&nodes[number % 2], |tx| links::use_up(tx, "s1", NOW)));
        assert_eq!(futures_util::future::join_all(uses).await.into_iter().filter(|used| *used).count(), 1);
        assert!(!works(&db, "s1", 0).await);
    }

    async fn only_the_newest_link_works(db: Database) {
        let db = db.with_cast().await;
        invite(&db, "s1", Purpose::Invitation).await;
        invite(&db, "s2", Purpose::Reset).await;
        assert!(!works(&db, "s1", 0).await);
        assert!(works(&db, "s2", 0).await);
        change(&db.store, |tx| links::end_all(tx, &bo(), NOW)).await;
        assert!(!works(&db, "s2", 0).await);
    }

    async fn a_link_expires(db: Database) {
        let db = db.with_cast().await;
        invite(&db, "s1", Purpose::Reset).await;
        assert!(works(&db, "s1", 59).await);
        assert!(!works(&db, "s1", 60).await);
        assert_eq!(change(&db.store, |tx| links::purge(tx, at(60))).await, 0);
        assert_eq!(change(&db.store, |tx| links::purge(tx, at(61))).await, 1);
    }

    async fn a_link_of_somebody_who_may_not_sign_in_does_not_work(db: Database) {
        let db = db.with_cast().await;
        invite(&db, "s1", Purpose::Reset).await;
        for (since, expected) in [(Some(at(1)), false), (None, true)] {
            let scope = db.scope("acme");
            change(&db.store, move |tx| users::set_deactivated(tx, &scope, &UserId::new("bo"), since)).await;
            assert_eq!(works(&db, "s1", 2).await, expected);
        }
        let operator = db.operator();
        change(&db.store, move |tx| tenants::set_suspended(tx, &operator, &TenantId::new("acme"), Some(at(1)))).await;
        assert!(!works(&db, "s1", 2).await);
    }
}
