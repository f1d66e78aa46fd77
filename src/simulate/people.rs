//! What people do on a simulated day, and when: hosts book, move, cancel, start, wait, overrun and come back; clients come
//! early or late, or not. Lengths, lateness and no-shows follow published figures; overruns are not published anywhere and
//! are swept (docs/simulation.md).

use crate::domain::ids::MeetingId;
use crate::domain::time::{Instant, Span};

use super::dice::Dice;
use super::town::{MORNING, Town};

/// A host: which party, and which of its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) party: usize,
    pub(super) user: usize,
}

/// Something a person does.
#[derive(Clone, Debug)]
pub(super) enum Deed {
    /// Books a meeting; the key makes a repeated try the same form.
    Book { who: Who, start: Instant, length: Span, key: u64, tries: u32 },
    /// Asks for a meeting now.
    Ask { who: Who, length: Span, wait: bool, key: u64 },
    /// Presses Start.
    Start { who: Who, meeting: MeetingId, tries: u32 },
    /// Enters Zoom's room with the link that Start gave.
    Enter { who: Who, meeting: MeetingId, number: i64, zak: String },
    /// The client clicks the join link.
    Join { who: Who, meeting: MeetingId, tries: u32 },
    /// The host ends the meeting, perhaps by a dropped line, and then comes back.
    End { who: Who, meeting: MeetingId, number: i64, comes_back: bool },
    /// The host calls it off.
    Cancel { who: Who, meeting: MeetingId },
    /// The host moves it.
    Move { who: Who, meeting: MeetingId, start: Instant, length: Span },
    /// The host gives up waiting.
    Leave { who: Who, meeting: MeetingId },
    /// The operator buys licenses, or gives some up.
    SetLicenses { count: u32 },
}

/// For so many hours of the morning people are at work; meetings begin within them.
const OPEN_HOURS: u64 = 3;
/// By then everybody has gone home.
pub(super) const EVENING: Instant = Instant::from_seconds(MORNING.seconds() + 5 * 3600);

/// What is known of the day in the morning.
pub(super) fn morning(town: &Town, dice: &Dice) -> Vec<(Instant, Deed)> {
    let mut day = Vec::new();
    for key in 0..6 + dice.below(8) {
        let who = somebody(town, dice);
        let start = MORNING + Span::hours(dice.below(OPEN_HOURS) as i64) + quarter(dice);
        let asked = if dice.chance(600) { MORNING } else { MORNING + Span::minutes(dice.below(140) as i64) };
        day.push((asked, Deed::Book { who, start, length: length(dice), key, tries: 0 }));
    }
    for key in 0..=dice.below(4) {
        let at = MORNING + Span::seconds(dice.below(OPEN_HOURS * 3600) as i64);
        day.push((at, Deed::Ask { who: somebody(town, dice), length: length(dice), wait: dice.chance(600), key: 1000 + key }));
    }
    if dice.chance(100) {
        let at = MORNING + Span::seconds(dice.below(OPEN_HOURS * 3600) as i64);
        day.push((at, Deed::SetLicenses { count: dice.below(5) as u32 }));
    }
    day
}

/// What follows from an accepted booking.
pub(super) fn follow_up(who: Who, meeting: &MeetingId, start: Instant, now: Instant, dice: &Dice) -> Vec<(Instant, Deed)> {
    let meeting = || meeting.clone();
    let before = |least: i64| now + Span::seconds(least + dice.below(((start - now).as_seconds() - least).max(1) as u64) as i64);
    let mut next = Vec::new();
    match dice.below(1000) {
        0..60 => next.push((before(0), Deed::Cancel { who, meeting: meeting() })),
        60..130 => {
            let to = start + Span::minutes(15 * (dice.below(7) as i64 - 3));
            next.push((before(0), Deed::Move { who, meeting: meeting(), start: to, length: length(dice) }));
        }
        // Somebody does not come (8.5 %, quality.md B7 [43]).
        130..215 => {}
        // Somebody begins early.
        215..300 => {
            let early = Span::minutes(1 + dice.below(25) as i64);
            next.push(((start - early).max(now), Deed::Start { who, meeting: meeting(), tries: 0 }));
        }
        // Half start about 75 s late ([47b]).
        _ => next.push((start.max(now) + dice.about(Span::seconds(108)), Deed::Start { who, meeting: meeting(), tries: 0 })),
    }
    if !dice.chance(85) {
        // Clients come around their time, the early ones too ([41]).
        let offset = Span::seconds(dice.below(40 * 60) as i64 - 26 * 60);
        next.push(((start + offset).max(now), Deed::Join { who, meeting: meeting(), tries: 0 }));
    }
    next
}

/// How long it really takes, from when it begins.
pub(super) fn real_length(planned: Span, dice: &Dice) -> Span {
    let (over, under) = (dice.about(Span::minutes(9)).as_seconds(), dice.about(Span::minutes(4)).as_seconds());
    let by = if dice.chance(300) { over } else { -under };
    Span::seconds((planned.as_seconds() + by).max(120))
}

fn somebody(town: &Town, dice: &Dice) -> Who {
    let party = dice.below(town.parties.len() as u64) as usize;
    Who { party, user: dice.below(town.parties[party].users.len() as u64) as usize }
}

/// Half on the hour, most others on the half hour (quality.md B4).
fn quarter(dice: &Dice) -> Span {
    Span::minutes(match dice.below(100) {
        0..50 => 0,
        50..80 => 30,
        80..90 => 15,
        _ => 45,
    })
}

fn length(dice: &Dice) -> Span {
    Span::minutes(match dice.below(100) {
        0..40 => 30,
        40..65 => 45,
        65..80 => 60,
        80..90 => 20,
        _ => 15,
    })
}
