//! Group commit: what is answered is durable, one change's failure is its own, and the writer outlives everything.

use std::sync::mpsc;

use duologue::domain::ids::SeatId;
use duologue::store::{DatabaseUrl, Store, StoreError, heartbeats, licenses};
use futures_util::FutureExt;
use futures_util::future::{join, join_all};

use crate::support::cast::NOW;
use crate::support::database::{Database, Raw, ask, both_databases, change};

async fn beat(store: &Store, name: impl Into<String>) -> Result<(), StoreError> {
    let name = name.into();
    store.write(move |tx| heartbeats::beat(tx, &name, NOW, "")).await
}

/// The names that a new connection finds: what is durable as far as another process can tell.
fn durable(db: &Database) -> Vec<String> {
    let mut names: Vec<String> =
        db.rows("SELECT name AS a, NULL AS b, NULL AS c FROM heartbeats").into_iter().map(|[name, _, _]| name.unwrap()).collect();
    names.sort();
    names
}

/// Keeps the writer busy with one change until it is told to go on, so that everything written meanwhile shares a commit.
struct Pause {
    go_on: mpsc::Sender<()>,
    paused: tokio::task::JoinHandle<Result<(), StoreError>>,
}

impl Pause {
    async fn begin(store: &Store) -> Self {
        let (go_on, wait) = mpsc::channel();
        let (begun, is_begun) = tokio::sync::oneshot::channel();
        let store = store.clone();
        let paused = tokio::spawn(async move {
            store
                .write(move |tx| {
                    begun.send(()).unwrap();
                    wait.recv().unwrap();
                    heartbeats::beat(tx, "pause", NOW, "")
                })
                .await
        });
        is_begun.await.unwrap();
        Self { go_on, paused }
    }

    async fn end(self) -> Result<(), StoreError> {
        self.go_on.send(()).unwrap();
        self.paused.await.unwrap()
    }
}

/// Writes that are queued one after another before `after` runs.
async fn together<T>(writes: impl IntoIterator<Item = impl Future<Output = T>>, after: impl Future) -> Vec<T> {
    // `join` polls the writes first, and a write is queued when it is first polled.
    join(join_all(writes), after).await.0
}

/// Which of the writes failed.
fn failures(written: &[Result<(), StoreError>]) -> Vec<usize> {
    written.iter().enumerate().filter(|(_, result)| result.is_err()).map(|(number, _)| number).collect()
}

