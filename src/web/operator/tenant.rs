//! One tenant: its share of the pool, its seats, another admin, and suspending it.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::app::users::{Inviter, NewUser, Refusal};
use crate::domain::ids::TenantId;
use crate::domain::names::{EmailAddress, PersonName};
use crate::domain::tenant::{Role, Tenant};
use crate::store::audit::Actor;
use crate::store::{StoreError, users};
use crate::web::body::id_in;
use crate::web::forms::{Errors, Form, ticked};
use crate::web::page::{Answer, Chrome, WebError, invalid, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::seats::{Everything, Line, everything};
use super::settings::refusal_words;
use super::tenants::{LinkPage, parse_share};
use super::words::Moment;

#[derive(Clone, Default, Deserialize)]
struct ShareForm {
    #[serde(default)]
    guarantee: String,
    #[serde(default)]
    cap: String,
    #[serde(default, deserialize_with = "ticked")]
    shared_seats: bool,
}

#[derive(Clone, Default, Deserialize)]
struct AdminForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    email: String,
}

#[derive(Deserialize)]
struct SuspensionForm {
    /// `yes` or `no`.
    #[serde(default)]
    suspended: String,
}

#[derive(Template)]
#[template(path = "operator/tenants/show.html")]
struct TenantPage {
    chrome: Chrome,
    id: String,
    name: String,
    slug: String,
    url: String,
    zone: String,
    since: Moment,
    suspended: Option<Moment>,
    users: i64,
    share: ShareForm,
    admin: AdminForm,
    lines: Vec<Line>,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "operator/tenants/suspend.html")]
struct SuspendPage {
    chrome: Chrome,
    id: String,
    name: String,
    errors: Errors,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/operator/tenants/{id}", Access::Operator, || web::to(show)),
        RouteRow::post("/operator/tenants/{id}/shares", Access::Operator, || web::to(set_share)),
        RouteRow::post("/operator/tenants/{id}/admins", Access::Operator, || web::to(invite_admin)),
        RouteRow::get("/operator/tenants/{id}/suspension", Access::Operator, || web::to(ask_suspension)),
        RouteRow::post("/operator/tenants/{id}/suspension", Access::Operator, || web::to(set_suspension)),
    ]
}

async fn show(operator: Operator, site: web::Data<Site>, request: HttpRequest) -> Answer {
    let all = everything(&operator, &site).await?;
    let tenant = find(&all, &request)?;
    let form = ShareForm::of(tenant);
    page(&tenant_page(&operator, &site, &all, tenant, form, AdminForm::default(), Errors::default()).await?)
}

async fn set_share(operator: Operator, site: web::Data<Site>, request: HttpRequest, Form(form): Form<ShareForm>) -> Answer {
    let all = everything(&operator, &site).await?;
    let tenant = find(&all, &request)?;
    let mut errors = Errors::default();
    if let Some(share) = parse_share(&form.guarantee, &form.cap, &mut errors) {
        match site.app.set_share(&operator.pass, tenant.id.clone(), share, form.shared_seats).await? {
            Ok(()) => {
                return Ok(operator.done(&path_of(tenant), "The share was saved. It holds for meetings booked from now on."));
            }
            Err(refusal) => errors.add("guarantee", refusal_words(&refusal)),
        }
    }
    invalid(&tenant_page(&operator, &site, &all, tenant, form, AdminForm::default(), errors).await?)
}

