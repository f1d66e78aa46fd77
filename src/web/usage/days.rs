//! The days that a page of the past tells of, as its address names them: `?from=2026-11-01&until=2026-11-26`.

use serde::Deserialize;
use url::form_urlencoded;

use crate::domain::names::ZoneName;
use crate::domain::time::{Instant, Span, Window};
use crate::domain::zone;
use crate::web::forms::Errors;

/// The most days at once: what a page shows and a browser still lays out well.
const MOST: usize = 92;

/// What was asked for; nothing means this month.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
}

/// Days of a zone, one after the other.
#[derive(Clone, Debug)]
pub(in crate::web) struct Days {
    /// The first date, `YYYY-MM-DD`.
    pub(in crate::web) from: String,
    /// The last date.
    pub(in crate::web) until: String,
    /// Each day with its date; at least one.
    pub(in crate::web) each: Vec<(String, Window)>,
    /// The whole.
    pub(in crate::web) window: Window,
}

impl Days {
    /// The days that were asked for, or what is wrong with them and this month instead.
    pub(in crate::web) fn parse(asked: &Asked, now: Instant, zone: &ZoneName) -> (Self, Errors) {
        let mut errors = Errors::default();
        let (today, _) = zone::local_date_time(now, zone);
        let month = first_of_month(&today);
        let or = |text: &str, else_: &str| if text.is_empty() { else_.to_owned() } else { text.to_owned() };
        let (from, until) = (or(&asked.from, &month), or(&asked.until, &today));
        let real = |label| move |_| format!("{label} must be a real date, such as 2027-03-28.");
        let first = errors.take("from", zone::day_of(&from, zone).map_err(real("From")));
        let last = errors.take("until", zone::day_of(&until, zone).map_err(real("To")));
        if let (Some(first), Some(last)) = (first, last) {
            match between(first, last, zone) {
                Ok(each) => return (Self::of(from, until, each), errors),
                Err(words) => errors.add("until", words),
            }
        }
        let this_month = zone::day_of(&month, zone).and_then(|first| Ok((first, zone::day_of(&today, zone)?)));
        let each = this_month.ok().and_then(|(first, last)| between(first, last, zone).ok());
        let each = each.unwrap_or_else(|| vec![(today.clone(), zone::day_bounds(now, zone))]);
        (Self::of(month, today, each), errors)
    }

    fn of(from: String, until: String, each: Vec<(String, Window)>) -> Self {
        let (first, last) = (each[0].1, each[each.len() - 1].1);
        let window = Window::new(first.start(), last.end()).unwrap_or(first);
        Self { from, until, each, window }
    }

    /// The part of an address that names these days.
    pub(in crate::web) fn query(&self) -> String {
        query(&self.from, &self.until)
    }

    /// The part of an address that names the whole month before.
    pub(in crate::web) fn month_before(&self, zone: &ZoneName) -> String {
        let first = zone::day_of(&first_of_month(&self.from), zone).map_or(self.window.start(), Window::start);
        let (last, _) = zone::local_date_time(first - Span::seconds(1), zone);
        query(&first_of_month(&last), &last)
    }

    /// The windows alone.
    pub(in crate::web) fn windows(&self) -> Vec<Window> {
        self.each.iter().map(|(_, window)| *window).collect()
    }

    /// For the name of a file: `2026-11-01-to-2026-11-26`.
    pub(in crate::web) fn name(&self) -> String {
        let ends = [&self.from, &self.until];
        ends.map(|date| date.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect::<String>()).join("-to-")
    }
}

/// The part of an address that names days.
pub(in crate::web) fn query(from: &str, until: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("from", from).append_pair("until", until).finish()
}

fn first_of_month(date: &str) -> String {
    format!("{}-01", date.rsplit_once('-').map_or(date, |(month, _)| month))
}

/// Every day from one to another, or what is wrong.
fn between(first: Window, last: Window, zone: &ZoneName) -> Result<Vec<(String, Window)>, String> {
    if last.start() < first.start() {
        return Err("The last day lies before the first.".to_owned());
    }
    let mut day = first;
    let mut each = Vec::new();
    while day.start() <= last.start() {
        if each.len() == MOST {
            return Err(format!("Choose at most {MOST} days."));
        }
        each.push((zone::local_date_time(day.start(), zone).0, day));
        day = zone::day_bounds(day.end(), zone);
    }
    Ok(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24 12:00 UTC.
    const NOON: Instant = Instant::from_seconds(1_795_521_600);

    fn parse(from: &str, until: &str) -> (Days, Errors) {
        let asked = Asked { from: from.to_owned(), until: until.to_owned() };
        Days::parse(&asked, NOON, &ZoneName::parse("Europe/Madrid").unwrap())
    }

    #[test]
    fn nothing_asked_is_this_month_so_far() {
        let (days, errors) = parse("", "");
        assert_eq!((days.from.as_str(), days.until.as_str(), days.each.len()), ("2026-11-01", "2026-11-24", 24));
        assert!(errors.0.is_empty());
        assert_eq!(days.name(), "2026-11-01-to-2026-11-24");
        assert_eq!(days.month_before(&ZoneName::utc()), "from=2026-10-01&until=2026-10-31");
    }

    #[test]
    fn a_day_when_the_clocks_change_has_its_own_length() {
        let (days, _) = parse("2026-10-24", "2026-10-26");
        let hours: Vec<i64> = days.windows().iter().map(|day| day.length().as_minutes() / 60).collect();
        assert_eq!(hours, [24, 25, 24]);
    }

    #[test]
    fn what_cannot_be_is_said_and_this_month_shown() {
        for (from, until, field) in [
            ("2026-02-30", "", "from"),
            ("", "soon", "until"),
            ("2026-11-05", "2026-11-04", "until"),
            ("2025-01-01", "2026-11-01", "until"),
            ("0000-00-00", "9999-99-99", "from"),
            ("-001-01-01", "", "from"),
        ] {
            let (days, errors) = parse(from, until);
            assert!(errors.on(field).is_some(), "{from} {until}: {errors:?}");
            assert_eq!(days.from, "2026-11-01");
        }
    }
}
