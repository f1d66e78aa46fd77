//! The switchboard: what is in the simulated account, and the buttons to change it and to make things go wrong.

use std::ops::RangeInclusive;
use std::str::FromStr;

use actix_web::HttpResponse;
use actix_web::error::{ErrorInternalServerError, InternalError};
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::web::{self, Data, Form, FormConfig, Path, PathConfig, QueryConfig, ServiceConfig};
use askama::Template;
use serde::Deserialize;

use super::faults::{Fault, Odds};
use super::room_pages;
use super::server::Shared;
use super::views::{self, Account};
use crate::domain::seat::License;

const STYLE: &str = concat!(
    include_str!("../../../static/vendor/modern-normalize/modern-normalize.css"),
    include_str!("../../../static/duologue.css")
);
const SCRIPT: &str = include_str!("../../../static/duologue.js");
const ICON: &str = include_str!("../../../static/icon.svg");
/// The most licenses the form takes.
const MOST_LICENSES: u32 = 10_000;
/// The most assignments of each license that the form takes.
const MOST_ASSIGNMENTS: u32 = 1000;

/// Everything but the API.
pub(super) fn routes(app: &mut ServiceConfig) {
    app.route("/", web::get().to(switchboard))
        .route("/now", web::get().to(now))
        .route("/assets/duologue.css", web::get().to(async || asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/duologue.js", web::get().to(async || asset("text/javascript; charset=utf-8", SCRIPT)))
        .route("/assets/icon.svg", web::get().to(async || asset("image/svg+xml", ICON)))
        .route("/licenses", web::post().to(set_licenses))
        .route("/assignments", web::post().to(set_assignments))
        .route("/clock", web::post().to(set_minute))
        .route("/tokens/revocation", web::post().to(revoke_tokens))
        .route("/faults", web::post().to(set_fault))
        .route("/faults/reset", web::post().to(reset_faults))
        .route("/users", web::post().to(add_user))
        .route("/users/{id}/license", web::post().to(set_license))
        .route("/users/{id}/{verb}", web::post().to(change_user))
        .route("/meetings/{number}/end", web::post().to(end_meeting))
        .configure(room_pages::routes)
        .configure(unreadable);
}

/// A page, or why it could not be made.
pub(super) type Shown = Result<HttpResponse, actix_web::Error>;

/// A page made from a template.
pub(super) fn page(status: u16, template: &impl Template) -> Shown {
    let html = template.render().map_err(ErrorInternalServerError)?;
    let status = actix_web::http::StatusCode::from_u16(status).map_err(ErrorInternalServerError)?;
    Ok(HttpResponse::build(status).insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(html))
}

/// Where to look next after a form was sent.
pub(super) fn see(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, path)).finish()
}

fn asset(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, kind)).body(text)
}

/// A page that says why it was not done.
#[derive(Template)]
#[template(path = "simulator/refused.html")]
pub(super) struct Refused {
    /// What is not possible.
    pub(super) title: &'static str,
    /// Why, or what to do.
    pub(super) reason: String,
    /// The number and key with which the host may start this meeting instead of the other one.
    pub(super) instead: Option<(i64, String)>,
}

/// Why something was refused, as a page.
pub(super) fn refuse(status: u16, title: &'static str, reason: &str) -> Shown {
    page(status, &Refused { title, reason: reason.to_owned(), instead: None })
}

/// What is behind an address that is none.
pub(super) fn nowhere() -> Shown {
    refuse(404, "There is no page here", "The address is wrong, or what was here is gone.")
}

/// How addresses and forms that cannot be read are answered.
fn unreadable(app: &mut ServiceConfig) {
    let answer = |error: String, shown: Shown| match shown {
        Ok(response) => InternalError::from_response(error, response).into(),
        Err(failed) => failed,
    };
    let incomplete = || refuse(400, "That cannot be read", "The form arrived incomplete. Go back and repeat your entry.");
    app.app_data(PathConfig::default().error_handler(move |error, _| answer(error.to_string(), nowhere())))
        .app_data(QueryConfig::default().error_handler(move |error, _| answer(error.to_string(), nowhere())))
        .app_data(FormConfig::default().error_handler(move |error, _| answer(error.to_string(), incomplete())))
        .default_service(web::route().to(async || nowhere()));
}

#[derive(Template)]
#[template(path = "simulator/switchboard.html")]
struct Switchboard {
    account: Account,
    faults: &'static [Fault],
    faults_on: Vec<views::FaultRow>,
    minute_seconds: String,
    /// How many license assignments a day for each license; 0: any number.
    assignments: u32,
    problem: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "simulator/account.html")]
struct Now {
    account: Account,
}

async fn switchboard(shared: Data<Shared>) -> Shown {
    show(&shared, 200, None)
}

/// The switchboard again, with what is wrong with what was sent.
fn problem(shared: &Shared, status: u16, words: &'static str) -> Shown {
    show(shared, status, Some(words))
}

fn show(shared: &Shared, status: u16, problem: Option<&'static str>) -> Shown {
    let world = shared.world();
    let account = views::account(&world, shared.clock.now_millis());
    let minute_seconds = views::decimal(world.settings().minute_millis);
    let assignments = world.settings().assignments_per_license.unwrap_or_default();
    let faults_on = views::faults_on(&world);
    page(status, &Switchboard { account, faults: &Fault::ALL, faults_on, minute_seconds, assignments, problem })
}

