//! A meeting's license in words: whether one is promised, where it is, and how long the meeting can run without.
//!
//! What must stay true: badge, sentence and notice are told from one case, so no page contradicts another; a time at which
//! Zoom ends a meeting is named as soon as it is known; what the pool may not do is not promised.

mod around;
#[cfg(test)]
mod tests;

use crate::app::line::Wait;
use crate::domain::count::counted;
use crate::domain::meeting::{INSURED_FROM, Kind, SHORT, State};
use crate::domain::names::ZoneName;
use crate::domain::plan::{BASIC_LIMIT, Problem};
use crate::domain::pool::Place;
use crate::domain::seat::SeatStatus;
use crate::domain::time::{Instant, Span};
use crate::domain::when;
use crate::store::meetings::MeetingView;

use super::words::{Badge, span};

pub(in crate::web) use around::Around;

/// Where a meeting stands with its license.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    /// Promised for later.
    Reserved,
    /// Promised now, and there.
    Ready,
    /// Promised now, and on its way.
    Coming,
    /// Promised now, and it cannot be had.
    Missing(Problem),
    /// Promised now, and Zoom lets nobody host on its seat, which is in that state.
    CannotHost(SeatStatus),
    /// It was promised for a time that has passed.
    Passed,
    /// Its host waits for one.
    InLine,
    /// Planned without, because it is short.
    Short,
    /// Nothing is promised: its host has chosen to begin without.
    Without,
    /// It runs, and has one.
    InUse,
    /// It runs, and one is on its way.
    Arriving(Instant),
    /// It runs without the one it was promised; Zoom ends it then.
    RunsLate(Instant),
    /// It was begun before its time, without; one is promised from the second instant on.
    RunsEarly(Instant, Instant),
    /// It runs without as planned, because it is short.
    RunsShort(Instant),
    /// It runs without.
    RunsWithout(Instant),
    /// It has ended, with a license or without; it may be taken up again.
    Ended(bool),
    /// Nobody started it; whether one was promised.
    Missed(bool),
    /// It was called off.
    Cancelled,
}

/// What the host should know at once: the suffix of `.notice-…`, and the words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web) struct Notice {
    /// `success`, `info` or `warning`.
    pub(in crate::web) kind: &'static str,
    /// The words.
    pub(in crate::web) text: String,
}

impl Around {
    fn clock(&self, at: Instant) -> String {
        let zone = if self.zone == ZoneName::utc() { " UTC" } else { "" };
        when::time(at, &self.zone) + zone
    }

    /// When Zoom ends it.
    fn end(&self, cut: Instant) -> String {
        if cut <= self.now {
            "Zoom ends such meetings after 40 minutes, so it may end at any moment".to_owned()
        } else {
            format!("Zoom ends it at {}", self.clock(cut))
        }
    }

    /// ` about 6 minutes`, when it is known.
    fn about(&self) -> String {
        let about = self.wait.and_then(|wait| wait.about).filter(|about| *about > Span::ZERO);
        about.map(|about| format!(" about {}", span(about))).unwrap_or_default()
    }
}

fn case(view: &MeetingView, around: &Around) -> Case {
    let (meeting, now) = (&view.meeting, around.now);
    let is_short = around.short_meetings && meeting.window.length() <= SHORT;
    match &meeting.state {
        State::Cancelled { .. } => Case::Cancelled,
        State::Live(run) => running(view, run.since + BASIC_LIMIT, is_short, now),
        // After its end it keeps its license for a moment; that is not a promise for another start.
        State::Ended { .. } if !meeting.is_awaited_at(now) && meeting.queued_at.is_none() => Case::Ended(meeting.licensed),
        _ if meeting.is_promised_at(now) => promised(view, around),
        _ if meeting.queued_at.is_some() => Case::InLine,
        State::Booked | State::Ended { .. } if meeting.licensed && now < meeting.hold.start() => Case::Reserved,
        State::Ended { .. } => Case::Ended(meeting.licensed),
        State::Missed { .. } => Case::Missed(meeting.licensed),
        // The other has outlasted all the time that this one was promised.
        State::Booked if is_shut_out(view) => Case::Missing(Problem::SeatBusy),
        State::Booked if meeting.licensed => Case::Passed,
        State::Booked if is_short => Case::Short,
        State::Booked => Case::Without,
    }
}

