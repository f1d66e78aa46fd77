//! Starting a meeting on the spot: it is booked from this minute on, or the nearest times are offered.

use actix_web::web;
use askama::Template;

use crate::app::bookings::{self, Booking, Time};
use crate::domain::meeting::Kind;
use crate::domain::names::IdempotencyKey;
use crate::domain::time::Window;
use crate::domain::zone;

use super::super::forms::{Choice, Errors, Form, fresh_key};
use super::super::page::{Answer, Chrome, invalid, page};
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;
use super::form::{Fields, Known, form_used};
use super::line;
use super::offers::{Asked, Host, Offers};
use super::time;

#[derive(Template)]
#[template(path = "meetings/now.html")]
struct NowPage {
    chrome: Chrome,
    home: String,
    form: Fields,
    known: Known,
    /// Which meetings run without a license, if some do.
    short: Option<String>,
    lengths: Vec<Choice>,
    offers: Option<Offers>,
    errors: Errors,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/meetings/now", Access::Staff, || web::to(ask)),
        RouteRow::post("/t/{slug}/meetings/now", Access::Staff, || web::to(book)),
    ]
}

async fn ask(staff: Staff, site: web::Data<Site>) -> Answer {
    let known = Known::read(&staff, &site).await?;
    page(&now_page(&staff, &site, Fields::fresh(&staff, &site), known, None, Errors::default()))
}

async fn book(staff: Staff, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let known = Known::read(&staff, &site).await?;
    // Whoever starts a meeting now is its host.
    let form = Fields { host: staff.user.id.to_string(), ..form }.completed(&staff);
    let mut errors = Errors::default();
    let parties = form.parties(&staff, &known, &mut errors);
    let length = time::length(form.minutes.trim(), &mut errors);
    let (Some(parties), Some(length)) = (parties, length) else {
        return invalid(&now_page(&staff, &site, form, known, None, errors));
    };
    let (now, zone) = (site.app.now(), staff.zone().clone());
    let booking = Booking {
        host: parties.host,
        topic: parties.topic,
        client_name: parties.client_name,
        client_email: parties.client_email,
        client_zone: parties.client_zone,
        kind: Kind::OnDemand,
        time: Time { window: Window::lasting(now, length), wall: zone::wall_time(now, &zone), zone: zone.clone() },
        key: parties.key,
        wait: form.wait == "1",
    };
    let told =
        format!("The meeting is yours: press Start. {} gets the join link at {}.", booking.client_name, booking.client_email);
    match site.app.book(&staff.scope(), &staff.user, booking).await? {
        bookings::Answer::Accepted(id) => Ok(staff.done(&super::path(&staff, &id, ""), &told)),
        bookings::Answer::InLine(id) => Ok(staff.done(&super::path(&staff, &id, ""), line::IN_LINE)),
        bookings::Answer::Used(id) => {
            let form = Fields { key: String::new(), ..form };
            invalid(&now_page(&staff, &site, form, known, None, form_used(&staff, &id)))
        }
        bookings::Answer::Refused { refusal, nearest, wait } => {
            let asked = Asked { host: Host::You, on_the_spot: true, now, zone: &zone };
            let wait = wait.filter(|_| line::helps(refusal)).map(|wait| line::offer(refusal, &wait));
            let offers = Offers::after(refusal, &asked, &nearest, wait, &mut errors);
            invalid(&now_page(&staff, &site, form, known, Some(offers), errors))
        }
        bookings::Answer::TooLate | bookings::Answer::Starting => {
            invalid(&now_page(&staff, &site, form, known, None, Errors::one("", "Try again.")))
        }
    }
}

fn now_page(staff: &Staff, site: &Site, form: Fields, known: Known, offers: Option<Offers>, errors: Errors) -> NowPage {
    let key = if IdempotencyKey::parse(&form.key).is_ok() { form.key } else { fresh_key(&site.app) };
    NowPage {
        chrome: staff.chrome(),
        home: staff.path(""),
        short: time::short_words(&staff.tenant),
        lengths: time::lengths(&staff.tenant, &form.minutes),
        form: Fields { key, ..form },
        known,
        offers,
        errors,
    }
}
