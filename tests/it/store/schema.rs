//! `src/store/schema.rs` says what the migrations make: every table, column, type and NOT NULL, on both databases.

use std::collections::BTreeMap;

use crate::support::database::{Database, both_databases};

/// Column by name: its type in diesel's words, and whether it may be NULL.
type Columns = BTreeMap<String, (String, bool)>;

/// Reads the `table!` blocks.
fn declared() -> BTreeMap<String, Columns> {
    let text = include_str!("../../../src/store/schema.rs");
    let mut tables = BTreeMap::new();
    for block in text.split("diesel::table! {").skip(1) {
        let mut lines = block.lines().map(str::trim).skip_while(|line| line.is_empty());
        let name = lines.next().unwrap().split(' ').next().unwrap().to_owned();
        let columns = lines.take_while(|line| *line != "}").map(|line| {
            let (column, kind) = line.trim_end_matches(',').split_once(" -> ").unwrap();
            let plain = kind.trim_start_matches("Nullable<").trim_end_matches('>');
            (column.to_owned(), (plain.to_owned(), plain != kind))
        });
        tables.insert(name, columns.collect());
    }
    tables
}

/// What diesel calls the types that our migrations use.
fn diesel_type(sql: &str) -> String {
    match sql.to_lowercase().as_str() {
        "text" => "Text",
        "bigint" => "BigInt",
        "integer" => "Integer",
        "boolean" => "Bool",
        other => other,
    }
    .to_owned()
}

const SQLITE_TABLES: &str = "SELECT name AS a, NULL AS b, NULL AS c FROM sqlite_master \
     WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_\\_%' ESCAPE '\\'";
const POSTGRES_TABLES: &str = "SELECT table_name::text AS a, NULL AS b, NULL AS c FROM information_schema.tables \
     WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'";

fn columns_query(db: &Database, table: &str) -> String {
    match db.url {
        duologue::store::DatabaseUrl::Sqlite(_) => format!(
            "SELECT name AS a, type AS b, CASE \"notnull\" WHEN 1 THEN 'NO' ELSE 'YES' END AS c FROM pragma_table_info('{table}')"
        ),
        duologue::store::DatabaseUrl::Postgres(_) => format!(
            "SELECT column_name::text AS a, data_type::text AS b, is_nullable::text AS c FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = '{table}'"
        ),
    }
}

fn reported(db: &Database) -> BTreeMap<String, Columns> {
    let tables = if matches!(db.url, duologue::store::DatabaseUrl::Sqlite(_)) { SQLITE_TABLES } else { POSTGRES_TABLES };
    let columns = |table: &str| {
        let rows = db.rows(&columns_query(db, table)).into_iter();
        rows.map(|row| row.map(Option::unwrap)).map(|[name, kind, null]| (name, (diesel_type(&kind), null == "YES"))).collect()
    };
    db.rows(tables).into_iter().map(|[name, _, _]| name.unwrap()).map(|name| (name.clone(), columns(&name))).collect()
}

both_databases! {
    async fn the_declared_tables_are_the_migrated_ones(db: Database) {
        let declared = declared();
        assert!(declared.len() >= 15 && declared["meetings"].len() >= 30, "schema.rs was read: {declared:?}");
        assert_eq!(declared, reported(&db));
    }

    async fn a_difference_would_show(db: Database) {
        db.execute("ALTER TABLE heartbeats ADD COLUMN planted BIGINT");
        let differing: Vec<String> = reported(&db).into_iter().filter(|(name, columns)| declared()[name] != *columns).map(|(name, _)| name).collect();
        assert_eq!(differing, ["heartbeats"]);
    }
}
