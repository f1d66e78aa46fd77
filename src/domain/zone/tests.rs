//! Wall time in every zone of the database, around every change of its clocks in 2026 and 2027.

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
    for date in
        ["", "2026-02-29", "2026-13-01", "2026-1-1", "26-01-01", "-026-01-01", "2026-01-01 ", "２０２６-01-01", "2026-01-01-01"]
    {
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
