//! Wall time: what a clock on the wall says in a zone, and the instant that is meant by it (design rule 3.3.7).
//!
//! What must stay true: an instant turned into wall time and back is the same instant; a time that a zone skips is never
//! quietly moved when a person types it; a time that happens twice means the first unless somebody asks for the second.
//! The zone rules are those of the time-zone database that `jiff` finds: the machine's, or else the one built in.

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use super::names::ZoneName;
use super::time::{Instant, Span, Window};

/// What a date and a time on the wall mean in a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WallTime {
    /// That time happens once.
    Exact(Instant),
    /// The clocks go forward over it: it does not happen.
    Gap {
        /// As long after the clocks change as the time would have been after it: 02:30 becomes 03:30.
        shifted: Instant,
        /// The moment of the change, which is the first time after the gap: 03:00.
        next: Instant,
    },
    /// The clocks go back over it: it happens twice.
    Fold {
        /// The first time, before the clocks go back.
        first: Instant,
        /// The second time, after it.
        second: Instant,
    },
}

/// Which of two equal wall times is meant when the clocks go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The first: what is meant when nobody says more.
    #[default]
    Earlier,
    /// The second.
    Later,
}

/// Why a date and a time name no instant; the words are shown beside the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WallTimeError {
    /// Not a date of the calendar.
    #[error("Enter a real date, such as 2027-03-28.")]
    Date,
    /// Not a time of day.
    #[error("Enter a time between 00:00 and 23:59, such as 09:30.")]
    Time,
    /// The clocks go forward over it.
    #[error("On that day the clocks go forward: {time} does not exist in {place}. Use {next} or later.")]
    Gap {
        /// The time that was asked for.
        time: String,
        /// Where.
        place: String,
        /// The next time that exists there, with its date when that is another one.
        next: String,
    },
}

/// What is wrong with a date and with a time, each for itself.
pub fn check(date: &str, time: &str) -> (Result<(), WallTimeError>, Result<(), WallTimeError>) {
    let date = parse_date(date).map(|_| ()).ok_or(WallTimeError::Date);
    (date, parse_time(time).map(|_| ()).ok_or(WallTimeError::Time))
}

/// What `date` (`YYYY-MM-DD`) and `time` (`HH:MM`) mean in the zone; refuses what is no date or no time.
pub fn resolve(date: &str, time: &str, zone: &ZoneName) -> Result<WallTime, WallTimeError> {
    let wall = parse_date(date).ok_or(WallTimeError::Date)?.to_datetime(parse_time(time).ok_or(WallTimeError::Time)?);
    // What fails here is a date at the very end of the calendar.
    meaning(wall, &time_zone(zone)).ok_or(WallTimeError::Date)
}

/// The instant a person means by a date and a time. A time that does not exist is refused with the next one that does.
pub fn instant(date: &str, time: &str, zone: &ZoneName, choice: Choice) -> Result<Instant, WallTimeError> {
    match (resolve(date, time, zone)?, choice) {
        (WallTime::Exact(at), _)
        | (WallTime::Fold { first: at, .. }, Choice::Earlier)
        | (WallTime::Fold { second: at, .. }, Choice::Later) => Ok(at),
        (WallTime::Gap { next, .. }, _) => {
            let (next_date, next_time) = local_date_time(next, zone);
            let next = if next_date == date { next_time } else { format!("{next_date} {next_time}") };
            Err(WallTimeError::Gap { time: time.to_owned(), place: place(zone), next })
        }
    }
}

/// The date (`YYYY-MM-DD`) and the time (`HH:MM`) on the wall at an instant, as form fields want them.
pub fn local_date_time(at: Instant, zone: &ZoneName) -> (String, String) {
    let wall = offset_at(at, zone).to_datetime(timestamp(at));
    (wall.strftime("%Y-%m-%d").to_string(), wall.strftime("%H:%M").to_string())
}

