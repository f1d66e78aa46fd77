//! The whole service, asked as a browser asks it, on a database in memory.

mod accounts;
mod audit;
mod bodies;
mod doors;
mod pool;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;

use crate::app::tenants::NewTenant;
use crate::app::users::{Inviter, NewUser};
use crate::app::{App, Parts};
use crate::clock::{Clock, Ids};
use crate::config::Secret;
use crate::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use crate::domain::tenant::{Role, Share};
use crate::domain::time::Instant;
use crate::mail::{Mailbox, Mailer, Sender};
use crate::store::audit::Actor;
use crate::store::scope::OperatorPass;
use crate::store::{DatabaseUrl, Store, StoreError, tenants};
use crate::zoom::http::{HttpTransport, Patience, http_client};
use crate::zoom::{Client, Credentials};

use super::server::{PATIENCE, WebOptions, listen, start};

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
        Self::with_patience(app, PATIENCE)
    }

    /// The same on a portal that waits for slow clients only so long.
    pub(super) fn with_patience(app: &Arc<App>, patience: Duration) -> Self {
        let options = WebOptions { zoom_origins: vec!["https://zoom.us".to_owned()], demo: None, workers: 1, patience };
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let (server, address) = start(app.clone(), options, listener).unwrap();
        actix_web::rt::spawn(server);
        Self {
            http: http_client(Patience::default(), false).unwrap(),
            base: format!("http://{address}"),
            cookies: HashMap::new(),
        }
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

const PASSWORD: &str = "seven green umbrellas";

fn name(text: &str) -> PersonName {
    PersonName::parse(text).unwrap()
}

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

/// The right to run the pool, as it comes with opening a database.
fn console() -> OperatorPass {
    OperatorPass::console(&Store::open(&DatabaseUrl::in_memory()).unwrap().1)
}

/// A tenant with the admin ana@{slug}.example, who has not chosen a password yet; gives the path of the link.
async fn tenant(app: &App, slug: &str) -> String {
    let new = NewTenant {
        slug: Slug::parse(slug).unwrap(),
        name: name(&format!("{slug} Clinic")),
        zone: ZoneName::parse("Europe/Madrid").unwrap(),
        share: Share { guarantee: 0, cap: 5 },
        admin_email: email(&format!("ana@{slug}.example")),
        admin_name: name("Ana Ruiz"),
    };
    path_of(&app.add_tenant(&console(), new).await.unwrap().unwrap())
}

/// Invites a staff user to a tenant; gives the path of the link.
async fn staff(app: &App, slug: &str, address: &str) -> String {
    let (pass, slug) = (console(), Slug::parse(slug).unwrap());
    let found = app.store.read::<_, StoreError, _>(move |tx| tenants::find_by_slug(tx, &pass, &slug)).await.unwrap().unwrap();
    let by = Inviter { actor: Actor::Console, name: None };
    let new = NewUser { email: email(address), name: name("Jonas Weber"), role: Role::Staff };
    path_of(&app.invite_user(&console().scope(&found.id), &by, new).await.unwrap().unwrap())
}

pub(super) fn path_of(url: &str) -> String {
    url.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned()
}

/// The value of the first hidden field `csrf` of a page.
fn csrf(page: &Seen) -> String {
    let (_, rest) = page.body.split_once("name=\"csrf\" value=\"").expect("a page without a form");
    rest.split('"').next().unwrap().to_owned()
}

impl Browser {
    /// Chooses a password by a link and signs in with it.
    pub(super) async fn enter_by(&mut self, link: &str, address: &str) {
        let chosen = self.post(link, &[("password", PASSWORD)]).await;
        assert_eq!(chosen.status, 303, "{}", chosen.body);
        let door = chosen.header("location").to_owned();
        let entered = self.post(&door, &[("email", address), ("password", PASSWORD)]).await;
        assert_eq!(entered.status, 303, "{}", entered.body);
    }

    /// Posts a form of the page at `path`, with its token.
    async fn submit(&mut self, page: &str, action: &str, fields: &[(&str, &str)]) -> Seen {
        let token = csrf(&self.get(page).await);
        let mut all = vec![("csrf", &*token)];
        all.extend_from_slice(fields);
        self.post(action, &all).await
    }
}

/// Sends what waits, and gives the path of the link in the newest letter that has one.
async fn latest_link(app: &App) -> String {
    while app.deliver_one().await.unwrap() == crate::app::letters::Turn::Worked {}
    let Mailer::Mailbox(mailbox) = &app.mailer else { panic!("tests have a mailbox") };
    let letters = mailbox.list();
    let newest = letters.iter().filter(|sent| sent.letter.text.contains("/password/")).max_by_key(|sent| sent.number).unwrap();
    let text = &newest.letter.text;
    path_of(text[text.find("http://").unwrap()..].split_whitespace().next().unwrap())
}
