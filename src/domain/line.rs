//! The line for a license that nobody was promised: running meetings that have none, then hosts who wait to begin.
//!
//! What must stay true: a place in line promises nothing, and whoever is served from it is admitted like anybody else, so that
//! no accepted meeting loses its license to the line. Running meetings come first, the one nearest Zoom's cut before the
//! others (design rule 3.2.6); those who wait come in the order in which they came; a short meeting that will be over before
//! Zoom's cut, as far as it is planned, comes after them.

use super::meeting::{INSURED_FROM, LONGEST, Meeting, SHORT, State};
use super::plan::{BASIC_LIMIT, BEFORE_CUT};
use super::pool::PoolSettings;
use super::time::{Instant, Span, Window};

/// How long a host stays in line. Whoever has not been served by then has gone.
pub const LONGEST_WAIT: Span = Span::minutes(60);
/// How long before its planned start a meeting can be begun.
pub const EARLIEST: Span = Span::hours(2);
/// A meeting that runs, or is taken up again, is asked a license for at least so long.
const LEAST_MORE: Span = Span::minutes(10);

/// Where in line a meeting is: the smaller, the earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// It runs, and Zoom will cut it then.
    Running(Instant),
    /// Its host waits since then.
    Waiting(Instant),
    /// It runs, is planned to end before Zoom cuts it then, and is insured in case it does not.
    Insured(Instant),
}

/// The meeting's place; none: it does not want a license that was not promised to it.
pub fn place(meeting: &Meeting, settings: &PoolSettings, now: Instant) -> Option<Place> {
    if meeting.is_promised_at(now) {
        return None;
    }
    match &meeting.state {
        State::Live(run) => {
            let cut = run.since + BASIC_LIMIT;
            // A short meeting is planned without; it is insured only when it may run long.
            let is_short = meeting.window.length() <= SHORT;
            let is_due = !is_short || now >= run.since + INSURED_FROM;
            let will_be_over = is_short && now < meeting.window.end() && !is_near_cut(meeting, now);
            (settings.late_attach && is_due).then_some(if will_be_over { Place::Insured(cut) } else { Place::Running(cut) })
        }
        State::Cancelled { .. } => None,
        State::Booked | State::Ended { .. } | State::Missed { .. } => meeting.queued_at.map(Place::Waiting),
    }
}

/// Whether it runs, and Zoom would cut it in some minutes.
pub fn is_near_cut(meeting: &Meeting, now: Instant) -> bool {
    matches!(&meeting.state, State::Live(run) if now >= run.since + BASIC_LIMIT - BEFORE_CUT)
}

/// Whether the host has been in line for so long that they are not there any more.
pub fn has_left(meeting: &Meeting, now: Instant) -> bool {
    meeting.queued_at.is_some_and(|since| now >= since + LONGEST_WAIT)
}

/// For what time it asks when it is begun at `now`: before its planned end, the rest of what was planned and all that is before
/// it; afterwards as long as planned. Somebody who comes back in the last minutes is given some more.
pub fn wanted(meeting: &Meeting, now: Instant) -> Window {
    let planned = meeting.window;
    let is_over = planned.end() <= now && !matches!(meeting.state, State::Live(_));
    if planned.start() <= now && (meeting.waits_to_begin() || is_over) {
        return planned.moved_to(now);
    }
    Window::lasting(now, (planned.end() - now).clamp(LEAST_MORE, EARLIEST + LONGEST))
}

/// Whether a meeting can be begun already, or waited for: long before its time its license is promised for later.
pub fn is_too_early(meeting: &Meeting, now: Instant) -> bool {
    matches!(meeting.state, State::Booked) && !meeting.waits_to_begin() && now + EARLIEST < meeting.window.start()
}

