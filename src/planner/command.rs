//! `duologue plan`: reads what was asked for, and says the answer.

use anyhow::{Context as _, ensure};

use crate::clock::{Clock, Ids};
use crate::config::{self, environment};
use crate::domain::names::Slug;
use crate::domain::pool::PoolSettings;
use crate::domain::time::{Span, Window};
use crate::store::scope::OperatorPass;
use crate::store::{Store, StoreError, demand, meetings, migrate, pool, refusals, tenants};

use super::answer::{Case, find};
use super::described::{self, Description};
use super::paper::alone;
use super::{recorded, report};

/// What to plan for.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// How many people host.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub hosts: u32,
    /// How many meetings each has on the average day.
    #[arg(long, default_value_t = 4.0)]
    pub meetings_per_day: f64,
    /// The usual length of a meeting, in minutes; a third more or less is drawn, too.
    #[arg(long, default_value_t = 45, value_parser = clap::value_parser!(u32).range(5..=360))]
    pub length: u32,
    /// The hours between which meetings begin.
    #[arg(long, default_value = "8-18", value_parser = hours)]
    pub hours: (u32, u32),
    /// The share of meetings to which nobody comes.
    #[arg(long, default_value = "8.5%", value_parser = share)]
    pub missed: f64,
    /// The share of meetings begun on the spot.
    #[arg(long, default_value = "10%", value_parser = share)]
    pub on_the_spot: f64,
    /// The share of meetings that run over, by seven minutes on the average.
    #[arg(long, default_value = "35%", value_parser = share)]
    pub over: f64,
    /// The share of meetings that may be refused for want of a license.
    #[arg(long, default_value = "1%", value_parser = share)]
    pub target: f64,
    /// How many days: drawn ones (200), or the last ones on record (30).
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: Option<u32>,
    /// Take the days on record, in the database at `DATABASE_URL`, instead of drawing them.
    #[arg(long, conflicts_with_all = ["hosts", "meetings_per_day", "length", "hours", "missed", "on_the_spot", "over", "seed"])]
    pub recorded: bool,
    /// Of the days on record, those of this tenant (its slug), as if it had licenses of its own.
    #[arg(long, requires = "recorded")]
    pub tenant: Option<String>,
    /// The number of licenses to try more and fewer around; otherwise those of the pool on record, or the answer.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub licenses: Option<u32>,
    /// How many more and fewer.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=50))]
    pub around: u32,
    /// Licenses kept back against overruns; otherwise the setting on record, or one from five licenses on.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=1_000))]
    pub spare: Option<u32>,
    /// What is drawn; the same number gives the same days.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Says in `out` how many licenses are needed.
pub async fn run(arguments: &Arguments, out: &mut dyn std::io::Write) -> anyhow::Result<()> {
    if !arguments.recorded {
        let (case, source) = drawn(arguments)?;
        return say(arguments, &case, &source, out);
    }
    let database = config::database(&environment)?;
    ensure!(migrate::pending(&database)?.is_empty(), "the database is not up to date; run: duologue migrate");
    let (store, pass) = Store::open(&database)?;
    run_on_record(&store, OperatorPass::console(&pass), &Clock::System, arguments, out).await
}

/// Says in `out` how many licenses the days on record would have needed.
pub async fn run_on_record(
    store: &Store,
    operator: OperatorPass,
    clock: &Clock,
    arguments: &Arguments,
    out: &mut dyn std::io::Write,
) -> anyhow::Result<()> {
    let (case, source) = read(store, operator, clock, arguments).await?;
    say(arguments, &case, &source, out)
}

fn say(arguments: &Arguments, case: &Case, source: &str, out: &mut dyn std::io::Write) -> anyhow::Result<()> {
    ensure!(!case.attempts.is_empty(), "no meeting was asked for on these days; take more days, or describe them instead");
    let answer = find(case, arguments.target, arguments.around);
    if arguments.json {
        let mut json = serde_json::to_value(&answer)?;
        json["source"] = source.into();
        writeln!(out, "{json}")?;
    } else {
        write!(out, "{}", report::text(&answer, source))?;
    }
    Ok(())
}

