use super::*;
use crate::domain::ids::{ClientId, MeetingId, SeatId, TenantId, UserId};
use crate::domain::meeting::{Meeting, Run};
use crate::domain::names::{EmailAddress, PersonName, Topic};
use crate::domain::time::Window;
use crate::store::clients::Client;
use crate::store::meetings::Progress;

/// 2026-11-24, 13:00 in Madrid, and `minute` later.
fn at(minute: i64) -> Instant {
    Instant::from_seconds(1_795_521_600 + minute * 60)
}

/// A meeting of Tuesday 13:00 in Madrid, `length` minutes long, with a license promised from five minutes before.
fn meeting(length: i64) -> MeetingView {
    let window = Window::lasting(at(0), Span::minutes(length));
    let meeting = Meeting {
        id: MeetingId::new("m"),
        tenant: TenantId::new("t"),
        host: UserId::new("h"),
        client: ClientId::new("c"),
        seat: SeatId::new("s"),
        kind: Kind::Scheduled,
        topic: Topic::parse("Topic").unwrap(),
        window,
        wall_time: "2026-11-24T13:00".to_owned(),
        zone: ZoneName::utc(),
        hold: window.padded(Span::minutes(5), Span::minutes(5)),
        licensed: true,
        queued_at: None,
        announced: true,
        state: State::Booked,
        room: None,
        sequence: 0,
        link_version: 1,
        client_arrived_at: None,
        start_clicked_at: None,
        created_at: at(-60),
    };
    let client = Client {
        id: ClientId::new("c"),
        email: EmailAddress::parse("gil@mail.example").unwrap(),
        name: PersonName::parse("Gil").unwrap(),
        zone: None,
    };
    let progress = Progress { at_zoom: true, zoom_problem: None, alert: None };
    MeetingView { meeting, progress, client, host_name: "Ana".to_owned(), license: None }
}

fn with(view: MeetingView, change: impl FnOnce(&mut Meeting)) -> MeetingView {
    let mut view = view;
    change(&mut view.meeting);
    view
}

fn without(length: i64) -> MeetingView {
    with(meeting(length), |meeting| meeting.licensed = false)
}

fn running(view: MeetingView) -> MeetingView {
    with(view, |meeting| meeting.state = State::Live(Run { uuid: "u".to_owned(), since: at(0) }))
}

fn attached(view: MeetingView) -> MeetingView {
    MeetingView { license: Some(Place::Attached), ..view }
}

fn alerted(view: MeetingView, problem: Problem) -> MeetingView {
    let progress = Progress { alert: Some(problem.word().to_owned()), ..view.progress };
    MeetingView { progress, ..view }
}

fn around(minute: i64) -> Around {
    Around {
        now: at(minute),
        zone: ZoneName::parse("Europe/Madrid").unwrap(),
        short_meetings: false,
        late_attach: true,
        wait: None,
        seat: None,
    }
}

fn short(minute: i64) -> Around {
    Around { short_meetings: true, ..around(minute) }
}

fn waiting(minutes: i64) -> Around {
    Around { wait: Some(Wait { position: 1, about: Some(Span::minutes(minutes)) }), ..around(5) }
}

/// Badge, sentence and notice.
fn said(view: &MeetingView, around: &Around) -> (String, String, String) {
    (
        badge(view, around).map(|badge| badge.text).unwrap_or_default(),
        sentence(view, around),
        notice(view, around).map(|notice| notice.text).unwrap_or_default(),
    )
}

fn check(view: &MeetingView, around: &Around, [is_badge, in_sentence, in_notice]: [&str; 3]) {
    let (badge, sentence, notice) = said(view, around);
    assert_eq!(badge, is_badge);
    assert!(sentence.contains(in_sentence), "{sentence}");
    assert!(notice.contains(in_notice) && notice.is_empty() == in_notice.is_empty(), "{notice}");
}

#[test]
fn a_promise_is_reserved_then_comes_and_is_ready() {
    check(&meeting(45), &around(-30), ["License reserved", "5 minutes before the start", ""]);
    check(&attached(meeting(45)), &around(-30), ["License reserved", "on the host's Zoom seat already", ""]);
    check(&meeting(45), &around(-4), ["License is coming", "Start does it too", ""]);
    check(&attached(meeting(45)), &around(-4), ["License ready", "the meeting can begin", ""]);
    check(&meeting(45), &around(51), ["", "has passed", ""]);
}

