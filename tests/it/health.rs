//! What the machine's own probes are told, and what people notice of a database that is not well.

use duologue::demo::Demo;
use duologue::store::DatabaseUrl;

use crate::support::database::Raw;
use crate::support::demo::{Visitor, with_demo_on_both_databases};
use crate::support::until;

const STAFF: (&str, &str) = ("/t/north-clinic", "ben@north-clinic.example");

/// The demo's database, past the store.
fn database(demo: &Demo, postgres: Option<&DatabaseUrl>) -> Raw {
    Raw::open(postgres.unwrap_or(&DatabaseUrl::Sqlite(demo.folder.join("duologue.db"))))
}

async fn json(visitor: &Visitor, path: &str) -> (u16, serde_json::Value) {
    let seen = visitor.get(path).await;
    (seen.status, serde_json::from_str(&seen.body).unwrap())
}

with_demo_on_both_databases! {
    async fn a_portal_that_can_work_is_ready_and_tells_how_old_its_work_is(demo: &Demo) {
        let probe = Visitor::nobody(&demo.portal);
        until("every lane has said that it lives", || async {
            let (status, told) = json(&probe, "/readyz").await;
            status == 200 && told["ready"] == true && told["seconds_since"].as_object().is_some_and(|lanes| lanes.len() == duologue::app::bell::Lane::ALL.len())
        })
        .await;
        assert_eq!(json(&probe, "/readyz").await.1["background_late"], false);
        assert!(probe.get("/metrics").await.body.contains("duologue_background_seconds_since{part=\"inbox\"}"));
        let silent = demo.app.now() - duologue::domain::time::Span::minutes(5);
        // The keeper says so every half minute, so this stands long enough to be seen.
        demo.app.store.write(move |tx| duologue::store::heartbeats::beat(tx, "inbox", silent, "")).await.unwrap();
        let (status, told) = json(&probe, "/readyz").await;
        assert_eq!((status, &told["background_late"]), (200, &serde_json::json!(true)), "late work turns nobody away: {told}");
    }
}

/// A migration that this binary knows is missing: a node of a newer version must not be sent requests yet.
#[actix_web::test]
async fn a_database_that_is_behind_is_not_ready_but_the_process_is_alive() {
    let (demo, _folder, unmigrated) = crate::support::demo::demo_on_postgres().await;
    let (sqlite, _other_folder) = crate::support::demo::demo().await;
    for (demo, mut raw) in [(&demo, database(&demo, Some(&unmigrated.url))), (&sqlite, database(&sqlite, None))] {
        let probe = Visitor::nobody(&demo.portal);
        assert_eq!(json(&probe, "/readyz").await.0, 200);
        raw.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('29990101000000')");
        assert_eq!(json(&probe, "/readyz").await.0, 200, "one that is ahead serves");
        raw.execute(
            "DELETE FROM __diesel_schema_migrations WHERE version = (SELECT MIN(version) FROM __diesel_schema_migrations)",
        );
        assert_eq!(json(&probe, "/readyz").await, (503, serde_json::json!({ "ready": false })));
        assert_eq!(json(&probe, "/healthz").await.0, 200);
    }
}

#[actix_web::test]
async fn whoever_reads_does_not_notice_that_the_database_cannot_be_written() {
    let (demo, _folder) = crate::support::demo::demo().await;
    let staff = Visitor::signed_in(&demo.portal, STAFF.0, STAFF.1).await;
    let mut raw = database(&demo, None);
    raw.execute(
        "UPDATE sessions SET expires_at = expires_at - 3600; \
         CREATE TRIGGER full_disk BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END",
    );
    for path in ["/t/north-clinic", "/t/north-clinic/meetings", "/account"] {
        assert_eq!(staff.get(path).await.status, 200, "{path}");
    }
    raw.execute("DROP TRIGGER full_disk");
    assert_eq!(staff.get("/account").await.status, 200);
    let kept = raw.rows("SELECT CAST(MIN(expires_at - created_at) AS TEXT) AS a, NULL AS b, NULL AS c FROM sessions").remove(0);
    let [Some(seconds), ..] = kept else { panic!("there is a session") };
    assert!(seconds.parse::<i64>().unwrap() >= 12 * 3600 - 300, "kept alive as soon as it can be: {seconds}");
}