fn is_shut_out(view: &MeetingView) -> bool {
    view.progress.alert.as_deref() == Some(Problem::SeatBusy.word())
}

fn promised(view: &MeetingView, around: &Around) -> Case {
    let barred = around.seat.filter(|status| *status != SeatStatus::Active);
    let problem = view.progress.alert.as_deref().map(|word| Problem::from_word(word).unwrap_or(Problem::Refused));
    match (&view.license, problem) {
        // The license is there, and somebody else is using it.
        (_, Some(Problem::SeatBusy)) => Case::Missing(Problem::SeatBusy),
        (Some(Place::Attached), _) => Case::Ready,
        (_, Some(problem)) => barred.map_or(Case::Missing(problem), Case::CannotHost),
        _ => Case::Coming,
    }
}

fn running(view: &MeetingView, cut: Instant, is_short: bool, now: Instant) -> Case {
    let meeting = &view.meeting;
    match view.license {
        Some(Place::Attached) => Case::InUse,
        Some(Place::Attaching) => Case::Arriving(cut),
        _ if meeting.is_promised_at(now) => Case::RunsLate(cut),
        _ if meeting.licensed => Case::RunsEarly(cut, meeting.hold.start()),
        _ if is_short && now < meeting.window.end() => Case::RunsShort(cut),
        _ => Case::RunsWithout(cut),
    }
}

/// In a word or two; nothing once the meeting needs none.
pub(in crate::web) fn badge(view: &MeetingView, around: &Around) -> Option<Badge> {
    let ends = |cut: Instant| Badge::new("warning", format!("No license: ends {}", around.clock(cut)));
    Some(match case(view, around) {
        Case::Reserved => Badge::new("booked", "License reserved"),
        Case::Ready => Badge::new("ready", "License ready"),
        Case::Coming | Case::Arriving(_) => Badge::new("attaching", "License is coming"),
        Case::Missing(Problem::SeatBusy) => Badge::new("warning", "Seat is busy"),
        Case::Missing(_) => Badge::new("warning", "No license yet"),
        Case::CannotHost(_) => Badge::new("warning", "Seat cannot host"),
        Case::InLine => Badge::new("waiting", "In line"),
        Case::Short | Case::RunsShort(_) => Badge::new("free", "No license needed"),
        Case::Without => Badge::new("warning", "No license"),
        Case::InUse => Badge::new("in-use", "License in use"),
        Case::RunsEarly(cut, reserved) if reserved < cut => Badge::new("booked", "License reserved"),
        Case::RunsLate(cut) | Case::RunsEarly(cut, _) | Case::RunsWithout(cut) => ends(cut),
        Case::Passed | Case::Ended(_) | Case::Missed(_) | Case::Cancelled => return None,
    })
}

/// The badge where a list has room for what is unusual only.
pub(in crate::web) fn unusual(view: &MeetingView, around: &Around) -> Option<Badge> {
    let is_usual = matches!(
        case(view, around),
        Case::Reserved | Case::Ready | Case::Coming | Case::InUse | Case::Arriving(_) | Case::Short | Case::RunsShort(_)
    );
    badge(view, around).filter(|_| !is_usual && !view.meeting.waits_to_begin())
}

