//! The client's page behind their join link: when it is, whether the host is there, and one button into the meeting.
//!
//! Nobody signs in here. Opening the page changes nothing, because mail scanners open links too; pressing the button says
//! that the client has come. An unknown link and one that no longer works look the same.

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::app::join::{Door, Joining};
use crate::domain::meeting::Stage;
use crate::domain::names::ZoneName;
use crate::domain::time::Instant;
use crate::domain::when;

use super::departure::leave_for;
use super::page::{Answer, Chrome, PORTAL, WebError, page, page_with, see_other};
use super::routes::{Access, RouteRow};
use super::server::Site;

/// What the page says and offers at the moment.
struct Situation {
    path: String,
    host: String,
    opens: String,
    organization: String,
    reply_to: Option<String>,
    door: Word,
    arrived: bool,
}

/// The door without its link: the link to Zoom is never in the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Early,
    HostMissing,
    Open,
    /// It has ended before its time, so it may be taken up again.
    Paused,
    /// Its host has not come.
    Missed,
    Over,
}

#[derive(Template)]
#[template(path = "join/show.html")]
struct JoinPage {
    chrome: Chrome,
    topic: String,
    client: String,
    when: String,
    when_iso: String,
    zone: String,
    host_when: Option<String>,
    now: Situation,
}

#[derive(Template)]
#[template(path = "join/now.html")]
struct NowFragment {
    now: Situation,
}

#[derive(Template)]
#[template(path = "join/gone.html")]
struct GonePage {
    chrome: Chrome,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/j/{token}", Access::LinkHolder, || web::to(show)),
        RouteRow::get("/j/{token}/now", Access::LinkHolder, || web::to(now)),
        RouteRow::post("/j/{token}/entry", Access::LinkHolder, || web::to(enter)),
    ]
}

async fn show(request: HttpRequest, site: web::Data<Site>, token: web::Path<String>) -> Answer {
    match site.app.look_behind(&token).await? {
        Some(joining) => page(&join_page(&request, &token, &joining, site.app.now())),
        None => gone(&request),
    }
}

/// What has changed, for the script on the page.
async fn now(site: web::Data<Site>, token: web::Path<String>) -> Answer {
    let Some(joining) = site.app.look_behind(&token).await? else { return Err(WebError::not_found()) };
    let fragment = NowFragment { now: situation(&token, &joining, site.app.now()) };
    let html = fragment.render().map_err(|error| WebError::failed(error.to_string()))?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

/// The client has come: on into Zoom when the host is there, else back to the page that waits.
async fn enter(request: HttpRequest, site: web::Data<Site>, token: web::Path<String>) -> Answer {
    match site.app.arrive(&token).await? {
        Some(Joining { door: Door::Open(url), .. }) => leave_for(&site, &url),
        Some(_) => Ok(see_other(&format!("/j/{token}"))),
        None => gone(&request),
    }
}

fn gone(request: &HttpRequest) -> Answer {
    page_with(StatusCode::NOT_FOUND, &GonePage { chrome: Chrome::public(request, PORTAL, "/") })
}

fn join_page(request: &HttpRequest, token: &str, joining: &Joining, now: Instant) -> JoinPage {
    let Joining { view, tenant, .. } = joining;
    let meeting = &view.meeting;
    let zone: &ZoneName = view.client.zone.as_ref().unwrap_or(&meeting.zone);
    let path = format!("/j/{token}");
    JoinPage {
        chrome: Chrome::public(request, tenant.name.as_str(), &path),
        topic: meeting.topic.to_string(),
        client: view.client.name.to_string(),
        when: when::full(meeting.window, zone),
        when_iso: meeting.window.start().to_string(),
        zone: zone.to_string(),
        host_when: (*zone != meeting.zone).then(|| when::full(meeting.window, &meeting.zone)),
        now: situation(token, joining, now),
    }
}

fn situation(token: &str, joining: &Joining, now: Instant) -> Situation {
    let meeting = &joining.view.meeting;
    let zone = joining.view.client.zone.as_ref().unwrap_or(&meeting.zone);
    Situation {
        path: format!("/j/{token}"),
        host: joining.view.host_name.clone(),
        opens: when::time(meeting.window.start(), zone),
        organization: joining.tenant.name.to_string(),
        reply_to: joining.tenant.reply_to.as_ref().map(ToString::to_string),
        door: match joining.door {
            Door::Early => Word::Early,
            Door::HostMissing => Word::HostMissing,
            Door::Open(_) => Word::Open,
            Door::Over if meeting.state.stage() == Stage::Ended && now < meeting.window.end() => Word::Paused,
            Door::Missed => Word::Missed,
            Door::Over => Word::Over,
        },
        arrived: joining.arrived,
    }
}