async fn invite_admin(operator: Operator, site: web::Data<Site>, request: HttpRequest, Form(form): Form<AdminForm>) -> Answer {
    let all = everything(&operator, &site).await?;
    let tenant = find(&all, &request)?;
    let mut errors = Errors::default();
    let (name, email) = (
        errors.take_named("name", "the admin's name", PersonName::parse(&form.name)),
        errors.take_named("email", "the admin's e-mail address", EmailAddress::parse(&form.email)),
    );
    if let (Some(name), Some(email)) = (name, email) {
        let (title, address) = (format!("{name} was invited"), email.to_string());
        let by = Inviter { actor: Actor::of(&operator.pass), name: None };
        let new = NewUser { email, name, role: Role::Admin };
        match site.app.invite_user(&operator.pass.scope(&tenant.id), &by, new).await? {
            Ok(link) => {
                return page(&LinkPage {
                    chrome: operator.chrome(),
                    title,
                    email: address,
                    link,
                    tenant_id: tenant.id.to_string(),
                    tenant: tenant.name.to_string(),
                });
            }
            Err(refusal) => errors.add("email", not_invited(refusal)),
        }
    }
    invalid(&tenant_page(&operator, &site, &all, tenant, ShareForm::of(tenant), form, errors).await?)
}

fn not_invited(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::AddressTaken => "This tenant has a user with this address already. One of its admins can change their role.",
        Refusal::LastAdmin | Refusal::Yourself | Refusal::NotInvited => "This person cannot be invited.",
    }
}

async fn ask_suspension(operator: Operator, site: web::Data<Site>, request: HttpRequest) -> Answer {
    let all = everything(&operator, &site).await?;
    page(&suspend_page(&operator, find(&all, &request)?, Errors::default()))
}

async fn set_suspension(
    operator: Operator,
    site: web::Data<Site>,
    request: HttpRequest,
    Form(form): Form<SuspensionForm>,
) -> Answer {
    let all = everything(&operator, &site).await?;
    let tenant = find(&all, &request)?;
    let suspended = match form.suspended.as_str() {
        "yes" => true,
        "no" => false,
        _ => return invalid(&suspend_page(&operator, tenant, Errors::one("", "Choose whether the tenant is suspended."))),
    };
    site.app.set_suspended(&operator.pass, tenant.id.clone(), suspended).await?;
    let words = if suspended {
        format!("{} is suspended. Its people are signed out.", tenant.name)
    } else {
        format!("{} can work again.", tenant.name)
    };
    Ok(operator.done(&path_of(tenant), &words))
}

impl ShareForm {
    fn of(tenant: &Tenant) -> Self {
        Self {
            guarantee: tenant.share.guarantee.to_string(),
            cap: tenant.share.cap.to_string(),
            shared_seats: tenant.shared_seats,
        }
    }
}

fn find<'a>(all: &'a Everything, request: &HttpRequest) -> Result<&'a Tenant, WebError> {
    all.tenant(&id_in::<TenantId>(request)?).ok_or_else(WebError::not_found)
}

fn path_of(tenant: &Tenant) -> String {
    format!("/operator/tenants/{}", tenant.id)
}

async fn tenant_page(
    operator: &Operator,
    site: &Site,
    all: &Everything,
    tenant: &Tenant,
    share: ShareForm,
    admin: AdminForm,
    errors: Errors,
) -> Result<TenantPage, WebError> {
    let pass = operator.pass();
    let users = site.app.store.read::<_, StoreError, _>(move |tx| users::count_by_tenant(tx, &pass)).await?;
    let path = format!("/t/{}/sign-in", tenant.slug);
    Ok(TenantPage {
        chrome: operator.chrome(),
        id: tenant.id.to_string(),
        name: tenant.name.to_string(),
        slug: tenant.slug.to_string(),
        url: site.app.url(&path),
        zone: tenant.zone.to_string(),
        since: Moment::of(tenant.created_at),
        suspended: tenant.suspended_at.map(Moment::of),
        users: users.get(&tenant.id).copied().unwrap_or_default(),
        lines: all.seats.iter().filter(|seat| seat.tenant.as_ref() == Some(&tenant.id)).map(|seat| all.line(seat)).collect(),
        share,
        admin,
        errors,
    })
}

fn suspend_page(operator: &Operator, tenant: &Tenant, errors: Errors) -> SuspendPage {
    SuspendPage { chrome: operator.chrome(), id: tenant.id.to_string(), name: tenant.name.to_string(), errors }
}
