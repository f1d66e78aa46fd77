//! When a meeting is to be: read from a form's date, time, length and zone, or from the one button that names an instant.

use crate::app::bookings::Time;
use crate::domain::admission::Refusal;
use crate::domain::meeting::{LONGEST, SHORT, SHORTEST};
use crate::domain::names::ZoneName;
use crate::domain::plan::BASIC_LIMIT;
use crate::domain::tenant::Tenant;
use crate::domain::time::{Instant, Span, Window};
use crate::domain::zone::{self, WallTime, WallTimeError};

use super::super::forms::{Choice, Errors};
use super::offers::Offers;

/// The lengths that are offered, in minutes.
const LENGTHS: [i64; 8] = [15, 25, 30, 45, 50, 60, 90, 120];
/// Lengths lie on the grid of admission.
const GRID: i64 = 5;

/// The fields of a form that say when, as they were typed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'a> {
    /// `YYYY-MM-DD`.
    pub(super) date: &'a str,
    /// `HH:MM`.
    pub(super) time: &'a str,
    /// The length.
    pub(super) minutes: &'a str,
    /// The zone of `date` and `time`.
    pub(super) zone: &'a str,
    /// Set by the button of an offered time, which counts instead of `date` and `time`: seconds since 1970.
    pub(super) start: &'a str,
}

/// What was read.
pub(super) enum Read {
    /// A time.
    Time(Box<Time>),
    /// It happens twice: which one?
    Twice(Offers),
    /// Not a time; the errors say why.
    Wrong,
}

/// Reads when a meeting is to be. What is wrong goes to `errors`.
pub(super) fn read(typed: Typed<'_>, errors: &mut Errors) -> Read {
    let zone = errors.take_named("zone", "the time zone of the start", ZoneName::parse(typed.zone));
    let length = length(typed.minutes, errors);
    let start =
        if typed.start.is_empty() { typed_start(typed, zone.as_ref(), errors) } else { offered_start(typed.start, errors) };
    match (start, length, zone) {
        (Some(Start::At(start)), Some(length), Some(zone)) => {
            Read::Time(Box::new(Time { window: Window::lasting(start, length), wall: zone::wall_time(start, &zone), zone }))
        }
        (Some(Start::Twice(first, second)), Some(_), Some(zone)) => {
            errors.add("offers", format!("{} happens twice on that day. Choose which one you mean.", typed.time));
            Read::Twice(Offers::of_the_two(first, second, &zone))
        }
        _ => Read::Wrong,
    }
}

/// An offered start as the date and the time that a form then shows; none when they were typed.
pub(super) fn shown(typed: Typed<'_>) -> Option<(String, String)> {
    let zone = ZoneName::parse(typed.zone).ok()?;
    match offered_start(typed.start, &mut Errors::default())? {
        Start::At(start) => Some(zone::local_date_time(start, &zone)),
        Start::Twice(..) => None,
    }
}

/// The length, on the grid and within bounds.
pub(super) fn length(minutes: &str, errors: &mut Errors) -> Option<Span> {
    let length = minutes
        .parse::<i64>()
        .ok()
        .filter(|minutes| minutes % GRID == 0)
        .map(|minutes| Span::seconds(minutes.saturating_mul(60)));
    let length = length.filter(|length| (SHORTEST..=LONGEST).contains(length));
    if length.is_none() {
        errors.add("minutes", "Choose a length from the list.");
    }
    length
}

/// The lengths to choose from, with the tenant's own and the one that is chosen; each says whether it means no license.
pub(super) fn lengths(tenant: &Tenant, chosen: &str) -> Vec<Choice> {
    let chosen = length(chosen, &mut Errors::default()).map(Span::as_minutes);
    let mut minutes: Vec<i64> = LENGTHS.into_iter().chain([tenant.default_length.as_minutes()]).chain(chosen).collect();
    minutes.sort_unstable();
    minutes.dedup();
    let without = |minutes| if is_short(tenant, Span::minutes(minutes)) { ", without a license" } else { "" };
    let label = |minutes: i64| format!("{minutes} minutes{}", without(minutes));
    minutes.into_iter().map(|minutes| Choice::new(minutes.to_string(), label(minutes))).collect()
}

