//! The users of a tenant, for its admins.

use std::collections::HashMap;

use actix_web::{HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::app::users::{Inviter, NewUser, Refusal};
use crate::domain::ids::UserId;
use crate::domain::names::{EmailAddress, PersonName};
use crate::domain::tenant::{Role, Standing, User};
use crate::domain::when;
use crate::store::{StoreError, meetings, seats, users};

use super::body::id_in;
use super::forms::{Bare, Choice, Errors, Form};
use super::page::{Answer, Chrome, WebError, invalid, page, see_other};
use super::routes::{Access, RouteRow};
use super::scope::Admin;
use super::server::Site;

#[derive(Deserialize)]
struct Invited {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    role: String,
}

#[derive(Deserialize)]
struct NewRole {
    #[serde(default)]
    role: String,
}

/// A user as they are listed.
struct Row {
    name: String,
    email: String,
    role: &'static str,
    state: &'static str,
    standing: &'static str,
    seat: String,
    path: String,
}

#[derive(Template)]
#[template(path = "users/list.html")]
struct ListPage {
    chrome: Chrome,
    new: String,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "users/new.html")]
struct NewPage {
    chrome: Chrome,
    back: String,
    form: Invited,
    roles: Vec<Choice>,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "users/show.html")]
struct ShowPage {
    chrome: Chrome,
    back: String,
    user: Row,
    since: String,
    is_invited: bool,
    is_deactivated: bool,
    is_self: bool,
    roles: Vec<Choice>,
    role: &'static str,
}

#[derive(Template)]
#[template(path = "users/deactivate.html")]
struct DeactivatePage {
    chrome: Chrome,
    name: String,
    back: String,
    action: String,
    seat: String,
    meetings: Vec<Ahead>,
}

/// A meeting that stays when its host goes.
struct Ahead {
    topic: String,
    when: String,
    path: String,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/users", Access::Admin, || web::to(list)),
        RouteRow::post("/t/{slug}/users", Access::Admin, || web::to(invite)),
        RouteRow::get("/t/{slug}/users/new", Access::Admin, || web::to(new)),
        RouteRow::get("/t/{slug}/users/{id}", Access::Admin, || web::to(show)),
        RouteRow::post("/t/{slug}/users/{id}/role", Access::Admin, || web::to(set_role)),
        RouteRow::post("/t/{slug}/users/{id}/invitation", Access::Admin, || web::to(invite_again)),
        RouteRow::post("/t/{slug}/users/{id}/sessions", Access::Admin, || web::to(end_sessions)),
        RouteRow::get("/t/{slug}/users/{id}/deactivation", Access::Admin, || web::to(ask_deactivation)),
        RouteRow::post("/t/{slug}/users/{id}/deactivation", Access::Admin, || web::to(deactivate)),
        RouteRow::post("/t/{slug}/users/{id}/reactivation", Access::Admin, || web::to(reactivate)),
    ]
}

async fn list(admin: Admin, site: web::Data<Site>) -> Answer {
    let scope = admin.scope();
    let (people, seats) = site
        .app
        .store
        .read::<_, StoreError, _>(move |tx| Ok((users::list(tx, &scope)?, seats::list_of_tenant(tx, &scope)?)))
        .await?;
    let seats: HashMap<UserId, String> =
        seats.into_iter().filter_map(|seat| Some((seat.user?, seat.email.to_string()))).collect();
    let rows = people.iter().map(|user| row(&admin, user, seats.get(&user.id).cloned().unwrap_or_default())).collect();
    page(&ListPage { chrome: admin.chrome(), new: admin.path("/users/new"), rows })
}

async fn new(admin: Admin) -> Answer {
    let form = Invited { name: String::new(), email: String::new(), role: Role::Staff.word().to_owned() };
    page(&new_page(&admin, form, Errors::default()))
}

async fn invite(admin: Admin, site: web::Data<Site>, Form(form): Form<Invited>) -> Answer {
    let mut errors = Errors::default();
    let name = errors.take_named("name", "the user's name", PersonName::parse(&form.name));
    let email = errors.take_named("email", "the user's e-mail address", EmailAddress::parse(&form.email));
    let role = errors.take("role", Role::from_word(&form.role).ok_or("Choose a role."));
    let (Some(name), Some(email), Some(role)) = (name, email, role) else {
        return invalid(&new_page(&admin, form, errors));
    };
    let said = format!("{name} is invited. The link in the letter works for 7 days.");
    match site.app.invite_user(&admin.scope, &Inviter::user(&admin.user), NewUser { email, name, role }).await? {
        Ok(_link) => Ok(admin.done(&admin.path("/users"), &said)),
        Err(refusal) => invalid(&new_page(&admin, form, Errors::one("email", words(refusal)))),
    }
}

async fn show(admin: Admin, site: web::Data<Site>) -> Answer {
    let id = id_in::<UserId>(admin.request())?;
    let (user, seat) = (site.app.user(&admin.scope, &id).await?, seat_of(&admin, &site, &id).await?);
    page(&ShowPage {
        chrome: admin.chrome(),
        back: admin.path("/users"),
        since: when::day(user.created_at, admin.zone()),
        is_invited: user.standing == Standing::Invited,
        is_deactivated: matches!(user.standing, Standing::Deactivated(_)),
        is_self: user.id == admin.user.id,
        roles: roles(),
        role: user.role.word(),
        user: row(&admin, &user, seat),
    })
}

