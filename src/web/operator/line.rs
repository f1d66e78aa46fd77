//! Who waits for a license that nobody was promised, and the seats that Zoom refuses one.

use crate::app::pool::{InLine, PoolView};
use crate::domain::line::Place;
use crate::domain::time::Instant;
use crate::web::meetings::words::past;

use super::words::{Moment, away};

/// One that waits.
pub(super) struct Waiting {
    pub(super) tenant: String,
    pub(super) words: String,
}

/// A seat that Zoom refuses a license.
pub(super) struct Refused {
    pub(super) seat: (String, String),
    pub(super) problem: String,
    pub(super) next: String,
}

/// The line, the first one first.
pub(super) fn waiting(view: &PoolView, now: Instant) -> Vec<Waiting> {
    let entry = |one: &InLine| Waiting {
        tenant: view.tenants.get(&one.tenant).map(|tenant| tenant.name.to_string()).unwrap_or_default(),
        words: words(one.place, one.has_license, now),
    };
    view.line.iter().map(entry).collect()
}

fn words(place: Place, has_license: bool, now: Instant) -> String {
    match place {
        Place::Running(_) | Place::Insured(_) if has_license => "runs with a license that is not promised to it".to_owned(),
        Place::Running(cut) if cut <= now => "runs without a license, and Zoom may end it at any moment".to_owned(),
        Place::Running(cut) => {
            format!("runs without a license, and Zoom ends it {}, at {}", away(cut, now), Moment::of(cut).text)
        }
        Place::Insured(cut) => {
            format!(
                "runs without a license as planned, and gets one if it is free; Zoom would end it at {}",
                Moment::of(cut).text
            )
        }
        Place::Waiting(since) => format!("waits for {}, since {}", past(now - since), Moment::of(since).text),
    }
}

/// The seats that Zoom refuses a license.
pub(super) fn refused(view: &PoolView, now: Instant) -> Vec<Refused> {
    let entry = |refused: &crate::store::seats::Refused| Refused {
        seat: (refused.seat.to_string(), view.seats.get(&refused.seat).map(|seat| seat.email.to_string()).unwrap_or_default()),
        problem: refused.problem.clone(),
        next: match refused.retry_at {
            Some(at) if at > now => format!("Next try {}, when a meeting on it needs one.", away(at, now)),
            _ => "It is tried again when a meeting on it needs one.".to_owned(),
        },
    };
    view.refused.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Span;

    #[test]
    fn a_place_in_line_says_for_how_long_or_until_when() {
        let now = Instant::from_seconds(1_795_521_600);
        let since = words(Place::Waiting(now - Span::minutes(6)), true, now);
        assert_eq!(since, "waits for 6 minutes, since 2026-11-24 11:54 UTC");
        let cut = words(Place::Running(now + Span::minutes(12)), false, now);
        assert_eq!(cut, "runs without a license, and Zoom ends it in 12 minutes, at 2026-11-24 12:12 UTC");
        assert!(words(Place::Running(now), false, now).contains("at any moment"));
        assert_eq!(words(Place::Running(now), true, now), "runs with a license that is not promised to it");
    }
}
