//! Calls to Zoom over HTTP.
//!
//! Every connection has time-outs and follows no redirect: a redirected call would hand the access token to whoever is
//! named in the reply.

use std::time::Duration;

use reqwest::redirect::Policy;

use super::transport::{Auth, Body, Call, Method, Reply, Sending, Site, Transport, TransportError};

/// The largest reply that is read, in bytes; a page of 300 users is far below.
const LARGEST_REPLY: usize = 8 * 1024 * 1024;

/// How long the parts of a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until the connection stands.
    pub connect: Duration,
    /// Until the reply is complete.
    pub total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// The HTTP client could not be set up: the machine's TLS certificates are missing or unreadable.
#[derive(Debug, thiserror::Error)]
#[error("could not set up the HTTP client; are CA certificates installed on this machine?")]
pub struct SetUpError(#[from] reqwest::Error);

/// An HTTP client with time-outs and without redirects. `encrypted` says whether it must be able to speak TLS; one that
/// never does works on a machine without CA certificates and ignores proxies.
pub fn http_client(patience: Patience, encrypted: bool) -> Result<reqwest::Client, SetUpError> {
    // A second installation is refused, which is what we want: whoever was first has chosen.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .connect_timeout(patience.connect)
        .timeout(patience.total)
        .redirect(Policy::none())
        .gzip(true)
        .user_agent(concat!("duologue/", env!("CARGO_PKG_VERSION")));
    let builder = if encrypted { builder } else { builder.tls_certs_only([]).no_proxy() };
    Ok(builder.build()?)
}

/// Carries calls over HTTP.
#[derive(Clone, Debug)]
pub struct HttpTransport {
    client: reqwest::Client,
    api_url: String,
    oauth_url: String,
}

impl HttpTransport {
    /// A transport to these addresses: the API's base (`https://api.zoom.us/v2`) and the token endpoint
    /// (`https://zoom.us/oauth/token`).
    pub fn new(api_url: &str, oauth_url: &str) -> Result<Self, SetUpError> {
        Self::with_patience(api_url, oauth_url, Patience::default())
    }

    /// The same with other time-outs.
    pub fn with_patience(api_url: &str, oauth_url: &str, patience: Patience) -> Result<Self, SetUpError> {
        let encrypted = [api_url, oauth_url].iter().any(|url| !url.starts_with("http://"));
        let client = http_client(patience, encrypted)?;
        Ok(Self { client, api_url: api_url.trim_end_matches('/').to_owned(), oauth_url: oauth_url.to_owned() })
    }

    fn request(&self, call: Call) -> reqwest::RequestBuilder {
        let url = match call.site {
            Site::Api => format!("{}{}", self.api_url, call.path),
            Site::OAuth => self.oauth_url.clone(),
        };
        let request = self.client.request(method(call.method), url);
        let request = if call.query.is_empty() { request } else { request.query(&call.query) };
        let request = match call.auth {
            Auth::None => request,
            Auth::Basic { id, secret } => request.basic_auth(id, Some(secret)),
            Auth::Bearer(token) => request.bearer_auth(token),
        };
        match call.body {
            Body::None => request,
            Body::Json(body) => request.json(&body),
            Body::Form(fields) => request.form(&fields),
        }
    }

    async fn carry(&self, call: Call) -> Result<Reply, TransportError> {
        let mut response = self.request(call).send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers =
            headers.map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
        let headers = headers.collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > LARGEST_REPLY {
                return Err(TransportError::Broken(format!("the reply is larger than {LARGEST_REPLY} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, headers, body })
    }
}

impl Transport for HttpTransport {
    fn send(&self, call: Call) -> Sending<'_> {
        Box::pin(self.carry(call))
    }
}

const fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Get => reqwest::Method::GET,
        Method::Post => reqwest::Method::POST,
        Method::Put => reqwest::Method::PUT,
        Method::Patch => reqwest::Method::PATCH,
        Method::Delete => reqwest::Method::DELETE,
    }
}

/// The URL is cut off the error, because it can hold an e-mail address.
fn failed(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let context = innermost(&error);
    if error.is_connect() || error.is_builder() {
        TransportError::Unreachable(context)
    } else if error.is_timeout() {
        TransportError::Timeout(context)
    } else {
        TransportError::Broken(context)
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn nobody_listening_is_unreachable_and_names_no_url() {
        // Port 1 is reserved and nothing listens there.
        let transport = HttpTransport::new("http://127.0.0.1:1/v2", "http://127.0.0.1:1/oauth/token").unwrap();
        let error = transport.send(Call::api(Method::Get, &["users", "ana@example.org"])).await.unwrap_err();
        assert!(matches!(error, TransportError::Unreachable(_)), "{error:?}");
        assert!(!error.to_string().contains("ana"), "{error}");
    }

    #[test]
    fn an_encrypted_address_is_kept_encrypted() {
        let transport = HttpTransport::with_patience("http://a/v2/", "http://b/token", Patience::default()).unwrap();
        let request = transport.request(Call::api(Method::Patch, &["users", "x"]).bearer("t")).build().unwrap();
        assert_eq!(request.url().as_str(), "http://a/v2/users/x");
        assert_eq!(request.headers()["authorization"], "Bearer t");
    }
}
