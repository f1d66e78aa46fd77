//! How the operator's pages say times, counts and states.

pub(super) use crate::domain::count::counted;
use crate::domain::ledger::Part;
use crate::domain::names::ZoneName;
use crate::domain::pool::Place;
use crate::domain::seat::{License, SeatStatus};
use crate::domain::time::{Instant, Span};
use crate::domain::zone::local_date_time;

/// A point in time as a page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// RFC 3339, for machines.
    pub(super) iso: String,
    /// `2026-11-24 14:05 UTC`.
    pub(super) text: String,
}

impl Moment {
    pub(super) fn of(at: Instant) -> Self {
        let (date, time) = local_date_time(at, &ZoneName::utc());
        Self { iso: at.to_string(), text: format!("{date} {time} UTC") }
    }
}

/// `4 minutes ago`, `in 2 hours`; in the larger unit, rounded down.
pub(super) fn away(at: Instant, now: Instant) -> String {
    let (ahead, span) = if at > now { (true, at - now) } else { (false, now - at) };
    let minutes = span.as_minutes();
    let length = match minutes {
        0 => return if ahead { "in a moment" } else { "just now" }.to_owned(),
        1..60 => counted(minutes, "minute"),
        60..2880 => counted(minutes / 60, "hour"),
        _ => counted(minutes / 1440, "day"),
    };
    if ahead { format!("in {length}") } else { format!("{length} ago") }
}

/// A length as a form shows it, in whole minutes.
pub(super) fn in_minutes(span: Span) -> String {
    span.as_minutes().to_string()
}

/// A whole number somebody typed into the field with this label, or the words beside the field.
pub(super) fn whole(label: &str, text: &str, least: u32, most: u32) -> Result<u32, String> {
    let number = text.trim().parse::<u32>().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{label} must be a whole number from {least} to {most}."))
}

/// A state: the suffix of its style and its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) state: &'static str,
    pub(super) word: &'static str,
}

impl Badge {
    pub(super) const fn new(state: &'static str, word: &'static str) -> Self {
        Self { state, word }
    }

    /// Whether Zoom lets a seat host.
    pub(super) const fn of_status(status: SeatStatus) -> Self {
        match status {
            SeatStatus::Active => Self::new("active", "Active"),
            SeatStatus::Pending => Self::new("waiting", "Not confirmed yet"),
            SeatStatus::Inactive => Self::new("failed", "Switched off at Zoom"),
            SeatStatus::Missing => Self::new("failed", "Unknown to Zoom"),
        }
    }

    /// What Zoom last said of a seat's license.
    pub(super) const fn of_license(license: License) -> Self {
        match license {
            License::Basic => Self::new("free", "Basic"),
            License::Licensed => Self::new("in-use", "Licensed"),
            License::Other => Self::new("warning", "Another kind"),
        }
    }

    /// What a license did.
    pub(super) const fn of_part(part: Part) -> Self {
        match part {
            Part::Live => Self::new("in-use", part.label()),
            Part::Ready => Self::new("ready", part.label()),
            Part::Idle => Self::new("free", part.label()),
            Part::Moving => Self::new("attaching", part.label()),
        }
    }

    /// Where the license of a meeting's seat is.
    pub(super) const fn of_place(place: Option<Place>) -> Self {
        match place {
            None => Self::new("free", "None"),
            Some(Place::Free) => Self::new("free", Place::Free.label()),
            Some(Place::Attaching) => Self::new("attaching", Place::Attaching.label()),
            Some(Place::Attached) => Self::new("ready", Place::Attached.label()),
            Some(Place::Detaching) => Self::new("detaching", Place::Detaching.label()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_said_in_the_unit_that_fits() {
        let now = Instant::from_seconds(1_795_521_600);
        let said = |seconds: i64| away(now + Span::seconds(seconds), now);
        assert_eq!(said(0), "just now");
        assert_eq!(said(30), "in a moment");
        assert_eq!(said(-60), "1 minute ago");
        assert_eq!(said(-7300), "2 hours ago");
        assert_eq!(said(4 * 86_400), "in 4 days");
    }

    #[test]
    fn a_moment_names_its_zone() {
        assert_eq!(Moment::of(Instant::from_seconds(1_795_521_600)).text, "2026-11-24 12:00 UTC");
    }

    #[test]
    fn numbers_outside_their_range_are_refused_with_it() {
        assert_eq!(whole("Seats", " 7 ", 0, 10), Ok(7));
        for text in ["", "-1", "11", "1.5", "99999999999999999999", "٣", "NaN"] {
            let refused = whole("Seats", text, 0, 10);
            assert_eq!(refused, Err("Seats must be a whole number from 0 to 10.".to_owned()), "{text:?}");
        }
    }
}
