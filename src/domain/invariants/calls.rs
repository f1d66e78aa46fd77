//! I12: Zoom is asked little more than the day needs. What a day needs is counted from how it turned out, under the design's
//! own rules: a license is proved after it was put on a seat, nobody's license is taken without a look, it counts as gone when
//! Zoom says so (3.2.1, I2 although Zoom may answer and do nothing), and a start URL is fetched when Start is pressed.

use super::{Breach, Census, Invariant};
use crate::domain::meeting::Stage;

/// What was asked of Zoom on one day. Tokens and readings of the whole account are not counted: they go by the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Calls.
    pub calls: u64,
    /// Calls that Zoom refused for coming too fast.
    pub too_fast: u64,
    /// Licenses that were put on seats.
    pub attaches: u64,
    /// Licenses that were taken off.
    pub detaches: u64,
    /// How often Start gave Zoom's link.
    pub links: u64,
    /// For how many seconds meetings ran over, together.
    pub overrun_seconds: u64,
}

/// How often Zoom is asked about a meeting that runs over, at the most.
const OVERRUN_LOOK: u64 = 300;

/// The fewest calls that serve such a day.
pub fn fewest_calls(census: &Census, asked: &Asked) -> u64 {
    let rooms: u64 =
        census.meetings.iter().filter(|meeting| meeting.number.is_some()).map(|meeting| told(meeting.sequence)).sum();
    let missed = census.meetings.iter().filter(|meeting| meeting.stage == Stage::Missed).count() as u64;
    // Put on and read back; looked at, taken off and read back; proved and linked; asked about before it is given up.
    rooms + 2 * asked.attaches + 3 * asked.detaches + 2 * asked.links + missed
}

/// Zoom is told of a meeting once, and once more for each change of it.
fn told(sequence: u32) -> u64 {
    1 + u64::from(sequence)
}

/// I12, for a day on which nothing goes wrong: at most half more than the fewest (and five), none too fast. On one day more may
/// run over, about which Zoom is asked every five minutes, than on another; the tenth, with those in it, is asked of all days
/// together.
pub fn few_calls(census: &Census, asked: &Asked) -> Vec<Breach> {
    let mut found = Vec::new();
    let fewest = fewest_calls(census, asked);
    if asked.calls > fewest + fewest / 2 + asked.overrun_seconds / OVERRUN_LOOK + 5 {
        found.push(Breach::new(Invariant::Calls, format!("{} calls to Zoom where {fewest} would do", asked.calls)));
    }
    if asked.too_fast > 0 {
        found.push(Breach::new(Invariant::Calls, format!("{} calls came too fast for Zoom", asked.too_fast)));
    }
    found
}
