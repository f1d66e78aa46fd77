//! The meetings that run or hold a license now, in all tenants: who hosts where, not what about or with whom.

use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, web};
use askama::Template;

use crate::domain::meeting::Stage;
use crate::store::meetings::{self, MeetingView};
use crate::store::{StoreError, pool, seats, tenants};
use crate::web::meetings::license::{self, Around};
use crate::web::meetings::words::Badge as LicenseBadge;
use crate::web::page::{Answer, Chrome, WebError, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::tiles::{time_of, trouble};
use super::words::{Badge, Moment};

#[derive(Template)]
#[template(path = "operator/meetings/list.html")]
struct ListPage {
    chrome: Chrome,
    now: Now,
}

/// The part that renews itself.
#[derive(Template)]
#[template(path = "operator/meetings/now.html")]
struct Now {
    lines: Vec<Line>,
}

/// A template's own output, escaped by it already.
impl askama::filters::HtmlSafe for Now {}

struct Line {
    starts: Moment,
    time: String,
    tenant: String,
    host: String,
    seat: Option<(String, String)>,
    license: LicenseBadge,
    state: Badge,
    trouble: Option<String>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/operator/meetings", Access::Operator, || web::to(list)),
        RouteRow::get("/operator/meetings/now", Access::Operator, || web::to(now)),
    ]
}

async fn list(operator: Operator, site: web::Data<Site>) -> Answer {
    page(&ListPage { now: read(&operator, &site).await?, chrome: operator.chrome() })
}

/// The part that renews itself, alone.
async fn now(operator: Operator, site: web::Data<Site>) -> Answer {
    let part = read(&operator, &site).await?;
    let html = part.render().map_err(|error| WebError::failed(format!("a template could not be filled in: {error}")))?;
    Ok(HttpResponse::Ok().content_type(ContentType::html()).body(html))
}

async fn read(operator: &Operator, site: &Site) -> Result<Now, StoreError> {
    let (pass, now) = (operator.pass(), site.app.now());
    let read = site.app.store.read::<_, StoreError, _>(move |tx| {
        let all = (seats::list(tx, &pass)?, tenants::list(tx, &pass)?, pool::settings(tx)?);
        Ok((meetings::find_open(tx, &pass, now)?, all))
    });
    let (open, (seats, tenants, settings)) = read.await?;
    let seat_of = |view: &MeetingView| seats.iter().find(|seat| seat.id == view.meeting.seat);
    let around = |view: &MeetingView| {
        let tenant = tenants.iter().find(|tenant| tenant.id == view.meeting.tenant);
        Around::of_pool(&settings, (tenant, seat_of(view)), now)
    };
    let line = |(tenant, view): &(String, MeetingView)| Line {
        starts: Moment::of(view.meeting.window.start()),
        time: time_of(view),
        tenant: tenant.clone(),
        host: view.host_name.clone(),
        seat: seat_of(view).map(|seat| (seat.id.to_string(), seat.email.to_string())),
        license: license::badge(view, &around(view)).unwrap_or_else(|| place(view)),
        state: state(view),
        trouble: trouble(view, &around(view)),
    };
    Ok(Now { lines: open.iter().map(line).collect() })
}

/// Where the license of its seat is, when the meeting needs none any more.
fn place(view: &MeetingView) -> LicenseBadge {
    let place = Badge::of_place(view.license);
    LicenseBadge::new(place.state, place.word)
}

fn state(view: &MeetingView) -> Badge {
    match view.meeting.state.stage() {
        Stage::Live => Badge::new("live", "Live"),
        Stage::Booked => Badge::new("booked", "About to begin"),
        Stage::Ended => Badge::new("ended", "Ended"),
        Stage::Cancelled => Badge::new("cancelled", "Cancelled"),
        Stage::Missed => Badge::new("missed", "Missed"),
    }
}
