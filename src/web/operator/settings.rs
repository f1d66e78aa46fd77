//! The pool's settings: how many licenses there are, and how they are promised.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::pool::{Ahead, MOST_LICENSES, PoolRefusal};
use crate::domain::pool::{Moves, PoolSettings, Release, Strategy};
use crate::domain::time::Span;
use crate::web::forms::{Errors, Form, ticked};
use crate::web::page::{Answer, Chrome, WebError, invalid, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::moves;
use super::pool::Shortfall;
use super::words::{counted, in_minutes, whole};

/// More moves in a day than any account makes; a larger number is a slip.
const MOST_MOVES: u32 = 100_000;

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
    #[serde(default)]
    strategy: String,
    #[serde(default)]
    release: String,
    #[serde(default)]
    move_budget: String,
    #[serde(default, deserialize_with = "ticked")]
    late_attach: bool,
}

/// One of a few, with what it means.
struct Explained {
    value: &'static str,
    label: &'static str,
    hint: &'static str,
}

const STRATEGIES: [Explained; 2] = [
    Explained {
        value: Strategy::Float.word(),
        label: "Float",
        hint: "A license is put on the host's seat just before each meeting. Every host meets on their own seat; each meeting may \
               need a move.",
    },
    Explained {
        value: Strategy::Standing.word(),
        label: "Standing",
        hint: "As many seats as there are licenses keep theirs for good, seats without a tenant first, and meetings are booked onto \
               a seat that has one. No license moves, so Zoom's limit is never met; the host's name in Zoom is then the seat's.",
    },
];

const RELEASES: [Explained; 2] = [
    Explained {
        value: Release::Ended.word(),
        label: "When the meeting has ended",
        hint: "The license leaves the seat after the minutes to come back, unless the seat needs it again within 15 minutes.",
    },
    Explained {
        value: Release::WhenNeeded.word(),
        label: "When another seat needs it",
        hint: "The license stays where it is until then, which takes the fewest moves. It is taken from the idle seat that needs \
               one again the latest.",
    },
];

#[derive(Template)]
#[template(path = "operator/pool/settings.html")]
struct SettingsPage {
    chrome: Chrome,
    licenses: String,
    form: SettingsForm,
    strategies: &'static [Explained],
    releases: &'static [Explained],
    moves: String,
    /// Whether the day's budget is nearly used up.
    saves_moves: bool,
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
    let known = known(&operator, &site).await?;
    page(&settings_page(&operator, &known, None, None, Errors::default()))
}

/// Sets K. A number below what accepted meetings need is set only after that was shown.
async fn set_licenses(operator: Operator, site: web::Data<Site>, Form(form): Form<LicensesForm>) -> Answer {
    let known = known(&operator, &site).await?;
    let again = |errors| invalid(&settings_page(&operator, &known, Some(&form), None, errors));
    let mut errors = Errors::default();
    let Some(count) = errors.take("licenses", whole("Licenses bought", &form.licenses, 0, MOST_LICENSES)) else {
        return again(errors);
    };
    let ahead = site.app.ahead(&operator.pass, Some(count)).await?;
    if count < known.0.licenses && !ahead.short.is_empty() && form.confirmed != "yes" {
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
    let known = known(&operator, &site).await?;
    let again = |errors| invalid(&settings_page(&operator, &known, None, Some(&form), errors));
    let asked = match form.parse(&known.0) {
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
            strategy: settings.strategy.word().to_owned(),
            release: settings.release.word().to_owned(),
            move_budget: settings.move_budget.map(|budget| budget.to_string()).unwrap_or_default(),
            late_attach: settings.late_attach,
        }
    }

    fn parse(&self, before: &PoolSettings) -> Result<PoolSettings, Errors> {
        let mut errors = Errors::default();
        let minutes = |number: u32| Span::minutes(number.into());
        let spare = match self.spare.trim() {
            "" => Some(None),
            text => errors.take("spare", whole("Licenses kept back", text, 0, MOST_LICENSES)).map(Some),
        };
        let lead = errors.take("lead", on_grid("Minutes before the start", &self.lead, 0, 60)).map(minutes);
        let grace = errors.take("grace", on_grid("Minutes after the end", &self.grace, 0, 60)).map(minutes);
        let rejoin = errors.take("rejoin", whole("Minutes to come back", &self.rejoin, 0, 60)).map(minutes);
        let no_show = errors.take("no_show", whole("Minutes until a no-show", &self.no_show, 5, 240)).map(minutes);
        let strategy = errors.take("strategy", Strategy::from_word(&self.strategy).ok_or("Choose how licenses reach hosts."));
        let release = errors.take("release", Release::from_word(&self.release).ok_or("Choose when a license leaves its seat."));
        let move_budget = match self.move_budget.trim() {
            "" => Some(None),
            text => errors.take("move_budget", whole("Moves in a day", text, 1, MOST_MOVES)).map(Some),
        };
        let late_attach = self.late_attach;
        let times = lead.zip(grace).zip(rejoin.zip(no_show));
        match (spare, times, strategy.zip(release), move_budget) {
            (Some(spare), Some(((lead, grace), (rejoin, no_show))), Some((strategy, release)), Some(move_budget)) => {
                let times = PoolSettings { lead, grace, rejoin, no_show, ..before.clone() };
                Ok(PoolSettings { spare, strategy, release, move_budget, late_attach, ..times })
            }
            _ => Err(errors),
        }
    }
}

fn on_grid(label: &str, text: &str, least: u32, most: u32) -> Result<u32, String> {
    let words = || format!("{label} must be a multiple of 5 from {least} to {most}.");
    whole(label, text, least, most).ok().filter(|number| number % 5 == 0).ok_or_else(words)
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

/// The settings in force and the moves of the day.
type Known = (PoolSettings, Moves);

async fn known(operator: &Operator, site: &Site) -> Result<Known, WebError> {
    let view = site.app.pool(&operator.pass).await?;
    Ok((view.settings, view.moves))
}

fn settings_page(
    operator: &Operator,
    (settings, moves): &Known,
    licenses: Option<&LicensesForm>,
    form: Option<&SettingsForm>,
    errors: Errors,
) -> SettingsPage {
    SettingsPage {
        chrome: operator.chrome(),
        licenses: licenses.map_or_else(|| settings.licenses.to_string(), |form| form.licenses.clone()),
        form: form.cloned().unwrap_or_else(|| SettingsForm::of(settings)),
        strategies: &STRATEGIES,
        releases: &RELEASES,
        moves: moves::today(settings, *moves),
        saves_moves: settings.saves_moves(*moves),
        errors,
    }
}
