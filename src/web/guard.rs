//! What every request must show and every response must carry.
//!
//! A request that changes something must come from a page of ours: browsers say so themselves (`Sec-Fetch-Site`), older
//! ones by `Origin`. Forms of signed-in people carry a token of their session on top (see [`super::forms`]).

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, ResponseError as _};
use url::Url;

use super::page::WebError;
use super::server::{Site, site};
use super::session;

/// Methods that change nothing.
pub(super) const SAFE: [Method; 3] = [Method::GET, Method::HEAD, Method::OPTIONS];
/// The one path that is posted to by somebody who is no browser, and proves it by a signature.
pub const WEBHOOK_PATH: &str = "/webhooks/zoom";
/// Below this, the path itself holds the secret that lets somebody in, so no other site can forge a request.
const LINKS: &str = "/j/";

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), display-capture=(), fullscreen=(), \
geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=()";

/// Refuses changes that another site asks for.
pub(super) async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let refused = {
        let site = site(request.request());
        !SAFE.contains(request.method()) && !is_own(request.path(), request.headers(), &site.app.base_url)
    };
    if refused {
        let words = "This request did not come from a page of this site, so nothing was changed. Go back, load the page again and repeat it.";
        return Ok(request.into_response(WebError::forbidden(words).error_response()));
    }
    Ok(next.call(request).await?.map_into_boxed_body())
}

/// Whether a change was asked for by one of our own pages.
fn is_own(path: &str, headers: &HeaderMap, base_url: &Url) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if path == WEBHOOK_PATH {
        return true;
    }
    if let Some(from) = text(HeaderName::from_static("sec-fetch-site")) {
        return matches!(from, "same-origin" | "none");
    }
    match text(header::ORIGIN) {
        // Pages below /j/ send no referrer, and then browsers name no origin either.
        Some("null") | None => path.starts_with(LINKS),
        Some(origin) => {
            let Ok(origin) = Url::parse(origin) else { return false };
            origin.origin() == base_url.origin() || text(header::HOST).is_some_and(|host| host == authority(&origin))
        }
    }
}

fn authority(origin: &Url) -> String {
    let host = origin.host_str().unwrap_or_default();
    origin.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether the form carries this session's token. Without a session there is none to carry.
pub fn check_token(request: &HttpRequest, token: &str) -> Result<(), WebError> {
    use actix_session::SessionExt as _;
    let Some(hash) = session::key_hash(&request.get_session()) else { return Ok(()) };
    if crate::app::keys::equal(token, &site(request).app.keys.csrf_token(&hash)) {
        return Ok(());
    }
    Err(WebError::forbidden(
        "This page was open since before you last signed in, so nothing was changed. Load it again and repeat your entry.",
    ))
}

/// The headers of every response.
pub(super) fn add_headers(site: &Site, path: &str, headers: &mut HeaderMap) {
    let referrer = if path.starts_with(LINKS) { "no-referrer" } else { "same-origin" };
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, referrer),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if path.starts_with(LINKS) {
        // What answers there is the client's alone: no search engine keeps it, however it came to know the link.
        headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, site.content_policy.clone());
    if session::is_secure(&site.app) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000; includeSubDomains"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// What pages may load, and where their forms may lead: to us, and by redirect to Zoom.
pub(super) fn content_policy(zoom_origins: &[String]) -> String {
    let form_targets = zoom_origins.iter().fold(String::new(), |all, origin| format!("{all} {origin}"));
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; \
         form-action 'self'{form_targets}; frame-ancestors 'none'; base-uri 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(path: &str, pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_own(path, &headers, &Url::parse("https://meet.example.com").unwrap())
    }

    #[test]
    fn a_browser_that_says_where_it_comes_from_is_believed() {
        assert!(own("/account", &[("sec-fetch-site", "same-origin")]));
        assert!(own("/account", &[("sec-fetch-site", "none")]));
        for other in ["cross-site", "same-site", ""] {
            assert!(!own("/account", &[("sec-fetch-site", other), ("origin", "https://meet.example.com")]), "{other}");
        }
    }

    #[test]
    fn an_older_browser_names_its_origin() {
        assert!(own("/account", &[("origin", "https://meet.example.com")]));
        assert!(own("/account", &[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!own("/account", &[("origin", "https://evil.example"), ("host", "meet.example.com")]));
        assert!(!own("/account", &[("origin", "null")]));
        assert!(!own("/account", &[]));
    }

    #[test]
    fn a_link_with_a_token_needs_no_origin_but_no_other_site_may_use_it() {
        assert!(own("/j/abc/arrival", &[("origin", "null")]));
        assert!(!own("/j/abc/arrival", &[("sec-fetch-site", "cross-site")]));
        assert!(!own("/j/abc/arrival", &[("origin", "https://evil.example")]));
    }
}