async fn set_role(admin: Admin, site: web::Data<Site>, Form(form): Form<NewRole>) -> Answer {
    let id = id_in::<UserId>(admin.request())?;
    let role = Role::from_word(&form.role).ok_or_else(|| WebError::bad_request("Choose one of the roles."))?;
    let outcome = site.app.set_user_role(&admin.scope, &admin.user, &id, role).await?;
    Ok(told(&admin, &id, outcome, "The role is changed. They sign in again to use it."))
}

async fn invite_again(admin: Admin, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = id_in::<UserId>(admin.request())?;
    let outcome = site.app.invite_again(&admin.scope, &Inviter::user(&admin.user), &id).await?;
    Ok(told(&admin, &id, outcome, "The invitation is sent again. Only the newest link works."))
}

async fn end_sessions(admin: Admin, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = id_in::<UserId>(admin.request())?;
    site.app.end_user_sessions(&admin.scope, &admin.user, &id).await?;
    Ok(told(&admin, &id, Ok(()), "They are signed out everywhere."))
}

async fn ask_deactivation(admin: Admin, site: web::Data<Site>) -> Answer {
    let id = id_in::<UserId>(admin.request())?;
    let (user, seat) = (site.app.user(&admin.scope, &id).await?, seat_of(&admin, &site, &id).await?);
    if matches!(user.standing, Standing::Deactivated(_)) {
        return Ok(see_other(&path_of(&admin, &id)));
    }
    let scope = admin.scope();
    let ahead = site.app.store.read::<_, StoreError, _>(move |tx| meetings::list_ahead_of_host(tx, &scope, &id)).await?;
    let meetings = ahead.into_iter().map(|meeting| Ahead {
        topic: meeting.topic.to_string(),
        when: when::full(meeting.window, admin.zone()),
        path: admin.path(&format!("/meetings/{}", meeting.id)),
    });
    page(&DeactivatePage {
        chrome: admin.chrome(),
        name: user.name.to_string(),
        back: path_of(&admin, &user.id),
        action: format!("{}/deactivation", path_of(&admin, &user.id)),
        seat,
        meetings: meetings.collect(),
    })
}

async fn deactivate(admin: Admin, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = id_in::<UserId>(admin.request())?;
    let outcome = site.app.deactivate_user(&admin.scope, &admin.user, &id).await?;
    Ok(told(&admin, &id, outcome, "The account is deactivated. Meetings that are booked stay until you cancel them."))
}

async fn reactivate(admin: Admin, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = id_in::<UserId>(admin.request())?;
    site.app.reactivate_user(&admin.scope, &admin.user, &id).await?;
    Ok(told(&admin, &id, Ok(()), "The account is active again. Ask the operator for a seat, if they had one of their own."))
}

fn path_of(admin: &Admin, id: &UserId) -> String {
    admin.path(&format!("/users/{id}"))
}

/// Back to the user's page, which says what was done or why not.
fn told(admin: &Admin, id: &UserId, outcome: Result<(), Refusal>, done: &str) -> HttpResponse {
    match outcome {
        Ok(()) => admin.done(&path_of(admin, id), done),
        Err(refusal) => admin.not_done(&path_of(admin, id), words(refusal)),
    }
}

const fn words(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::AddressTaken => "Somebody with this e-mail address is among your users already.",
        Refusal::LastAdmin => "This is the only admin. Make somebody else an admin first.",
        Refusal::Yourself => "You cannot do this to your own account. Ask another admin.",
        Refusal::NotInvited => "This account has a password already, or is deactivated. No invitation was sent.",
    }
}

async fn seat_of(admin: &Admin, site: &Site, id: &UserId) -> Result<String, WebError> {
    let scope = admin.scope();
    let seats = site.app.store.read::<_, StoreError, _>(move |tx| seats::list_of_tenant(tx, &scope)).await?;
    let own = seats.into_iter().find(|seat| seat.user.as_ref() == Some(id));
    Ok(own.map(|seat| seat.email.to_string()).unwrap_or_default())
}

fn row(admin: &Admin, user: &User, seat: String) -> Row {
    let (state, standing) = match user.standing {
        Standing::Invited => ("invited", "Invited"),
        Standing::Active => ("active", "Active"),
        Standing::Deactivated(_) => ("ended", "Deactivated"),
    };
    Row {
        name: user.name.to_string(),
        email: user.email.to_string(),
        role: user.role.label(),
        state,
        standing,
        seat,
        path: path_of(admin, &user.id),
    }
}

fn roles() -> Vec<Choice> {
    let says = |role: Role| match role {
        Role::Staff => "Staff: hosts meetings",
        Role::Admin => "Admin: hosts meetings, manages users and settings",
    };
    Role::ALL.iter().map(|role| Choice::new(role.word(), says(*role))).collect()
}

fn new_page(admin: &Admin, form: Invited, errors: Errors) -> NewPage {
    NewPage { chrome: admin.chrome(), back: admin.path("/users"), form, roles: roles(), errors }
}
