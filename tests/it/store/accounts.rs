//! Operators, passwords and the counting of failed sign-ins.

use duologue::domain::ids::{OperatorId, TenantId, UserId};
use duologue::domain::names::{PersonName, Slug};
use duologue::store::accounts::{self, Failures, Operator};
use duologue::store::sessions::Owner;
use duologue::store::{StoreError, tenants, users};

use crate::support::cast::{NOW, at, email};
use crate::support::database::{Database, ask, both_databases, change};

fn operator(id: &str) -> Operator {
    Operator { id: OperatorId::new(id), email: email("olga@ops.example"), name: PersonName::parse("Olga").unwrap() }
}

async fn insert(db: &Database, id: &str) -> Result<(), StoreError> {
    let (pass, operator) = (db.operator(), operator(id));
    db.store.write(move |tx| accounts::insert_operator(tx, &pass, &operator, NOW)).await
}

/// Whether anybody with this address may try to sign in at Acme.
async fn may_try(db: &Database, slug: &str, address: &str) -> bool {
    let (slug, address) = (Slug::parse(slug).unwrap(), email(address));
    ask(&db.store, move |tx| accounts::find_of_user(tx, &slug, &address)).await.is_some()
}

both_databases! {
    async fn an_operators_address_is_theirs_alone(db: Database) {
        insert(&db, "olga").await.unwrap();
        let again = insert(&db, "olaf").await;
        assert!(matches!(again, Err(StoreError::Duplicate(_))), "{again:?}");
        let found = ask(&db.store, |tx| accounts::find_operator(tx, &email("olga@ops.example"))).await;
        assert_eq!(found, Some(operator("olga")));
        assert_eq!(ask(&db.store, |tx| accounts::find_operator(tx, &email("nobody@ops.example"))).await, None);
    }

    async fn a_password_is_kept_and_replaced(db: Database) {
        let db = db.with_cast().await;
        insert(&db, "olga").await.unwrap();
        for owner in [Owner::User(UserId::new("bo")), Owner::Operator(OperatorId::new("olga"))] {
            for hash in ["first", "second"] {
                let mine = owner.clone();
                change(&db.store, move |tx| accounts::set_password_hash(tx, &mine, hash)).await;
                let mine = owner.clone();
                assert_eq!(ask(&db.store, move |tx| accounts::find(tx, &mine)).await.unwrap().password_hash.as_deref(), Some(hash));
            }
        }
        let slug = Slug::parse("acme").unwrap();
        let bo = ask(&db.store, move |tx| accounts::find_of_user(tx, &slug, &email("bo@acme.example"))).await.unwrap();
        assert_eq!((bo.owner, bo.password_hash.as_deref()), (Owner::User(UserId::new("bo")), Some("second")));
        let olga = ask(&db.store, |tx| accounts::find_of_operator(tx, &email("olga@ops.example"))).await.unwrap();
        assert_eq!(olga.password_hash.as_deref(), Some("second"));
        let ana = ask(&db.store, |tx| accounts::find(tx, &Owner::User(UserId::new("ana")))).await.unwrap().password_hash;
        assert_eq!(ana, None);
    }

    async fn only_active_users_of_working_tenants_may_sign_in(db: Database) {
        let db = db.with_cast().await;
        assert!(may_try(&db, "acme", "bo@acme.example").await);
        assert!(!may_try(&db, "globex", "bo@acme.example").await);
        assert!(!may_try(&db, "acme", "cy@globex.example").await);
        let scope = db.scope("acme");
        change(&db.store, move |tx| users::set_deactivated(tx, &scope, &UserId::new("bo"), Some(NOW))).await;
        assert!(!may_try(&db, "acme", "bo@acme.example").await);
        let operator = db.operator();
        change(&db.store, move |tx| tenants::set_suspended(tx, &operator, &TenantId::new("acme"), Some(NOW))).await;
        assert!(!may_try(&db, "acme", "ana@acme.example").await);
    }

    async fn failures_are_counted_cleared_and_forgotten(db: Database) {
        let noted = Failures { count: 3, blocked_until: at(5) };
        for key in ["k1", "k2", "k3"] {
            change(&db.store, move |tx| accounts::set_failures(tx, key, Some(Failures { count: 1, ..noted }), NOW)).await;
        }
        change(&db.store, move |tx| accounts::set_failures(tx, "k1", Some(noted), at(2))).await;
        assert_eq!(ask(&db.store, |tx| accounts::failures(tx, "k1")).await, Some(noted));
        change(&db.store, |tx| accounts::set_failures(tx, "k2", None, at(2))).await;
        assert_eq!(ask(&db.store, |tx| accounts::failures(tx, "k2")).await, None);
        assert_eq!(change(&db.store, |tx| accounts::purge_failures(tx, at(2))).await, 1, "only k3 is older");
        assert_eq!(ask(&db.store, |tx| accounts::failures(tx, "k3")).await, None);
    }
}
