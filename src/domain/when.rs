//! Times as people read them, in pages and in mail.
//!
//! A time is never shown without a zone or beside one. A local time that a change of the clocks makes happen twice says
//! which of the two it is (design rule 3.3.7).

use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ZonedDateTime};

use super::names::ZoneName;
use super::time::{Instant, Window};

/// `Tuesday 3 November 2026`.
pub fn day(at: Instant, zone: &ZoneName) -> String {
    local(at, zone).strftime("%A %-d %B %Y").to_string()
}

/// `Yesterday`, `Today`, `Tomorrow`, and for every other day what [`day`] says.
pub fn relative_day(at: Instant, now: Instant, zone: &ZoneName) -> String {
    let (date, today) = (local(at, zone).date(), local(now, zone).date());
    if date == today {
        "Today".to_owned()
    } else if today.tomorrow().is_ok_and(|tomorrow| date == tomorrow) {
        "Tomorrow".to_owned()
    } else if today.yesterday().is_ok_and(|yesterday| date == yesterday) {
        "Yesterday".to_owned()
    } else {
        day(at, zone)
    }
}

/// `14:00`; `01:30 (first)` and `01:30 (second)` when the clocks go back over it.
pub fn time(at: Instant, zone: &ZoneName) -> String {
    let local = local(at, zone);
    let clock = local.strftime("%H:%M");
    match local.time_zone().to_ambiguous_timestamp(local.datetime()).offset() {
        AmbiguousOffset::Fold { before, .. } if local.offset() == before => format!("{clock} (first)"),
        AmbiguousOffset::Fold { .. } => format!("{clock} (second)"),
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Gap { .. } => clock.to_string(),
    }
}

/// `14:00–14:45`; `23:30–00:15 next day` over midnight.
pub fn time_range(window: Window, zone: &ZoneName) -> String {
    let range = format!("{}–{}", time(window.start(), zone), time(window.end(), zone));
    if local(window.start(), zone).date() == local(window.end(), zone).date() { range } else { range + " next day" }
}

/// `Madrid, UTC+1`: the zone's place and how far it is from UTC at that instant.
pub fn zone_label(at: Instant, zone: &ZoneName) -> String {
    let offset = utc_offset(local(at, zone).offset().seconds());
    match zone.as_str().rsplit_once('/') {
        // The signs in the names of the Etc zones are the wrong way round for everyone but their inventors.
        Some((region, place)) if region != "Etc" => format!("{}, {offset}", place.replace('_', " ")),
        _ if offset == "UTC+0" => "UTC".to_owned(),
        _ => offset,
    }
}

/// `Tuesday 3 November 2026, 14:00 (Madrid, UTC+1)`.
pub fn moment(at: Instant, zone: &ZoneName) -> String {
    format!("{}, {} ({})", day(at, zone), time(at, zone), zone_label(at, zone))
}

/// `Tuesday 3 November 2026, 14:00–14:45 (Madrid, UTC+1)`.
pub fn full(window: Window, zone: &ZoneName) -> String {
    let start = window.start();
    format!("{}, {} ({})", day(start, zone), time_range(window, zone), zone_label(start, zone))
}

/// What [`full`] says in the reader's zone, and again in the other side's when that is another zone.
pub fn both(window: Window, reader: &ZoneName, other: &ZoneName) -> Vec<String> {
    let mut lines = vec![full(window, reader)];
    if reader != other {
        lines.push(full(window, other));
    }
    lines
}

fn local(at: Instant, zone: &ZoneName) -> ZonedDateTime {
    // Both fallbacks are out of reach: a `ZoneName` was found in the database, and no form takes the year 10000.
    let timestamp = Timestamp::from_second(at.seconds()).unwrap_or(Timestamp::UNIX_EPOCH);
    timestamp.to_zoned_datetime(TimeZone::get(zone.as_str()).unwrap_or(TimeZone::UTC))
}

