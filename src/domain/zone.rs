//! Wall time: what a clock on the wall says in a zone, and the instant that is meant by it (design rule 3.3.7).
//!
//! What must stay true: an instant turned into wall time and back is the same instant; a time that a zone skips is never
//! quietly moved when a person types it; a time that happens twice means the first unless somebody asks for the second.
//! The zone rules are those of the time-zone database that `jiff` finds: the machine's, or else the one built in.

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> ZoneName {
        ZoneName::parse(name).unwrap()
    }

    fn at(text: &str) -> Instant {
        Instant::from_seconds(text.parse::<Timestamp>().unwrap().as_second())
    }

    /// Every zone of the database, old names included.
    fn all_zones() -> Vec<ZoneName> {
        jiff::tz::db().available().filter_map(|name| ZoneName::parse(name.as_str()).ok()).collect()
    }

    /// The changes of a zone's offset in 2026 and 2027: when, and the offsets in seconds before and after.
    fn changes(zone: &ZoneName) -> Vec<(Instant, i64, i64)> {
        let rules = TimeZone::get(zone.as_str()).unwrap();
        let offset = |at: Instant| i64::from(rules.to_offset(timestamp(at)).seconds());
        rules
            .following(timestamp(at("2026-01-01T00:00:00Z")))
            .map(|change| Instant::from_seconds(change.timestamp().as_second()))
            .take_while(|change| *change < at("2028-01-01T00:00:00Z"))
            .map(|change| (change, offset(change - Span::seconds(1)), offset(change)))
            .filter(|(_, before, after)| before != after)
            .collect()
    }

    /// The wall time so many seconds after the epoch on the wall.
    fn on_the_wall(seconds: i64) -> (String, String) {
        local_date_time(Instant::from_seconds(seconds), &ZoneName::utc())
    }

    #[test]
    fn an_ordinary_time_is_exact() {
        let madrid = zone("Europe/Madrid");
        assert_eq!(resolve("2026-11-24", "09:30", &madrid), Ok(WallTime::Exact(at("2026-11-24T08:30:00Z"))));
        assert_eq!(instant("2026-07-24", "09:30", &madrid, Choice::Later), Ok(at("2026-07-24T07:30:00Z")));
    }

    #[test]
    fn a_time_that_does_not_exist_is_refused_with_the_next_one_that_does() {
        let refused = instant("2027-03-28", "02:30", &zone("Europe/Madrid"), Choice::Earlier).unwrap_err();
        assert_eq!(refused.to_string(), "On that day the clocks go forward: 02:30 does not exist in Madrid. Use 03:00 or later.");
        let half_an_hour = instant("2027-10-03", "02:10", &zone("Australia/Lord_Howe"), Choice::Earlier).unwrap_err();
        assert!(half_an_hour.to_string().ends_with("02:10 does not exist in Lord Howe. Use 02:30 or later."), "{half_an_hour}");
    }

    #[test]
    fn a_day_that_does_not_exist_is_refused_with_the_next_one() {
        let refused = instant("2011-12-30", "12:00", &zone("Pacific/Apia"), Choice::Earlier).unwrap_err();
        assert!(refused.to_string().ends_with("Use 2011-12-31 00:00 or later."), "{refused}");
    }

    #[test]
    fn a_time_that_happens_twice_means_the_first_unless_asked() {
        let new_york = zone("America/New_York");
        assert_eq!(instant("2027-11-07", "01:30", &new_york, Choice::default()), Ok(at("2027-11-07T05:30:00Z")));
        assert_eq!(instant("2027-11-07", "01:30", &new_york, Choice::Later), Ok(at("2027-11-07T06:30:00Z")));
    }

    #[test]
    fn what_is_no_date_or_no_time_is_refused() {
        let utc = ZoneName::utc();
        for date in [
            "",
            "2026-02-29",
            "2026-13-01",
            "2026-1-1",
            "26-01-01",
            "-026-01-01",
            "2026-01-01 ",
            "２０２６-01-01",
            "2026-01-01-01",
        ] {
            assert_eq!(resolve(date, "09:30", &utc), Err(WallTimeError::Date), "{date:?}");
        }
        for time in ["", "24:00", "09:60", "9:30", "09:30:00", "09.30", "+9:30", "-1:00"] {
            assert_eq!(resolve("2026-01-01", time, &utc), Err(WallTimeError::Time), "{time:?}");
        }
        assert_eq!(resolve("9999-12-31", "23:59", &zone("Etc/GMT+12")), Err(WallTimeError::Date));
    }

    #[test]
    fn every_change_of_every_zone_gives_a_gap_or_a_fold_with_its_edges() {
        let (mut gaps, mut folds) = (0, 0);
        for zone in all_zones() {
            for (change, before, after) in changes(&zone) {
                let jump = (after - before).abs();
                let first_wall = change.seconds() + before.min(after);
                for wall in [first_wall, first_wall + jump / 2 / 60 * 60, first_wall + jump - 60] {
                    let (date, time) = on_the_wall(wall);
                    let with_before = Instant::from_seconds(wall - before);
                    let with_after = Instant::from_seconds(wall - after);
                    let expected = if after > before {
                        gaps += 1;
                        WallTime::Gap { shifted: with_before, next: change }
                    } else {
                        folds += 1;
                        WallTime::Fold { first: with_before, second: with_after }
                    };
                    assert_eq!(resolve(&date, &time, &zone), Ok(expected), "{zone} {date} {time}");
                }
                for (wall, offset) in [(first_wall - 60, before), (first_wall + jump, after)] {
                    let (date, time) = on_the_wall(wall);
                    let expected = WallTime::Exact(Instant::from_seconds(wall - offset));
                    assert_eq!(resolve(&date, &time, &zone), Ok(expected), "{zone} {date} {time}");
                }
            }
        }
        assert!(gaps > 500 && folds > 500, "{gaps} gaps and {folds} folds: is the database there?");
    }

    #[test]
    fn every_zone_round_trips_around_its_changes() {
        for zone in all_zones() {
            let ordinary = [at("2026-01-15T12:00:00Z"), at("2027-07-15T12:00:00Z")];
            let near = |change: Instant| (-8..8).map(move |quarter| change + Span::minutes(15 * quarter));
            for at in changes(&zone).into_iter().flat_map(|(change, ..)| near(change)).chain(ordinary) {
                let (date, time) = local_date_time(at, &zone);
                match resolve(&date, &time, &zone).unwrap() {
                    WallTime::Exact(back) => assert_eq!(back, at, "{zone}"),
                    WallTime::Fold { first, second } => assert!(first < second && (at == first || at == second), "{zone} {at}"),
                    WallTime::Gap { .. } => panic!("{zone}: {at} exists and shows as {date} {time}"),
                }
                assert_eq!(re_resolve(&wall_time(at, &zone), &zone, at), at, "{zone}: the second of two stays the second");
            }
        }
    }

    #[test]
    fn every_day_begins_where_the_last_one_ended_and_holds_its_instants() {
        for zone in all_zones() {
            for (change, before, after) in changes(&zone) {
                let day = day_bounds(change, &zone);
                assert!(day.contains(change), "{zone}");
                assert_eq!(day_bounds(day.end(), &zone).start(), day.end(), "{zone}");
                assert_eq!(day_bounds(day.start() - Span::seconds(1), &zone).end(), day.start(), "{zone}");
                let (eve, morrow) = (change - Span::hours(36), change + Span::hours(36));
                let days = day_bounds(morrow, &zone).start() - day_bounds(eve, &zone).start();
                assert_eq!((days.as_seconds() + after - before) % 86_400, 0, "{zone}");
            }
        }
    }

    #[test]
    fn a_day_has_23_24_or_25_hours() {
        let hours = |at| day_bounds(at, &zone("Europe/Madrid")).length().as_minutes() / 60;
        assert_eq!(hours(at("2027-03-28T12:00:00Z")), 23);
        assert_eq!(hours(at("2027-03-29T12:00:00Z")), 24);
        assert_eq!(hours(at("2027-10-31T12:00:00Z")), 25);
    }

    #[test]
    fn a_day_begins_when_the_clocks_say_so_even_without_a_midnight() {
        let cairo = day_bounds(at("2027-04-30T12:00:00Z"), &zone("Africa/Cairo"));
        assert_eq!(local_date_time(cairo.start(), &zone("Africa/Cairo")), ("2027-04-30".to_owned(), "01:00".to_owned()));
    }

    #[test]
    fn offsets_read_as_people_write_them() {
        let label = |name| offset_label(at("2026-11-24T12:00:00Z"), &zone(name));
        assert_eq!(label("Europe/Madrid"), "UTC+1");
        assert_eq!(label("Asia/Kolkata"), "UTC+5:30");
        assert_eq!(label("America/St_Johns"), "UTC-3:30");
        assert_eq!(label("Europe/London"), "UTC");
        assert_eq!(label("Pacific/Marquesas"), "UTC-9:30");
    }

    #[test]
    fn a_kept_wall_time_follows_new_zone_rules_as_closely_as_it_can() {
        let madrid = zone("Europe/Madrid");
        let other_rules = at("2027-06-01T10:00:00Z");
        assert_eq!(re_resolve("2027-06-01T11:00", &madrid, other_rules), at("2027-06-01T09:00:00Z"));
        assert_eq!(re_resolve("2027-03-28T02:30", &madrid, other_rules), at("2027-03-28T01:30:00Z"));
        let second = at("2027-10-31T01:30:00Z");
        assert_eq!(re_resolve("2027-10-31T02:30", &madrid, second), second);
        assert_eq!(re_resolve("2027-10-31T02:30", &madrid, second - Span::hours(1)), second - Span::hours(1));
        assert_eq!(re_resolve("nonsense", &madrid, other_rules), other_rules);
    }

    #[test]
    fn the_list_has_each_place_once_under_its_present_name() {
        let zones = common_zones();
        assert!(zones.is_sorted() && zones.len() > 300 && zones.len() < 500, "{}", zones.len());
        for name in ["Europe/Madrid", "America/New_York", "America/Argentina/Buenos_Aires", "Asia/Kolkata", "UTC"] {
            assert!(zones.contains(&name), "{name}");
        }
        for name in ["Asia/Calcutta", "US/Eastern", "EST", "Etc/GMT+5", "posix/Europe/Madrid"] {
            assert!(!zones.contains(&name), "{name}");
        }
        assert!(zones.iter().all(|name| ZoneName::parse(name).is_ok_and(|zone| zone.as_str() == *name)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(date in ".{0,12}", time in ".{0,8}", wall in ".{0,20}", seconds in any::<i64>()) {
            let madrid = zone("Europe/Madrid");
            let any = Instant::from_seconds(seconds);
            let _ = instant(&date, &time, &madrid, Choice::Later);
            let _ = re_resolve(&wall, &madrid, any);
            prop_assert!(!local_date_time(any, &madrid).0.is_empty());
            prop_assert!(day_bounds(Instant::from_seconds(seconds / 2), &madrid).length() > Span::ZERO);
        }
    }
}
