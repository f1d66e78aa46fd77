//! Both folders of migrations: the same names, applied once, whoever is first.

use std::path::Path;

use duologue::store::migrate;

use crate::support::database::{Raw, Unmigrated};

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

fn are_applied_once(database: &Unmigrated) {
    let all = names("sqlite");
    assert_eq!(migrate::pending(&database.url).unwrap(), all);
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