fn is_short(tenant: &Tenant, length: Span) -> bool {
    tenant.short_meetings && length <= SHORT
}

/// Which lengths mean no license at this tenant, as a sentence; none: every meeting has one.
pub(super) fn short_words(tenant: &Tenant) -> Option<String> {
    let (longest, limit) = (SHORT.as_minutes(), BASIC_LIMIT.as_minutes());
    let words =
        format!("Meetings of up to {longest} minutes run without a license here, and Zoom ends them after {limit} minutes.");
    tenant.short_meetings.then_some(words)
}

enum Start {
    At(Instant),
    Twice(Instant, Instant),
}

/// What date and time mean in the zone. What is wrong with them is told even while the zone is not known.
fn typed_start(typed: Typed<'_>, zone: Option<&ZoneName>, errors: &mut Errors) -> Option<Start> {
    let (date, time) = zone::check(typed.date, typed.time);
    let or_missing = |text: &str, missing: &str, error: WallTimeError| {
        if text.is_empty() { missing.to_owned() } else { error.to_string() }
    };
    let date = errors.take("date", date.map_err(|error| or_missing(typed.date, "Enter a date.", error)));
    let time = errors.take("time", time.map_err(|error| or_missing(typed.time, "Enter a time.", error)));
    // Of a time of day `HH:MM` the last digit tells whether it is on the grid.
    if time.is_some() && !typed.time.ends_with(['0', '5']) {
        errors.add("time", "Meetings start on every fifth minute. Choose a time such as 14:05 or 14:10.");
        return None;
    }
    let (Some(()), Some(()), Some(zone)) = (date, time, zone) else { return None };
    let start = match zone::resolve(typed.date, typed.time, zone) {
        Ok(WallTime::Fold { first, second }) => return Some(Start::Twice(first, second)),
        Ok(WallTime::Exact(_) | WallTime::Gap { .. }) => zone::instant(typed.date, typed.time, zone, zone::Choice::Earlier),
        Err(error) => Err(error),
    };
    match start {
        Ok(start) if start.is_on_grid() => Some(Start::At(start)),
        // Clocks that were minutes apart from today's are long past: before time zones each place had its own noon.
        Ok(_) => {
            errors.add("date", Refusal::TooSoon.message());
            None
        }
        Err(error) => {
            let field = if error == WallTimeError::Date { "date" } else { "time" };
            errors.add(field, error.to_string());
            None
        }
    }
}

/// The far ends of what a form may mean; admission has its own, nearer ones.
const EARLIEST: i64 = 0;
const LATEST: i64 = 253_402_300_799 - 86_400;