fn utc_offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::time::Span;
    use super::*;

    fn at(utc: &str) -> Instant {
        Instant::from_seconds(utc.parse::<Timestamp>().unwrap().as_second())
    }

    fn zone(name: &str) -> ZoneName {
        ZoneName::parse(name).unwrap()
    }

    fn minutes(utc: &str, length: i64) -> Window {
        Window::lasting(at(utc), Span::minutes(length))
    }

    #[test]
    fn a_meeting_reads_like_an_appointment() {
        let window = minutes("2026-11-03T13:00:00Z", 45);
        assert_eq!(full(window, &zone("Europe/Madrid")), "Tuesday 3 November 2026, 14:00–14:45 (Madrid, UTC+1)");
        assert_eq!(moment(window.start(), &zone("Asia/Kolkata")), "Tuesday 3 November 2026, 18:30 (Kolkata, UTC+5:30)");
    }

    #[test]
    fn two_zones_are_both_named_and_one_zone_only_once() {
        let window = minutes("2026-11-03T23:30:00Z", 45);
        let (madrid, lima) = (zone("Europe/Madrid"), zone("America/Lima"));
        assert_eq!(
            both(window, &madrid, &lima),
            ["Wednesday 4 November 2026, 00:30–01:15 (Madrid, UTC+1)", "Tuesday 3 November 2026, 18:30–19:15 (Lima, UTC-5)"]
        );
        assert_eq!(both(window, &madrid, &madrid).len(), 1);
    }

    #[test]
    fn the_offset_is_the_one_in_force_on_that_day() {
        let madrid = zone("Europe/Madrid");
        assert_eq!(zone_label(at("2026-07-01T12:00:00Z"), &madrid), "Madrid, UTC+2");
        assert_eq!(zone_label(at("2026-12-01T12:00:00Z"), &madrid), "Madrid, UTC+1");
        assert_eq!(zone_label(at("2026-12-01T12:00:00Z"), &zone("America/Argentina/Buenos_Aires")), "Buenos Aires, UTC-3");
    }

    #[test]
    fn zones_without_a_place_show_their_offset_only() {
        let noon = at("2026-12-01T12:00:00Z");
        assert_eq!(zone_label(noon, &ZoneName::utc()), "UTC");
        assert_eq!(zone_label(noon, &zone("Etc/GMT+5")), "UTC-5");
        assert_eq!(zone_label(noon, &zone("Europe/London")), "London, UTC+0");
    }

    #[test]
    fn the_hour_that_happens_twice_says_which_one_it_is() {
        // Madrid goes back from 03:00 to 02:00 at 01:00 UTC.
        let madrid = zone("Europe/Madrid");
        assert_eq!(time(at("2026-10-25T00:30:00Z"), &madrid), "02:30 (first)");
        assert_eq!(time(at("2026-10-25T01:30:00Z"), &madrid), "02:30 (second)");
        assert_eq!(time(at("2026-10-25T02:00:00Z"), &madrid), "03:00");
        assert_eq!(
            full(minutes("2026-10-25T00:45:00Z", 30), &madrid),
            "Sunday 25 October 2026, 02:45 (first)–02:15 (second) (Madrid, UTC+2)"
        );
        // New York: from 02:00 to 01:00 at 06:00 UTC.
        assert_eq!(time(at("2026-11-01T05:30:00Z"), &zone("America/New_York")), "01:30 (first)");
        assert_eq!(time(at("2026-11-01T06:30:00Z"), &zone("America/New_York")), "01:30 (second)");
    }

    #[test]
    fn a_meeting_over_the_hour_that_is_skipped_ends_by_the_new_clock() {
        // Madrid goes forward from 02:00 to 03:00 at 01:00 UTC.
        assert_eq!(
            full(minutes("2026-03-29T00:45:00Z", 30), &zone("Europe/Madrid")),
            "Sunday 29 March 2026, 01:45–03:15 (Madrid, UTC+1)"
        );
    }

    #[test]
    fn an_end_after_midnight_says_so() {
        assert_eq!(time_range(minutes("2026-11-03T22:30:00Z", 45), &zone("Europe/Madrid")), "23:30–00:15 next day");
    }

    #[test]
    fn today_is_the_readers_today() {
        let (madrid, lima) = (zone("Europe/Madrid"), zone("America/Lima"));
        let now = at("2026-11-03T22:30:00Z");
        assert_eq!(relative_day(at("2026-11-03T23:30:00Z"), now, &madrid), "Tomorrow");
        assert_eq!(relative_day(at("2026-11-03T23:30:00Z"), now, &lima), "Today");
        assert_eq!(relative_day(at("2026-11-02T23:30:00Z"), now, &lima), "Yesterday");
        assert_eq!(relative_day(at("2026-11-09T12:00:00Z"), now, &lima), "Monday 9 November 2026");
    }
}