/// The instant as ISO 8601 writes it in the zone: `2026-11-24T11:00:00+01:00`.
pub fn iso(at: Instant, zone: &ZoneName) -> String {
    timestamp(at).to_zoned_datetime(time_zone(zone)).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The local day that a date (`YYYY-MM-DD`) names in the zone.
pub fn day_of(date: &str, zone: &ZoneName) -> Result<Window, WallTimeError> {
    match resolve(date, "12:00", zone)? {
        WallTime::Exact(at) | WallTime::Gap { shifted: at, .. } | WallTime::Fold { first: at, .. } => Ok(day_bounds(at, zone)),
    }
}

/// The wall time of an instant as it is kept with a meeting, `YYYY-MM-DDTHH:MM`.
pub fn wall_time(at: Instant, zone: &ZoneName) -> String {
    let (date, time) = local_date_time(at, zone);
    format!("{date}T{time}")
}

/// The instant that a kept wall time (`YYYY-MM-DDTHH:MM`) means by today's zone rules, for a meeting that was `previously`
/// at another. Of two it takes the one nearer to before; one in a gap is shifted, since the meeting is promised and has to
/// be at some time. What cannot be read changes nothing.
pub fn re_resolve(wall_time: &str, zone: &ZoneName, previously: Instant) -> Instant {
    let away = |at: Instant| (at - previously).as_seconds().abs();
    match wall_time.split_once('T').map(|(date, time)| resolve(date, time, zone)) {
        Some(Ok(WallTime::Exact(at) | WallTime::Gap { shifted: at, .. })) => at,
        Some(Ok(WallTime::Fold { first, second })) if away(second) < away(first) => second,
        Some(Ok(WallTime::Fold { first, .. })) => first,
        Some(Err(_)) | None => previously,
    }
}

/// The local day an instant lies in; 23, 24 or 25 hours long, or what else a zone thinks of.
pub fn day_bounds(at: Instant, zone: &ZoneName) -> Window {
    let here = timestamp(at).to_zoned_datetime(time_zone(zone));
    let start = here.start_of_day();
    let end = here.tomorrow().and_then(|tomorrow| tomorrow.start_of_day());
    start
        .ok()
        .zip(end.ok())
        .and_then(|(start, end)| Window::new(instant_of(&start), instant_of(&end)))
        // Only at the ends of the calendar is there no day before or after.
        .unwrap_or(Window::lasting(at, Span::days(1)))
}

/// How far the zone is from UTC at an instant: `UTC`, `UTC+1`, `UTC-3:30`.
pub fn offset_label(at: Instant, zone: &ZoneName) -> String {
    let minutes = offset_at(at, zone).seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

/// The place a zone is named after, as a person reads it: `New York` for `America/New_York`.
pub fn place(zone: &ZoneName) -> String {
    let name = zone.as_str();
    name.rsplit_once('/').map_or(name, |(_, city)| city).replace('_', " ")
}

/// The zones to choose from, in order: each area and city under its present name, and UTC. A zone that somebody has from
/// elsewhere may be an older name that is not among them.
pub fn common_zones() -> Vec<&'static str> {
    static ZONES: LazyLock<Vec<String>> = LazyLock::new(|| {
        let mut zones: Vec<String> =
            jiff::tz::db().available().map(|name| name.as_str().to_owned()).filter(|name| is_common(name)).collect();
        zones.push(ZoneName::utc().to_string());
        zones.sort();
        zones.dedup();
        zones
    });
    ZONES.iter().map(String::as_str).collect()
}

/// The areas of the database that have cities in them (IANA tz, `theory.html`, "Timezone identifiers").
const AREAS: [&str; 10] =
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

fn is_common(name: &str) -> bool {
    let in_an_area = name.split_once('/').is_some_and(|(area, _)| AREAS.contains(&area));
    in_an_area && TimeZone::get(name).is_ok_and(|zone| zone.is_primary())
}

/// What a wall time means; `None` beyond the calendar.
fn meaning(wall: DateTime, zone: &TimeZone) -> Option<WallTime> {
    let at = |offset: Offset| offset.to_timestamp(wall).ok().map(|at| Instant::from_seconds(at.as_second()));
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset).map(WallTime::Exact),
        AmbiguousOffset::Fold { before, after } => Some(WallTime::Fold { first: at(before)?, second: at(after)? }),
        AmbiguousOffset::Gap { before, .. } => {
            let shifted = at(before)?;
            // The change is the last one that has happened when the shifted time comes.
            let change = zone.preceding(timestamp(shifted + Span::seconds(1))).next();
            let next = change.map_or(shifted, |change| Instant::from_seconds(change.timestamp().as_second()));
            Some(WallTime::Gap { shifted, next })
        }
    }
}

fn parse_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    Date::new(digits(year, 4)?, i8::try_from(digits(month, 2)?).ok()?, i8::try_from(digits(day, 2)?).ok()?).ok()
}

fn parse_time(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Time::new(i8::try_from(digits(hour, 2)?).ok()?, i8::try_from(digits(minute, 2)?).ok()?, 0, 0).ok()
}

/// Exactly so many digits: no sign and no spaces.
fn digits(text: &str, count: usize) -> Option<i16> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn offset_at(at: Instant, zone: &ZoneName) -> Offset {
    time_zone(zone).to_offset(timestamp(at))
}

/// The rules of a zone. A [`ZoneName`] was in the database when it was parsed; should an update have removed it since, UTC
/// is shown, and labeled so by [`offset_label`].
fn time_zone(zone: &ZoneName) -> TimeZone {
    TimeZone::get(zone.as_str()).unwrap_or(TimeZone::UTC)
}

/// The instant for `jiff`, whose calendar ends with the year 9999.
fn timestamp(at: Instant) -> Timestamp {
    Timestamp::from_second(at.seconds()).unwrap_or(if at.seconds() < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn instant_of(zoned: &ZonedDateTime) -> Instant {
    Instant::from_seconds(zoned.timestamp().as_second())
}
