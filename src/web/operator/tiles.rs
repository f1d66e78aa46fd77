//! What the pool is doing now, as the part of its page that renews itself.

use askama::Template;

use crate::app::bell::Lane;
use crate::app::pool::PoolView;
use crate::domain::ids::SeatId;
use crate::domain::meeting::{Stage, State};
use crate::domain::names::ZoneName;
use crate::domain::plan::Webhooks;
use crate::domain::pool::{PoolRow, Slot};
use crate::domain::seat::Seat;
use crate::domain::time::{Instant, Span};
use crate::domain::when;
use crate::store::events::EventState;
use crate::store::letters::LetterState;
use crate::store::meetings::MeetingView;
use crate::web::meetings::license::{self, Around};

use super::words::{self, Badge, Moment};
use super::{line, moves};

/// A lane writes its heartbeat every 30 seconds, the clean-up every 10 minutes; after twice that and more it is late.
const LATE: Span = Span::seconds(90);
const LATE_SWEEPS: Span = Span::minutes(25);

/// The part that renews itself.
#[derive(Template)]
#[template(path = "operator/pool/now.html")]
pub(super) struct Now {
    csrf: String,
    frozen: Option<moves::Frozen>,
    moves: moves::Section,
    waiting: Vec<line::Waiting>,
    refused: Vec<line::Refused>,
    alerts: Vec<Alert>,
    bought: u32,
    in_use: usize,
    free: usize,
    kept_back: u32,
    problems: usize,
    surplus: usize,
    tiles: Vec<Tile>,
    parts: Vec<Part>,
    webhook: Webhook,
    letters: Vec<Count>,
    events: Vec<Count>,
}

/// A template's own output, escaped by it already.
impl askama::filters::HtmlSafe for Now {}

struct Alert {
    tenant: String,
    host: String,
    when: String,
    text: String,
}

struct Tile {
    number: u32,
    state: &'static str,
    badge: Badge,
    seat: Option<(String, String)>,
    tenant: String,
    meeting: String,
    since: Option<(Moment, String)>,
    problem: Option<String>,
    retry: Option<String>,
}

/// One part of the background work.
struct Part {
    name: &'static str,
    words: String,
    badge: Badge,
}

struct Webhook {
    words: String,
    warns: bool,
}

struct Count {
    href: String,
    words: String,
    bad: bool,
}

impl Now {
    pub(super) fn of(view: &PoolView, now: Instant, csrf: String) -> Self {
        let tiles: Vec<Tile> = view.rows.iter().map(|row| tile(row, view, now)).collect();
        let alerts: Vec<Alert> = view.open.iter().filter_map(|(tenant, meeting)| alert(tenant, meeting, view, now)).collect();
        let parts: Vec<Part> = Lane::ALL.into_iter().map(|lane| part(lane, view, now)).collect();
        let in_use = view.rows.iter().filter(|row| row.slot != Slot::Free).count();
        let bad_parts = parts.iter().filter(|part| part.badge.state == "failed").count();
        Self {
            csrf,
            frozen: view.settings.frozen_at(now).map(|freeze| moves::Frozen::of(freeze, now)),
            moves: moves::Section::of(&view.settings, view.moves),
            waiting: line::waiting(view, now),
            refused: line::refused(view, now),
            bought: view.settings.licenses,
            in_use,
            free: view.rows.len() - in_use,
            kept_back: view.settings.spare(),
            problems: alerts.len()
                + bad_parts
                + view.refused.len()
                + view.rows.iter().filter(|row| row.problem.is_some()).count(),
            surplus: view.rows.len().saturating_sub(view.settings.licenses as usize),
            tiles,
            alerts,
            parts,
            webhook: webhook(view, now),
            letters: counts(&view.letters, "/operator/mail", LetterState::Failed.word(), &letter_words),
            events: counts(&view.events, "/operator/webhooks", EventState::Failed.word(), &event_words),
        }
    }
}

fn tile(row: &PoolRow, view: &PoolView, now: Instant) -> Tile {
    let claim = row.slot.claim();
    let seat = claim.and_then(|claim| view.seats.get(&claim.seat));
    let meeting = claim.and_then(|claim| served(&claim.seat, view, now));
    let run = meeting.and_then(|(_, meeting)| if let State::Live(run) = &meeting.meeting.state { Some(run) } else { None });
    let (state, word) = match &row.slot {
        _ if row.problem.is_some() => ("failed", "Trying again"),
        Slot::Free => ("free", "Free"),
        Slot::Attaching(_) => ("attaching", "Attaching"),
        Slot::Attached(_) if run.is_some() => ("in-use", "In a meeting"),
        Slot::Attached(_) => ("ready", "Attached"),
        Slot::Detaching(_) => ("detaching", "Detaching"),
    };
    Tile {
        number: row.number,
        state,
        badge: Badge::new(state, word),
        seat: seat.map(|seat| (seat.id.to_string(), seat.email.to_string())),
        tenant: meeting.map(|(tenant, _)| tenant.clone()).or_else(|| tenant_of(seat?, view)).unwrap_or_default(),
        meeting: meeting.map(|(_, meeting)| host_and_time(meeting)).unwrap_or_default(),
        since: run.map(|run| run.since).or(claim.map(|claim| claim.since)).map(|at| (Moment::of(at), words::away(at, now))),
        problem: row.problem.clone(),
        retry: row.problem.as_ref().and(row.retry_at).filter(|at| *at > now).map(|at| words::away(at, now)),
    }
}