both_databases! {
    async fn sixty_four_writes_at_once_are_all_durable(db: Database) {
        let pause = Pause::begin(&db.store).await;
        let written = together((0..64).map(|number| beat(&db.store, format!("w{number:02}"))), pause.end()).await;
        assert!(written.iter().all(Result::is_ok), "{written:?}");
        assert_eq!(durable(&db).len(), 65);
    }

    async fn a_failing_write_undoes_only_itself(db: Database) {
        let operator = db.operator();
        change(&db.store, move |tx| licenses::set_count(tx, &operator, 1, NOW)).await;
        let pause = Pause::begin(&db.store).await;
        let writes = (0..64).map(|number| {
            let store = db.store.clone();
            async move {
                let change = store.write(move |tx| {
                    heartbeats::beat(tx, &format!("w{number:02}"), NOW, "")?;
                    match number {
                        // The product refuses.
                        20 => Err(StoreError::NotFound("reason")),
                        // The database refuses: nobody has this id, so a foreign key fails and, on PostgreSQL, poisons.
                        40 => licenses::claim(tx, 1, &SeatId::new("nobody"), None, NOW, NOW).map(drop),
                        _ => Ok(()),
                    }
                });
                change.await
            }
        });
        let written = together(writes, pause.end()).await;
        assert_eq!(failures(&written), [20, 40], "{written:?}");
        assert_eq!(durable(&db).len(), 63, "62 writes and the pause");
        assert_eq!(db.rows("SELECT place AS a, NULL AS b, NULL AS c FROM licenses")[0][0].as_deref(), Some("free"));
    }

    async fn a_panicking_write_undoes_only_itself(db: Database) {
        let pause = Pause::begin(&db.store).await;
        let writes = (0..64).map(|number| {
            let store = db.store.clone();
            async move {
                let change = store.write(move |tx| {
                    heartbeats::beat(tx, &format!("w{number:02}"), NOW, "")?;
                    assert!(number != 30, "planted");
                    Ok::<(), StoreError>(())
                });
                change.await
            }
        });
        let written = together(writes, pause.end()).await;
        assert_eq!(failures(&written), [30], "{written:?}");
        beat(&db.store, "after").await.unwrap();
        let durable = durable(&db);
        assert!(!durable.contains(&"w30".to_owned()) && durable.contains(&"w29".to_owned()) && durable.contains(&"w31".to_owned()));
        assert_eq!(durable.len(), 65, "63 writes, the pause and the one after");
    }

    async fn a_panic_alone_holds_no_lock_for_the_next_node(db: Database) {
        let panicked: Result<(), StoreError> = db.store.write(|_| panic!("planted")).await;
        assert!(matches!(&panicked, Err(error) if error.is_passing()), "{panicked:?}");
        let other = db.second_node();
        let quickly = tokio::time::timeout(std::time::Duration::from_secs(4), beat(&other, "other"));
        quickly.await.expect("the first node's transaction is over").unwrap();
        beat(&db.store, "same").await.unwrap();
        assert_eq!(durable(&db), ["other", "same"]);
    }

    async fn a_panicking_read_harms_nobody(db: Database) {
        for _ in 0..8 {
            let answer: Result<(), StoreError> = db.store.read(|_| panic!("planted")).await;
            assert!(answer.is_err());
        }
        beat(&db.store, "after").await.unwrap();
        assert_eq!(ask(&db.store, heartbeats::list).await.len(), 1, "a reader sees what came after, so no old moment was left open");
    }

    async fn a_read_sees_one_moment(db: Database) {
        beat(&db.store, "first").await.unwrap();
        let store = db.store.clone();
        let seen = tokio::task::spawn_blocking({
            let (runtime, other) = (tokio::runtime::Handle::current(), db.second_node());
            move || {
                let inner = runtime.clone();
                runtime.block_on(store.read(move |tx| {
                    let before = heartbeats::list(tx)?.len();
                    inner.block_on(beat(&other, "second"))?;
                    Ok::<_, StoreError>((before, heartbeats::list(tx)?.len()))
                }))
            }
        });
        assert_eq!(seen.await.unwrap().unwrap(), (1, 1));
        assert_eq!(ask(&db.store, heartbeats::list).await.len(), 2);
    }

    async fn writes_are_refused_when_too_many_wait(db: Database) {
        let pause = Pause::begin(&db.store).await;
        let written = together((0..4096 + 50).map(|_| beat(&db.store, "w")), pause.end()).await;
        let refused = written.iter().filter(|result| matches!(result, Err(StoreError::Busy))).count();
        assert_eq!(refused, 50);
        assert!(written.iter().take(4096).all(Result::is_ok));
        beat(&db.store, "after").await.unwrap();
    }

    async fn a_write_that_nobody_waits_for_any_more_is_still_done(db: Database) {
        let pause = Pause::begin(&db.store).await;
        {
            let mut given_up = Box::pin(beat(&db.store, "given up"));
            assert!((&mut given_up).now_or_never().is_none());
        }
        pause.end().await.unwrap();
        beat(&db.store, "after").await.unwrap();
        assert_eq!(durable(&db), ["after", "given up", "pause"]);
    }
}

/// Ends every other connection to the database, as a restart of the server does.
fn cut_connections(db: &Database) {
    let DatabaseUrl::Postgres(_) = db.url else { panic!("SQLite has no connections to cut") };
    Raw::open(&db.url).execute(
        "SET ROLE NONE; DO $$ BEGIN PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid(); END $$",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_server_restart_is_not_noticed_by_writers() {
    let db = Database::postgres();
    beat(&db.store, "before").await.unwrap();
    cut_connections(&db);
    let written = join_all((0..64).map(|number| beat(&db.store, format!("w{number}")))).await;
    assert_eq!(failures(&written), Vec::<usize>::new(), "{written:?}");
    assert_eq!(durable(&db).len(), 65);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_restart_in_the_middle_of_a_batch_loses_nothing_that_was_answered() {
    let db = Database::postgres();
    let pause = Pause::begin(&db.store).await;
    let cut = async {
        cut_connections(&db);
        pause.end().await
    };
    let (written, paused) = join(join_all((0..64).map(|number| beat(&db.store, format!("w{number}")))), cut).await;
    assert!(matches!(&paused, Err(error) if error.is_passing()), "the batch that was open is told: {paused:?}");
    assert!(written.iter().all(|result| result.as_ref().err().is_none_or(StoreError::is_passing)), "{written:?}");
    let answered = written.iter().filter(|result| result.is_ok()).count();
    assert_eq!(durable(&db).len(), answered, "answered is durable, refused is undone");
    beat(&db.store, "after").await.expect("one try after the cut is enough");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_outlive_a_server_restart() {
    let db = Database::postgres();
    ask(&db.store, heartbeats::list).await;
    cut_connections(&db);
    let read = join_all((0..16).map(|_| db.store.read::<_, StoreError, _>(heartbeats::list))).await;
    assert!(read.iter().all(Result::is_ok), "{read:?}");
}
