//! Leaving for Zoom: a redirect off our own pages goes to an origin that the configuration names, and nowhere else.

use url::Url;

use super::page::{Answer, WebError, see_other};
use super::server::Site;

/// Leads on to a link of Zoom's. The link may hold the host's power: it is written into this one answer and nowhere else.
pub(super) fn leave_for(site: &Site, link: &str) -> Answer {
    let allowed = Url::parse(link).is_ok_and(|url| site.options.zoom_origins.iter().any(|origin| is_within(&url, origin)));
    if allowed {
        Ok(see_other(link))
    } else {
        Err(WebError::failed("Zoom gave a link that leads to none of the origins we know"))
    }
}

/// Whether a link lies in an origin as the content policy names it: `https://zoom.us`, `https://*.zoom.us`.
fn is_within(url: &Url, origin: &str) -> bool {
    let Some((scheme, place)) = origin.split_once("://") else { return false };
    let host = url.host_str().unwrap_or_default();
    let (wanted_host, wanted_port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()),
        None => (place, None),
    };
    let same_host = match wanted_host.strip_prefix('*') {
        Some(domain) => host.len() > domain.len() && host.ends_with(domain),
        None => host == wanted_host,
    };
    url.scheme() == scheme && same_host && url.port() == wanted_port && url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn within(url: &str, origin: &str) -> bool {
        is_within(&Url::parse(url).unwrap(), origin)
    }

    #[test]
    fn only_the_named_origins_are_left_for() {
        assert!(within("https://zoom.us/s/1?zak=x", "https://zoom.us"));
        assert!(within("https://us05web.zoom.us/s/1", "https://*.zoom.us"));
        assert!(within("http://127.0.0.1:8090/s/1", "http://127.0.0.1:8090"));
        for (url, origin) in [
            ("https://zoom.us.evil.example/s/1", "https://zoom.us"),
            ("https://evilzoom.us/s/1", "https://*.zoom.us"),
            ("https://zoom.us/s/1", "https://*.zoom.us"),
            ("http://us05web.zoom.us/s/1", "https://*.zoom.us"),
            ("https://us05web.zoom.us:8443/s/1", "https://*.zoom.us"),
            ("https://zoom.us@evil.example/s/1", "https://zoom.us"),
            ("https://me:pw@zoom.us/s/1", "https://zoom.us"),
            ("http://127.0.0.1:8091/s/1", "http://127.0.0.1:8090"),
            ("javascript:alert(1)", "https://zoom.us"),
        ] {
            assert!(!within(url, origin), "{url} in {origin}");
        }
    }
}