/// The meeting that a seat serves now, with its tenant's name: the one that runs, else the one that is to begin, else the one
/// that has just ended. A license may stay on its seat from one meeting to the next, so the one it was put there for says little.
fn served<'a>(seat: &SeatId, view: &'a PoolView, now: Instant) -> Option<&'a (String, MeetingView)> {
    let rank = |(_, view): &&(String, MeetingView)| match view.meeting.state.stage() {
        Stage::Live => 0,
        _ if view.meeting.is_awaited_at(now) => 1,
        _ => 2,
    };
    view.open.iter().filter(|(_, view)| view.meeting.seat == *seat).min_by_key(rank)
}

fn tenant_of(seat: &Seat, view: &PoolView) -> Option<String> {
    Some(view.tenants.get(seat.tenant.as_ref()?)?.name.to_string())
}

fn host_and_time(meeting: &MeetingView) -> String {
    format!("{}, {}", meeting.host_name, time_of(meeting))
}

/// When a meeting is, on the day it is looked at.
pub(super) fn time_of(meeting: &MeetingView) -> String {
    format!("{} UTC", when::time_range(meeting.meeting.window, &ZoneName::utc()))
}

fn alert(tenant: &str, meeting: &MeetingView, view: &PoolView, now: Instant) -> Option<Alert> {
    let of = (view.tenants.get(&meeting.meeting.tenant), view.seats.get(&meeting.meeting.seat));
    let around = Around::of_pool(&view.settings, of, now);
    let text = trouble(meeting, &around)?;
    Some(Alert { tenant: tenant.to_owned(), host: meeting.host_name.clone(), when: time_of(meeting), text })
}

/// What is wrong with a meeting, in words; none: nothing.
pub(super) fn trouble(view: &MeetingView, around: &Around) -> Option<String> {
    let license = license::trouble(view, around);
    let at_zoom = view.progress.zoom_problem.as_ref().map(|problem| format!("It could not be set up at Zoom: {problem}"));
    let over = matches!(view.meeting.state, State::Ended { .. } | State::Cancelled { .. });
    license.or(at_zoom).filter(|_| !over)
}

fn part(lane: Lane, view: &PoolView, now: Instant) -> Part {
    let name = match lane {
        Lane::Inbox => "Webhooks",
        Lane::Licenses => "License moves",
        Lane::Rooms => "Meetings at Zoom",
        Lane::Letters => "Mail",
        Lane::Account => "Reading Zoom's account",
        Lane::Sweeps => "Clean-up",
    };
    let late = if lane == Lane::Sweeps { LATE_SWEEPS } else { LATE };
    let beat = view.heartbeats.iter().find(|(name, ..)| name == lane.name());
    let (badge, words) = match beat {
        None => (Badge::new("waiting", "Not run yet"), "It runs as soon as the service does its background work.".to_owned()),
        Some((_, at, _)) if now - *at > late => (
            Badge::new("failed", "Stopped"),
            format!("Last ran {}. Look at the service's log and restart it.", words::away(*at, now)),
        ),
        Some((_, at, note)) if !note.is_empty() => {
            (Badge::new("failed", "Interrupted"), format!("{}: {note}. It goes on by itself.", words::away(*at, now)))
        }
        Some((_, at, _)) => (Badge::new("ok", "Runs"), format!("Last ran {}.", words::away(*at, now))),
    };
    Part { name, words, badge }
}

fn webhook(view: &PoolView, now: Instant) -> Webhook {
    let Webhooks { last, missed } = view.webhooks;
    let arrived = last
        .map_or_else(|| "No webhook has arrived yet.".to_owned(), |at| format!("The last one arrived {}.", words::away(at, now)));
    match missed.filter(|_| view.webhooks.are_in_doubt(now)) {
        Some(missed) => Webhook {
            words: format!(
                "A webhook is missing: {} Zoom was found to have begun or ended a meeting of which none told. {arrived} For half an \
                 hour from then, and until one arrives again, Duologue asks Zoom itself every two minutes about meetings that run \
                 or should run. If it happens again, check that the Zoom app sends its webhooks to this portal.",
                words::away(missed, now)
            ),
            warns: true,
        },
        None => Webhook { words: arrived, warns: last.is_none() },
    }
}

fn counts(by_state: &[(String, i64)], path: &str, failed: &str, say: &dyn Fn(&str) -> &'static str) -> Vec<Count> {
    let mut counts: Vec<Count> = by_state
        .iter()
        .map(|(state, count)| Count {
            href: format!("{path}?state={state}"),
            words: format!("{count} {}", say(state)),
            bad: state == failed && *count > 0,
        })
        .collect();
    counts.sort_by_key(|count| !count.bad);
    counts
}

fn letter_words(state: &str) -> &'static str {
    match LetterState::from_word(state) {
        Some(LetterState::Queued) => "waiting to be sent",
        Some(LetterState::Sent) => "sent",
        Some(LetterState::Failed) | None => "given up",
    }
}

fn event_words(state: &str) -> &'static str {
    match EventState::from_word(state) {
        Some(EventState::Waiting) => "waiting",
        Some(EventState::Done) => "processed",
        Some(EventState::Failed) | None => "given up",
    }
}
