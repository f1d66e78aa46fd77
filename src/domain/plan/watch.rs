//! What is watched in meetings: those that run over, those that nobody starts, and those about which Zoom is silent.

use crate::domain::meeting::Stage;
use crate::domain::time::{Instant, SLOT_SECONDS, Span};

use super::{Need, Snapshot, Step, Webhooks};

/// How often Zoom is asked about a meeting that should be live while its webhooks are missing (design rule 3.2.7).
pub(super) const POLL_IN_DOUBT: Span = Span::minutes(2);
/// How often it is asked about one that runs over its time although webhooks arrive: a single end may have been lost.
pub(super) const POLL_OVERDUE: Span = Span::minutes(5);
/// How long after a webhook was found missing the others are not relied on.
pub(super) const DOUBT: Span = Span::minutes(30);

impl Webhooks {
    /// Whether what did not come may have happened all the same.
    pub fn are_in_doubt(self, now: Instant) -> bool {
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

/// Not started in time. A host who is pressing Start at this moment is there, and nobody can begin while they meet somebody
/// else, or while their seat is taken.
pub(super) fn is_no_show(need: &Need, snapshot: &Snapshot) -> bool {
    let is_pressed = snapshot.pressed.as_ref() == Some(&need.meeting);
    need.is_awaited_at(snapshot.now)
        && !is_pressed
        && snapshot.now >= gives_up_at(need, snapshot.settings.no_show)
        && !is_kept_waiting(need, snapshot)
}

/// Counted from the planned start, from when the host asked for it afterwards, or from when they could begin as promised. As
/// long as the license that is promised has not come, its host may be waiting for it.
pub(super) fn gives_up_at(need: &Need, no_show: Span) -> Instant {
    let planned = need.window.start().max(need.hold.0);
    let licensed_since = need.licensed_since.filter(|_| need.licensed);
    let later = [need.start_clicked_at, need.free_since, licensed_since].into_iter().flatten().max();
    let gives_up = later.map_or(planned, |later| later.max(planned)) + no_show;
    if need.licensed && need.licensed_since.is_none() { gives_up.max(need.hold.1) } else { gives_up }
}

/// Whether another meeting runs on its seat or with its host.
fn is_kept_waiting(need: &Need, snapshot: &Snapshot) -> bool {
    let is_other = |other: &Need| (other.seat == need.seat || other.host == need.host) && other.meeting != need.meeting;
    snapshot.needs.iter().any(|other| other.stage == Stage::Live && is_other(other))
}

/// Whether somebody else's meeting runs over on the seat of this one, whose time has come: its host should know. Whoever is
/// late for a meeting because of their own does.
pub(super) fn is_shut_out(need: &Need, snapshot: &Snapshot) -> bool {
    let now = snapshot.now;
    let runs_over = |other: &Need| other.stage == Stage::Live && other.window.end() < now;
    // Also when the other has outlasted all the time that this one was promised.
    let is_due = need.hold.0 <= now && need.is_awaited_at(now);
    is_due && snapshot.needs.iter().any(|other| runs_over(other) && other.seat == need.seat && other.host != need.host)
}

/// Meetings that nobody started. Zoom is asked first; when it does not answer, it is asked again like in a poll.
pub(super) fn given_up(snapshot: &Snapshot) -> impl Iterator<Item = Step> {
    let asked_lately = |need: &Need| {
        let since = gives_up_at(need, snapshot.settings.no_show);
        need.polled_at.is_some_and(|polled| polled >= since && snapshot.now < polled + POLL_IN_DOUBT)
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
            let due = poll_due(need, doubt, snapshot.now, snapshot.settings.grace);
            need.at_zoom && !is_no_show(need, snapshot) && due.is_some_and(|at| at <= snapshot.now)
        })
        .map(|need| Step::Poll { meeting: need.meeting.clone() })
}

/// When Zoom is to be asked about this meeting next.
pub(super) fn poll_due(need: &Need, doubt: bool, now: Instant, grace: Span) -> Option<Instant> {
    let begins = need.window.start().max(need.hold.0);
    let (from, pause) = match (need.stage, need.start_clicked_at) {
        (Stage::Live, _) if doubt => (need.live_since.unwrap_or(begins), POLL_IN_DOUBT),
        (Stage::Live, _) => (need.window.end() + grace.max(POLL_OVERDUE) - POLL_OVERDUE, POLL_OVERDUE),
        _ if !need.is_awaited_at(now) => return None,
        // The host has Zoom's link: the meeting should have begun. Whoever closed the page again is asked about less and less.
        (_, Some(clicked)) if need.is_held_at(now) && need.ended_at.is_none_or(|ended| ended < clicked) => {
            (clicked, backed_off(need.absences))
        }
        _ if doubt => (begins, POLL_IN_DOUBT),
        _ => return None,
    };
    Some(need.polled_at.map_or(from, |polled| polled.max(from)) + pause)
}

fn backed_off(absences: u32) -> Span {
    Span::seconds(POLL_IN_DOUBT.as_seconds() << absences.min(3))
}
