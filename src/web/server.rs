//! The HTTP server: limits, compression, the order of what wraps the pages, and the request log.
//!
//! The log names the route's pattern and never the path, since paths hold tokens; no query, no header, no person.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderValue;
use actix_web::middleware::{Compress, Next, NormalizePath, from_fn};
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, HttpServer, error, web};

use crate::app::App;
use crate::clock::Stopwatch;

use super::session::Sessions;
use super::{body, flash, guard, page, routes};

/// The largest body of any request: a webhook. Forms take less, see [`super::forms::LARGEST`].
pub const LARGEST_BODY: usize = 256 * 1024;

/// How the portal is served.
#[derive(Clone, Debug)]
pub struct WebOptions {
    /// To which origins beside our own a form may lead by redirect: Zoom's, or the simulator's.
    pub zoom_origins: Vec<String>,
    /// Set when this is a demo.
    pub demo: Option<Demo>,
    /// How many worker threads.
    pub workers: usize,
    /// How long a client may take to send the head of its request, and then again its body.
    pub patience: Duration,
}

/// Long enough for the largest form over a phone's worst connection, short enough that slow clients tie up nothing.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Where a demo's other parts are.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The Zoom simulator.
    pub simulator_url: String,
    /// The mailbox that shows every letter.
    pub mailbox_url: String,
}

/// What every handler can reach, as `web::Data<Site>`.
pub struct Site {
    /// The verbs.
    pub app: Arc<App>,
    /// How the portal is served.
    pub options: WebOptions,
    /// Responses so far, by the first digit of their status.
    pub answered: [AtomicU64; 6],
    pub(super) content_policy: HeaderValue,
}

/// The id under which a request stands in the log.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// What this server is made of, from any request.
///
/// # Panics
/// For a request that no server of ours has received.
pub fn site(request: &HttpRequest) -> Arc<Site> {
    let site = request.app_data::<web::Data<Site>>().expect("every server of ours is made by `start`");
    site.clone().into_inner()
}

impl Site {
    /// Puts it together.
    pub fn new(app: Arc<App>, options: WebOptions) -> io::Result<Self> {
        let content_policy = HeaderValue::from_str(&guard::content_policy(&options.zoom_origins)).map_err(io::Error::other)?;
        Ok(Self { app, options, answered: Default::default(), content_policy })
    }
}

/// Takes an address for the server. Whoever has it may begin the background work: no other process serves there.
pub fn listen(bind: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(bind)
}

/// Makes the server on what it listens on. It serves when the returned value is awaited or spawned; whoever comes before
/// that waits.
pub fn start(app: Arc<App>, options: WebOptions, listener: TcpListener) -> io::Result<(Server, SocketAddr)> {
    let (workers, patience, address) = (options.workers, options.patience, listener.local_addr()?);
    let site = web::Data::new(Site::new(app, options)?);
    let make = move || {
        let sessions = Sessions::new(site.app.clone());
        // What is wrapped last is outermost.
        actix_web::App::new()
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .app_data(site.clone())
            .configure(|config| routes::configure(config, &sessions))
            .wrap(from_fn(body::plain_address))
            .wrap(from_fn(guard::same_origin))
            .wrap(NormalizePath::trim())
            .wrap(from_fn(page::error_pages))
            .wrap(Compress::default())
            .wrap(from_fn(finish))
    };
    let server = HttpServer::new(make)
        .workers(workers)
        .client_request_timeout(patience)
        .client_disconnect_timeout(Duration::from_secs(2))
        .keep_alive(Duration::from_secs(75))
        .shutdown_timeout(10)
        .listen(listener)?;
    Ok((server.run(), address))
}

/// The outermost layer: numbers the request, adds the headers to whatever comes back, and writes the log.
pub(super) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let watch = Stopwatch::start();
    let site = site(request.request());
    let id = hex::encode(site.app.ids.bytes::<6>());
    request.extensions_mut().insert(RequestId(id.clone()));
    let (method, path) = (request.method().clone(), request.path().to_owned());
    let (outcome, pattern) = match next.call(request).await {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            let pattern = response.request().match_pattern();
            let (request, mut inner) = response.into_parts();
            flash::remove_if_said(&request, &mut inner);
            guard::add_headers(&site, &path, inner.headers_mut());
            response = ServiceResponse::new(request, inner);
            (Ok(response), pattern)
        }
        Err(failure) => (Err(with_headers(&site, &path, failure)), None),
    };
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(failure) => failure.as_response_error().status_code(),
    };
    site.answered[usize::from(status.as_u16() / 100).min(5)].fetch_add(1, Ordering::Relaxed);
    let ms = watch.elapsed().as_secs_f64() * 1000.0;
    tracing::info!(request = %id, %method, route = pattern.as_deref().unwrap_or("-"), status = status.as_u16(), ms, "answered");
    outcome
}

/// A failure of a layer within: there is no request left to make a page for, but the headers hold.
fn with_headers(site: &Site, path: &str, failure: Error) -> Error {
    tracing::error!(%failure, "a layer of the server failed");
    let mut response: HttpResponse = failure.error_response();
    guard::add_headers(site, path, response.headers_mut());
    error::InternalError::from_response(failure, response).into()
}
