//! `duologue simulate`: many days, side by side; the first broken promise ends it with the command that shows it again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use crate::app::AppError;
use crate::clock::Stopwatch;
use crate::domain::invariants::Invariant;
use crate::store::memory::Disk;

use super::day;
use super::outcome::{Outcome, Tally};
use super::play::transcript;
use super::weather::Faults;

/// What to simulate.
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    /// How many days.
    #[arg(long, default_value_t = 100)]
    pub days: u64,
    /// The first day's seed; each further day has the next one.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// What may go wrong.
    #[arg(long, value_enum, default_value_t = Faults::All)]
    pub faults: Faults,
    /// How many days at once.
    #[arg(long, default_value_t = 1)]
    pub jobs: u32,
    /// Tell what happened, line by line; for one day.
    #[arg(long)]
    pub story: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Play this scenario script instead and print its transcript; docs/simulation.md tells how one is written.
    #[arg(long, conflicts_with_all = ["days", "seed", "faults", "jobs", "story", "json"])]
    pub script: Option<std::path::PathBuf>,
}

/// The days of a run, put together.
#[derive(Clone, Debug)]
struct Report {
    /// How many days went by.
    days: u64,
    /// Their counts.
    tally: Tally,
    /// Stands for everything that happened on all of them.
    digest: String,
    /// The first day that broke a promise.
    failed: Option<(u64, Outcome)>,
}

impl Report {
    /// Whether every promise held; on all fair days together Zoom heard at most a tenth more than the fewest calls (I12).
    fn kept(&self) -> bool {
        let broke = self.failed.as_ref().is_some_and(|(_, outcome)| !outcome.breaches.is_empty());
        !broke && self.too_many_calls().is_none()
    }

    /// What all fair days together asked of Zoom, if it is too much.
    fn too_many_calls(&self) -> Option<String> {
        let Tally { fair_days, work_calls, fewest_calls, .. } = self.tally;
        let is_too_much = fair_days >= 20 && work_calls * 10 > fewest_calls * 11;
        is_too_much.then(|| format!("{}: {work_calls} calls to Zoom where {fewest_calls} would do", Invariant::Calls.name()))
    }
}

/// Simulates, says what was found in `out`, and gives whether every promise held.
pub fn run(arguments: &Arguments, out: &mut dyn std::io::Write) -> Result<bool, anyhow::Error> {
    if let Some(file) = &arguments.script {
        let (transcript, kept) = transcript(&std::fs::read_to_string(file)?)?;
        write!(out, "{transcript}")?;
        return Ok(kept);
    }
    let watch = Stopwatch::start();
    let report = simulate(arguments)?;
    let seconds = watch.elapsed().as_secs_f64();
    if arguments.json {
        let failed = report.failed.as_ref().map(|(seed, outcome)| {
            let broken: Vec<String> =
                outcome.breaches.iter().map(|(_, breach)| format!("{}: {}", breach.invariant.name(), breach.words)).collect();
            serde_json::json!({"seed": seed, "broken": broken, "again": again(*seed, arguments)})
        });
        let json = serde_json::json!({
            "days": report.days, "seed": arguments.seed, "digest": report.digest, "counts": report.tally, "failed": failed,
            "too_many_calls": report.too_many_calls(),
        });
        writeln!(out, "{json}")?;
        return Ok(report.kept());
    }
    if let Some((seed, outcome)) = &report.failed {
        outcome.story.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        for (_, breach) in &outcome.breaches {
            writeln!(out, "day {seed} broke {}: {}", breach.invariant.name(), breach.words)?;
        }
        writeln!(out, "see it again: {}", again(*seed, arguments))?;
    }
    if let Some(words) = report.too_many_calls() {
        writeln!(out, "all days together broke {words}\nsee it again: {}", all_again(arguments))?;
    }
    let tally = report.tally;
    writeln!(out, "{} days, {} steps checked, {seconds:.1} s", report.days, tally.steps)?;
    writeln!(out, "{} meetings accepted, {} refused; {} runs", tally.accepted, tally.refused, tally.live)?;
    writeln!(out, "{} starts without the promised license, {} alerts, {} deaths", tally.without, tally.alerts, tally.deaths)?;
    let most = "at once at the most, summed over the days";
    writeln!(out, "{} licenses on seats {most}, {} promised; {} moves", tally.most_attached, tally.deepest, tally.attaches)?;
    let mean = tally.stayed_seconds.checked_div(tally.given_back).unwrap_or_default();
    let longest = tally.longest_stay_seconds;
    writeln!(
        out,
        "{} licenses given back, {mean} s after the meeting's end on average, {longest} s at the most",
        tally.given_back
    )?;
    writeln!(out, "{} calls to Zoom; on fair days {} where {} is the least", tally.calls, tally.work_calls, tally.fewest_calls)?;
    writeln!(out, "digest {}", report.digest)?;
    Ok(report.kept())
}

/// The command that shows a day once more.
fn again(seed: u64, arguments: &Arguments) -> String {
    format!("duologue simulate --days 1 --seed {seed} --faults {} --story", arguments.faults.word())
}

fn all_again(arguments: &Arguments) -> String {
    format!("duologue simulate --days {} --seed {} --faults {}", arguments.days, arguments.seed, arguments.faults.word())
}

fn simulate(arguments: &Arguments) -> Result<Report, AppError> {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || -> Result<Vec<(u64, Outcome)>, AppError> {
        let mut lived = Vec::new();
        let disk = Arc::new(Disk::new()?);
        loop {
            let number = next.fetch_add(1, Ordering::SeqCst);
            if number >= arguments.days || stop.load(Ordering::SeqCst) {
                return Ok(lived);
            }
            let seed = arguments.seed + number;
            let outcome = day::live(&disk, seed, arguments.faults, None, arguments.story)?;
            if !outcome.breaches.is_empty() {
                stop.store(true, Ordering::SeqCst);
            }
            lived.push((seed, outcome));
        }
    };
    let lived: Vec<Result<Vec<(u64, Outcome)>, AppError>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..arguments.jobs.max(1)).map(|_| scope.spawn(work)).collect();
        let crashed = || Err(AppError::Defect("a simulated day panicked".to_owned()));
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| crashed())).collect()
    });
    let mut days: Vec<(u64, Outcome)> = lived.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    days.sort_by_key(|(seed, _)| *seed);
    Ok(summed_up(days, arguments.story))
}

fn summed_up(days: Vec<(u64, Outcome)>, story: bool) -> Report {
    let mut digest = Sha256::new();
    let mut tally = Tally::default();
    for (_, outcome) in &days {
        digest.update(outcome.digest);
        tally.add(outcome.tally);
    }
    let count = days.len() as u64;
    let told = days.iter().position(|(_, outcome)| !outcome.breaches.is_empty()).or_else(|| story.then_some(0));
    let failed = told.and_then(|index| days.into_iter().nth(index));
    Report { days: count, tally, digest: hex::encode(digest.finalize()), failed }
}
