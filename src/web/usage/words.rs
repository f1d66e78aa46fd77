//! How pages of the past say times, reasons and sums.

use crate::domain::admission::Refusal;
use crate::domain::ledger::{Part, Piece, Sums, peak};
use crate::domain::time::Span;

/// Sums as a page shows them, in minutes.
pub(in crate::web) struct Minutes {
    pub(in crate::web) live: i64,
    pub(in crate::web) ready: i64,
    pub(in crate::web) idle: i64,
    pub(in crate::web) moving: i64,
    /// `12 %`; a dash when there is nothing to have a share of.
    pub(in crate::web) idle_share: String,
}

impl Minutes {
    pub(in crate::web) fn of(sums: Sums) -> Self {
        Self {
            live: rounded(sums.live),
            ready: rounded(sums.ready),
            idle: rounded(sums.idle),
            moving: rounded(sums.moving),
            idle_share: sums.idle_share().map_or_else(|| "-".to_owned(), |share| format!("{share} %")),
        }
    }
}

/// To the nearest minute; the sheets have the seconds.
pub(in crate::web) fn rounded(span: Span) -> i64 {
    (span + Span::seconds(30)).as_minutes()
}

/// One day of the chart.
pub(in crate::web) struct Day {
    /// `2026-11-24`.
    pub(in crate::web) date: String,
    /// The most licenses in use at once.
    pub(in crate::web) in_use: u32,
    /// The most licenses on seats at once.
    pub(in crate::web) attached: u32,
    pub(in crate::web) minutes: Minutes,
    pub(in crate::web) refused: usize,
    /// How often a license was put on a seat.
    pub(in crate::web) moves: u32,
}

/// The most licenses of these in use at once.
pub(in crate::web) fn most_in_use<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> u32 {
    peak(pieces, |part| part == Part::Live)
}

/// The most licenses of these on seats at once.
pub(in crate::web) fn most_attached<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> u32 {
    peak(pieces, Part::is_attached)
}

/// Why a meeting was refused, as a column of a table says it.
pub(in crate::web) const fn reason(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::SeatBusy => "Host or seat busy",
        Refusal::TenantCap => "Organization's own limit reached",
        Refusal::PoolFull => "All licenses in use",
        Refusal::NoSeat => "Host has no seat",
        Refusal::TooSoon => "Start had passed",
        Refusal::TooFar => "Too far ahead",
        Refusal::LicenseFrozen => "Zoom let no license move",
    }
}

/// How many of these reasons there were, most first.
pub(in crate::web) fn by_reason(refusals: impl IntoIterator<Item = Refusal>) -> Vec<(&'static str, usize)> {
    let mut counts = Refusal::ALL.map(|refusal| (reason(refusal), 0));
    for refusal in refusals {
        if let Some((_, count)) = counts.iter_mut().find(|(words, _)| *words == reason(refusal)) {
            *count += 1;
        }
    }
    let mut found: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_most_first() {
        let said = by_reason([Refusal::NoSeat, Refusal::PoolFull, Refusal::PoolFull]);
        assert_eq!(said, [("All licenses in use", 2), ("Host has no seat", 1)]);
    }

    #[test]
    fn every_reason_has_words_of_its_own() {
        assert_eq!(by_reason(Refusal::ALL).len(), Refusal::ALL.len());
    }

    #[test]
    fn seconds_are_rounded_to_the_nearest_minute() {
        assert_eq!([29, 30, 89, 90].map(|seconds| rounded(Span::seconds(seconds))), [0, 1, 1, 2]);
    }
}
