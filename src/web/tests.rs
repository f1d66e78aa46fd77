//! The whole service, asked as a browser asks it, on a database in memory.

use std::collections::HashMap;
use std::sync::Arc;

use reqwest::header::HeaderMap;

use crate::app::{App, Parts};
use crate::clock::{Clock, Ids};
use crate::config::Secret;
use crate::domain::time::Instant;
use crate::mail::{Mailbox, Mailer, Sender};
use crate::store::{DatabaseUrl, Store};
use crate::zoom::http::{HttpTransport, Patience, http_client};
use crate::zoom::{Client, Credentials};

use super::server::{WebOptions, start};

/// 2026-11-24 12:00 UTC.
pub(super) const NOON: Instant = Instant::from_seconds(1_795_521_600);

/// A portal in memory; its Zoom does not answer.
pub(super) fn portal() -> Arc<App> {
    let clock = Clock::manual(NOON);
    let transport = HttpTransport::new("http://127.0.0.1:9", "http://127.0.0.1:9/token").unwrap();
    let credentials = Credentials { account_id: "a".to_owned(), client_id: "b".to_owned(), client_secret: "c".to_owned() };
    App::new(Parts {
        store: Store::open(&DatabaseUrl::in_memory()).unwrap(),
        zoom: Client::new(Arc::new(transport), credentials, clock.clone()),
        mailer: Mailer::Mailbox(Mailbox::new(Sender::parse("Duologue <meet@duologue.example>").unwrap())),
        clock,
        ids: Ids::seeded(1),
        secret_key: Secret::new("0123456789012345678901234567890123456789"),
        base_url: "http://127.0.0.1:8080".parse().unwrap(),
        webhook_secret: Secret::new("webhook"),
    })
}

/// A browser without a window: keeps cookies and follows nothing.
pub(super) struct Browser {
    pub(super) http: reqwest::Client,
    base: String,
    pub(super) cookies: HashMap<String, String>,
}

/// What came back.
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Browser {
    /// Serves the portal on a port of its own and opens a browser on it.
    pub(super) fn of(app: &Arc<App>) -> Self {
        let options = WebOptions {
            bind: "127.0.0.1:0".parse().unwrap(),
            zoom_origins: vec!["https://zoom.us".to_owned()],
            demo: None,
            workers: 1,
        };
        let (server, address) = start(app.clone(), options).unwrap();
        actix_web::rt::spawn(server);
        Self { http: http_client(Patience::default(), false).unwrap(), base: format!("http://{address}"), cookies: HashMap::new() }
    }

    /// Another browser on the same portal.
    pub(super) fn another(&self) -> Self {
        Self { http: self.http.clone(), base: self.base.clone(), cookies: HashMap::new() }
    }

    pub(super) async fn get(&mut self, path: &str) -> Seen {
        self.send(self.http.get(self.url(path))).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Seen {
        self.send(self.http.post(self.url(path)).header("sec-fetch-site", "same-origin").form(fields)).await
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    pub(super) async fn send(&mut self, request: reqwest::RequestBuilder) -> Seen {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Seen { status, headers, body: answer.text().await.unwrap() }
    }
}

#[actix_web::test]
async fn every_answer_carries_the_headers_even_a_failure() {
    let app = portal();
    let mut browser = Browser::of(&app);
    let answers = [
        browser.get("/").await,
        browser.get("/nowhere").await,
        browser.get("/healthz").await,
        browser.post("/", &[]).await,
        browser.send(browser.http.post(browser.url("/"))).await,
    ];
    for (answer, status) in answers.iter().zip([200, 404, 200, 405, 403]) {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(answers[3].header("allow"), "GET, HEAD");
    assert!(answers[1].body.contains("There is no page here"));
}
