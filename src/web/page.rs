//! Pages and their frame, and the one type that knows a status of failure.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use crate::app::AppError;
use crate::store::StoreError;

use super::assets::Assets;
use super::flash::{self, Flash};
use super::scope::Viewer;
use super::server::{RequestId, site};

/// What a handler gives back.
pub type Answer = Result<HttpResponse, WebError>;

/// The frame of a page, for `layout.html`.
#[derive(Clone, Debug)]
pub struct Chrome {
    /// The style sheet's path.
    pub css: String,
    /// The script's path.
    pub js: String,
    /// The icon's path.
    pub icon: String,
    /// Whose pages these are: the tenant's name, or the portal's.
    pub brand: String,
    /// Where the brand leads.
    pub home: String,
    /// The main navigation; empty for who is not signed in.
    pub nav: Vec<NavItem>,
    /// Who is signed in.
    pub person: Option<Person>,
    /// What forms must carry; empty for who is not signed in.
    pub csrf: String,
    /// What has just been done.
    pub flash: Option<Flash>,
    /// Whether this is a demo.
    pub demo: bool,
}

/// One entry of the navigation.
#[derive(Clone, Debug)]
pub struct NavItem {
    /// Where it leads.
    pub href: String,
    /// Its words.
    pub label: &'static str,
    /// Whether it is where we are.
    pub current: bool,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Their role.
    pub detail: &'static str,
    /// Where signing out is posted to.
    pub sign_out: String,
    /// Their own page.
    pub account: &'static str,
}

impl Chrome {
    /// The frame for whoever this request comes from.
    pub fn of(request: &HttpRequest) -> Self {
        let viewer = request.extensions().get::<Viewer>().cloned();
        match viewer {
            None => Self::public(request, PORTAL, "/"),
            Some(viewer) => {
                let csrf = viewer.csrf(&site(request).app);
                let (nav, home) = (viewer.navigation(request.path()), viewer.home());
                Self { nav, person: Some(viewer.person()), csrf, ..Self::public(request, &viewer.brand(), &home) }
            }
        }
    }

    /// The frame for somebody who is not signed in.
    pub fn public(request: &HttpRequest, brand: &str, home: &str) -> Self {
        let assets = Assets::get();
        Self {
            css: assets.css.path(),
            js: assets.js.path(),
            icon: assets.icon.path(),
            brand: brand.to_owned(),
            home: home.to_owned(),
            nav: Vec::new(),
            person: None,
            csrf: csrf_of_session(request),
            flash: flash::take(request),
            demo: site(request).options.demo.is_some(),
        }
    }
}

/// The token for a form on a page that anybody may see: whoever happens to be signed in still has to carry it.
fn csrf_of_session(request: &HttpRequest) -> String {
    use actix_session::SessionExt as _;
    let hash = super::session::key_hash(&request.get_session());
    hash.map(|hash| site(request).app.keys.csrf_token(&hash)).unwrap_or_default()
}

/// The portal's own name.
pub const PORTAL: &str = "Duologue";

/// A page.
pub fn page(template: &impl Template) -> Answer {
    page_with(StatusCode::OK, template)
}

/// A form that comes back with what is wrong with it.
pub fn invalid(template: &impl Template) -> Answer {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// A page with another status than 200.
pub fn page_with(status: StatusCode, template: &impl Template) -> Answer {
    let html = template.render().map_err(|error| WebError::failed(format!("a template could not be filled in: {error}")))?;
    Ok(HttpResponse::build(status).content_type(ContentType::html()).body(html))
}

/// Leads on to another page after a change. `to` is a path of ours.
pub fn see_other(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, to)).finish()
}

/// Why a page cannot be given, in words for the person, and the status.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{title}")]
pub struct WebError {
    status: StatusCode,
    title: &'static str,
    words: String,
    /// For the log alone.
    cause: Option<String>,
    /// Where to sign in instead.
    sign_in: Option<String>,
}

impl WebError {
    fn new(status: StatusCode, title: &'static str, words: impl Into<String>) -> Self {
        Self { status, title, words: words.into(), cause: None, sign_in: None }
    }

    /// Nobody is signed in: on to the sign-in page.
    pub fn signed_out(sign_in: String) -> Self {
        Self { sign_in: Some(sign_in), ..Self::new(StatusCode::SEE_OTHER, "Sign in first", "") }
    }

