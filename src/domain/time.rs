//! Instants, spans of time and the 5-minute grid that admission counts on.
//!
//! An [`Instant`] is UTC in whole seconds. A [`Window`] is half open: it contains its start and not its end, so
//! back-to-back windows do not overlap. A [`Slot`] is five minutes of the grid (design rule 3.1.10).

use std::fmt;
use std::ops::{Add, Sub};

/// The length of a slot of the grid, in seconds.
pub const SLOT_SECONDS: i64 = 300;

/// A point in time: whole seconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Instant(i64);

/// A length of time in whole seconds; may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(i64);

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// A span of whole minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self(minutes * 60)
    }

    /// A span of whole hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours * 3600)
    }

    /// A span of days of 24 hours.
    pub const fn days(days: i64) -> Self {
        Self(days * 86_400)
    }

    /// The span in seconds.
    pub const fn as_seconds(self) -> i64 {
        self.0
    }

    /// The span in whole minutes, rounded up: "about n minutes" never promises too little time.
    pub const fn as_minutes_up(self) -> i64 {
        (self.0 + 59).div_euclid(60)
    }

    /// The span in whole minutes, rounded down.
    pub const fn as_minutes(self) -> i64 {
        self.0.div_euclid(60)
    }
}

impl Instant {
    /// The instant that many seconds after the Unix epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// An instant as it is displayed.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|timestamp| Self(timestamp.as_second()))
    }

    /// Seconds since the Unix epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// The UTC day that contains this instant, in days since the Unix epoch: what Zoom's daily limits are counted by.
    pub const fn utc_day(self) -> i32 {
        self.0.div_euclid(86_400) as i32
    }

    /// The first instant of the next UTC day.
    #[must_use]
    pub const fn next_utc_day(self) -> Self {
        Self((self.0.div_euclid(86_400) + 1) * 86_400)
    }

    /// The slot that contains this instant.
    pub const fn slot(self) -> Slot {
        Slot(self.0.div_euclid(SLOT_SECONDS))
    }

    /// Whether this instant lies on the 5-minute grid.
    pub const fn is_on_grid(self) -> bool {
        self.0.rem_euclid(SLOT_SECONDS) == 0
    }

    /// The first grid instant at or after this one.
    #[must_use]
    pub const fn grid_up(self) -> Self {
        Self((self.0 + SLOT_SECONDS - 1).div_euclid(SLOT_SECONDS) * SLOT_SECONDS)
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for Instant {
    type Output = Self;
    fn sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Sub for Instant {
    type Output = Span;
    fn sub(self, other: Self) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC, for logs, JSON and Zoom.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_second(self.0) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{} s since 1970", self.0),
        }
    }
}

/// A half-open span of time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    start: Instant,
    end: Instant,
}

impl Window {
    /// The window from `start` up to but not including `end`; `None` when it would be empty.
    pub fn new(start: Instant, end: Instant) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The window that begins at `start` and lasts `length`; at least one second long.
    pub fn lasting(start: Instant, length: Span) -> Self {
        Self { start, end: start + length.max(Span::seconds(1)) }
    }

    /// Its first instant.
    pub const fn start(self) -> Instant {
        self.start
    }

    /// The first instant after it.
    pub const fn end(self) -> Instant {
        self.end
    }

    /// How long it is.
    pub fn length(self) -> Span {
        self.end - self.start
    }

    /// Whether the two share an instant.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether `at` lies inside.
    pub fn contains(self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// The window made longer at both ends.
    #[must_use]
    pub fn padded(self, before: Span, after: Span) -> Self {
        Self { start: self.start - before, end: self.end + after }
    }

    /// The same length, beginning at `start`.
    #[must_use]
    pub fn moved_to(self, start: Instant) -> Self {
        Self::lasting(start, self.length())
    }

    /// Every slot of the grid that this window touches.
    pub fn slots(self) -> SlotRange {
        SlotRange { from: self.start.slot(), until: self.end.grid_up().slot() }
    }
}

/// Five minutes of the grid: the number of slots since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub i64);

impl Slot {
    /// The instant at which the slot begins.
    pub const fn start(self) -> Instant {
        Instant(self.0 * SLOT_SECONDS)
    }
}

/// A half-open run of slots, `[from, until)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotRange {
    /// The first slot.
    pub from: Slot,
    /// The first slot after the run.
    pub until: Slot,
}

impl SlotRange {
    /// Whether the two share a slot.
    pub fn overlaps(self, other: Self) -> bool {
        self.from < other.until && other.from < self.until
    }

    /// How many slots there are.
    pub fn len(self) -> usize {
        usize::try_from(self.until.0 - self.from.0).unwrap_or_default()
    }

    /// Whether there is no slot at all.
    pub fn is_empty(self) -> bool {
        self.from >= self.until
    }

    /// The slots, first to last.
    pub fn iter(self) -> impl Iterator<Item = Slot> {
        (self.from.0..self.until.0).map(Slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_seconds(seconds)
    }

    #[test]
    fn back_to_back_windows_do_not_overlap() {
        let first = Window::new(at(0), at(600)).unwrap();
        let second = Window::new(at(600), at(1200)).unwrap();
        assert!(!first.overlaps(second));
        assert!(first.overlaps(second.padded(Span::seconds(1), Span::ZERO)));
    }

    #[test]
    fn a_window_touches_the_slots_it_begins_and_ends_in() {
        let slots = Window::new(at(299), at(301)).unwrap().slots();
        assert_eq!((slots.from, slots.until), (Slot(0), Slot(2)));
        assert_eq!(Window::new(at(300), at(600)).unwrap().slots().len(), 1);
    }

    #[test]
    fn an_empty_window_does_not_exist() {
        assert_eq!(Window::new(at(5), at(5)), None);
    }

    #[test]
    fn the_grid_also_holds_before_1970() {
        assert_eq!(at(-1).slot(), Slot(-1));
        assert_eq!(at(-1).grid_up(), at(0));
    }

    #[test]
    fn about_n_minutes_rounds_up() {
        assert_eq!(Span::seconds(61).as_minutes_up(), 2);
        assert_eq!(Span::seconds(60).as_minutes_up(), 1);
    }
}
