//! One call to Zoom and its reply, and the seam between the client and whatever carries them.
//!
//! A [`Call`] is plain data, so that the simulator can answer it without a socket. Its `Debug` shows neither
//! credentials nor bodies, and no path, because paths can hold e-mail addresses.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Everything but RFC 3986's unreserved characters is encoded in a path segment.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An HTTP method that Zoom's API uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates.
    Post,
    /// Sets a state.
    Put,
    /// Changes a part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// Whether the call may change something at Zoom.
    pub const fn writes(self) -> bool {
        !matches!(self, Self::Get)
    }
}

/// Which of Zoom's two addresses a call goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// The token endpoint, a single URL.
    OAuth,
    /// The API, a base URL that paths are appended to.
    Api,
}

/// How a call proves who sends it.
#[derive(Clone, PartialEq, Eq)]
pub enum Auth {
    /// It does not.
    None,
    /// Client id and client secret.
    Basic {
        /// The client id.
        id: String,
        /// The client secret.
        secret: String,
    },
    /// An access token.
    Bearer(String),
}

/// What a call carries.
#[derive(Clone, PartialEq)]
pub enum Body {
    /// Nothing.
    None,
    /// A JSON document.
    Json(Value),
    /// Form fields.
    Form(Vec<(String, String)>),
}

/// One request to Zoom.
#[derive(Clone, PartialEq)]
pub struct Call {
    /// The method.
    pub method: Method,
    /// The address.
    pub site: Site,
    /// The percent-encoded path below the API's base, beginning with `/`; empty for the token endpoint.
    pub path: String,
    /// The query's fields, not encoded.
    pub query: Vec<(String, String)>,
    /// Who asks.
    pub auth: Auth,
    /// What is said.
    pub body: Body,
}

impl Call {
    /// A call to the API. `segments` are encoded here, so an id or an e-mail address can't escape from its place.
    pub fn api(method: Method, segments: &[&str]) -> Self {
        let path = segments.iter().fold(String::new(), |path, segment| format!("{path}/{}", encoded(segment)));
        Self { method, site: Site::Api, path, query: Vec::new(), auth: Auth::None, body: Body::None }
    }

    /// A call to the token endpoint.
    pub fn oauth(fields: &[(&str, &str)], auth: Auth) -> Self {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (path, query, body) = (String::new(), Vec::new(), Body::Form(fields));
        Self { method: Method::Post, site: Site::OAuth, path, query, auth, body }
    }

    /// The same call with a field added to its query.
    #[must_use]
    pub fn query(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    /// The same call with a JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    /// The same call, sent with this access token.
    #[must_use]
    pub fn bearer(mut self, token: &str) -> Self {
        self.auth = Auth::Bearer(token.to_owned());
        self
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} to {:?}", self.method, self.site)
    }
}

/// One path segment, percent-encoded.
pub fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

/// What came back. Header names are in lower case.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body as it arrived.
    pub body: Vec<u8>,
}

impl Reply {
    /// The value of a header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} with {} bytes", self.status, self.body.len())
    }
}

/// No reply. The text never holds a secret or an address of a person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The reply did not come in time; the call may have been carried out.
    #[error("no reply in time ({0})")]
    Timeout(String),
    /// No connection; the call was certainly not carried out.
    #[error("no connection ({0})")]
    Unreachable(String),
    /// The connection broke before the reply was complete; the call may have been carried out.
    #[error("the connection broke ({0})")]
    Broken(String),
}

/// What a transport promises to come back with.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Reply, TransportError>> + Send + 'a>>;

/// Carries calls to Zoom, or to something that behaves like it.
pub trait Transport: Send + Sync {
    /// Sends one call, once. Retrying is the caller's decision.
    fn send(&self, call: Call) -> Sending<'_>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_cannot_escape_from_its_place() {
        let call = Call::api(Method::Get, &["users", "a/../b?c#d@e.org"]);
        assert_eq!(call.path, "/users/a%2F..%2Fb%3Fc%23d%40e.org");
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let call = Call::oauth(&[("account_id", "acc-1")], Auth::Basic { id: "id-1".into(), secret: "s3cret".into() });
        let shown = format!("{call:?} {:?}", call.clone().bearer("tok-1"));
        for secret in ["acc-1", "id-1", "s3cret", "tok-1"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
