//! The tenants: all of them, and a new one with its first admin.

use std::collections::BTreeMap;

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::pool::MOST_LICENSES;
use crate::app::tenants::{NewTenant, NotAdded};
use crate::domain::ids::TenantId;
use crate::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use crate::domain::seat::Seat;
use crate::domain::tenant::{Share, Tenant};
use crate::store::{StoreError, seats, tenants, users};
use crate::web::forms::{Choice, Errors, Form, zone_choices};
use crate::web::page::{Answer, Chrome, WebError, invalid, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::settings::refusal_words;
use super::words::whole;

#[derive(Template)]
#[template(path = "operator/tenants/list.html")]
struct ListPage {
    chrome: Chrome,
    lines: Vec<Line>,
}

struct Line {
    id: String,
    name: String,
    slug: String,
    guarantee: u32,
    cap: u32,
    seats: usize,
    users: i64,
    suspended: bool,
}

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    name: String,
    #[serde(default)]
    slug: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    guarantee: String,
    #[serde(default)]
    cap: String,
    #[serde(default)]
    admin_name: String,
    #[serde(default)]
    admin_email: String,
}

#[derive(Template)]
#[template(path = "operator/tenants/new.html")]
struct NewPage {
    chrome: Chrome,
    zones: Vec<Choice>,
    form: Fields,
    errors: Errors,
}

/// The one time that an invitation's link is shown.
#[derive(Template)]
#[template(path = "operator/tenants/link.html")]
pub(super) struct LinkPage {
    pub(super) chrome: Chrome,
    pub(super) title: String,
    pub(super) email: String,
    pub(super) link: String,
    pub(super) tenant_id: String,
    pub(super) tenant: String,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/operator/tenants", Access::Operator, || web::to(list)),
        RouteRow::get("/operator/tenants/new", Access::Operator, || web::to(show_new)),
        RouteRow::post("/operator/tenants", Access::Operator, || web::to(add)),
    ]
}

async fn list(operator: Operator, site: web::Data<Site>) -> Answer {
    let pass = operator.pass();
    let read = site.app.store.read::<_, StoreError, _>(move |tx| {
        Ok((tenants::list(tx, &pass)?, seats::list(tx, &pass)?, users::count_by_tenant(tx, &pass)?))
    });
    let (tenants, seats, users) = read.await?;
    page(&ListPage { chrome: operator.chrome(), lines: tenants.iter().map(|tenant| line(tenant, &seats, &users)).collect() })
}

fn line(tenant: &Tenant, seats: &[Seat], users: &BTreeMap<TenantId, i64>) -> Line {
    Line {
        id: tenant.id.to_string(),
        name: tenant.name.to_string(),
        slug: tenant.slug.to_string(),
        guarantee: tenant.share.guarantee,
        cap: tenant.share.cap,
        seats: seats.iter().filter(|seat| seat.tenant.as_ref() == Some(&tenant.id)).count(),
        users: users.get(&tenant.id).copied().unwrap_or_default(),
        suspended: tenant.suspended_at.is_some(),
    }
}

async fn show_new(operator: Operator, site: web::Data<Site>) -> Answer {
    let licenses = site.app.pool(&operator.pass).await?.settings.licenses;
    let form = Fields { guarantee: "0".to_owned(), cap: licenses.to_string(), ..Fields::default() };
    page(&new_page(&operator, form, Errors::default()))
}

async fn add(operator: Operator, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let new = match form.parse() {
        Ok(new) => new,
        Err(errors) => return invalid(&new_page(&operator, form, errors)),
    };
    let (title, email, slug) = (format!("{} was added", new.name), new.admin_email.to_string(), new.slug.clone());
    let link = match site.app.add_tenant(&operator.pass, new).await? {
        Ok(link) => link,
        Err(refusal) => return invalid(&new_page(&operator, form, not_added(&refusal))),
    };
    let pass = operator.pass();
    let tenant = site.app.store.read::<_, StoreError, _>(move |tx| tenants::find_by_slug(tx, &pass, &slug)).await?;
    let tenant = tenant.ok_or_else(WebError::not_found)?;
    page(&LinkPage {
        chrome: operator.chrome(),
        title,
        email,
        link,
        tenant_id: tenant.id.to_string(),
        tenant: tenant.name.to_string(),
    })
}

impl Fields {
    fn parse(&self) -> Result<NewTenant, Errors> {
        let mut errors = Errors::default();
        let name = errors.take_named("name", "the tenant's name", PersonName::parse(&self.name));
        let slug = errors.take("slug", Slug::parse(&self.slug));
        let zone = errors.take_named("zone", "the tenant's time zone", ZoneName::parse(&self.zone));
        let share = parse_share(&self.guarantee, &self.cap, &mut errors);
        let admin_name = errors.take_named("admin_name", "the admin's name", PersonName::parse(&self.admin_name));
        let admin_email = errors.take_named("admin_email", "the admin's e-mail address", EmailAddress::parse(&self.admin_email));
        match (name, slug, zone, share, admin_name, admin_email) {
            (Some(name), Some(slug), Some(zone), Some(share), Some(admin_name), Some(admin_email)) => {
                Ok(NewTenant { slug, name, zone, share, admin_email, admin_name })
            }
            _ => Err(errors),
        }
    }
}

fn not_added(refusal: &NotAdded) -> Errors {
    match refusal {
        NotAdded::SlugTaken => Errors::one("slug", "Another tenant has this part of the address. Choose a different one."),
        NotAdded::Share(refusal) => Errors::one("guarantee", refusal_words(refusal)),
    }
}

/// A tenant's share of the pool as it was typed into the fields `guarantee` and `cap`.
pub(super) fn parse_share(guarantee: &str, cap: &str, errors: &mut Errors) -> Option<Share> {
    let guarantee = errors.take("guarantee", whole("Licenses guaranteed", guarantee, 0, MOST_LICENSES));
    let cap = errors.take("cap", whole("Licenses at most", cap, 0, MOST_LICENSES));
    Some(Share { guarantee: guarantee?, cap: cap? })
}

fn new_page(operator: &Operator, form: Fields, errors: Errors) -> NewPage {
    NewPage { chrome: operator.chrome(), zones: zone_choices(Some("Choose a time zone"), ""), form, errors }
}