#[cfg(test)]
mod tests {
    use super::super::ids::{ClientId, MeetingId, SeatId, TenantId, UserId};
    use super::super::meeting::{Kind, Run};
    use super::super::names::{Topic, ZoneName};
    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::from_seconds(1_790_000_100 + minute * 60)
    }

    fn meeting(length: i64, state: State, queued: Option<i64>) -> Meeting {
        let window = Window::lasting(at(0), Span::minutes(length));
        Meeting {
            id: MeetingId::new("m"),
            tenant: TenantId::new("t"),
            host: UserId::new("h"),
            client: ClientId::new("c"),
            seat: SeatId::new("s"),
            kind: Kind::OnDemand,
            topic: Topic::parse("Topic").unwrap(),
            window,
            wall_time: "2026-11-02T09:00".to_owned(),
            zone: ZoneName::utc(),
            hold: window,
            licensed: false,
            queued_at: queued.map(at),
            announced: queued.is_none(),
            state,
            room: None,
            sequence: 0,
            link_version: 1,
            client_arrived_at: None,
            start_clicked_at: None,
            created_at: at(-10),
        }
    }

    fn live(length: i64) -> Meeting {
        meeting(length, State::Live(Run { uuid: "u".to_owned(), since: at(0) }), None)
    }

    #[test]
    fn running_meetings_come_first_and_the_nearest_cut_before_the_others() {
        let settings = PoolSettings::defaults();
        let running = place(&live(60), &settings, at(5)).unwrap();
        let waiting = place(&meeting(60, State::Booked, Some(-30)), &settings, at(5)).unwrap();
        assert!(running < waiting);
        assert!(Place::Running(at(40)) < Place::Running(at(41)));
        assert!(Place::Waiting(at(1)) < Place::Waiting(at(2)));
        assert!(Place::Waiting(at(2)) < Place::Insured(at(1)), "an insurance comes after who needs one now");
    }

    #[test]
    fn a_short_meeting_is_insured_from_its_twenty_fifth_minute() {
        let settings = PoolSettings::defaults();
        assert_eq!(place(&live(30), &settings, at(24)), None);
        assert_eq!(place(&live(30), &settings, at(25)), Some(Place::Insured(at(40))));
        assert_eq!(place(&live(30), &settings, at(30)), Some(Place::Running(at(40))), "it runs over");
        assert_eq!(place(&live(35), &settings, at(35)), Some(Place::Running(at(40))));
        assert_eq!(place(&live(36), &settings, at(1)), Some(Place::Running(at(40))));
    }

    #[test]
    fn whoever_has_a_promise_or_wants_nothing_is_not_in_line() {
        let settings = PoolSettings::defaults();
        assert_eq!(place(&Meeting { licensed: true, ..live(60) }, &settings, at(5)), None);
        assert_eq!(place(&meeting(60, State::Booked, None), &settings, at(5)), None);
        assert_eq!(place(&meeting(60, State::Cancelled { at: at(1) }, Some(0)), &settings, at(5)), None);
        let off = PoolSettings { late_attach: false, ..settings };
        assert_eq!(place(&live(60), &off, at(5)), None, "the operator does not rely on late licenses");
    }

    #[test]
    fn nobody_is_in_line_for_ever() {
        let waits = meeting(30, State::Booked, Some(0));
        assert!(!has_left(&waits, at(59)));
        assert!(has_left(&waits, at(60)));
    }

    #[test]
    fn a_running_meeting_wants_the_rest_of_its_time_and_a_waiting_one_all_of_it() {
        assert_eq!(wanted(&live(60), at(20)).end(), at(60));
        assert_eq!(wanted(&live(60), at(58)).end(), at(68));
        assert_eq!(wanted(&meeting(30, State::Booked, Some(0)), at(7)), Window::lasting(at(7), Span::minutes(30)));
        let early = wanted(&meeting(30, State::Booked, Some(-20)), at(-20));
        assert_eq!(early, Window::lasting(at(-20), Span::minutes(50)), "what it holds later is part of what is promised");
    }
}
