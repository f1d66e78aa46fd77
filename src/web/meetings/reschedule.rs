//! Moving a booked meeting to another time, or giving it another topic.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::bookings::Answer as Booked;
use crate::domain::meeting::{Meeting, Stage};
use crate::domain::names::Topic;
use crate::domain::when;
use crate::domain::zone;
use crate::store::meetings::MeetingView;

use super::super::forms::{Choice, Errors, Form, zone_choices};
use super::super::page::{Answer, Chrome, invalid, page};
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;
use super::offers::{Asked, Host, Offers};
use super::time::{self, Read, Typed};

fn too_late(meeting: &Meeting) -> &'static str {
    if meeting.queued_at.is_some() {
        "The meeting is in line for a license, so it cannot be moved. Leave the line first."
    } else {
        "The meeting is not waiting to begin any more, so it cannot be moved. Book a new one instead."
    }
}

const STARTING: &str =
    "Start was pressed a moment ago, so the host may be on the way into the meeting. Try again in two minutes.";

#[derive(Clone, Debug, Default, Deserialize)]
struct Fields {
    #[serde(default)]
    topic: String,
    #[serde(default)]
    date: String,
    #[serde(default)]
    time: String,
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    start: String,
}

#[derive(Template)]
#[template(path = "meetings/reschedule.html")]
struct ReschedulePage {
    chrome: Chrome,
    href: String,
    client_name: String,
    times: Vec<String>,
    form: Fields,
    /// Which meetings run without a license, if some do.
    short: Option<String>,
    lengths: Vec<Choice>,
    zones: Vec<Choice>,
    offers: Option<Offers>,
    errors: Errors,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/meetings/{id}/reschedule", Access::Staff, || web::to(ask)),
        RouteRow::post("/t/{slug}/meetings/{id}/times", Access::Staff, || web::to(reschedule)),
    ]
}

async fn ask(staff: Staff, site: web::Data<Site>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let view = site.app.meeting_for(&staff.scope(), &staff.user, &id).await?;
    let meeting = &view.meeting;
    if meeting.state.stage() != Stage::Booked || meeting.queued_at.is_some() {
        return Ok(staff.not_done(&super::path(&staff, &id, ""), too_late(meeting)));
    }
    // A meeting on the spot began between two times of the grid.
    let (date, time) = zone::local_date_time(meeting.window.start().grid_up(), &meeting.zone);
    let form = Fields {
        topic: meeting.topic.to_string(),
        date,
        time,
        minutes: meeting.window.length().as_minutes().to_string(),
        zone: meeting.zone.to_string(),
        start: String::new(),
    };
    page(&reschedule_page(&staff, &view, form, None, Errors::default()))
}

async fn reschedule(staff: Staff, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let view = site.app.meeting_for(&staff.scope(), &staff.user, &id).await?;
    let href = super::path(&staff, &id, "");
    let mut errors = Errors::default();
    let topic = errors.take("topic", Topic::parse(&form.topic));
    let time = time::read(form.typed(), &mut errors);
    let form = form.with_start_shown();
    let (topic, time) = match (topic, time) {
        (Some(topic), Read::Time(time)) => (topic, *time),
        (_, Read::Twice(offers)) => return invalid(&reschedule_page(&staff, &view, form, Some(offers), errors)),
        _ => return invalid(&reschedule_page(&staff, &view, form, None, errors)),
    };
    let (zone, full) = (time.zone.clone(), when::full(time.window, staff.zone()));
    match site.app.reschedule(&staff.scope(), &staff.user, &id, topic, time).await? {
        Booked::Accepted(_) | Booked::InLine(_) | Booked::Used(_) => {
            Ok(staff.done(&href, &format!("The meeting is on {full}. The client is told of a change by e-mail.")))
        }
        Booked::TooLate => Ok(staff.not_done(&href, too_late(&view.meeting))),
        Booked::Starting => Ok(staff.not_done(&href, STARTING)),
        Booked::Refused { refusal, nearest, .. } => {
            let host = if view.meeting.host == staff.user.id { Host::You } else { Host::Other(&view.host_name) };
            let asked = Asked { host, on_the_spot: false, now: site.app.now(), zone: &zone };
            let offers = Offers::after(refusal, &asked, &nearest, None, &mut errors);
            invalid(&reschedule_page(&staff, &view, form, Some(offers), errors))
        }
    }
}

impl Fields {
    fn typed(&self) -> Typed<'_> {
        Typed {
            date: self.date.trim(),
            time: self.time.trim(),
            minutes: self.minutes.trim(),
            zone: &self.zone,
            start: self.start.trim(),
        }
    }

    /// Shows an offered start in the fields for date and time, as if it had been typed.
    fn with_start_shown(self) -> Self {
        match time::shown(self.typed()) {
            Some((date, time)) => Self { date, time, ..self },
            None => self,
        }
    }
}

fn reschedule_page(staff: &Staff, view: &MeetingView, form: Fields, offers: Option<Offers>, errors: Errors) -> ReschedulePage {
    let zone = staff.zone();
    ReschedulePage {
        chrome: staff.chrome(),
        href: super::path(staff, &view.meeting.id, ""),
        client_name: view.client.name.to_string(),
        times: when::both(view.meeting.window, zone, view.client.zone.as_ref().unwrap_or(zone)),
        short: time::short_words(&staff.tenant),
        lengths: time::lengths(&staff.tenant, &form.minutes),
        zones: zone_choices(None, &form.zone),
        form,
        offers,
        errors,
    }
}
