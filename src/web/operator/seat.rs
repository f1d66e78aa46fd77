//! One seat, and whom it is given to. A tenant is chosen first and one of its users then, so that it works without a script.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::app::seats::Assignment;
use crate::domain::ids::{SeatId, UserId};
use crate::domain::seat::Seat;
use crate::domain::tenant::{Standing, Tenant};
use crate::store::{StoreError, users};
use crate::web::body::{id, id_in};
use crate::web::forms::{Choice, Errors, Form};
use crate::web::page::{Answer, Chrome, WebError, invalid, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::seats::{Everything, Line, everything, tenant_choices};
use super::words::counted;

#[derive(Deserialize)]
struct Chosen {
    /// A tenant's id.
    tenant: Option<String>,
}

#[derive(Deserialize)]
struct AssignmentForm {
    /// A tenant's id; empty: nobody's.
    #[serde(default)]
    tenant: String,
    /// A user's id; empty: shared.
    #[serde(default)]
    user: String,
}

#[derive(Template)]
#[template(path = "operator/seats/show.html")]
struct SeatPage {
    chrome: Chrome,
    line: Line,
    name: String,
    troubles: Vec<String>,
    assigned: bool,
    tenants: Vec<Choice>,
    /// The tenant whose users are offered.
    chosen: Option<ChosenTenant>,
    user: String,
    errors: Errors,
}

struct ChosenTenant {
    id: String,
    name: String,
    shared_seats: bool,
    users: Vec<Choice>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/operator/seats/{id}", Access::Operator, || web::to(show)),
        RouteRow::post("/operator/seats/{id}/assignment", Access::Operator, || web::to(assign)),
    ]
}

async fn show(operator: Operator, site: web::Data<Site>, request: HttpRequest, chosen: web::Query<Chosen>) -> Answer {
    let all = everything(&operator, &site).await?;
    let seat = find(&all, &request)?;
    let tenant = match chosen.into_inner().tenant.filter(|id| !id.is_empty()) {
        Some(chosen) => Some(all.tenant(&id(&chosen)?).ok_or_else(WebError::not_found)?),
        None => seat.tenant.as_ref().and_then(|id| all.tenant(id)),
    };
    let user = seat.user.as_ref().map(ToString::to_string).unwrap_or_default();
    page(&seat_page(&operator, &site, &all, seat, tenant, user, Errors::default()).await?)
}

async fn assign(operator: Operator, site: web::Data<Site>, request: HttpRequest, Form(form): Form<AssignmentForm>) -> Answer {
    let all = everything(&operator, &site).await?;
    let seat = find(&all, &request)?;
    let tenant = match form.tenant.as_str() {
        "" => None,
        chosen => Some(all.tenant(&id(chosen)?).ok_or_else(WebError::not_found)?),
    };
    let user: Option<UserId> = tenant.filter(|_| !form.user.is_empty()).map(|_| id(&form.user)).transpose()?;
    let asked = (tenant.map(|tenant| tenant.id.clone()), user);
    let outcome = site.app.assign_seat(&operator.pass, seat.id.clone(), asked.0, asked.1).await?;
    let Some(error) = refusal_words(outcome) else {
        let words = tenant.map_or_else(
            || format!("{} belongs to nobody now.", seat.email),
            |tenant| format!("{} serves {} now.", seat.email, tenant.name),
        );
        return Ok(operator.done(&format!("/operator/seats/{}", seat.id), &words));
    };
    let errors = Errors::one(if tenant.is_some() { "user" } else { "" }, error);
    invalid(&seat_page(&operator, &site, &all, seat, tenant, form.user, errors).await?)
}

fn refusal_words(outcome: Assignment) -> Option<String> {
    match outcome {
        Assignment::Done => None,
        Assignment::InUse(meetings) => Some(format!(
            "{} still to come or running on this seat. The tenant has to hold, move or cancel {} first.",
            counted(meetings, "meeting"),
            if meetings == 1 { "it" } else { "them" }
        )),
        Assignment::UserHasSeat => {
            Some("This user has another seat already. Choose somebody else, or take that seat away first.".to_owned())
        }
        Assignment::NotTheirs => Some("Choose a user of this tenant from the list.".to_owned()),
    }
}

fn find<'a>(all: &'a Everything, request: &HttpRequest) -> Result<&'a Seat, WebError> {
    let id = id_in::<SeatId>(request)?;
    all.seats.iter().find(|seat| seat.id == id).ok_or_else(WebError::not_found)
}

async fn seat_page(
    operator: &Operator,
    site: &Site,
    all: &Everything,
    seat: &Seat,
    tenant: Option<&Tenant>,
    user: String,
    errors: Errors,
) -> Result<SeatPage, WebError> {
    let chosen = match tenant {
        Some(tenant) => Some(chosen_tenant(operator, site, all, seat, tenant).await?),
        None => None,
    };
    Ok(SeatPage {
        chrome: operator.chrome(),
        line: all.line(seat),
        name: seat.name.clone(),
        troubles: all.troubles(seat),
        assigned: seat.tenant.is_some(),
        tenants: tenant_choices("Choose a tenant", &all.tenants),
        chosen,
        user,
        errors,
    })
}

/// The tenant with its users; who has another seat says so.
async fn chosen_tenant(
    operator: &Operator,
    site: &Site,
    all: &Everything,
    seat: &Seat,
    tenant: &Tenant,
) -> Result<ChosenTenant, WebError> {
    let scope = operator.pass.scope(&tenant.id);
    let people = site.app.store.read::<_, StoreError, _>(move |tx| users::list(tx, &scope)).await?;
    let has_other = |user: &UserId| all.seats.iter().any(|other| other.user.as_ref() == Some(user) && other.id != seat.id);
    let choice = |user: &crate::domain::tenant::User| {
        let note = if has_other(&user.id) { ", has another seat" } else { "" };
        Choice::new(user.id.as_str(), format!("{} ({}{note})", user.name, user.email))
    };
    let hosts = people.iter().filter(|user| !matches!(user.standing, Standing::Deactivated(_)));
    let shared = Choice::new("", "Nobody alone: shared by the tenant's users");
    Ok(ChosenTenant {
        id: tenant.id.to_string(),
        name: tenant.name.to_string(),
        shared_seats: tenant.shared_seats,
        users: std::iter::once(shared).chain(hosts.map(choice)).collect(),
    })
}
