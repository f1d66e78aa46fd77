//! Sessions: where a key turns into the right to reach data, and where it does not.

use duologue::domain::ids::{OperatorId, TenantId, UserId};
use duologue::domain::names::{PersonName, Slug};
use duologue::domain::time::Instant;
use duologue::store::accounts::{self, Operator};
use duologue::store::sessions::{self, Owner};
use duologue::store::{tenants, users};

use crate::support::cast::{NOW, at, email};
use crate::support::database::{Database, ask, both_databases, change};

fn bo() -> Owner {
    Owner::User(UserId::new("bo"))
}

fn ops() -> Owner {
    Owner::Operator(OperatorId::new("olga"))
}

/// A session under `key` that lives for an hour.
async fn sign_in(db: &Database, key: &'static str, owner: Option<Owner>) {
    change(&db.store, move |tx| sessions::save(tx, key, owner.as_ref(), "{}", NOW, at(60))).await;
}

/// Who resumes the session at `minute` on the pages of `slug`.
async fn resumed(db: &Database, key: &'static str, slug: Option<&str>, minute: i64) -> Option<String> {
    let slug = slug.map(|slug| Slug::parse(slug).unwrap());
    let found = ask(&db.store, move |tx| sessions::resume_user(tx, key, slug.as_ref(), at(minute))).await;
    found.map(|found| {
        assert_eq!(found.scope.tenant(), &found.tenant.id);
        assert_eq!(found.user.tenant, found.tenant.id);
        found.user.id.to_string()
    })
}

async fn resumed_operator(db: &Database, key: &'static str, minute: i64) -> Option<String> {
    let found = ask(&db.store, move |tx| sessions::resume_operator(tx, key, at(minute))).await;
    found.map(|found| found.pass.operator().unwrap().to_string())
}

/// What the session `k1` remembers.
async fn state(db: &Database, now: Instant) -> Option<String> {
    ask(&db.store, move |tx| sessions::load(tx, "k1", now)).await.map(|stored| stored.state)
}

async fn with_operator(db: Database) -> Database {
    let db = db.with_cast().await;
    let pass = db.operator();
    let olga =
        Operator { id: OperatorId::new("olga"), email: email("olga@ops.example"), name: PersonName::parse("Olga").unwrap() };
    change(&db.store, move |tx| accounts::insert_operator(tx, &pass, &olga, NOW)).await;
    db
}

both_databases! {
    async fn a_session_opens_its_own_tenant_only(db: Database) {
        let db = db.with_cast().await;
        sign_in(&db, "k1", Some(bo())).await;
        assert_eq!(resumed(&db, "k1", Some("acme"), 0).await.as_deref(), Some("bo"));
        assert_eq!(resumed(&db, "k1", None, 0).await.as_deref(), Some("bo"));
        assert_eq!(resumed(&db, "k1", Some("globex"), 0).await, None);
        assert_eq!(resumed(&db, "k2", Some("acme"), 0).await, None);
        assert_eq!(resumed_operator(&db, "k1", 0).await, None);
    }

    async fn an_expired_session_is_nobodys(db: Database) {
        let db = with_operator(db).await;
        sign_in(&db, "k1", Some(bo())).await;
        sign_in(&db, "k2", Some(ops())).await;
        assert_eq!(resumed(&db, "k1", None, 59).await.as_deref(), Some("bo"));
        assert_eq!(resumed(&db, "k1", None, 60).await, None);
        assert_eq!(resumed_operator(&db, "k2", 59).await.as_deref(), Some("olga"));
        assert_eq!(resumed_operator(&db, "k2", 60).await, None);
        assert_eq!(state(&db, at(60)).await, None);
        change(&db.store, |tx| sessions::extend(tx, "k1", at(120))).await;
        assert_eq!(resumed(&db, "k1", None, 60).await.as_deref(), Some("bo"));
        assert_eq!(change(&db.store, |tx| sessions::purge(tx, at(60))).await, 1);
        assert_eq!(state(&db, at(60)).await.as_deref(), Some("{}"));
    }

    async fn a_deactivated_user_is_nobody_until_switched_on_again(db: Database) {
        let db = db.with_cast().await;
        sign_in(&db, "k1", Some(bo())).await;
        for (since, expected) in [(Some(at(1)), None), (None, Some("bo"))] {
            let scope = db.scope("acme");
            change(&db.store, move |tx| users::set_deactivated(tx, &scope, &UserId::new("bo"), since)).await;
            assert_eq!(resumed(&db, "k1", Some("acme"), 2).await.as_deref(), expected);
        }
    }

    async fn nobody_works_for_a_suspended_tenant(db: Database) {
        let db = db.with_cast().await;
        sign_in(&db, "k1", Some(bo())).await;
        for (since, expected) in [(Some(at(1)), None), (None, Some("bo"))] {
            let operator = db.operator();
            change(&db.store, move |tx| tenants::set_suspended(tx, &operator, &TenantId::new("acme"), since)).await;
            assert_eq!(resumed(&db, "k1", Some("acme"), 2).await.as_deref(), expected);
        }
    }

    async fn a_session_without_an_owner_is_nobodys_until_it_has_one(db: Database) {
        let db = db.with_cast().await;
        sign_in(&db, "k1", None).await;
        assert_eq!(resumed(&db, "k1", None, 0).await, None);
        assert_eq!(state(&db, NOW).await.as_deref(), Some("{}"));
        change(&db.store, |tx| sessions::save(tx, "k1", Some(&bo()), "{\"a\":1}", at(1), at(90))).await;
        assert_eq!(resumed(&db, "k1", None, 80).await.as_deref(), Some("bo"));
        assert_eq!(state(&db, NOW).await.as_deref(), Some("{\"a\":1}"));
    }

    async fn what_a_session_remembers_changes_and_its_end_does_not(db: Database) {
        change(&db.store, |tx| {
            sessions::save(tx, "k1", None, "{}", NOW, at(60))?;
            sessions::set_state(tx, "k1", "{\"a\":1}")?;
            sessions::set_state(tx, "k2", "{}")
        })
        .await;
        let stored = ask(&db.store, |tx| sessions::load(tx, "k1", NOW)).await.unwrap();
        assert_eq!((stored.state.as_str(), stored.created_at, stored.expires_at), ("{\"a\":1}", NOW, at(60)));
        assert_eq!(ask(&db.store, |tx| sessions::load(tx, "k2", NOW)).await, None, "a session that was ended stays ended");
    }

    async fn a_persons_sessions_end_together_but_for_one(db: Database) {
        let db = with_operator(db).await;
        for (key, owner) in [("k1", bo()), ("k2", bo()), ("k3", Owner::User(UserId::new("ana"))), ("k4", ops()), ("k5", ops())] {
            sign_in(&db, key, Some(owner)).await;
        }
        change(&db.store, |tx| sessions::delete_of(tx, &bo(), Some("k2"))).await;
        change(&db.store, |tx| sessions::delete_of(tx, &ops(), None)).await;
        assert_eq!(resumed(&db, "k1", None, 0).await, None);
        assert_eq!(resumed(&db, "k2", None, 0).await.as_deref(), Some("bo"));
        assert_eq!(resumed(&db, "k3", None, 0).await.as_deref(), Some("ana"));
        assert_eq!(resumed_operator(&db, "k4", 0).await, None);
        change(&db.store, |tx| sessions::delete(tx, "k2")).await;
        assert_eq!(resumed(&db, "k2", None, 0).await, None);
    }
}
