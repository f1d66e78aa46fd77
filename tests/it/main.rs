//! temp
use duologue::store::*;
#[tokio::test]
async fn smoke() {
    for url in ["sqlite::memory:", "sqlite:///tmp/t/x.db"] {
        let url: DatabaseUrl = url.parse().unwrap();
        if !url.is_in_memory() {
            println!("{:?}", migrate::up(&url).unwrap());
        }
        let (store, pass) = Store::open(&url).unwrap();
        let op = scope::OperatorPass::console(&pass);
        let before = Store::statements();
        store.write(move |tx| licenses::set_count(tx, &op, 3, duologue::domain::time::Instant::from_seconds(5))).await.unwrap();
        println!("{}", Store::statements() - before);
        let rows = store.read(|tx| licenses::list(tx)).await.unwrap();
        assert_eq!(rows.len(), 3);
    }
}
