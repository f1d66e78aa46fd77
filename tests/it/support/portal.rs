//! The portal's pages for a world whose clock is moved by hand.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use duologue::app::App;
use duologue::app::accounts::{Chosen, Realm};
use duologue::demo::PASSWORD;
use duologue::domain::names::{EmailAddress, PersonName};
use duologue::web::{self, PATIENCE, WebOptions};

use super::demo::Visitor;
use super::world::World;

pub(crate) const OPERATOR: &str = "robin@duologue.example";

/// Runs each test on both databases in an actix system, as `name::sqlite` and `name::postgres`.
macro_rules! served_on_both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident: Database) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn body($db: $crate::support::database::Database) $body

            #[actix_web::test]
            async fn sqlite() {
                body($crate::support::database::Database::sqlite()).await;
            }

            #[actix_web::test]
            async fn postgres() {
                body($crate::support::database::Database::postgres()).await;
            }
        }
    )+};
}
pub(crate) use served_on_both_databases;

/// Serves the pages on what it listens on; forms may lead to `zoom_origin`.
pub(crate) fn serve(app: &Arc<App>, listener: TcpListener, zoom_origin: &str) -> ServerHandle {
    let options = WebOptions { zoom_origins: vec![zoom_origin.to_owned()], demo: None, workers: 1, patience: PATIENCE };
    let (server, _) = web::start(app.clone(), options, listener).unwrap();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    handle
}

/// Serves them on any port; gives where.
pub(crate) fn open(app: &Arc<App>) -> (String, ServerHandle) {
    let listener = web::listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (base, serve(app, listener, "http://zoom.invalid"))
}

/// Somebody who runs the pool, signed in at `base`.
pub(crate) async fn operator(world: &World, base: &str) -> Visitor {
    let name = PersonName::parse("Robin Quayle").unwrap();
    let link = world.app.add_operator(&world.console, EmailAddress::parse(OPERATOR).unwrap(), name).await.unwrap();
    let secret = link.rsplit('/').next().unwrap();
    assert_eq!(world.app.choose_password(&Realm::Operator, secret, PASSWORD).await.unwrap(), Chosen::Done);
    Visitor::signed_in(base, "/operator", OPERATOR).await
}
