//! A tenant's settings, for its admins.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::tenants::Settings;
use crate::domain::meeting;
use crate::domain::names::{EmailAddress, PersonName, ZoneName};
use crate::domain::time::Span;

use super::forms::{Choice, Errors, Form, ticked, zone_choices};
use super::page::{Answer, Chrome, invalid, page};
use super::routes::{Access, RouteRow};
use super::scope::Admin;
use super::server::Site;

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    name: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    minutes: String,
    #[serde(default)]
    reply_to: String,
    #[serde(default, deserialize_with = "ticked")]
    short_meetings: bool,
}

#[derive(Template)]
#[template(path = "settings/show.html")]
struct SettingsPage {
    chrome: Chrome,
    action: String,
    address: String,
    form: Fields,
    zones: Vec<Choice>,
    errors: Errors,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/t/{slug}/settings", Access::Admin, || web::to(show)),
        RouteRow::post("/t/{slug}/settings", Access::Admin, || web::to(change)),
    ]
}

async fn show(admin: Admin, site: web::Data<Site>) -> Answer {
    let tenant = &admin.tenant;
    let form = Fields {
        name: tenant.name.to_string(),
        zone: tenant.zone.to_string(),
        minutes: tenant.default_length.as_minutes().to_string(),
        reply_to: tenant.reply_to.as_ref().map(ToString::to_string).unwrap_or_default(),
        short_meetings: tenant.short_meetings,
    };
    page(&settings_page(&admin, &site, form, Errors::default()))
}

async fn change(admin: Admin, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    match parse(&form) {
        Ok(settings) => {
            site.app.set_tenant_settings(&admin.scope, &admin.user, settings).await?;
            Ok(admin.done(&admin.path("/settings"), "The settings are saved."))
        }
        Err(errors) => invalid(&settings_page(&admin, &site, form, errors)),
    }
}

fn parse(form: &Fields) -> Result<Settings, Errors> {
    let mut errors = Errors::default();
    let name = errors.take_named("name", "the name of the organization", PersonName::parse(&form.name));
    let zone = errors.take_named("zone", "the time zone of the organization", ZoneName::parse(&form.zone));
    let default_length = errors.take("minutes", parse_length(&form.minutes));
    let reply_to = form.reply_to.trim();
    let reply_to = if reply_to.is_empty() {
        Some(None)
    } else {
        errors.take_named("reply_to", "the address for clients' replies", EmailAddress::parse(reply_to)).map(Some)
    };
    let short_meetings = form.short_meetings;
    match (name, zone, default_length, reply_to) {
        (Some(name), Some(zone), Some(default_length), Some(reply_to)) => {
            Ok(Settings { name, zone, default_length, reply_to, short_meetings })
        }
        _ => Err(errors),
    }
}

/// A length on the 5-minute grid, within what a meeting may last.
fn parse_length(text: &str) -> Result<Span, String> {
    let span =
        text.trim().parse::<i64>().ok().filter(|minutes| minutes % 5 == 0 && (0..=24 * 60).contains(minutes)).map(Span::minutes);
    span.filter(|span| (meeting::SHORTEST..=meeting::LONGEST).contains(span)).ok_or_else(|| {
        let (shortest, longest) = (meeting::SHORTEST.as_minutes(), meeting::LONGEST.as_minutes());
        format!("The usual length must be a number of minutes from {shortest} to {longest}, in steps of 5.")
    })
}

fn settings_page(admin: &Admin, site: &Site, form: Fields, errors: Errors) -> SettingsPage {
    SettingsPage {
        chrome: admin.chrome(),
        action: admin.path("/settings"),
        address: site.app.url(&admin.path("")),
        zones: zone_choices(None, &form.zone),
        form,
        errors,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_lies_on_the_grid() {
        assert_eq!(parse_length(" 50 "), Ok(Span::minutes(50)));
        for bad in ["", "0", "52", "-5", "485", "99999999999999999999", "x"] {
            assert!(parse_length(bad).is_err(), "{bad}");
        }
    }
}