fn offered_start(seconds: &str, errors: &mut Errors) -> Option<Start> {
    let seconds = seconds.parse::<i64>().ok().filter(|seconds| (EARLIEST..=LATEST).contains(seconds));
    let start = seconds.map(Instant::from_seconds).filter(|start| start.is_on_grid());
    if start.is_none() {
        errors.add("time", "Choose one of the offered times, or enter a date and a time.");
    }
    start.map(Start::At)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed<'a>(date: &'a str, time: &'a str) -> Typed<'a> {
        Typed { date, time, minutes: "30", zone: "Europe/Madrid", start: "" }
    }

    fn wrong(typed: Typed<'_>) -> String {
        let mut errors = Errors::default();
        assert!(matches!(read(typed, &mut errors), Read::Wrong));
        errors.0.into_iter().map(|error| format!("{}: {}", error.field, error.text)).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_date_and_a_time_mean_an_instant_in_their_zone() {
        let Read::Time(time) = read(typed("2026-12-01", "14:05"), &mut Errors::default()) else { panic!() };
        assert_eq!(time.window.start().to_string(), "2026-12-01T13:05:00Z");
        assert_eq!((time.wall.as_str(), time.window.length()), ("2026-12-01T14:05", Span::minutes(30)));
    }

    #[test]
    fn an_offered_instant_counts_instead_of_date_and_time() {
        let mut errors = Errors::default();
        let offered = Typed { start: "1796130300", ..typed("nonsense", "") };
        let Read::Time(time) = read(offered, &mut errors) else { panic!("{errors:?}") };
        assert_eq!(time.wall, "2026-12-01T14:05");
        assert!(errors.0.is_empty());
    }

    #[test]
    fn what_is_wrong_stands_beside_its_field() {
        assert!(wrong(typed("", "")).starts_with("date: Enter a date.; time: Enter a time."));
        assert!(wrong(typed("2026-02-30", "14:00")).starts_with("date: "));
        assert!(wrong(typed("2026-12-01", "25:00")).starts_with("time: "));
        assert!(wrong(typed("2026-12-01", "14:03")).starts_with("time: Meetings start on every fifth minute"));
        assert!(wrong(Typed { minutes: "7", ..typed("2026-12-01", "14:00") }).starts_with("minutes: "));
        assert!(wrong(Typed { minutes: "9223372036854775805", ..typed("2026-12-01", "14:00") }).starts_with("minutes: "));
        assert!(wrong(Typed { zone: "Mars/Olympus", ..typed("2026-12-01", "14:00") }).starts_with("zone: "));
        for start in ["x", "1796130301", "-300", "9223372036854775800"] {
            assert!(wrong(Typed { start, ..typed("", "") }).starts_with("time: "), "{start}");
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let all = wrong(Typed { minutes: "1", zone: "", ..typed("", "") });
        let (_, rest) = all.split_once("zone: Choose the time zone of the start from the list").unwrap();
        assert!(rest.ends_with("minutes: Choose a length from the list.; date: Enter a date.; time: Enter a time."), "{all}");
        let all = wrong(typed("2026-02-30", "25:00"));
        assert!(all.contains("date: Enter a real date") && all.contains("; time: Enter a time between"), "{all}");
        assert!(wrong(typed("2026-02-30", "14:03")).contains("; time: Meetings start on every fifth minute"));
    }

    #[test]
    fn a_day_before_there_were_time_zones_is_past_and_not_off_the_grid() {
        assert_eq!(wrong(typed("0000-01-01", "10:00")), "date: That time has passed. Choose a later one.");
        assert!(wrong(typed("0000-01-01", "10:01")).starts_with("time: Meetings start on every fifth minute"));
    }

    #[test]
    fn a_time_that_is_skipped_names_the_next_and_one_that_comes_twice_asks_which() {
        assert!(wrong(typed("2027-03-28", "02:30")).contains("03:00"));
        let Read::Twice(offers) = read(typed("2027-10-31", "02:30"), &mut Errors::default()) else { panic!() };
        let labels: Vec<&str> = offers.times.iter().map(|time| time.label.as_str()).collect();
        assert_eq!(labels, ["02:30 (first)", "02:30 (second)"]);
    }

    fn tenant(short_meetings: bool) -> Tenant {
        use crate::domain::ids::TenantId;
        use crate::domain::names::{PersonName, Slug};
        use crate::domain::tenant::Share;
        Tenant {
            id: TenantId::new("t"),
            slug: Slug::parse("acme").unwrap(),
            name: PersonName::parse("Acme").unwrap(),
            zone: ZoneName::utc(),
            reply_to: None,
            default_length: Span::minutes(40),
            share: Share { guarantee: 0, cap: 1 },
            shared_seats: false,
            short_meetings,
            suspended_at: None,
            created_at: Instant::from_seconds(0),
        }
    }

    #[test]
    fn a_tenants_own_length_and_the_chosen_one_are_among_the_choices() {
        let minutes: Vec<String> = lengths(&tenant(false), "55").into_iter().map(|choice| choice.value).collect();
        assert_eq!(minutes, ["15", "25", "30", "40", "45", "50", "55", "60", "90", "120"]);
    }

    #[test]
    fn a_length_says_when_it_means_no_license() {
        let labels: Vec<String> = lengths(&tenant(true), "35").into_iter().map(|choice| choice.label).collect();
        assert_eq!(labels[3..5], ["35 minutes, without a license", "40 minutes"]);
        assert!(short_words(&tenant(true)).unwrap().contains("up to 35 minutes"));
        assert!(lengths(&tenant(false), "35").iter().all(|choice| !choice.label.contains("license")));
        assert_eq!(short_words(&tenant(false)), None);
    }
}