fn drawn(arguments: &Arguments) -> anyhow::Result<(Case, String)> {
    let description = Description {
        hosts: arguments.hosts,
        meetings_per_day: arguments.meetings_per_day,
        length: Span::minutes(i64::from(arguments.length)),
        hours: arguments.hours,
        missed: arguments.missed,
        on_the_spot: arguments.on_the_spot,
        over: arguments.over,
        days: arguments.days.unwrap_or(200),
    };
    let (from, until) = arguments.hours;
    let busy = description.meetings_per_day * f64::from(arguments.length) / 60.0 / f64::from(until - from);
    ensure!(
        description.meetings_per_day > 0.0 && busy <= 0.6,
        "meetings must fill more than none and at most 60% of a host's hours, not {:.0}%",
        busy * 100.0
    );
    let settings = PoolSettings { spare: arguments.spare, ..PoolSettings::defaults() };
    let attempts = described::draw(&description, &settings, &Ids::seeded(arguments.seed));
    let source = format!(
        "{} hosts, each with {} a day on the average, of about {} minutes, drawn with seed {}",
        arguments.hosts, arguments.meetings_per_day, arguments.length, arguments.seed
    );
    let shares = alone(described::tenant());
    Ok((Case { attempts, hosts: arguments.hosts, settings, shares, present: arguments.licenses }, source))
}

/// The days on record up to now.
async fn read(store: &Store, operator: OperatorPass, clock: &Clock, arguments: &Arguments) -> anyhow::Result<(Case, String)> {
    let days = arguments.days.unwrap_or(30);
    let within = Window::lasting(clock.now() - Span::days(i64::from(days)), Span::days(i64::from(days)));
    let slug = arguments.tenant.as_deref().map(Slug::parse).transpose().context("--tenant")?;
    let (settings, shares, tenant, mut meetings, mut refusals) = store
        .read::<_, StoreError, _>(move |tx| {
            let tenant = slug.map(|slug| tenants::find_by_slug(tx, &operator, &slug)).transpose()?;
            let (meetings, refusals) = (meetings::past(tx, &operator, within)?, refusals::past(tx, &operator, within)?);
            Ok((pool::settings(tx)?, demand::shares(tx)?, tenant, meetings, refusals))
        })
        .await?;
    let mut source = format!("the last {days} days on record");
    let mut case = Case { attempts: vec![], hosts: 0, present: Some(settings.licenses), settings, shares };
    if let Some(tenant) = tenant {
        let tenant = tenant.context("there is no such tenant")?;
        meetings.retain(|meeting| meeting.tenant == tenant.id);
        refusals.retain(|refusal| refusal.tenant == tenant.id);
        source = format!("{source}, of {} alone", tenant.slug.as_str());
        case.shares = alone(tenant.id);
        case.present = None;
    }
    case.settings.spare = arguments.spare.or(case.settings.spare);
    case.present = arguments.licenses.or(case.present);
    case.attempts = recorded::attempts(&meetings, &refusals);
    case.hosts = described::hosts(&case.attempts) as u32;
    Ok((case, source))
}

/// A share such as `1%`; a plain number is per cent, too.
fn share(text: &str) -> Result<f64, String> {
    let percent: f64 = text.trim_end_matches('%').parse().map_err(|_| "write a share such as 1%".to_owned())?;
    if (0.0..100.0).contains(&percent) { Ok(percent / 100.0) } else { Err("a share lies between 0% and 100%".to_owned()) }
}

/// Hours such as `8-18`.
fn hours(text: &str) -> Result<(u32, u32), String> {
    let parsed = text.split_once('-').and_then(|(from, until)| Some((from.parse().ok()?, until.parse().ok()?)));
    parsed.filter(|(from, until)| from < until && *until <= 24).ok_or_else(|| "write hours such as 8-18".to_owned())
}
