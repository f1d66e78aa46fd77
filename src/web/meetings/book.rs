//! Booking a meeting for a time.

use actix_web::web;
use askama::Template;

use crate::app::bookings::{self, Booking};
use crate::domain::meeting::Kind;
use crate::domain::names::IdempotencyKey;
use crate::domain::time::Span;
use crate::domain::zone;

use super::super::forms::{Choice, Errors, Form, fresh_key, zone_choices};
use super::super::page::{Answer, Chrome, invalid, page};
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;
use super::form::{Fields, Known, form_used};
use super::offers::{Asked, Offers};
use super::time::{self, Read};

#[derive(Template)]
#[template(path = "meetings/new.html")]
struct NewPage {
    chrome: Chrome,
    home: String,
    form: Fields,
    known: Known,
    /// Which meetings run without a license, if some do.
    short: Option<String>,
    hosts: Vec<Choice>,
    lengths: Vec<Choice>,
    zones: Vec<Choice>,
    client_zones: Vec<Choice>,
    offers: Option<Offers>,
    errors: Errors,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/meetings/new", Access::Staff, || web::to(ask)),
        RouteRow::post("/t/{slug}/meetings", Access::Staff, || web::to(book)),
    ]
}

async fn ask(staff: Staff, site: web::Data<Site>) -> Answer {
    let known = Known::read(&staff, &site).await?;
    // Soon, and on the hour: a start that needs little changing.
    let soon = site.app.now() + Span::minutes(30);
    let soon = (0..12).map(|slot| (soon + Span::minutes(5 * slot)).grid_up()).find(|at| at.seconds() % 1800 == 0);
    let (date, time) = zone::local_date_time(soon.unwrap_or_else(|| site.app.now().grid_up()), staff.zone());
    let form = Fields { date, time, ..Fields::fresh(&staff, &site) };
    page(&new_page(&staff, &site, form, known, None, Errors::default()))
}

async fn book(staff: Staff, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let known = Known::read(&staff, &site).await?;
    let form = form.completed(&staff);
    let mut errors = Errors::default();
    let parties = form.parties(&staff, &known, &mut errors);
    let time = time::read(form.typed(), &mut errors);
    let form = form.with_start_shown();
    let (parties, time) = match (parties, time) {
        (Some(parties), Read::Time(time)) => (parties, *time),
        (_, Read::Twice(offers)) => return invalid(&new_page(&staff, &site, form, known, Some(offers), errors)),
        _ => return invalid(&new_page(&staff, &site, form, known, None, errors)),
    };
    let zone = time.zone.clone();
    let booking = Booking {
        host: parties.host,
        topic: parties.topic,
        client_name: parties.client_name,
        client_email: parties.client_email,
        client_zone: parties.client_zone,
        kind: Kind::Scheduled,
        time,
        key: parties.key,
        wait: false,
    };
    let told = format!("The meeting is booked. {} gets the invitation at {}.", booking.client_name, booking.client_email);
    match site.app.book(&staff.scope(), &staff.user, booking).await? {
        bookings::Answer::Accepted(id) | bookings::Answer::InLine(id) => Ok(staff.done(&super::path(&staff, &id, ""), &told)),
        bookings::Answer::Refused { refusal, nearest, .. } => {
            let host = known.spoken_of(&staff, &form.host);
            let asked = Asked { host, on_the_spot: false, now: site.app.now(), zone: &zone };
            let offers = Offers::after(refusal, &asked, &nearest, None, &mut errors);
            invalid(&new_page(&staff, &site, form, known, Some(offers), errors))
        }
        bookings::Answer::Used(id) => {
            let form = Fields { key: String::new(), ..form };
            invalid(&new_page(&staff, &site, form, known, None, form_used(&staff, &id)))
        }
        // A new meeting cannot be too late; if it ever is, the form comes back.
        bookings::Answer::TooLate | bookings::Answer::Starting => {
            invalid(&new_page(&staff, &site, form, known, None, Errors::one("date", "Choose a later time.")))
        }
    }
}

fn new_page(staff: &Staff, site: &Site, form: Fields, known: Known, offers: Option<Offers>, errors: Errors) -> NewPage {
    let key = if IdempotencyKey::parse(&form.key).is_ok() { form.key } else { fresh_key(&site.app) };
    NewPage {
        chrome: staff.chrome(),
        home: staff.path(""),
        short: time::short_words(&staff.tenant),
        hosts: known.host_choices(),
        lengths: time::lengths(&staff.tenant, &form.minutes),
        zones: zone_choices(None, &form.zone),
        client_zones: zone_choices(Some("The same, or not known"), &form.client_zone),
        form: Fields { key, ..form },
        known,
        offers,
        errors,
    }
}
