//! One more seat: created at Zoom in one of its ways, or taken over as it is.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::seats::CreateAction;
use crate::app::seats::Created;
use crate::domain::names::{EmailAddress, PersonName};
use crate::domain::seat::SeatStatus;
use crate::store::{StoreError, seats};
use crate::web::forms::{Errors, Form};
use crate::web::page::{Answer, Chrome, WebError, invalid, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    way: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
}

/// How a seat comes to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The Zoom user is there already.
    Adopt,
    /// It is created at Zoom.
    Create(CreateAction),
}

/// A way as the form offers it.
struct Offer {
    value: &'static str,
    label: &'static str,
    hint: &'static str,
}

#[derive(Template)]
#[template(path = "operator/seats/new.html")]
struct NewPage {
    chrome: Chrome,
    offers: Vec<Offer>,
    form: Fields,
    errors: Errors,
    /// The way out when Zoom refused.
    remedy: String,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/operator/seats/new", Access::Operator, || web::to(show)),
        RouteRow::post("/operator/seats/new", Access::Operator, || web::to(add)),
    ]
}

async fn show(operator: Operator) -> Answer {
    let form = Fields { way: "adopt".to_owned(), ..Fields::default() };
    page(&new_page(&operator, form, Errors::default(), String::new()))
}

async fn add(operator: Operator, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let mut errors = Errors::default();
    let way = errors.take("way", Way::parse(&form.way).ok_or("Choose how the seat comes to be."));
    let email = errors.take_named("email", "the Zoom user's e-mail address", EmailAddress::parse(&form.email));
    // Zoom tells the name of a user that is there already.
    let name = match way {
        Some(Way::Create(_)) => errors.take_named("name", "the seat's name", PersonName::parse(&form.name)),
        Some(Way::Adopt) | None => None,
    };
    let (Some(way), Some(email), true) = (way, email, errors.0.is_empty()) else {
        return invalid(&new_page(&operator, form, errors, String::new()));
    };
    let created = match (way, name) {
        (Way::Create(action), Some(name)) => site.app.create_seat(&operator.pass, action, email.clone(), name).await?,
        (Way::Adopt | Way::Create(_), _) => site.app.adopt_seat(&operator.pass, email.clone()).await?,
    };
    let again = |errors, remedy| invalid(&new_page(&operator, form, errors, remedy));
    match created {
        Created::Seat(status) => {
            Ok(operator.done(&seat_path(&operator, &site, email.clone()).await?, &created_words(status, &email)))
        }
        Created::Known => again(Errors::one("email", "This Zoom user is a seat here already."), String::new()),
        Created::Refused { reason, remedy } => again(Errors::one("way", format!("{reason}.")), remedy),
    }
}

impl Way {
    fn parse(word: &str) -> Option<Self> {
        if word == "adopt" { Some(Self::Adopt) } else { CreateAction::from_word(word).map(Self::Create) }
    }
}

/// The ways, the one that most need first.
fn offers() -> Vec<Offer> {
    let adopt = Offer {
        value: "adopt",
        label: "It exists at Zoom already",
        hint: "The Zoom user becomes a seat as it is. Nothing changes at Zoom.",
    };
    let create = CreateAction::ALL.into_iter().map(|action| {
        let (label, hint) = match action {
            CreateAction::Create => (
                "Create it: Zoom mails an activation link",
                "Works in every account. The seat can host once somebody has opened the link in that mailbox.",
            ),
            CreateAction::AutoCreate => (
                "Create it in a managed domain (autoCreate)",
                "Active at once. Zoom must have confirmed the e-mail domain as yours and switched this on for the account.",
            ),
            CreateAction::CustCreate => (
                "Create it as an API user (custCreate)",
                "Active at once and without a mailbox. Needs a partner (ISV) contract with Zoom.",
            ),
        };
        Offer { value: action.word(), label, hint }
    });
    std::iter::once(adopt).chain(create).collect()
}

fn created_words(status: SeatStatus, email: &EmailAddress) -> String {
    match status {
        SeatStatus::Active => format!("{email} is a seat now. Give it to a tenant next."),
        SeatStatus::Pending => {
            format!("{email} is a seat now. Zoom has mailed an activation link to it; when it was opened, sync with Zoom.")
        }
        SeatStatus::Inactive | SeatStatus::Missing => {
            format!("{email} is a seat now, but it is switched off at Zoom. Switch it on there, then sync.")
        }
    }
}

async fn seat_path(operator: &Operator, site: &Site, email: EmailAddress) -> Result<String, WebError> {
    let pass = operator.pass();
    let seat = site.app.store.read::<_, StoreError, _>(move |tx| seats::find_by_email(tx, &pass, &email)).await?;
    Ok(seat.map_or_else(|| "/operator/seats".to_owned(), |seat| format!("/operator/seats/{}", seat.id)))
}

fn new_page(operator: &Operator, form: Fields, errors: Errors, remedy: String) -> NewPage {
    NewPage { chrome: operator.chrome(), offers: offers(), form, errors, remedy }
}
