//! The settings of the pool, and the signs of life of the background work.

use duologue::domain::pool::{Freeze, PoolSettings, Release, Strategy};
use duologue::domain::time::Span;
use duologue::store::{heartbeats, licenses, pool};

use crate::support::cast::{NOW, at};
use crate::support::database::{Database, ask, both_databases, change};

fn freeze() -> Freeze {
    Freeze { since: at(30), probe_at: at(60) }
}

both_databases! {
    async fn a_new_pool_has_the_defaults(db: Database) {
        assert_eq!(ask(&db.store, pool::settings).await, PoolSettings::defaults());
    }

    async fn settings_are_kept_and_the_count_and_freeze_are_not_among_them(db: Database) {
        let wanted = PoolSettings {
            licenses: 99,
            spare: Some(2),
            lead: Span::minutes(10),
            grace: Span::minutes(15),
            rejoin: Span::minutes(3),
            no_show: Span::minutes(20),
            strategy: Strategy::Standing,
            release: Release::WhenNeeded,
            move_budget: Some(40),
            late_attach: false,
            freeze: Some(freeze()),
            ..PoolSettings::defaults()
        };
        let (operator, settings) = (db.operator(), wanted.clone());
        change(&db.store, move |tx| pool::set(tx, &operator, &settings)).await;
        let kept = ask(&db.store, pool::settings).await;
        assert_eq!(kept, PoolSettings { licenses: 0, freeze: None, ..wanted });

        let operator = db.operator();
        change(&db.store, move |tx| licenses::set_count(tx, &operator, 7, NOW)).await;
        change(&db.store, |tx| pool::set_freeze(tx, Some(freeze()))).await;
        let kept = ask(&db.store, pool::settings).await;
        assert_eq!((kept.licenses, kept.freeze), (7, Some(freeze())));
        change(&db.store, |tx| pool::set_freeze(tx, None)).await;
        assert_eq!(ask(&db.store, pool::settings).await.freeze, None);
    }

    async fn the_last_sign_of_life_of_each_part_is_kept(db: Database) {
        change(&db.store, |tx| {
            heartbeats::beat(tx, "mail", at(1), "3 sent")?;
            heartbeats::beat(tx, "licenses", at(1), "")?;
            heartbeats::beat(tx, "mail", at(2), "none due")
        })
        .await;
        let beats = ask(&db.store, heartbeats::list).await;
        assert_eq!(beats, [("licenses".to_owned(), at(1), String::new()), ("mail".to_owned(), at(2), "none due".to_owned())]);
    }
}