async fn now(shared: Data<Shared>) -> Shown {
    page(200, &Now { account: views::account(&shared.world(), shared.clock.now_millis()) })
}

/// A number that was typed, if it is one of these.
fn number<T: FromStr + PartialOrd>(typed: &str, range: &RangeInclusive<T>) -> Option<T> {
    typed.trim().parse().ok().filter(|number| range.contains(number))
}

#[derive(Deserialize)]
struct Count {
    #[serde(default)]
    licenses: String,
}

async fn set_licenses(shared: Data<Shared>, form: Form<Count>) -> Shown {
    let Some(licenses) = number(&form.licenses, &(0..=MOST_LICENSES)) else {
        return problem(&shared, 422, "Enter a whole number of licenses from 0 to 10000.");
    };
    shared.act(|world, _| world.settings_mut().licenses = licenses);
    Ok(see("/"))
}

#[derive(Deserialize)]
struct Assignments {
    #[serde(default)]
    each: String,
}

async fn set_assignments(shared: Data<Shared>, form: Form<Assignments>) -> Shown {
    let Some(each) = number(&form.each, &(0..=MOST_ASSIGNMENTS)) else {
        return problem(&shared, 422, "Enter a whole number of assignments from 0 to 1000.");
    };
    shared.act(|world, _| world.settings_mut().assignments_per_license = (each > 0).then_some(each));
    Ok(see("/"))
}

#[derive(Deserialize)]
struct Minute {
    #[serde(default)]
    seconds: String,
}

async fn set_minute(shared: Data<Shared>, form: Form<Minute>) -> Shown {
    let Some(seconds) = number(&form.seconds, &(0.1..=60.0)) else {
        return problem(&shared, 422, "Enter a number of seconds from 0.1 to 60.");
    };
    shared.act(|world, _| world.settings_mut().minute_millis = (seconds * 1000.0) as i64);
    Ok(see("/"))
}

async fn revoke_tokens(shared: Data<Shared>) -> Shown {
    shared.act(|world, _| world.revoke_tokens());
    Ok(see("/"))
}

#[derive(Deserialize)]
struct FaultForm {
    #[serde(default)]
    fault: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    per_mille: String,
}

async fn set_fault(shared: Data<Shared>, form: Form<FaultForm>) -> Shown {
    let Some(fault) = Fault::from_word(&form.fault) else {
        return problem(&shared, 422, "Choose a fault from the list.");
    };
    let (next, per_mille) = (number(&form.next, &(0..=1000)), number(&form.per_mille, &(0..=1000)));
    let (Some(next), Some(per_mille)) = (next, per_mille) else {
        return problem(&shared, 422, "Enter whole numbers from 0 to 1000 for how often a fault happens.");
    };
    shared.act(|world, _| world.faults_mut().set(fault, Odds { next, per_mille }));
    Ok(see("/#faults"))
}

async fn reset_faults(shared: Data<Shared>) -> Shown {
    shared.act(|world, _| world.faults_mut().reset());
    Ok(see("/#faults"))
}

#[derive(Deserialize)]
struct NewUser {
    #[serde(default)]
    email: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
}

async fn add_user(shared: Data<Shared>, form: Form<NewUser>) -> Shown {
    let added = shared.act(|world, now| {
        let good = form.email.contains('@') && world.find_user(&form.email).is_none();
        good.then(|| world.add_user(now, &form.email, &form.first_name, &form.last_name, License::Basic))
    });
    match added {
        Some(_) => Ok(see("/")),
        None => problem(&shared, 422, "Enter an e-mail address that no other user has."),
    }
}

#[derive(Deserialize)]
struct LicenseForm {
    #[serde(default)]
    license: String,
}

const NO_USER: &str = "There is no such user, or not any more.";

async fn set_license(shared: Data<Shared>, id: Path<String>, form: Form<LicenseForm>) -> Shown {
    let license = [License::Licensed, License::Basic].into_iter().find(|license| license.word() == form.license);
    let Some(license) = license else { return problem(&shared, 422, "A user can be licensed or basic.") };
    if !knows(&shared, &id) {
        return problem(&shared, 404, NO_USER);
    }
    match shared.act(|world, now| world.set_license_by_hand(now, &id, license)) {
        Ok(()) => Ok(see("/")),
        Err(_) => problem(&shared, 409, "Every license is in use. Take one from another user first, or add one."),
    }
}

async fn change_user(shared: Data<Shared>, path: Path<(String, String)>) -> Shown {
    let (id, verb) = path.into_inner();
    let change = match verb.as_str() {
        "activation" => super::World::activate_user,
        "deactivation" => super::World::deactivate_user,
        "deletion" => super::World::delete_user,
        _ => return nowhere(),
    };
    if !knows(&shared, &id) {
        return problem(&shared, 404, NO_USER);
    }
    shared.act(|world, now| change(world, now, &id));
    Ok(see("/"))
}

fn knows(shared: &Shared, user: &str) -> bool {
    shared.world().users().any(|known| known.id == user)
}

async fn end_meeting(shared: Data<Shared>, number: Path<i64>) -> Shown {
    if shared.world().find_meeting(*number).is_none() {
        return problem(&shared, 404, "There is no such meeting, or not any more.");
    }
    shared.act(|world, now| world.end(now, *number, "Host ended the meeting"));
    Ok(see("/"))
}
