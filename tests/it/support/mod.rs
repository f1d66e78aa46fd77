//! What tests share: databases of their own, people to play with, a browser, and a reader of HTML.

pub(crate) mod browser;
pub(crate) mod cast;
pub(crate) mod database;
pub(crate) mod demo;
pub(crate) mod html;
pub(crate) mod portal;
pub(crate) mod wire;
pub(crate) mod world;

/// Asks again, without waiting for a fixed time, until it has happened; gives up after two minutes.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut has_happened: impl FnMut() -> F) {
    let mut tries = tokio::time::interval(std::time::Duration::from_millis(10));
    let happened = tokio::time::timeout(std::time::Duration::from_mins(2), async {
        while !has_happened().await {
            tries.tick().await;
        }
    });
    assert!(happened.await.is_ok(), "{what} never happened");
}
