//! One line that the next page says: "The invitation was sent." It travels in a signed cookie for a minute, so that saying
//! it costs the database nothing and works before anybody is signed in.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieJar, Key, SameSite};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};

use super::page::see_other;
use super::server::{Site, site};
use super::session::{cookie_name, is_secure};

/// What the next page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// `success`, `info`, `warning` or `error`.
    pub kind: &'static str,
    /// The words.
    pub text: String,
}

/// The longest line; a cookie holds no more than 4 kB.
const LONGEST: usize = 400;
const KINDS: [&str; 4] = ["success", "info", "warning", "error"];

/// Marks a request whose page says the line, so that the cookie goes.
struct Taken;

/// Leads on to `to`, whose page will say that this was done.
pub fn done(request: &HttpRequest, to: &str, text: &str) -> HttpResponse {
    say(request, to, "success", text)
}

/// Leads on to `to`, whose page will say why this was not done.
pub fn not_done(request: &HttpRequest, to: &str, text: &str) -> HttpResponse {
    say(request, to, "error", text)
}

/// Leads on to `to`, whose page will say `text`. `kind`: see [`Flash::kind`].
pub fn say(request: &HttpRequest, to: &str, kind: &'static str, text: &str) -> HttpResponse {
    let site = site(request);
    let text: String = text.chars().take(LONGEST).collect();
    let mut jar = CookieJar::new();
    jar.signed_mut(&key(&site)).add(cookie(&site, format!("{kind}|{text}"), Duration::minutes(1)));
    let mut response = see_other(to);
    let signed = jar.delta().next().cloned();
    if let Some(Err(error)) = signed.map(|cookie| response.add_cookie(&encoded(cookie))) {
        tracing::error!(%error, "a message could not be put into a cookie");
    }
    response
}

/// What this request's page is to say; from now on it counts as said.
pub(super) fn take(request: &HttpRequest) -> Option<Flash> {
    let site = site(request);
    let sent = request.cookie(&name(&site))?;
    request.extensions_mut().insert(Taken);
    let decoded = percent_encoding::percent_decode_str(sent.value()).decode_utf8().ok()?.into_owned();
    let mut jar = CookieJar::new();
    jar.add_original(Cookie::new(name(&site), decoded));
    let value = jar.signed(&key(&site)).get(&name(&site))?.value().to_owned();
    let (kind, text) = value.split_once('|')?;
    let kind = KINDS.into_iter().find(|known| *known == kind)?;
    Some(Flash { kind, text: text.to_owned() })
}

/// Removes the cookie of a line that was said.
pub(super) fn remove_if_said(request: &HttpRequest, response: &mut HttpResponse) {
    if request.extensions().contains::<Taken>() {
        let site = site(request);
        // A cookie of this shape is always a valid header.
        let _ = response.add_cookie(&cookie(&site, String::new(), Duration::ZERO));
    }
}

fn cookie(site: &Site, value: String, life: Duration) -> Cookie<'static> {
    Cookie::build(name(site), value)
        .path("/")
        .secure(is_secure(&site.app))
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(life)
        .finish()
}

/// Any words fit into a cookie once they are percent-encoded.
fn encoded(mut cookie: Cookie<'static>) -> Cookie<'static> {
    let value = percent_encoding::utf8_percent_encode(cookie.value(), percent_encoding::NON_ALPHANUMERIC).to_string();
    cookie.set_value(value);
    cookie
}

fn name(site: &Site) -> String {
    cookie_name("duologue-say", is_secure(&site.app))
}

fn key(site: &Site) -> Key {
    Key::from(site.app.keys.cookie())
}
