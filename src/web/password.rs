//! A forgotten password, and the link with which a first or another one is chosen.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::app::accounts::Chosen;
use crate::domain::names::{EmailAddress, Password};
use crate::store::links::{OneTimeLink, Purpose};

use super::door::Door;
use super::flash;
use super::forms::{Errors, Form};
use super::page::{Answer, Chrome, WebError, invalid, page, page_with};
use super::routes::{Access, RouteRow};
use super::server::Site;

#[derive(Default, Deserialize)]
struct Address {
    #[serde(default)]
    email: String,
}

#[derive(Default, Deserialize)]
struct Choice {
    #[serde(default)]
    password: String,
}

#[derive(Template)]
#[template(path = "account/forgotten.html")]
struct ForgottenPage {
    chrome: Chrome,
    sign_in: String,
    email: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "account/forgotten_sent.html")]
struct SentPage {
    chrome: Chrome,
    sign_in: String,
    email: String,
}

#[derive(Template)]
#[template(path = "account/choose_password.html")]
struct ChoosePage {
    chrome: Chrome,
    place: String,
    name: String,
    email: String,
    is_first: bool,
    hint: String,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "account/link_ended.html")]
struct EndedPage {
    chrome: Chrome,
    forgotten: String,
    sign_in: String,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/forgotten", Access::Anyone, || web::to(ask)),
        RouteRow::post("/t/{slug}/forgotten", Access::Anyone, || web::to(send)),
        RouteRow::get("/t/{slug}/password/{token}", Access::Anyone, || web::to(show)),
        RouteRow::post("/t/{slug}/password/{token}", Access::Anyone, || web::to(choose)),
        RouteRow::get("/operator/forgotten", Access::Anyone, || web::to(ask)),
        RouteRow::post("/operator/forgotten", Access::Anyone, || web::to(send)),
        RouteRow::get("/operator/password/{token}", Access::Anyone, || web::to(show)),
        RouteRow::post("/operator/password/{token}", Access::Anyone, || web::to(choose)),
    ]
}

/// How a password is to be, said before it is chosen.
pub(super) fn password_hint() -> String {
    format!("At least {} characters. A few unrelated words work well.", Password::SHORTEST)
}

async fn ask(request: HttpRequest) -> Answer {
    let door = Door::of(&request).await?;
    page(&forgotten_page(&door, String::new(), Errors::default()))
}

/// Says the same whether the address is known or not.
async fn send(request: HttpRequest, site: web::Data<Site>, Form(form): Form<Address>) -> Answer {
    let door = Door::of(&request).await?;
    let mut errors = Errors::default();
    let Some(address) = errors.take_named("email", "your e-mail address", EmailAddress::parse(&form.email)) else {
        return invalid(&forgotten_page(&door, form.email, errors));
    };
    site.app.forget_password(&door.realm, &address).await?;
    page(&SentPage { chrome: door.chrome(), sign_in: door.path("/sign-in"), email: address.to_string() })
}

fn forgotten_page(door: &Door, email: String, errors: Errors) -> ForgottenPage {
    ForgottenPage { chrome: door.chrome(), sign_in: door.path("/sign-in"), email, errors }
}

async fn show(request: HttpRequest, site: web::Data<Site>) -> Answer {
    let door = Door::of(&request).await?;
    match site.app.find_link(&door.realm, token(&request)).await? {
        Some(link) => page(&choose_page(&door, link, Errors::default())),
        None => ended(&door),
    }
}

async fn choose(request: HttpRequest, site: web::Data<Site>, Form(form): Form<Choice>) -> Answer {
    let door = Door::of(&request).await?;
    match site.app.choose_password(&door.realm, token(&request), &form.password).await? {
        Chosen::Done => Ok(flash::done(&request, &door.path("/sign-in"), "Your password is set. Sign in with it.")),
        Chosen::LinkEnded => ended(&door),
        Chosen::Unfit(error) => match site.app.find_link(&door.realm, token(&request)).await? {
            Some(link) => invalid(&choose_page(&door, link, Errors::one("password", error.to_string()))),
            None => ended(&door),
        },
    }
}

fn token(request: &HttpRequest) -> &str {
    request.match_info().get("token").unwrap_or_default()
}

fn choose_page(door: &Door, link: OneTimeLink, errors: Errors) -> ChoosePage {
    ChoosePage {
        chrome: door.chrome(),
        place: door.name.clone(),
        name: link.name,
        email: link.email,
        is_first: link.purpose == Purpose::Invitation,
        hint: password_hint(),
        errors,
    }
}

/// Unknown, used and expired links look alike.
fn ended(door: &Door) -> Result<actix_web::HttpResponse, WebError> {
    let template = EndedPage { chrome: door.chrome(), forgotten: door.path("/forgotten"), sign_in: door.path("/sign-in") };
    page_with(actix_web::http::StatusCode::NOT_FOUND, &template)
}
