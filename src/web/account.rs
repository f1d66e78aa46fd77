//! One's own account: name, time zone, password and sessions; the same page for users and operators.

use actix_session::Session;
use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::accounts::Changed;
use crate::domain::names::{PersonName, ZoneName};
use crate::store::accounts::Account;
use crate::store::sessions::Owner;

use super::forms::{Bare, Choice, Errors, Form, zone_choices};
use super::page::{Answer, Chrome, WebError, invalid, page};
use super::password::password_hint;
use super::routes::{Access, RouteRow};
use super::scope::SignedIn;
use super::server::Site;

#[derive(Default, Deserialize)]
struct Profile {
    #[serde(default)]
    name: String,
    #[serde(default)]
    zone: String,
}

#[derive(Default, Deserialize)]
struct Passwords {
    #[serde(default)]
    current: String,
    #[serde(default)]
    new: String,
}

#[derive(Template)]
#[template(path = "account/show.html")]
struct AccountPage {
    chrome: Chrome,
    email: String,
    form: Profile,
    /// Empty for operators, who have no zone of their own.
    zones: Vec<Choice>,
    hint: String,
    errors: Errors,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/account", Access::SignedIn, || web::to(show)),
        RouteRow::post("/account", Access::SignedIn, || web::to(change)),
        RouteRow::post("/account/password", Access::SignedIn, || web::to(change_password)),
        RouteRow::post("/account/sessions", Access::SignedIn, || web::to(end_sessions)),
    ]
}

async fn show(person: SignedIn, site: web::Data<Site>) -> Answer {
    page(&account_page(&person, site.app.account(&person.owner()).await?, None, Errors::default()))
}

async fn change(person: SignedIn, site: web::Data<Site>, Form(form): Form<Profile>) -> Answer {
    let account = site.app.account(&person.owner()).await?;
    let mut errors = Errors::default();
    let name = errors.take_named("name", "your name", PersonName::parse(&form.name));
    let wants_zone = account.tenant.is_some() && !form.zone.is_empty();
    let zone = if wants_zone { errors.take_named("zone", "your time zone", ZoneName::parse(&form.zone)) } else { None };
    match name {
        Some(name) if errors.0.is_empty() => {
            site.app.set_profile(&person.owner(), name, zone).await?;
            Ok(person.done("/account", "Your details are saved."))
        }
        _ => invalid(&account_page(&person, account, Some(form), errors)),
    }
}

/// The session that asks goes on under a new key; every other one ends.
async fn change_password(person: SignedIn, session: Session, site: web::Data<Site>, Form(form): Form<Passwords>) -> Answer {
    let owner = person.owner();
    let errors = match site.app.change_password(&owner, &form.current, &form.new, person.session_key_hash()).await? {
        Changed::Done => {
            session.renew();
            return Ok(person.done("/account", "Your password is changed. You are signed out everywhere else."));
        }
        Changed::Wrong => Errors::one("current", "This is not your present password."),
        Changed::NotHeard => Errors::one("current", "This is not your present password. After several tries, wait a moment."),
        Changed::Unfit(error) => Errors::one("new", error.to_string()),
    };
    invalid(&account_page(&person, site.app.account(&owner).await?, None, errors))
}

async fn end_sessions(
    person: SignedIn,
    session: Session,
    site: web::Data<Site>,
    _: Form<Bare>,
) -> Result<actix_web::HttpResponse, WebError> {
    site.app.sign_out_everywhere(&person.owner()).await?;
    session.purge();
    Ok(person.done(&format!("{}/sign-in", person.home()), "You are signed out everywhere."))
}

fn account_page(person: &SignedIn, account: Account, form: Option<Profile>, errors: Errors) -> AccountPage {
    let kept =
        || Profile { name: account.name.to_string(), zone: account.zone.as_ref().map(ToString::to_string).unwrap_or_default() };
    let form = form.unwrap_or_else(kept);
    let zones = match (&account.owner, &account.tenant) {
        (Owner::User(_), Some(tenant)) => zone_choices(Some(&format!("The organization's: {}", tenant.zone)), &form.zone),
        _ => Vec::new(),
    };
    AccountPage { chrome: person.chrome(), email: account.email.to_string(), form, zones, hint: password_hint(), errors }
}
