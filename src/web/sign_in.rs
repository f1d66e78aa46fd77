//! Signing in and out, at a tenant's page and at the operator's.

use actix_session::Session;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::app::accounts::SignIn;
use crate::domain::names::{EmailAddress, Password};

use super::door::Door;
use super::flash;
use super::forms::{Bare, Errors, Form};
use super::page::{Answer, Chrome, WebError, page, page_with, see_other};
use super::routes::{Access, RouteRow};
use super::scope::{self, SignedIn};
use super::server::Site;
use super::session;

const WRONG: &str = "The e-mail address or the password is wrong.";
const NOT_HEARD: &str = "The e-mail address or the password is wrong. After several tries, wait a moment before the next one.";

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "account/sign_in.html")]
struct SignInPage {
    chrome: Chrome,
    place: String,
    forgotten: String,
    email: String,
    next: String,
    errors: Errors,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/sign-in", Access::Anyone, || web::to(show)),
        RouteRow::post("/t/{slug}/sign-in", Access::Anyone, || web::to(enter)),
        RouteRow::post("/t/{slug}/sign-out", Access::Staff, || web::to(leave)),
        RouteRow::get("/operator/sign-in", Access::Anyone, || web::to(show)),
        RouteRow::post("/operator/sign-in", Access::Anyone, || web::to(enter)),
        RouteRow::post("/operator/sign-out", Access::Operator, || web::to(leave)),
    ]
}

async fn show(request: HttpRequest, fields: web::Query<Fields>) -> Answer {
    let door = Door::of(&request).await?;
    let home = door.realm.path();
    // Whoever is signed in here already has nothing to do on this page.
    if scope::viewer(&request).await?.is_some_and(|viewer| viewer.home() == home) {
        return Ok(see_other(&home));
    }
    page(&sign_in_page(&door, Fields { next: fields.into_inner().next, ..Fields::default() }, Errors::default()))
}

async fn enter(request: HttpRequest, session: Session, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let door = Door::of(&request).await?;
    let (Ok(address), Some(password)) = (EmailAddress::parse(&form.email), Password::offered(&form.password)) else {
        return refuse(&door, form, WRONG);
    };
    match site.app.sign_in(&door.realm, &address, password).await? {
        SignIn::Accepted(owner) => {
            session::begin(&session, &owner);
            Ok(see_other(&scope::next_page(&door.realm.path(), &form.next)))
        }
        SignIn::Refused => refuse(&door, form, WRONG),
        SignIn::NotHeard => refuse(&door, form, NOT_HEARD),
    }
}

fn refuse(door: &Door, form: Fields, words: &str) -> Answer {
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &sign_in_page(door, form, Errors::one("email", words)))
}

fn sign_in_page(door: &Door, form: Fields, errors: Errors) -> SignInPage {
    SignInPage {
        chrome: door.chrome(),
        place: door.name.clone(),
        forgotten: door.path("/forgotten"),
        email: form.email,
        next: form.next,
        errors,
    }
}

async fn leave(
    request: HttpRequest,
    person: SignedIn,
    session: Session,
    site: web::Data<Site>,
    _: Form<Bare>,
) -> Result<HttpResponse, WebError> {
    site.app.note_sign_out(&person.owner()).await?;
    session.purge();
    Ok(flash::done(&request, &format!("{}/sign-in", person.home()), "You are signed out."))
}
