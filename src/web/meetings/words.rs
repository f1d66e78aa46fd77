//! A meeting in words: what every page that shows one says of its state, its client and the time that is left. What is said of
//! its license is in `license.rs`.

use crate::app::join;
use crate::domain::count::counted;
use crate::domain::meeting::State;
use crate::domain::names::ZoneName;
use crate::domain::plan::Problem;
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

/// Whether Zoom knows the meeting; nothing once it has ended.
pub(in crate::web) fn at_zoom(view: &MeetingView, now: Instant) -> Option<Badge> {
    let (meeting, progress) = (&view.meeting, &view.progress);
    let (state, words) = match (&meeting.state, progress.at_zoom, progress.zoom_problem.is_some()) {
        (State::Ended { .. }, ..) if !meeting.is_awaited_at(now) => return None,
        (State::Cancelled { .. }, _, false) => ("cancelled", "Removed"),
        (State::Cancelled { .. }, _, true) => ("retrying", "Still to be removed; tried again"),
        (_, true, _) => ("ok", "Zoom has the meeting"),
        (_, false, true) => ("retrying", "Zoom has refused it so far; tried again"),
        (_, false, false) if meeting.waits_to_begin() => ("waiting", "Created when the license is there"),
        (_, false, false) if meeting.room.is_some() => ("waiting", "Zoom is being told of the change"),
        (_, false, false) => ("waiting", "Being created at Zoom"),
    };
    Some(Badge::new(state, words))
}

/// What is said of the client's presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct Presence {
    /// What it is called.
    pub(in crate::web) label: &'static str,
    /// While they are there.
    pub(in crate::web) badge: Option<Badge>,
    /// Else.
    pub(in crate::web) words: String,
}

/// Whether the client is, or was, there. Nothing of a cancelled meeting.
pub(in crate::web) fn client(view: &MeetingView, now: Instant, zone: &ZoneName) -> Option<Presence> {
    let at_time = |at| when::time(at, zone);
    let say = |label, words: String| Presence { label, badge: None, words };
    Some(match join::client_presence(&view.meeting, now)? {
        join::Presence::NotYet => say("Client here", "Not yet seen".to_owned()),
        join::Presence::Here(at) => {
            let badge = Badge::new("arrived", format!("Client arrived {}", at_time(at)));
            Presence { badge: Some(badge), ..say("Client here", String::new()) }
        }
        join::Presence::Came(at) => say("Client", format!("Came {}", at_time(at))),
        join::Presence::DidNotCome => say("Client", "Did not come".to_owned()),
    })
}

/// How far away its start or its end is.
pub(in crate::web) fn countdown(view: &MeetingView, now: Instant) -> String {
    let window = view.meeting.window;
    match &view.meeting.state {
        State::Live(run) if now > window.end() => {
            format!("Running for {}, {} over its time", past(now - run.since), past(now - window.end()))
        }
        State::Live(run) if now - run.since < Span::minutes(1) => "Has just begun".to_owned(),
        State::Live(run) => format!("Running for {}", past(now - run.since)),
        State::Booked if view.meeting.waits_to_begin() => format!("In line for {}", past(now - view.meeting.created_at)),
        State::Booked | State::Ended { .. } if view.meeting.is_awaited_at(now) && now < window.start() => {
            format!("Starts in {}", span(window.start() - now))
        }
        State::Booked if now - window.start() < Span::minutes(1) => "Starts now".to_owned(),
        State::Booked => format!("Should have begun {} ago", past(now - window.start())),
        State::Ended { at, .. } => format!("Ended {} ago", past(now - *at)),
        State::Cancelled { at } => format!("Cancelled {} ago", past(now - *at)),
        State::Missed { .. } => "Nobody started it in time. It can still be started.".to_owned(),
    }
}

/// A length of time as people say it that is left: `4 minutes`, `2 hours 5 minutes`, `3 days`. It is rounded up.
pub(in crate::web) fn span(left: Span) -> String {
    minutes(left.as_minutes_up())
}

/// A length of time that has passed, in the same words. It is rounded down.
pub(in crate::web) fn past(passed: Span) -> String {
    minutes(passed.as_minutes())
}

fn minutes(minutes: i64) -> String {
    let minutes = minutes.max(0);
    match (minutes / 1440, minutes / 60, minutes % 60) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => counted(minutes, "minute"),
        (0, hours, 0) => counted(hours, "hour"),
        (0, hours, minutes) => format!("{} {}", counted(hours, "hour"), counted(minutes, "minute")),
        (days, ..) => counted(days, "day"),
    }
}

/// Why a meeting had no license, by the word that the audit keeps of it.
pub(in crate::web) fn why_no_license(word: &str) -> &'static str {
    match Problem::from_word(word) {
        Some(Problem::NoneFree) => "No license was free",
        Some(Problem::Frozen) => "Zoom let no license move",
        Some(Problem::SeatBusy) => "Another meeting still ran on its Zoom seat",
        Some(Problem::Refused) | None => "Zoom gave it no license",
    }
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

    #[test]
    fn no_minute_has_passed_before_it_has() {
        let words = |seconds| past(Span::seconds(seconds));
        assert_eq!(words(2), "less than a minute");
        assert_eq!(words(61), "1 minute");
        assert_eq!(words(119), "1 minute");
        assert_eq!(words(7 * 60 - 1), "6 minutes");
        assert_eq!(words(86_400 - 1), "23 hours 59 minutes");
    }
}