#[test]
fn on_the_spot_the_ready_license_is_said_aloud() {
    let on_the_spot = |view| with(view, |meeting| meeting.kind = Kind::OnDemand);
    check(&on_the_spot(attached(meeting(45))), &around(1), ["License ready", "", "Your license is ready: press Start."]);
    check(&on_the_spot(meeting(45)), &around(1), ["License is coming", "", "press Start"]);
}

#[test]
fn a_promise_that_cannot_be_kept_now_says_why_and_what_to_do() {
    let missing = alerted(meeting(45), Problem::NoneFree);
    check(&missing, &waiting(6), ["No license yet", "None is free", "or wait about 6 minutes: you get the next one"]);
    check(&missing, &around(0), ["No license yet", "None is free", "Begin now without one, and Zoom ends the meeting after 40"]);
    check(&alerted(meeting(45), Problem::Frozen), &around(0), ["No license yet", "no license move", "every 15 minutes"]);
    check(&alerted(meeting(45), Problem::Refused), &around(0), ["No license yet", "not given", "asked again by itself"]);
    assert!(can_go_without(&missing, &around(0)) && !can_go_without(&meeting(45), &around(0)));
    check(&attached(missing), &around(0), ["License ready", "", ""]);
}

#[test]
fn a_seat_on_which_nobody_can_host_is_no_refusal_that_passes() {
    let refused = alerted(meeting(45), Problem::Refused);
    let on = |status| Around { seat: Some(status), ..around(0) };
    for (status, why) in [
        (SeatStatus::Missing, "does not know the seat of this meeting any more"),
        (SeatStatus::Inactive, "switched off at Zoom"),
        (SeatStatus::Pending, "not confirmed at Zoom"),
    ] {
        check(
            &refused,
            &on(status),
            ["Seat cannot host", why, "Press Start: the meeting begins on another Zoom seat, if one is free"],
        );
        assert!(notice(&refused, &on(status)).unwrap().text.starts_with(&sentence(&refused, &on(status))), "it is said once");
        assert!(!can_go_without(&refused, &on(status)), "without a license it needs a seat, too");
        let told = trouble(&refused, &on(status)).unwrap();
        assert!(told.contains(why) && told.contains("give the host another seat") && !told.contains("tried again"), "{told}");
    }
    check(&refused, &on(SeatStatus::Active), ["No license yet", "not given", "asked again by itself"]);
    check(&alerted(meeting(45), Problem::SeatBusy), &on(SeatStatus::Active), ["Seat is busy", "runs over", "Press Start"]);
}

#[test]
fn in_line_nothing_is_promised() {
    let queued = with(without(45), |meeting| meeting.queued_at = Some(at(0)));
    check(&queued, &around(3), ["In line", "Nothing is reserved yet", ""]);
    assert!(is_in_line(&queued, &around(3)) && can_go_without(&queued, &around(3)));
    let served = with(queued, |meeting| meeting.licensed = true);
    assert!(!is_in_line(&served, &around(3)), "a promise counts more than the place in line");
    let ended = with(without(45), |meeting| {
        meeting.state = State::Ended { run: Run { uuid: "u".to_owned(), since: at(0) }, at: at(40) };
        meeting.queued_at = Some(at(41));
    });
    assert!(is_in_line(&ended, &around(42)));
}

#[test]
fn a_short_meeting_runs_without_and_is_insured() {
    check(
        &without(30),
        &short(-30),
        ["No license needed", "as short meetings do here: Zoom ends it after 40 minutes. From minute 25 on it gets one if", ""],
    );
    check(
        &running(without(30)),
        &short(10),
        ["No license needed", "Zoom ends it at 13:40. From minute 25", "Zoom ends it at 13:40"],
    );
    check(&running(without(30)), &short(31), ["No license: ends 13:40", "if one comes free before", "Zoom ends it at 13:40"]);
    let never_late = Around { late_attach: false, ..short(10) };
    assert!(!sentence(&running(without(30)), &never_late).contains("minute 25"), "what the pool does not do is not promised");
    check(&without(30), &around(-30), ["No license", "None is reserved", ""]);
    check(&without(45), &short(-30), ["No license", "None is reserved", ""]);
}

