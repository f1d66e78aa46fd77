//! Both folders of migrations: the same names and texts, and the same tables, columns, keys, references and indexes of them;
//! applied once, whoever is first.

use std::collections::BTreeSet;
use std::path::Path;

use duologue::store::{DatabaseUrl, migrate};

use crate::support::database::{Database, Raw, Unmigrated};

/// Migrations whose text is not the same in both folders, and why.
const DIFFERENT: &[(&str, &str)] = &[("2026-11-26-000006_row_security", "SQLite has no policies for rows")];

/// One line for each column, primary key, index and reference.
const SQLITE_CATALOG: &str = include_str!("catalog_sqlite.sql");
const POSTGRES_CATALOG: &str = include_str!("catalog_postgres.sql");

/// The names in a folder of migrations, oldest first.
fn names(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_folders_have_the_same_names() {
    assert!(!names("sqlite").is_empty());
    assert_eq!(names("sqlite"), names("postgres"));
}

/// The statements of a migration, without its comments.
fn text(folder: &str, name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder).join(name).join("up.sql");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines().map(|line| line.split("--").next().unwrap_or_default().trim_end()).filter(|line| !line.is_empty()).collect()
}

/// The names of those whose texts differ.
fn differing(names: &[String], text: impl Fn(&str, &str) -> String) -> Vec<&str> {
    names.iter().filter(|name| text("sqlite", name) != text("postgres", name)).map(String::as_str).collect()
}

#[test]
fn both_folders_have_the_same_texts() {
    let excused: Vec<&str> = DIFFERENT.iter().map(|(name, _)| *name).collect();
    let names = names("sqlite");
    assert_eq!(differing(&names, text), excused);
    let planted = |folder: &str, name: &str| {
        text(folder, name) + if folder == "sqlite" && name == names[0] { "DROP TABLE pool;" } else { "" }
    };
    assert!(differing(&names, planted).contains(&&*names[0]), "a planted difference would show");
}

fn catalog(url: &DatabaseUrl) -> BTreeSet<String> {
    let query = if matches!(url, DatabaseUrl::Sqlite(_)) { SQLITE_CATALOG } else { POSTGRES_CATALOG };
    Raw::open(url).rows(query).into_iter().map(|[line, _, _]| line.unwrap()).collect()
}

#[test]
fn both_databases_have_the_same_catalog_and_a_difference_would_show() {
    let (sqlite, postgres) = (Database::sqlite(), Database::postgres());
    let (ours, theirs) = (catalog(&sqlite.url), catalog(&postgres.url));
    assert_eq!(ours.difference(&theirs).collect::<Vec<_>>(), Vec::<&String>::new(), "only on SQLite");
    assert_eq!(theirs.difference(&ours).collect::<Vec<_>>(), Vec::<&String>::new(), "only on PostgreSQL");
    for (kind, least) in [("column ", 120), ("primary key ", 15), ("index ", 15), ("reference ", 15)] {
        let found = ours.iter().filter(|line| line.starts_with(kind)).count();
        assert!(found >= least, "{kind}: {found}\n{ours:#?}");
    }
    for (planted, shows) in [
        ("ALTER TABLE heartbeats ADD COLUMN planted TEXT", "column heartbeats.planted text"),
        ("CREATE UNIQUE INDEX planted_index ON heartbeats (at, note)", "index heartbeats (at, note) unique"),
        ("CREATE INDEX planted_part ON heartbeats (at) WHERE at > 0", "index heartbeats (at) partial"),
        (
            "CREATE TABLE planted (seat TEXT NOT NULL PRIMARY KEY REFERENCES seats (id) ON DELETE CASCADE)",
            "reference planted (seat) to seats (id) on delete cascade",
        ),
    ] {
        for (database, other) in [(&sqlite, &theirs), (&postgres, &ours)] {
            database.execute(planted);
            assert!(catalog(&database.url).contains(shows) && !other.contains(shows), "{planted}: {:#?}", catalog(&database.url));
        }
    }
}

fn are_applied_once(database: &Unmigrated) {
    let all = names("sqlite");
    assert_eq!(migrate::pending(&database.url).unwrap(), all);
    assert!(database.is_untouched(), "looking changes nothing");
    assert_eq!(migrate::up(&database.url).unwrap().len(), all.len());
    assert_eq!(migrate::pending(&database.url).unwrap(), Vec::<String>::new());
    assert_eq!(migrate::up(&database.url).unwrap(), Vec::<String>::new());
}

/// Several nodes of a new version start at the same moment.
fn may_be_begun_by_many(fresh: impl Fn() -> Unmigrated, rounds: usize) {
    let all = names("sqlite").len();
    for round in 0..rounds {
        let database = fresh();
        let start = std::sync::Barrier::new(4);
        let applied: Vec<usize> = std::thread::scope(|scope| {
            let nodes: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        migrate::up(&database.url).map(|names| names.len())
                    })
                })
                .collect();
            nodes.into_iter().map(|node| node.join().unwrap().unwrap_or_else(|error| panic!("round {round}: {error}"))).collect()
        });
        assert_eq!(applied.iter().sum::<usize>(), all, "{applied:?}");
        let pools = Raw::open(&database.url).rows("SELECT CAST(COUNT(*) AS TEXT) AS a, NULL AS b, NULL AS c FROM pool");
        assert_eq!(pools[0][0].as_deref(), Some("1"));
    }
}

#[test]
fn are_applied_once_on_sqlite() {
    are_applied_once(&Unmigrated::sqlite());
}

#[test]
fn are_applied_once_on_postgres() {
    are_applied_once(&Unmigrated::postgres());
}

#[test]
fn may_be_begun_by_many_on_sqlite() {
    may_be_begun_by_many(Unmigrated::sqlite, 40);
}

#[test]
fn may_be_begun_by_many_on_postgres() {
    may_be_begun_by_many(Unmigrated::postgres, 3);
}
