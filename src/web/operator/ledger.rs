//! The ledger: which license was on which seat of which tenant, what for and for how long, and who was refused.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::web;
use askama::Template;
use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;

use crate::app::usage::Usage;
use crate::domain::ids::TenantId;
use crate::domain::ledger::{Piece, Sums, sums_by};
use crate::domain::names::ZoneName;
use crate::store::refusals::Shown;
use crate::store::{StoreError, tenants};
use crate::web::forms::{Errors, Form};
use crate::web::page::{Answer, Chrome, WebError, invalid, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;
use crate::web::sheet;
use crate::web::usage::days::{self, Asked, Days};
use crate::web::usage::words::{Day, Minutes, by_reason, most_attached, most_in_use, reason, rounded};
use crate::web::usage::{chart, right_days};

use super::words::{Badge, Moment, whole};

const PATH: &str = "/operator/ledger";
/// How many lines of one day are shown; the sheet has them all.
const MOST_LINES: usize = 300;
/// For how many days the ledger may be kept.
const KEPT: std::ops::RangeInclusive<u32> = 31..=3660;

#[derive(Template)]
#[template(path = "operator/ledger/show.html")]
struct LedgerPage {
    chrome: Chrome,
    errors: Errors,
    from: String,
    until: String,
    earlier: String,
    sheet: String,
    bought: u32,
    in_use: u32,
    attached: u32,
    minutes: Minutes,
    refused: usize,
    moves: u32,
    days: Vec<Day>,
    /// What the bars of the days are measured by.
    scale: u32,
    licenses: Vec<(u32, Minutes)>,
    tenants: Vec<TenantRow>,
    reasons: Vec<(&'static str, usize)>,
    /// What happened on the one day that is shown.
    lines: Vec<Line>,
    /// How many more lines there are.
    more: usize,
    is_one_day: bool,
    kept: String,
}

/// What one tenant's meetings used.
struct TenantRow {
    name: String,
    in_use: u32,
    minutes: Minutes,
    refused: usize,
}

/// A stretch of one license's day.
struct Line {
    license: u32,
    what: Badge,
    tenant: String,
    seat: String,
    from: Moment,
    until: Moment,
    minutes: i64,
}

/// What the ledger names by id.
struct Names {
    tenants: BTreeMap<TenantId, String>,
}

#[derive(Deserialize)]
struct Keeping {
    #[serde(default)]
    days: String,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get(PATH, Access::Operator, || web::to(show)),
        RouteRow::get("/operator/ledger.csv", Access::Operator, || web::to(sheet)),
        RouteRow::post("/operator/ledger/keeping", Access::Operator, || web::to(keep)),
    ]
}

async fn show(operator: Operator, site: web::Data<Site>, asked: web::Query<Asked>) -> Answer {
    let (days, errors) = Days::parse(&asked, site.app.now(), &ZoneName::utc());
    let is_wrong = !errors.0.is_empty();
    let shown = ledger_page(&operator, &site, days, errors, None).await?;
    if is_wrong { invalid(&shown) } else { page(&shown) }
}

async fn keep(operator: Operator, site: web::Data<Site>, Form(form): Form<Keeping>) -> Answer {
    let mut errors = Errors::default();
    if let Some(days) = errors.take("days", whole("Days", &form.days, *KEPT.start(), *KEPT.end())) {
        site.app.keep_ledger(&operator.pass, days).await?;
        return Ok(operator.done(PATH, &format!("The ledger is kept for {days} days.")));
    }
    let (days, _) = Days::parse(&Asked::default(), site.app.now(), &ZoneName::utc());
    invalid(&ledger_page(&operator, &site, days, errors, Some(form.days)).await?)
}

async fn ledger_page(
    operator: &Operator,
    site: &Site,
    days: Days,
    errors: Errors,
    kept: Option<String>,
) -> Result<LedgerPage, WebError> {
    let usage = site.app.ledger(&operator.pass, days.window).await?;
    let names = Names::read(site, operator).await?;
    let moves: BTreeMap<i32, u32> =
        site.app.moves_by_day(&operator.pass, days.window).await?.into_iter().map(|(day, moves)| (day, moves.attaches)).collect();
    let bought = site.app.pool(&operator.pass).await?.settings.licenses;
    let kept = match kept {
        Some(typed) => typed,
        None => site.app.ledger_days(&operator.pass).await?.to_string(),
    };
    let (is_one_day, in_use) = (days.each.len() == 1, most_in_use(&usage.pieces));
    let mut lines: Vec<Line> = if is_one_day { lines(&usage, &names) } else { Vec::new() };
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.truncate(MOST_LINES);
    Ok(LedgerPage {
        chrome: operator.chrome(),
        errors,
        earlier: days.month_before(&ZoneName::utc()),
        sheet: format!("/operator/ledger.csv?{}", days.query()),
        bought,
        in_use,
        attached: most_attached(&usage.pieces),
        minutes: Minutes::of(Sums::of(&usage.pieces)),
        refused: usage.refusals.len(),
        moves: moves.values().sum(),
        days: with_moves(chart(&days, &usage), &days, &moves),
        scale: bought.max(in_use).max(1),
        licenses: sums_by(&usage.pieces, |piece| piece.license)
            .into_iter()
            .map(|(number, sums)| (number, Minutes::of(sums)))
            .collect(),
        tenants: by_tenant(&usage, &names),
        reasons: by_reason(usage.refusals.iter().map(|refused| refused.refusal)),
        lines,
        more,
        is_one_day,
        kept,
        from: days.from,
        until: days.until,
    })
}

/// The operator's days are those by which moves are counted.
fn with_moves(mut chart: Vec<Day>, days: &Days, moves: &BTreeMap<i32, u32>) -> Vec<Day> {
    for line in &mut chart {
        let day = days.each.iter().find(|(date, _)| *date == line.date).map(|(_, window)| window.start().utc_day());
        line.moves = day.and_then(|day| moves.get(&day)).copied().unwrap_or_default();
    }
    chart
}

/// Everybody who used a license or was refused one, by name; what is charged to nobody comes last.
fn by_tenant(usage: &Usage, names: &Names) -> Vec<TenantRow> {
    let sums = sums_by(&usage.pieces, |piece| piece.tenant.clone());
    let refused = usage.refusals.iter().map(|refused| Some(refused.tenant.clone()));
    let all: BTreeSet<Option<TenantId>> = sums.keys().cloned().chain(refused).collect();
    let row = |tenant: Option<TenantId>| TenantRow {
        in_use: most_in_use(usage.pieces.iter().filter(|piece| piece.tenant == tenant)),
        minutes: Minutes::of(sums.get(&tenant).copied().unwrap_or_default()),
        refused: usage.refusals.iter().filter(|refused| Some(&refused.tenant) == tenant.as_ref()).count(),
        name: names.tenant(tenant.as_ref()),
    };
    let (nobody, somebody): (Vec<_>, Vec<_>) = all.into_iter().partition(Option::is_none);
    let mut rows: Vec<TenantRow> = somebody.into_iter().map(row).collect();
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    rows.extend(nobody.into_iter().map(row));
    rows
}

fn lines(usage: &Usage, names: &Names) -> Vec<Line> {
    let line = |piece: &Piece| Line {
        license: piece.license,
        what: Badge::of_part(piece.part),
        tenant: names.tenant(piece.tenant.as_ref()),
        seat: usage.seat(&piece.seat),
        from: Moment::of(piece.window.start()),
        until: Moment::of(piece.window.end()),
        minutes: rounded(piece.window.length()),
    };
    usage.pieces.iter().map(line).collect()
}

const HEADINGS: [&str; 10] = ["what", "from", "until", "seconds", "license", "tenant", "seat", "meeting", "reason", "asked_at"];

async fn sheet(operator: Operator, site: web::Data<Site>, asked: web::Query<Asked>) -> Answer {
    let days = right_days(&asked, &site, &ZoneName::utc())?;
    let names = std::rc::Rc::new(Names::read(&site, &operator).await?);
    let name = format!("ledger-{}", days.name());
    let pieces = stream::iter(days.windows()).then(move |day| {
        let (operator, site, names) = (operator.clone(), site.clone(), names.clone());
        async move {
            let usage = site.app.ledger(&operator.pass, day).await?;
            let spans = usage.pieces.iter().map(|piece| span_cells(piece, usage.seat(&piece.seat), &names));
            Ok(spans.chain(usage.refusals.iter().map(|refused| refusal_cells(refused, &names))).collect())
        }
    });
    sheet::answer(&name, &HEADINGS, pieces)
}

fn span_cells(piece: &Piece, seat: String, names: &Names) -> Vec<String> {
    vec![
        piece.part.label().to_owned(),
        piece.window.start().to_string(),
        piece.window.end().to_string(),
        piece.window.length().as_seconds().to_string(),
        piece.license.to_string(),
        piece.tenant.as_ref().map(|tenant| names.tenant(Some(tenant))).unwrap_or_default(),
        seat,
        piece.meeting.as_ref().map(|(meeting, _)| meeting.to_string()).unwrap_or_default(),
        String::new(),
        String::new(),
    ]
}

fn refusal_cells(refused: &Shown, names: &Names) -> Vec<String> {
    vec![
        "Refused".to_owned(),
        refused.window.start().to_string(),
        refused.window.end().to_string(),
        refused.window.length().as_seconds().to_string(),
        String::new(),
        names.tenant(Some(&refused.tenant)),
        String::new(),
        String::new(),
        reason(refused.refusal).to_owned(),
        refused.at.to_string(),
    ]
}

impl LedgerPage {
    /// The address of one day.
    fn day(date: &str) -> String {
        format!("{PATH}?{}", days::query(date, date))
    }
}

impl Names {
    async fn read(site: &Site, operator: &Operator) -> Result<Self, WebError> {
        let pass = operator.pass();
        let tenants = site.app.store.read::<_, StoreError, _>(move |tx| tenants::list(tx, &pass)).await?;
        Ok(Self { tenants: tenants.into_iter().map(|tenant| (tenant.id, tenant.name.to_string())).collect() })
    }

    fn tenant(&self, id: Option<&TenantId>) -> String {
        id.map_or_else(|| "No tenant".to_owned(), |id| self.tenants.get(id).cloned().unwrap_or_default())
    }
}
