//! The simulator behind HTTP: the API and the token endpoint, the rooms, and the switchboard.

use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody, SizedStream};
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN};
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{App, Error, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream;
use tokio::sync::Notify;

use super::SharedWorld;
use super::delivery::deliver;
use super::pages;
use super::world::{Answer, World};
use crate::clock::Clock;
use crate::zoom::transport::{Auth, Body, Call, Method, Reply, Site, TransportError};

/// Only our own files; forms lead to the simulator itself.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The largest body taken, in bytes.
const LARGEST_BODY: usize = 256 * 1024;

/// Where the simulator listens and whom it tells.
#[derive(Clone)]
pub struct SimulatorConfig {
    /// Where it listens; port 0 takes any free port.
    pub bind: SocketAddr,
    /// How browsers reach it, such as `http://localhost:8090`; by default the address it listens on.
    pub public_url: Option<String>,
    /// Where webhooks go, such as `http://127.0.0.1:8080/webhooks/zoom`; without it none are sent. That it proves itself is
    /// asked for by [`World::webhooks_go_out_from`], once somebody listens there.
    pub webhook_url: Option<String>,
    /// The time it runs on; the switchboard's times come from it.
    pub clock: Clock,
}

/// What every handler shares.
#[derive(Clone)]
pub(super) struct Shared {
    world: SharedWorld,
    pub(super) clock: Clock,
    pub(super) news: Arc<Notify>,
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something to the world now, and wakes whoever sends its webhooks.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut World, i64) -> T) -> T {
        let done = act(&mut self.world(), self.clock.now_millis());
        self.news.notify_one();
        done
    }
}

/// Starts the server and the sending of webhooks in the current actix runtime. `extra` mounts further pages on it. The
/// server stops when its handle is told to.
pub fn start(
    config: SimulatorConfig,
    world: SharedWorld,
    extra: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<(Server, SocketAddr)> {
    let shared = Shared { world, clock: config.clock, news: Arc::new(Notify::new()) };
    let for_workers = shared.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(for_workers.clone()))
            .app_data(web::PayloadConfig::new(LARGEST_BODY))
            .wrap(from_fn(same_origin))
            .wrap(headers())
            .route("/oauth/token", web::post().to(api))
            .service(web::scope("/v2").default_service(web::route().to(api)))
            .configure(pages::routes)
            .configure(extra.clone())
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .bind(config.bind)?;
    let address = server.addrs().first().copied().unwrap_or(config.bind);
    shared.world().settings_mut().base_url = config.public_url.unwrap_or_else(|| format!("http://{address}"));
    actix_web::rt::spawn(deliver(shared, config.webhook_url));
    Ok((server.run(), address))
}

fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add(("content-security-policy", CONTENT_POLICY))
        .add(("referrer-policy", "same-origin"))
        .add(("x-content-type-options", "nosniff"))
        .add(("cache-control", "no-store"))
}

/// A form on another site must not press our buttons. Programs send neither header and are let through.
async fn same_origin(request: ServiceRequest, next: Next<impl MessageBody + 'static>) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method().is_safe() || is_same_origin(&request) {
        next.call(request).await.map(ServiceResponse::map_into_boxed_body)
    } else {
        let refused = pages::refuse(403, "That came from another site", "Only this site's own buttons work here.");
        Ok(request.into_response(refused?.map_into_boxed_body()))
    }
}

fn is_same_origin(request: &ServiceRequest) -> bool {
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    match (header("sec-fetch-site"), header(ORIGIN.as_str())) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin.split_once("://").map(|(_, host)| host) == header(HOST.as_str()),
        (None, None) => true,
    }
}

/// Hands a call to the world and brings its answer back.
async fn api(request: HttpRequest, body: Bytes, shared: Data<Shared>) -> HttpResponse {
    let Some(call) = call(&request, &body) else { return HttpResponse::MethodNotAllowed().finish() };
    let Answer { delay_millis, outcome } = shared.act(|world, now| world.handle(now, &call));
    if delay_millis > 0 {
        tokio::time::sleep(Duration::from_millis(delay_millis)).await;
    }
    match outcome {
        Ok(reply) => response(reply),
        Err(TransportError::Broken(_)) => broken(),
        Err(TransportError::Timeout(_) | TransportError::Unreachable(_)) => HttpResponse::GatewayTimeout().finish(),
    }
}

fn call(request: &HttpRequest, body: &Bytes) -> Option<Call> {
    let method = match request.method().as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return None,
    };
    let fields = |bytes: &[u8]| url::form_urlencoded::parse(bytes).into_owned().collect();
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let body = if body.is_empty() {
        Body::None
    } else if kind.starts_with("application/x-www-form-urlencoded") {
        Body::Form(fields(body))
    } else {
        Body::Json(serde_json::from_slice(body).unwrap_or_default())
    };
    // The path as it was sent: decoding it here would undo one of a uuid's two encodings.
    let (site, path) = match request.uri().path().strip_prefix("/v2") {
        Some(path) => (Site::Api, path.to_owned()),
        None => (Site::OAuth, String::new()),
    };
    let query = request.uri().query().map(|query| fields(query.as_bytes())).unwrap_or_default();
    Some(Call { method, site, path, query, auth: auth(request), body })
}

fn auth(request: &HttpRequest) -> Auth {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match header.split_once(' ') {
        Some(("Bearer", token)) => Auth::Bearer(token.to_owned()),
        Some(("Basic", encoded)) => basic(encoded).unwrap_or(Auth::None),
        _ => Auth::None,
    }
}

fn basic(encoded: &str) -> Option<Auth> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some(Auth::Basic { id: id.to_owned(), secret: secret.to_owned() })
}

fn response(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in reply.headers {
        response.insert_header((name, value));
    }
    response.body(reply.body)
}

/// Promises more than it sends, so that the connection breaks within the body.
fn broken() -> HttpResponse {
    let parts = [Ok(Bytes::from_static(b"{\"id\":")), Err(std::io::Error::other("reset by the simulator"))];
    HttpResponse::Ok().body(SizedStream::new(4096, stream::iter(parts)))
}
