//! What Zoom was last heard to say of seats and licenses, and where that differs from what is here.

use crate::app::drift::AccountView;
use crate::domain::drift::Drift;
use crate::domain::ids::SeatId;
use crate::domain::seat::{Seat, SeatStatus};
use crate::domain::time::Instant;

use super::words::{Moment, away, counted};

/// The section, in words.
pub(super) struct Reading {
    /// When Zoom was read and what it said of the licenses.
    pub(super) read: String,
    /// Zoom has fewer licenses than K.
    pub(super) fewer: Option<Fewer>,
    /// What is different and what can be done about it.
    pub(super) open: Vec<Line>,
    /// The latest repairs.
    pub(super) repaired: Vec<(Moment, String)>,
}

/// Zoom has fewer licenses than K.
pub(super) struct Fewer {
    pub(super) usable: u32,
    pub(super) words: String,
}

/// One difference.
pub(super) struct Line {
    pub(super) seat: String,
    pub(super) email: String,
    pub(super) words: String,
}

impl Reading {
    pub(super) fn of(view: &AccountView, now: Instant) -> Self {
        let unable = view.unable.iter().map(|(seat, ahead)| line(seat, unable_words(seat.status, *ahead)));
        let beyond = view.open.iter().filter_map(|drift| match drift {
            Drift::Found { seat, license: None } => view.seats.get(seat).map(|seat| line(seat, BEYOND.to_owned())),
            _ => None,
        });
        let fewer = view.open.iter().find_map(|drift| match drift {
            Drift::FewerLicenses { licenses, usable } => Some(fewer(*licenses, *usable)),
            _ => None,
        });
        Self {
            read: read_words(view, now),
            fewer,
            open: unable.chain(beyond).collect(),
            repaired: view.repaired.iter().map(|(at, detail)| (Moment::of(*at), with_addresses(detail, view))).collect(),
        }
    }
}

const BEYOND: &str = "holds a license that is not from the pool: somebody gave it one at Zoom while every license of the pool was \
    taken. It is left where it is. If it should be in the pool, raise the number of licenses; if not, take it off at Zoom.";

fn line(seat: &Seat, words: String) -> Line {
    Line { seat: seat.id.to_string(), email: seat.email.to_string(), words }
}

fn read_words(view: &AccountView, now: Instant) -> String {
    let Some(at) = view.reading.at else { return "Zoom was not read yet.".to_owned() };
    let others = match view.reading.others {
        0 => String::new(),
        others => format!(", {others} of them on users that are no seats here"),
    };
    let bought = match view.reading.purchased {
        Some(purchased) => format!("Zoom counts {} bought{others}", counted(purchased.into(), "license")),
        None => "Zoom does not say how many licenses were bought".to_owned(),
    };
    format!("Read {}. {bought}; this pool counts on {}.", away(at, now), view.licenses)
}

fn fewer(licenses: u32, usable: u32) -> Fewer {
    let missing = counted(i64::from(licenses - usable), "license");
    let words = format!(
        "{missing} fewer than the {licenses} that meetings are accepted for: some meetings may find none. Buy more, take licenses \
        from users that are no seats, or set the pool to what is there."
    );
    Fewer { usable, words }
}

fn unable_words(status: SeatStatus, ahead: i64) -> String {
    let what = match status {
        SeatStatus::Inactive => "is switched off at Zoom. Switch it on again there",
        SeatStatus::Pending => "has not opened the mail from Zoom yet. Have its owner open it",
        SeatStatus::Missing => "is not known to Zoom any more. Create it again there, or add another seat for its user",
        SeatStatus::Active => "has no user at Zoom yet. Read Zoom again",
    };
    match ahead {
        0 => format!("{what}."),
        ahead => format!("{what}: {} on it cannot be held until then.", counted(ahead, "coming meeting")),
    }
}

/// The audit names seats by id; people know them by address.
fn with_addresses(detail: &str, view: &AccountView) -> String {
    let word = |word: &str| view.seats.get(&SeatId::new(word)).map_or_else(|| word.to_owned(), |seat| seat.email.to_string());
    detail.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