/// What is to be known about it, as a sentence.
pub(in crate::web) fn sentence(view: &MeetingView, around: &Around) -> String {
    let meeting = &view.meeting;
    match case(view, around) {
        Case::Reserved if view.license == Some(Place::Attached) => "Reserved, and on the host's Zoom seat already.".to_owned(),
        Case::Reserved => {
            let lead = (meeting.window.start() - meeting.hold.start()).as_minutes_up();
            format!("Put on the host's Zoom seat {} before the start.", counted(lead, "minute"))
        }
        Case::Ready => "On the host's Zoom seat; the meeting can begin.".to_owned(),
        Case::Coming => "Being put on the host's Zoom seat. Start does it too, if you are faster.".to_owned(),
        Case::Missing(Problem::NoneFree) => "None is free at the moment.".to_owned(),
        Case::Missing(Problem::Frozen) => "Zoom lets no license move at the moment.".to_owned(),
        Case::Missing(Problem::Refused) => "Zoom has not given it yet.".to_owned(),
        Case::Missing(Problem::SeatBusy) => "Another meeting runs over on the Zoom seat.".to_owned(),
        Case::CannotHost(status) => cannot_host(status).to_owned(),
        Case::Passed => "The time for which it was reserved has passed. Start asks for one again.".to_owned(),
        Case::InLine => "Nothing is reserved yet: the next one that is free for this meeting is put on the seat.".to_owned(),
        Case::Short => {
            format!("Runs without a license, as short meetings do here: Zoom ends it after 40 minutes.{}", insured(around))
        }
        Case::Without if around.late_attach => {
            "None is reserved: Zoom ends the meeting after 40 minutes, unless one comes free before.".to_owned()
        }
        Case::Without => "None is reserved: Zoom ends the meeting after 40 minutes.".to_owned(),
        Case::InUse => "On the host's Zoom seat for as long as the meeting runs.".to_owned(),
        Case::Arriving(cut) => format!("Being put on the host's Zoom seat. Until it is there, {}.", around.end(cut)),
        Case::RunsLate(cut) => {
            format!(
                "The meeting runs without the license it was promised: {}. It gets the next one that comes free.",
                around.end(cut)
            )
        }
        Case::RunsEarly(cut, reserved) if reserved < cut => format!(
            "Begun before its time, without a license. One is reserved from {} on, before Zoom would end it at {}.",
            around.clock(reserved),
            around.clock(cut)
        ),
        Case::RunsShort(cut) => {
            format!("Runs without a license, as short meetings do here: {}.{}", around.end(cut), insured(around))
        }
        Case::RunsWithout(cut) if meeting.window.length() <= SHORT && around.now < meeting.window.end() => {
            format!("The meeting runs without a license: {}.{}", around.end(cut), insured(around))
        }
        Case::RunsEarly(cut, _) | Case::RunsWithout(cut) if around.late_attach => {
            format!("The meeting runs without a license: {}. It gets one if one comes free before.", around.end(cut))
        }
        Case::RunsEarly(cut, _) | Case::RunsWithout(cut) => format!("The meeting runs without a license: {}.", around.end(cut)),
        Case::Ended(true) if view.license.is_some() => {
            "Still on the host's Zoom seat, in case the meeting starts again.".to_owned()
        }
        Case::Ended(true) => "Free for others since the meeting ended.".to_owned(),
        Case::Ended(false) => "The meeting ran without one.".to_owned(),
        Case::Missed(true) => "Given back, because nobody started the meeting in time. Start asks for one again.".to_owned(),
        Case::Missed(false) => "None is reserved.".to_owned(),
        Case::Cancelled => "Not needed any more.".to_owned(),
    }
}

fn insured(around: &Around) -> String {
    let from = INSURED_FROM.as_minutes();
    if around.late_attach { format!(" From minute {from} on it gets one if one is free.") } else { String::new() }
}

/// What the host must know at once.
pub(in crate::web) fn notice(view: &MeetingView, around: &Around) -> Option<Notice> {
    let say = |kind, text: String| Some(Notice { kind, text });
    let on_the_spot = view.meeting.kind == Kind::OnDemand || !matches!(view.meeting.state, State::Booked);
    match case(view, around) {
        Case::Ready if on_the_spot => say("success", "Your license is ready: press Start.".to_owned()),
        Case::Coming if on_the_spot => {
            say("info", "There is a license for this meeting, and it is being put on the seat: press Start.".to_owned())
        }
        Case::Missing(problem) => say("warning", missing(problem, around)),
        Case::CannotHost(status) => say(
            "warning",
            format!(
                "{} Press Start: the meeting begins on another Zoom seat, if one is free for you. If none is, tell your \
                 administrator: the portal's operator can repair the seat or give you another.",
                cannot_host(status)
            ),
        ),
        Case::RunsEarly(cut, reserved) if reserved < cut => say("info", sentence(view, around)),
        Case::RunsShort(_) => say("info", sentence(view, around)),
        Case::RunsWithout(cut) if is_over_before(cut, view, around) => say("info", sentence(view, around)),
        Case::RunsLate(cut) | Case::RunsEarly(cut, _) | Case::RunsWithout(cut) => {
            say("warning", sentence(view, around) + &hope(cut, around))
        }
        _ => None,
    }
}

