//! A meeting in words: what every page that shows one says of its state, its license, its client and the time that is left.

use crate::app::join::client_is_waiting;
use crate::domain::meeting::{Stage, State};
use crate::domain::names::ZoneName;
use crate::domain::plan::Problem;
use crate::domain::pool::Place;
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
    fn new(state: &'static str, text: impl Into<String>) -> Self {
        Self { state, text: text.into() }
    }
}

/// Where the meeting is in its life.
pub(in crate::web) fn stage(view: &MeetingView) -> Badge {
    let stage = view.meeting.state.stage();
    Badge::new(stage.word(), stage.label())
}

/// Where its license is, in a word or two; nothing once the meeting needs none.
pub(in crate::web) fn license(view: &MeetingView, now: Instant) -> Option<Badge> {
    let (stage, attached) = (view.meeting.state.stage(), view.license == Some(Place::Attached));
    match stage {
        Stage::Live if attached => Some(Badge::new("in-use", "License in use")),
        Stage::Live if view.license == Some(Place::Attaching) => Some(Badge::new("attaching", "License is coming")),
        Stage::Live => Some(Badge::new("warning", "No license")),
        Stage::Booked if now < view.meeting.hold.start() => Some(Badge::new("booked", "License reserved")),
        Stage::Booked if attached => Some(Badge::new("ready", "License ready")),
        Stage::Booked if view.progress.alert.is_some() => Some(Badge::new("warning", "No license yet")),
        Stage::Booked => Some(Badge::new("attaching", "License is coming")),
        Stage::Ended | Stage::Cancelled | Stage::Missed => None,
    }
}

/// What is to be known about its license, as a sentence.
pub(in crate::web) fn license_sentence(view: &MeetingView, now: Instant) -> String {
    let (meeting, attached) = (&view.meeting, view.license == Some(Place::Attached));
    let lead = (meeting.window.start() - meeting.hold.start()).as_minutes_up();
    match meeting.state.stage() {
        Stage::Live if attached => "On the host's Zoom seat for as long as the meeting runs.".to_owned(),
        Stage::Live => {
            "The meeting runs without a license: Zoom ends it 40 minutes after its start unless one comes free.".to_owned()
        }
        Stage::Booked if now < meeting.hold.start() => {
            format!("Put on the host's Zoom seat {} before the start.", plural(lead, "minute"))
        }
        Stage::Booked if attached => "On the host's Zoom seat; the meeting can begin.".to_owned(),
        Stage::Booked => "Being put on the host's Zoom seat. Start does it too, if you are faster.".to_owned(),
        Stage::Ended => "Given back when the meeting ended.".to_owned(),
        Stage::Cancelled => "Not needed any more.".to_owned(),
        Stage::Missed => "Given back, because nobody started the meeting in time. Start asks for one again.".to_owned(),
    }
}

/// What the host must know about a license that should be there and is not.
pub(in crate::web) fn alert(view: &MeetingView) -> Option<&'static str> {
    if !view.meeting.state.holds() {
        return None;
    }
    let problem = Problem::from_word(view.progress.alert.as_deref()?);
    Some(match problem {
        Some(Problem::NoneFree) => {
            "All licenses are in use, because an earlier meeting runs late. You get the next one that comes free. You can also \
             begin without one: Zoom then ends the meeting after 40 minutes."
        }
        Some(Problem::Frozen) => {
            "Zoom is not letting licenses move at the moment. It is tried again by itself. You can begin without a license: Zoom \
             then ends the meeting after 40 minutes."
        }
        Some(Problem::Refused) | None => {
            "Zoom has not given this meeting its license yet. It is tried again by itself, and when you press Start."
        }
    })
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
        State::Booked if now < window.start() => format!("Starts in {}", span(window.start() - now)),
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

fn plural(count: i64, noun: &str) -> String {
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
