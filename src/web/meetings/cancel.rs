//! Calling a meeting off, after a page that says who is told.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::bookings::Cancellation;
use crate::domain::meeting::{Meeting, Stage};
use crate::domain::when;

use super::super::forms::Form;
use super::super::page::{Answer, Chrome, page};
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;

#[derive(Deserialize)]
struct Bare {}

#[derive(Template)]
#[template(path = "meetings/cancel.html")]
struct CancelPage {
    chrome: Chrome,
    href: String,
    topic: String,
    client_name: String,
    client_email: String,
    host: String,
    times: Vec<String>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/meetings/{id}/cancel", Access::Staff, || web::to(confirm)),
        RouteRow::post("/t/{slug}/meetings/{id}/cancellation", Access::Staff, || web::to(cancel)),
    ]
}

async fn confirm(staff: Staff, site: web::Data<Site>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let view = site.app.meeting_for(&staff.scope(), &staff.user, &id).await?;
    let href = super::path(&staff, &id, "");
    if let Some(words) = not_now(&view.meeting) {
        return Ok(staff.not_done(&href, words));
    }
    let zone = staff.zone();
    page(&CancelPage {
        chrome: staff.chrome(),
        href,
        topic: view.meeting.topic.to_string(),
        client_name: view.client.name.to_string(),
        client_email: view.client.email.to_string(),
        host: view.host_name,
        times: when::both(view.meeting.window, zone, view.client.zone.as_ref().unwrap_or(zone)),
    })
}

async fn cancel(staff: Staff, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let page = super::path(&staff, &id, "");
    Ok(match site.app.cancel(&staff.scope(), &staff.user, &id).await? {
        Cancellation::Done => staff.done(&page, "The meeting is cancelled. The client is told by e-mail."),
        Cancellation::Starting => {
            let words = "The meeting was not cancelled: its host pressed Start a moment ago and may be entering it. If nobody comes, \
                         try again in two minutes.";
            staff.not_done(&page, words)
        }
        Cancellation::TooLate => staff.not_done(&page, "The meeting runs or is over, so it cannot be cancelled any more."),
    })
}

fn not_now(meeting: &Meeting) -> Option<&'static str> {
    match meeting.state.stage() {
        Stage::Booked if meeting.waits_to_begin() => Some("The meeting is in line for a license. Leave the line to call it off."),
        Stage::Booked | Stage::Missed => None,
        Stage::Live => Some("The meeting runs, so it cannot be cancelled any more. You can end it."),
        Stage::Ended => Some("The meeting is over, so it cannot be cancelled any more."),
        Stage::Cancelled => Some("The meeting is cancelled already."),
    }
}
