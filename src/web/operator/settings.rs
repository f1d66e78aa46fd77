//! The pool's settings: how many licenses there are, and how they are promised.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::pool::{Ahead, MOST_LICENSES, PoolRefusal};
use crate::domain::pool::PoolSettings;
use crate::domain::time::Span;
use crate::web::forms::{Errors, Form};
use crate::web::page::{Answer, Chrome, WebError, invalid, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::pool::Shortfall;
use super::words::{counted, in_minutes, whole};

#[derive(Clone, Deserialize)]
struct LicensesForm {
    #[serde(default)]
    licenses: String,
    #[serde(default)]
    confirmed: String,
}

#[derive(Clone, Deserialize)]
struct SettingsForm {
    #[serde(default)]
    spare: String,
    #[serde(default)]
    lead: String,
    #[serde(default)]
    grace: String,
    #[serde(default)]
    rejoin: String,
    #[serde(default)]
    no_show: String,
}

#[derive(Template)]
#[template(path = "operator/pool/settings.html")]
struct SettingsPage {
    chrome: Chrome,
    licenses: String,
    form: SettingsForm,
    errors: Errors,
}

#[derive(Template)]
#[template(path = "operator/pool/fewer.html")]
struct FewerPage {
    chrome: Chrome,
    licenses: u32,
    shortfall: Shortfall,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/operator/pool/settings", Access::Operator, || web::to(show)),
        RouteRow::post("/operator/pool/settings", Access::Operator, || web::to(set)),
        RouteRow::post("/operator/pool/licenses", Access::Operator, || web::to(set_licenses)),
    ]
}

async fn show(operator: Operator, site: web::Data<Site>) -> Answer {
    let settings = settings(&operator, &site).await?;
    page(&settings_page(&operator, &settings, None, None, Errors::default()))
}

/// Sets K. A number below what accepted meetings need is set only after that was shown.
async fn set_licenses(operator: Operator, site: web::Data<Site>, Form(form): Form<LicensesForm>) -> Answer {
    let settings = settings(&operator, &site).await?;
    let again = |errors| invalid(&settings_page(&operator, &settings, Some(&form), None, errors));
    let mut errors = Errors::default();
    let Some(count) = errors.take("licenses", whole(&form.licenses, 0, MOST_LICENSES)) else { return again(errors) };
    let ahead = site.app.ahead(&operator.pass, Some(count)).await?;
    if count < settings.licenses && !ahead.short.is_empty() && form.confirmed != "yes" {
        return page(&FewerPage { chrome: operator.chrome(), licenses: count, shortfall: Shortfall::of(&ahead.short) });
    }
    match site.app.set_licenses(&operator.pass, count).await? {
        Ok(()) => Ok(operator.done("/operator", &licenses_set(count, &ahead))),
        Err(refusal) => again(Errors::one("licenses", refusal_words(&refusal))),
    }
}

fn licenses_set(count: u32, ahead: &Ahead) -> String {
    let set = format!("The pool has {} now.", counted(count.into(), "license"));
    match ahead.short.iter().map(|stretch| stretch.licenses).max() {
        Some(needed) => format!("{set} Accepted meetings need up to {needed} at once."),
        None => set,
    }
}

async fn set(operator: Operator, site: web::Data<Site>, Form(form): Form<SettingsForm>) -> Answer {
    let settings = settings(&operator, &site).await?;
    let again = |errors| invalid(&settings_page(&operator, &settings, None, Some(&form), errors));
    let asked = match form.parse(&settings) {
        Ok(asked) => asked,
        Err(errors) => return again(errors),
    };
    match site.app.set_pool(&operator.pass, asked).await? {
        Ok(()) => {
            Ok(operator.done("/operator/pool/settings", "The settings were saved. They hold for meetings booked from now on."))
        }
        Err(refusal @ PoolRefusal::OffGrid) => again(Errors::one("lead", refusal_words(&refusal))),
        Err(refusal) => again(Errors::one("spare", refusal_words(&refusal))),
    }
}

impl SettingsForm {
    fn of(settings: &PoolSettings) -> Self {
        Self {
            spare: settings.spare.map(|spare| spare.to_string()).unwrap_or_default(),
            lead: in_minutes(settings.lead),
            grace: in_minutes(settings.grace),
            rejoin: in_minutes(settings.rejoin),
            no_show: in_minutes(settings.no_show),
        }
    }

    fn parse(&self, before: &PoolSettings) -> Result<PoolSettings, Errors> {
        let mut errors = Errors::default();
        let minutes = |number: u32| Span::minutes(number.into());
        let spare = match self.spare.trim() {
            "" => Some(None),
            text => errors.take("spare", whole(text, 0, MOST_LICENSES)).map(Some),
        };
        let lead = errors.take("lead", on_grid(&self.lead, 0, 60)).map(minutes);
        let grace = errors.take("grace", on_grid(&self.grace, 0, 60)).map(minutes);
        let rejoin = errors.take("rejoin", whole(&self.rejoin, 0, 60)).map(minutes);
        let no_show = errors.take("no_show", whole(&self.no_show, 5, 240)).map(minutes);
        match (spare, lead, grace, rejoin, no_show) {
            (Some(spare), Some(lead), Some(grace), Some(rejoin), Some(no_show)) => {
                Ok(PoolSettings { spare, lead, grace, rejoin, no_show, ..before.clone() })
            }
            _ => Err(errors),
        }
    }
}

fn on_grid(text: &str, least: u32, most: u32) -> Result<u32, String> {
    let words = || format!("Enter a multiple of 5 from {least} to {most}.");
    whole(text, least, most).ok().filter(|number| number % 5 == 0).ok_or_else(words)
}

/// Why the pool refuses a setting, and what to do about it.
pub(super) fn refusal_words(refusal: &PoolRefusal) -> String {
    match refusal {
        PoolRefusal::GuaranteesExceed { sum, promisable } => format!(
            "The tenants' guarantees would add up to {sum}, and only {} can be promised: those bought less those kept back. Lower a \
             guarantee or have more licenses.",
            counted((*promisable).into(), "license")
        ),
        PoolRefusal::CapBelowGuarantee => "The most a tenant may use cannot be less than what it is guaranteed.".to_owned(),
        PoolRefusal::OffGrid => "Lead and grace are multiples of 5 minutes.".to_owned(),
    }
}

async fn settings(operator: &Operator, site: &Site) -> Result<PoolSettings, WebError> {
    Ok(site.app.pool(&operator.pass).await?.settings)
}

fn settings_page(
    operator: &Operator,
    settings: &PoolSettings,
    licenses: Option<&LicensesForm>,
    form: Option<&SettingsForm>,
    errors: Errors,
) -> SettingsPage {
    SettingsPage {
        chrome: operator.chrome(),
        licenses: licenses.map_or_else(|| settings.licenses.to_string(), |form| form.licenses.clone()),
        form: form.cloned().unwrap_or_else(|| SettingsForm::of(settings)),
        errors,
    }
}