#[test]
fn a_meeting_that_runs_without_says_when_zoom_ends_it() {
    let without = running(without(60));
    check(&without, &around(10), ["No license: ends 13:40", "It gets one if one comes free", "Zoom ends it at 13:40"]);
    let known = Around { wait: Some(Wait { position: 1, about: Some(Span::minutes(6)) }), ..around(10) };
    assert!(said(&without, &known).2.ends_with("As meetings are planned, one comes free in about 6 minutes."));
    let too_late = Around { wait: Some(Wait { position: 1, about: Some(Span::minutes(31)) }), ..around(10) };
    assert!(said(&without, &too_late).2.ends_with("As meetings are planned, none comes free before then."));
    let never_late = Around { late_attach: false, ..around(10) };
    assert!(sentence(&without, &never_late).ends_with("Zoom ends it at 13:40."));
    assert!(sentence(&without, &around(41)).contains("at any moment"));
    check(&attached(without), &around(10), ["License in use", "for as long as the meeting runs", ""]);
    let coming = MeetingView { license: Some(Place::Attaching), ..running(meeting(45)) };
    check(&coming, &around(10), ["License is coming", "Until it is there, Zoom ends it at 13:40", ""]);
    check(&running(meeting(45)), &around(10), ["No license: ends 13:40", "the license it was promised", "Zoom ends it at 13:40"]);
}

#[test]
fn a_meeting_begun_early_says_when_its_license_comes() {
    let begun = |promised: i64| {
        with(running(meeting(60)), |meeting| {
            meeting.window = Window::lasting(at(promised + 5), Span::minutes(60));
            meeting.hold = meeting.window.padded(Span::minutes(5), Span::minutes(5));
        })
    };
    check(&begun(30), &around(10), ["License reserved", "from 13:30 on, before Zoom would end it at 13:40", "13:30"]);
    check(&begun(55), &around(10), ["No license: ends 13:40", "Zoom ends it at 13:40", "Zoom ends it at 13:40"]);
}

#[test]
fn afterwards_it_says_what_became_of_it() {
    let ended = |view: MeetingView, from: i64| {
        with(view, |meeting| {
            meeting.state = State::Ended { run: Run { uuid: "u".to_owned(), since: at(0) }, at: at(40) };
            meeting.hold = Window::new(at(from), at(60)).unwrap();
        })
    };
    check(&ended(attached(meeting(45)), -5), &around(41), ["", "Still on the host's Zoom seat", ""]);
    check(&ended(meeting(45), -5), &around(44), ["", "Free for others", ""]);
    check(&ended(without(45), -5), &around(41), ["", "ran without one", ""]);
    check(&ended(attached(meeting(45)), 50), &around(51), ["License ready", "can begin", "press Start"]);
    let missed = |view| with(view, |meeting| meeting.state = State::Missed { at: at(15) });
    let given_back = with(missed(meeting(45)), |meeting| meeting.hold = Window::new(at(-5), at(15)).unwrap());
    check(&given_back, &around(16), ["", "Start asks for one again", ""]);
    check(&missed(without(45)), &around(16), ["", "None is reserved", ""]);
    let cancelled = with(meeting(45), |meeting| meeting.state = State::Cancelled { at: at(1) });
    check(&cancelled, &around(2), ["", "Not needed", ""]);
}

#[test]
fn a_list_shows_what_is_unusual_and_the_operator_what_is_wrong() {
    assert_eq!(unusual(&meeting(45), &around(-30)), None);
    assert_eq!(unusual(&attached(running(meeting(45))), &around(1)), None);
    assert_eq!(unusual(&running(without(60)), &around(1)).unwrap().text, "No license: ends 13:40");
    let utc = Around { zone: ZoneName::utc(), ..around(1) };
    assert!(trouble(&running(without(60)), &utc).unwrap().contains("Zoom ends it at 12:40 UTC"));
    assert_eq!(trouble(&running(without(30)), &Around { short_meetings: true, ..utc.clone() }), None);
    assert!(trouble(&alerted(meeting(45), Problem::Frozen), &utc).unwrap().contains("freeze"));
    assert_eq!(trouble(&meeting(45), &utc), None);
}

#[test]
fn a_meeting_that_is_over_before_zoom_ends_it_is_no_trouble() {
    let brief = running(without(30));
    check(&brief, &around(10), ["No license: ends 13:40", "From minute 25 on it gets one", "Zoom ends it at 13:40"]);
    assert_eq!((notice(&brief, &around(10)).unwrap().kind, trouble(&brief, &around(10))), ("info", None));
    assert_eq!(notice(&brief, &around(31)).unwrap().kind, "warning");
    assert!(trouble(&brief, &around(31)).is_some());
    assert_eq!(notice(&running(without(60)), &around(10)).unwrap().kind, "warning");
}