    /// The request makes no sense.
    pub fn bad_request(words: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "This request could not be read", words)
    }

    /// They may not.
    pub fn forbidden(words: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "This is not allowed", words)
    }

    /// It does not exist, or not for them.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no page here", "The address may be mistyped, or what was here may be gone.")
    }

    /// More was sent than we read.
    pub fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That is too much at once", "What you sent is larger than this page accepts.")
    }

    /// What was sent did not arrive in time.
    pub fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "That took too long", "The connection was too slow. Try again.")
    }

    /// Too many do the same at once.
    pub fn too_many() -> Self {
        let words = "Too many people are doing this right now. Wait a few seconds and try again.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "Please try again in a moment", words)
    }

    /// The database or Zoom does not answer.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let words = "The service cannot do this right now. Nothing was lost; try again in a moment.";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "Please try again in a moment", words);
        Self { cause: Some(cause.into()), ..problem }
    }

    /// A defect of ours.
    pub fn failed(cause: impl Into<String>) -> Self {
        let words =
            "Something went wrong on our side. It has been noted; try again, and tell whoever runs this service if it stays.";
        Self { cause: Some(cause.into()), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", words) }
    }

    /// What actix itself refused, by its status.
    fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::PAYLOAD_TOO_LARGE => Self::too_large(),
            StatusCode::METHOD_NOT_ALLOWED => {
                Self::new(status, "This page cannot be used that way", "Open it from a link or a form of this site.")
            }
            StatusCode::REQUEST_TIMEOUT => Self::too_slow(),
            status if status.is_client_error() => {
                Self { status, ..Self::bad_request("Go back, load the page again and repeat your entry.") }
            }
            status => Self { status, ..Self::failed(format!("a response with status {status}")) },
        }
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound(_) => Self::not_found(),
            passing if passing.is_passing() => Self::unavailable(error.to_string()),
            _ => Self::failed(error.to_string()),
        }
    }
}

impl From<AppError> for WebError {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Store(error) => error.into(),
            AppError::NotFound(_) => Self::not_found(),
            AppError::Busy => Self::too_many(),
            AppError::Zoom(error) => Self::unavailable(format!("Zoom: {error}")),
            AppError::Defect(words) => Self::failed(words),
        }
    }
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Bare; `error_pages` makes it a page, since only there the request is known.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        if let Some(sign_in) = &self.sign_in {
            return see_other(sign_in);
        }
        let mut response = HttpResponse::new(self.status);
        response.extensions_mut().insert(self.clone());
        response
    }
}

#[derive(Template)]
#[template(path = "error/show.html")]
struct ErrorPage<'a> {
    chrome: Chrome,
    code: u16,
    title: &'static str,
    words: &'a str,
    request_id: &'a str,
}

/// Makes a page of every failure, whoever answered it; our own pages and JSON stay as they are.
pub(super) async fn error_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    if !response.status().is_client_error() && !response.status().is_server_error() || is_finished(&response) {
        return Ok(response);
    }
    let known = response.response().extensions().get::<WebError>().cloned();
    let problem = known.unwrap_or_else(|| WebError::of_status(response.status()));
    let (request, bare) = response.into_parts();
    let mut page = problem.page(&request);
    // What says which methods are allowed stays true of the page.
    for (name, value) in bare.headers().iter().filter(|(name, _)| **name == header::ALLOW || **name == header::SET_COOKIE) {
        page.headers_mut().append(name.clone(), value.clone());
    }
    Ok(ServiceResponse::new(request, page))
}

impl WebError {
    fn page(&self, request: &HttpRequest) -> HttpResponse {
        let request_id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        if let Some(cause) = &self.cause {
            tracing::error!(request = %request_id, cause, "a request failed");
        }
        let (code, shown_id) = (self.status.as_u16(), if self.status.is_server_error() { &*request_id } else { "" });
        let template =
            ErrorPage { chrome: Chrome::of(request), code, title: self.title, words: &self.words, request_id: shown_id };
        let mut page = page_with(self.status, &template).unwrap_or_else(|_| HttpResponse::new(self.status));
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        page
    }
}

fn is_finished(response: &ServiceResponse<BoxBody>) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html") || kind.starts_with("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_503_what_is_missing_404_and_the_rest_500() {
        let status = |error: StoreError| WebError::from(error).status_code().as_u16();
        assert_eq!(status(StoreError::Busy), 503);
        assert_eq!(status(StoreError::Unavailable("x".to_owned())), 503);
        assert_eq!(status(StoreError::NotFound("meeting")), 404);
        assert_eq!(status(StoreError::Corrupt("x".to_owned())), 500);
    }
}