/// Whether it is planned to be over before Zoom ends it.
fn is_over_before(cut: Instant, view: &MeetingView, around: &Around) -> bool {
    let end = view.meeting.window.end();
    end <= cut && around.now < end
}

/// Whether a license comes free before Zoom ends the meeting, as far as meetings are planned.
fn hope(cut: Instant, around: &Around) -> String {
    match around.wait {
        Some(Wait { about: Some(Span::ZERO), .. }) => " As meetings are planned, one comes free at any moment.".to_owned(),
        Some(Wait { about: Some(about), .. }) if around.now + about < cut => {
            format!(" As meetings are planned, one comes free in about {}.", span(about))
        }
        Some(_) if around.now < cut => " As meetings are planned, none comes free before then.".to_owned(),
        _ => String::new(),
    }
}

fn missing(problem: Problem, around: &Around) -> String {
    let without = "Begin now without one, and Zoom ends the meeting after 40 minutes;";
    match problem {
        Problem::NoneFree => format!(
            "All licenses are in use, most likely because an earlier meeting runs late. {without} or wait{}: you get the next one \
             that comes free.",
            around.about()
        ),
        Problem::Frozen => {
            format!("Zoom is not letting licenses move at the moment, and is asked again every 15 minutes. {without} or wait.")
        }
        Problem::SeatBusy => {
            "An earlier meeting still runs on the Zoom seat that this one shares. Press Start when it is time: if \
                              another seat is free, the meeting begins there; otherwise it begins when the earlier one ends."
                .to_owned()
        }
        Problem::Refused => format!(
            "Zoom has not given this meeting its license yet. It is asked again by itself, and when you press Start. {without} or \
             wait."
        ),
    }
}

/// Why nobody can host on a seat.
const fn cannot_host(status: SeatStatus) -> &'static str {
    match status {
        SeatStatus::Missing => "Zoom does not know the seat of this meeting any more, so nobody can host on it.",
        SeatStatus::Inactive => "The seat of this meeting is switched off at Zoom, so nobody can host on it.",
        SeatStatus::Pending | SeatStatus::Active => {
            "The seat of this meeting is not confirmed at Zoom, so nobody can host on it."
        }
    }
}

/// What is wrong with it, for the operator; none: nothing.
pub(in crate::web) fn trouble(view: &MeetingView, around: &Around) -> Option<String> {
    match case(view, around) {
        Case::Missing(Problem::NoneFree) => Some("No license is free. It gets the next one that comes free.".to_owned()),
        Case::Missing(Problem::Frozen) => {
            Some("Zoom is not letting licenses move. It is tried again when the freeze is over.".to_owned())
        }
        Case::Missing(Problem::Refused) => Some("Zoom refused to put a license on this seat. It is tried again.".to_owned()),
        Case::Missing(Problem::SeatBusy) => {
            Some("An earlier meeting runs over on its seat. Start moves it to another one, if one is free.".to_owned())
        }
        Case::CannotHost(status) => {
            Some(format!("{} Repair it at Zoom, or give the host another seat: Start uses that one.", cannot_host(status)))
        }
        Case::RunsEarly(cut, reserved) if reserved < cut => None,
        Case::RunsWithout(cut) if is_over_before(cut, view, around) => None,
        Case::RunsLate(_) | Case::RunsEarly(..) | Case::RunsWithout(_) => Some(sentence(view, around)),
        _ => None,
    }
}

/// Whether the host may want to begin without.
pub(in crate::web) fn can_go_without(view: &MeetingView, around: &Around) -> bool {
    matches!(case(view, around), Case::Missing(Problem::NoneFree | Problem::Frozen | Problem::Refused) | Case::InLine)
}

/// Whether the host waits in line.
pub(in crate::web) fn is_in_line(view: &MeetingView, around: &Around) -> bool {
    case(view, around) == Case::InLine
}
