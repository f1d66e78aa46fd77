//! A meeting in words: what every page that shows one says of its state, its client and the time that is left. What is said of
//! its license is in `license.rs`.

use crate::app::join::client_is_waiting;
use crate::domain::meeting::State;
use crate::domain::names::ZoneName;
use crate::domain::time::{Instant, Span};
use crate::domain::when;
use crate::store::meetings::MeetingView;

/// A colored word: the suffix of its class, and the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct Badge {
    /// The suffix of `.badge-…`.
    pub(in crate::web) state: &'static str,
    /// The words.
    pub(in crate::web) text: String,
}

impl Badge {
    pub(in crate::web) fn new(state: &'static str, text: impl Into<String>) -> Self {
        Self { state, text: text.into() }
    }
}

/// Where the meeting is in its life.
pub(in crate::web) fn stage(view: &MeetingView) -> Badge {
    if view.meeting.waits_to_begin() {
        return Badge::new("waiting", "In line");
    }
    let stage = view.meeting.state.stage();
    match view.meeting.state {
        State::Ended { at, .. } if at < view.meeting.window.start() => Badge::new(stage.word(), "Left before its time"),
        _ => Badge::new(stage.word(), stage.label()),
    }
}

/// Whether Zoom knows the meeting.
pub(in crate::web) fn at_zoom(view: &MeetingView) -> Badge {
    let (meeting, progress) = (&view.meeting, &view.progress);
    let over = matches!(meeting.state, State::Cancelled { .. });
    match (over, progress.at_zoom, progress.zoom_problem.is_some()) {
        (true, _, false) => Badge::new("cancelled", "Removed"),
        (true, _, true) => Badge::new("retrying", "Still to be removed; tried again"),
        (false, true, _) => Badge::new("ok", "Zoom has the meeting"),
        (false, false, true) => Badge::new("retrying", "Zoom has refused it so far; tried again"),
        (false, false, false) if meeting.waits_to_begin() => Badge::new("waiting", "Created when the license is there"),
        (false, false, false) if meeting.room.is_some() => Badge::new("waiting", "Zoom is being told of the change"),
        (false, false, false) => Badge::new("waiting", "Being created at Zoom"),
    }
}

/// Whether the client is there.
pub(in crate::web) fn client(view: &MeetingView, now: Instant, zone: &ZoneName) -> Option<Badge> {
    let arrived = view.meeting.client_arrived_at?;
    if client_is_waiting(&view.meeting, now) {
        return Some(Badge::new("arrived", format!("Client arrived {}", when::time(arrived, zone))));
    }
    None
}

/// How far away its start or its end is.
pub(in crate::web) fn countdown(view: &MeetingView, now: Instant) -> String {
    let window = view.meeting.window;
    match &view.meeting.state {
        State::Live(run) if now > window.end() => {
            format!("Running for {}, {} over its time", span(now - run.since), span(now - window.end()))
        }
        State::Live(run) if now - run.since < Span::minutes(1) => "Has just begun".to_owned(),
        State::Live(run) => format!("Running for {}", span(now - run.since)),
        State::Booked if view.meeting.waits_to_begin() => format!("In line for {}", span(now - view.meeting.created_at)),
        State::Booked | State::Ended { .. } if view.meeting.is_awaited_at(now) && now < window.start() => {
            format!("Starts in {}", span(window.start() - now))
        }
        State::Booked if now - window.start() < Span::minutes(1) => "Starts now".to_owned(),
        State::Booked => format!("Should have begun {} ago", span(now - window.start())),
        State::Ended { at, .. } => format!("Ended {} ago", span(now - *at)),
        State::Cancelled { at } => format!("Cancelled {} ago", span(now - *at)),
        State::Missed { .. } => "Nobody started it in time. It can still be started.".to_owned(),
    }
}

/// A length of time as people say it: `4 minutes`, `2 hours 5 minutes`, `3 days`. What is left is rounded up.
pub(in crate::web) fn span(span: Span) -> String {
    let minutes = span.as_minutes_up().max(0);
    match (minutes / 1440, minutes / 60, minutes % 60) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => plural(minutes, "minute"),
        (0, hours, 0) => plural(hours, "hour"),
        (0, hours, minutes) => format!("{} {}", plural(hours, "hour"), plural(minutes, "minute")),
        (days, ..) => plural(days, "day"),
    }
}

pub(in crate::web) fn plural(count: i64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_like_speech() {
        let words = |seconds| span(Span::seconds(seconds));
        assert_eq!(words(0), "less than a minute");
        assert_eq!(words(1), "1 minute");
        assert_eq!(words(61), "2 minutes");
        assert_eq!(words(3600), "1 hour");
        assert_eq!(words(2 * 3600 + 300), "2 hours 5 minutes");
        assert_eq!(words(3 * 86_400), "3 days");
    }
}
