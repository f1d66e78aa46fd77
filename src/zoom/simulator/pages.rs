//! The switchboard: what is in the simulated account, and the buttons to change it and to make things go wrong.

use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::web::{self, Data, Form, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, error::ErrorInternalServerError};
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
        .configure(room_pages::routes);
}

/// A page made from a template.
pub(super) fn page(status: u16, template: &impl Template) -> Result<HttpResponse, actix_web::Error> {
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

#[derive(Deserialize)]
struct Problem {
    problem: Option<String>,
}

async fn switchboard(shared: Data<Shared>, query: Query<Problem>) -> Result<HttpResponse, actix_web::Error> {
    let world = shared.world();
    let problem = match query.problem.as_deref() {
        Some("license") => Some("Every license is in use. Take one from another user first, or add one."),
        Some("address") => Some("The e-mail address is missing or taken."),
        Some("number") => Some("That number is out of range."),
        _ => None,
    };
    let account = views::account(&world, shared.clock.now_millis());
    let minute_seconds = views::decimal(world.settings().minute_millis);
    let assignments = world.settings().assignments_per_license.unwrap_or_default();
    let faults_on = views::faults_on(&world);
    page(200, &Switchboard { account, faults: &Fault::ALL, faults_on, minute_seconds, assignments, problem })
}

async fn now(shared: Data<Shared>) -> Result<HttpResponse, actix_web::Error> {
    page(200, &Now { account: views::account(&shared.world(), shared.clock.now_millis()) })
}

#[derive(Deserialize)]
struct Count {
    licenses: u32,
}

async fn set_licenses(shared: Data<Shared>, form: Form<Count>) -> HttpResponse {
    if form.licenses > MOST_LICENSES {
        return see("/?problem=number");
    }
    shared.act(|world, _| world.settings_mut().licenses = form.licenses);
    see("/")
}

#[derive(Deserialize)]
struct Assignments {
    each: u32,
}

async fn set_assignments(shared: Data<Shared>, form: Form<Assignments>) -> HttpResponse {
    let each = (form.each > 0).then_some(form.each);
    shared.act(|world, _| world.settings_mut().assignments_per_license = each);
    see("/")
}

#[derive(Deserialize)]
struct Minute {
    seconds: f64,
}

async fn set_minute(shared: Data<Shared>, form: Form<Minute>) -> HttpResponse {
    if !(0.1..=60.0).contains(&form.seconds) {
        return see("/?problem=number");
    }
    shared.act(|world, _| world.settings_mut().minute_millis = (form.seconds * 1000.0) as i64);
    see("/")
}

async fn revoke_tokens(shared: Data<Shared>) -> HttpResponse {
    shared.act(|world, _| world.revoke_tokens());
    see("/")
}

#[derive(Deserialize)]
struct FaultForm {
    fault: String,
    next: u32,
    per_mille: u32,
}

async fn set_fault(shared: Data<Shared>, form: Form<FaultForm>) -> HttpResponse {
    let Some(fault) = Fault::from_word(&form.fault) else { return see("/?problem=number") };
    let odds = Odds { next: form.next.min(1000), per_mille: form.per_mille.min(1000) };
    shared.act(|world, _| world.faults_mut().set(fault, odds));
    see("/#faults")
}

async fn reset_faults(shared: Data<Shared>) -> HttpResponse {
    shared.act(|world, _| world.faults_mut().reset());
    see("/#faults")
}

#[derive(Deserialize)]
struct NewUser {
    email: String,
    first_name: String,
    last_name: String,
}

async fn add_user(shared: Data<Shared>, form: Form<NewUser>) -> HttpResponse {
    let added = shared.act(|world, now| {
        let good = form.email.contains('@') && world.find_user(&form.email).is_none();
        good.then(|| world.add_user(now, &form.email, &form.first_name, &form.last_name, License::Basic))
    });
    see(if added.is_some() { "/" } else { "/?problem=address" })
}

#[derive(Deserialize)]
struct LicenseForm {
    license: String,
}

async fn set_license(shared: Data<Shared>, id: Path<String>, form: Form<LicenseForm>) -> HttpResponse {
    let license = if form.license == License::Licensed.word() { License::Licensed } else { License::Basic };
    let done = shared.act(|world, now| world.set_license_by_hand(now, &id, license));
    see(if done.is_ok() { "/" } else { "/?problem=license" })
}

async fn change_user(shared: Data<Shared>, path: Path<(String, String)>) -> HttpResponse {
    let (id, verb) = path.into_inner();
    let change = match verb.as_str() {
        "activation" => super::World::activate_user,
        "deactivation" => super::World::deactivate_user,
        "deletion" => super::World::delete_user,
        _ => return HttpResponse::NotFound().finish(),
    };
    shared.act(|world, now| change(world, now, &id));
    see("/")
}

async fn end_meeting(shared: Data<Shared>, number: Path<i64>) -> HttpResponse {
    shared.act(|world, now| world.end(now, *number, "Host ended the meeting"));
    see("/")
}
