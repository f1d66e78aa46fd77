//! The demo, running for one test: the portal, the simulated Zoom and the mailbox on ports of their own, with three tenants.

use std::net::SocketAddr;

use duologue::config::DemoConfig;
use duologue::demo::{Demo, start};
use duologue::store::DatabaseUrl;
use reqwest::header::HeaderMap;
use tempfile::TempDir;

use super::database::Unmigrated;

/// Runs each test with a demo on either database, as `name::sqlite` and `name::postgres`.
macro_rules! with_demo_on_both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($demo:ident: &Demo) $body:block)+) => {$(
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn body($demo: &Demo) $body

            #[actix_web::test]
            async fn sqlite() {
                let (demo, _folder) = $crate::support::demo::demo().await;
                body(&demo).await;
            }

            #[actix_web::test]
            async fn postgres() {
                let (demo, _folder, _database) = $crate::support::demo::demo_on_postgres().await;
                body(&demo).await;
            }
        }
    )+};
}
pub(crate) use with_demo_on_both_databases;

/// Starts the demo in the current actix system; it ends with the test.
pub(crate) async fn demo() -> (Demo, TempDir) {
    play(None).await
}

/// The same on PostgreSQL.
pub(crate) async fn demo_on_postgres() -> (Demo, TempDir, Unmigrated) {
    let database = Unmigrated::postgres();
    let (demo, folder) = play(Some(database.url.clone())).await;
    (demo, folder, database)
}

async fn play(database: Option<DatabaseUrl>) -> (Demo, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let config = DemoConfig { bind: any_port, simulator_bind: any_port, database };
    let (demo, server, simulator) = start(&config, folder.path()).await.unwrap().into_parts();
    actix_web::rt::spawn(server);
    actix_web::rt::spawn(simulator);
    (demo, folder)
}

/// Somebody who asks the portal as a browser does, but follows nothing.
#[derive(Clone)]
pub(crate) struct Visitor {
    http: reqwest::Client,
    base: String,
    cookie: String,
    pub(crate) csrf: String,
}

/// What came back.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// From where a form is posted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    OwnPage,
    OtherSite,
}

impl Visitor {
    /// Nobody.
    pub(crate) fn nobody(base: &str) -> Self {
        let patience = duologue::zoom::http::Patience::default();
        let http = duologue::zoom::http::http_client(patience, false).unwrap();
        Self { http, base: base.to_owned(), cookie: String::new(), csrf: String::new() }
    }

    /// Signs in below `realm`: `/t/{slug}` or `/operator`.
    pub(crate) async fn signed_in(base: &str, realm: &str, email: &str) -> Self {
        let mut visitor = Self::nobody(base);
        let fields = [("email", email), ("password", duologue::demo::PASSWORD)];
        let seen = visitor.post(&format!("{realm}/sign-in"), &fields, From::OwnPage).await;
        assert_eq!(seen.status, 303, "{email} could not sign in");
        let cookies = seen.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap());
        visitor.cookie = cookies.collect::<Vec<_>>().join("; ");
        let account = visitor.get("/account").await;
        visitor.csrf = super::html::attributes(&account.body, "input[name=csrf]", "value").into_iter().next().unwrap();
        visitor
    }

    /// The whole address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(crate) async fn get(&self, path: &str) -> Seen {
        see(self.http.get(self.url(path)).header("cookie", &self.cookie)).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)], from: From) -> Seen {
        let site = if from == From::OwnPage { "same-origin" } else { "cross-site" };
        let request = self.http.post(self.url(path)).header("cookie", &self.cookie);
        see(request.header("sec-fetch-site", site).form(fields)).await
    }
}

impl Visitor {
    /// What proves to the portal who this is.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let cookies = self.cookie.split("; ").filter_map(|cookie| cookie.split_once('=')).map(|(_, value)| value.to_owned());
        cookies.chain([self.csrf.clone()]).collect()
    }

    /// Posts as Zoom does, and gives the status.
    pub(crate) async fn webhook(&self, timestamp: &str, signature: &str, body: &str) -> u16 {
        let request = self.http.post(format!("{}/webhooks/zoom", self.base)).header("content-type", "application/json");
        let request = request.header("x-zm-request-timestamp", timestamp).header("x-zm-signature", signature);
        see(request.body(body.to_owned())).await.status
    }
}

async fn see(request: reqwest::RequestBuilder) -> Seen {
    let answer = request.send().await.unwrap();
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let location = headers.get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    Seen { status, location, headers, body: answer.text().await.unwrap() }
}
