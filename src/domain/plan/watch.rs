//! What is watched in meetings: those that run over, those that nobody starts, and those about which Zoom is silent.

use crate::domain::meeting::Stage;
use crate::domain::time::{Instant, SLOT_SECONDS, Span};

use super::{Need, Snapshot, Step, Webhooks};

/// How often Zoom is asked about a meeting that should be live while its webhooks are missing (design rule 3.2.7).
pub(super) const POLL_IN_DOUBT: Span = Span::minutes(2);
/// How often it is asked about one that runs over its time although webhooks arrive: a single end may have been lost.
pub(super) const POLL_OVERDUE: Span = Span::minutes(5);
/// How long after a webhook was found missing the others are not relied on.
const DOUBT: Span = Span::minutes(30);

impl Webhooks {
    /// Whether what did not come may have happened all the same.
    fn are_in_doubt(self, now: Instant) -> bool {
        self.missed.is_some_and(|missed| now < missed + DOUBT || self.last.is_none_or(|last| last <= missed))
    }
}

/// Live meetings that run longer than their hold.
pub(super) fn grown_holds(snapshot: &Snapshot) -> impl Iterator<Item = Step> {
    let next_slot = snapshot.now + Span::seconds(SLOT_SECONDS);
    snapshot
        .needs
        .iter()
        .filter(move |need| need.stage == Stage::Live && need.hold.1 < next_slot)
        .map(move |need| Step::GrowHold { meeting: need.meeting.clone(), until: (next_slot + snapshot.settings.grace).grid_up() })
}

/// Not started in time: counted from the planned start, or from when the host asked for it afterwards.
pub(super) fn is_no_show(need: &Need, snapshot: &Snapshot) -> bool {
    let asked_for = need.window.start().max(need.hold.0).max(need.start_clicked_at.unwrap_or(need.hold.0));
    let waits = match need.stage {
        Stage::Booked => true,
        Stage::Missed => need.is_held_at(snapshot.now),
        Stage::Live | Stage::Ended | Stage::Cancelled => false,
    };
    waits && snapshot.now >= asked_for + snapshot.settings.no_show
}

/// Meetings that nobody started. Zoom is asked first; when it does not answer, it is asked again like in a poll.
pub(super) fn given_up(snapshot: &Snapshot) -> impl Iterator<Item = Step> {
    let asked_lately = |need: &Need| {
        let gives_up_at = need.window.start().max(need.hold.0) + snapshot.settings.no_show;
        need.polled_at.is_some_and(|polled| polled >= gives_up_at && snapshot.now < polled + POLL_IN_DOUBT)
    };
    snapshot
        .needs
        .iter()
        .filter(move |need| is_no_show(need, snapshot) && !asked_lately(need))
        .map(|need| Step::GiveUp { meeting: need.meeting.clone() })
}

/// Meetings that are live, or should be, about which Zoom has not spoken although it should have.
pub(super) fn polls(snapshot: &Snapshot) -> impl Iterator<Item = Step> {
    let doubt = snapshot.webhooks.are_in_doubt(snapshot.now);
    snapshot
        .needs
        .iter()
        .filter(move |need| {
            need.at_zoom && !is_no_show(need, snapshot) && poll_due(need, doubt, snapshot).is_some_and(|at| at <= snapshot.now)
        })
        .map(|need| Step::Poll { meeting: need.meeting.clone() })
}

/// When Zoom is to be asked about this meeting next.
fn poll_due(need: &Need, doubt: bool, snapshot: &Snapshot) -> Option<Instant> {
    let begins = need.window.start().max(need.hold.0);
    let (from, pause) = match (need.stage, need.start_clicked_at) {
        (Stage::Live, _) if doubt => (need.live_since.unwrap_or(begins), POLL_IN_DOUBT),
        (Stage::Live, _) => (need.window.end() + snapshot.settings.grace - POLL_OVERDUE, POLL_OVERDUE),
        // The host has Zoom's link: the meeting should have begun. Whoever closed the page again is asked about less and less.
        (Stage::Booked | Stage::Missed, Some(clicked)) if need.is_held_at(snapshot.now) => (clicked, backed_off(need.absences)),
        (Stage::Booked | Stage::Missed, _) if doubt => (begins, POLL_IN_DOUBT),
        _ => return None,
    };
    Some(need.polled_at.map_or(from, |polled| polled.max(from)) + pause)
}

fn backed_off(absences: u32) -> Span {
    Span::seconds(POLL_IN_DOUBT.as_seconds() << absences.min(3))
}
