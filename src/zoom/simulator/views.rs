//! What the pages show, read out of the world in one go so that its lock is held briefly. Keys of hosts and passcodes
//! are not among it.

use super::faults::{Fault, Odds};
use super::meetings::{Instance, Meeting};
use super::rooms::Whereabouts;
use super::users::{User, UserStatus};
use super::webhooks::{Fate, Webhook};
use super::world::World;
use crate::zoom::label::Label;

/// How many rows of meetings and of webhooks are shown.
const MOST_ROWS: usize = 50;

pub(super) struct Account {
    pub(super) time: String,
    pub(super) licenses: u32,
    pub(super) in_use: u32,
    pub(super) users: Vec<UserRow>,
    pub(super) running: Vec<RunningRow>,
    pub(super) meetings: Vec<MeetingRow>,
    pub(super) meetings_hidden: usize,
    pub(super) webhooks: Vec<WebhookRow>,
    pub(super) labels: Vec<LabelRow>,
}

pub(super) struct UserRow {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) licensed: bool,
    pub(super) badge: &'static str,
    pub(super) status: &'static str,
    pub(super) active: bool,
}

pub(super) struct RunningRow {
    pub(super) number: i64,
    pub(super) topic: String,
    pub(super) host: String,
    pub(super) people: String,
    pub(super) minutes: i64,
    pub(super) left: String,
    pub(super) limited: bool,
}

pub(super) struct MeetingRow {
    pub(super) number: i64,
    pub(super) topic: String,
    pub(super) host: String,
    pub(super) starts: String,
    pub(super) waiting: usize,
}

pub(super) struct WebhookRow {
    pub(super) id: u64,
    pub(super) event: String,
    pub(super) at: String,
    pub(super) badge: &'static str,
    pub(super) fate: String,
    pub(super) tries: String,
}

pub(super) struct LabelRow {
    pub(super) name: &'static str,
    pub(super) today: u32,
    pub(super) busiest: u32,
    pub(super) limit: u32,
    pub(super) refused: u32,
}

pub(super) struct FaultRow {
    pub(super) label: &'static str,
    pub(super) odds: String,
}

/// A room as one person in it (or in front of it) sees it.
pub(super) struct Room {
    pub(super) number: i64,
    pub(super) key: String,
    pub(super) topic: String,
    pub(super) whereabouts: Whereabouts,
    pub(super) is_host: bool,
    pub(super) running: bool,
    pub(super) people: Vec<String>,
    pub(super) minutes: i64,
    /// Minutes until Zoom cuts the meeting, when a cut of 40 minutes is set.
    pub(super) left: Option<i64>,
}

pub(super) fn account(world: &World, now: i64) -> Account {
    let running = world.meetings().filter_map(|meeting| Some(running_row(world, meeting, meeting.running.as_ref()?, now)));
    let mut idle: Vec<&Meeting> = world.meetings().filter(|meeting| meeting.running.is_none()).collect();
    idle.sort_by_key(|meeting| (meeting.starts_at, meeting.number));
    let mut users: Vec<&User> = world.users().collect();
    users.sort_by_key(|user| &user.email);
    let meetings_hidden = idle.len().saturating_sub(MOST_ROWS);
    Account {
        time: clock_time(now),
        licenses: world.settings().licenses,
        in_use: world.licenses_in_use(),
        users: users.into_iter().map(user_row).collect(),
        running: running.collect(),
        meetings: idle.iter().take(MOST_ROWS).map(|meeting| meeting_row(world, meeting)).collect(),
        meetings_hidden,
        webhooks: world.webhooks().iter().rev().take(MOST_ROWS).map(webhook_row).collect(),
        labels: Label::ALL.into_iter().map(|label| label_row(world, label)).collect(),
    }
}

/// The faults that are switched on.
pub(super) fn faults_on(world: &World) -> Vec<FaultRow> {
    let row = |fault: Fault| {
        let odds = match world.faults().odds(fault) {
            Odds { next: 0, per_mille: 0 } => return None,
            Odds { next, per_mille: 0 } => format!("the next {next}"),
            Odds { next: 0, per_mille } => format!("{per_mille} of 1000"),
            Odds { next, per_mille } => format!("the next {next}, then {per_mille} of 1000"),
        };
        Some(FaultRow { label: fault.label(), odds })
    };
    Fault::ALL.into_iter().filter_map(row).collect()
}

pub(super) fn room(world: &World, now: i64, number: i64, key: &str) -> Option<Room> {
    let meeting = world.find_meeting(number)?;
    let run = meeting.running.as_ref();
    let people = run.map(|run| run.people.as_slice()).unwrap_or_default();
    let left = run.filter(|run| world.cut_at(run) < run.started_at + world.minutes(24 * 60));
    Some(Room {
        number,
        key: key.to_owned(),
        topic: meeting.topic.clone(),
        whereabouts: meeting.whereabouts(key),
        is_host: people.iter().any(|person| person.is_host && person.key == key),
        running: run.is_some(),
        people: people.iter().map(|p| if p.is_host { format!("{} (host)", p.name) } else { p.name.clone() }).collect(),
        minutes: run.map_or(0, |run| in_minutes(world, now - run.started_at)),
        left: left.map(|run| in_minutes(world, world.cut_at(run) - now).max(0)),
    })
}

/// Milliseconds as seconds, without needless zeros.
pub(super) fn decimal(millis: i64) -> String {
    let text = format!("{}.{:03}", millis / 1000, millis % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn user_row(user: &User) -> UserRow {
    UserRow {
        id: user.id.clone(),
        name: user.name(),
        email: user.email.clone(),
        licensed: user.is_licensed(),
        badge: user.status.word(),
        status: user.status.label(),
        active: user.status == UserStatus::Active,
    }
}

fn running_row(world: &World, meeting: &Meeting, run: &Instance, now: i64) -> RunningRow {
    let people: Vec<&str> = run.people.iter().map(|person| person.name.as_str()).collect();
    let left = if run.limited {
        format!("Cut in {} min", in_minutes(world, world.cut_at(run) - now).max(0))
    } else {
        "No cut".to_owned()
    };
    RunningRow {
        number: meeting.number,
        topic: meeting.topic.clone(),
        host: host_of(world, meeting),
        people: people.join(", "),
        minutes: in_minutes(world, now - run.started_at),
        left,
        limited: run.limited,
    }
}

fn meeting_row(world: &World, meeting: &Meeting) -> MeetingRow {
    let starts = meeting.starts_at.map_or_else(|| "instant".to_owned(), |at| super::events::time(at).replace('T', " "));
    let (number, topic, waiting) = (meeting.number, meeting.topic.clone(), meeting.waiting.len());
    MeetingRow { number, topic, host: host_of(world, meeting), starts, waiting }
}

fn webhook_row(webhook: &Webhook) -> WebhookRow {
    let answer = |answer: Option<u16>| answer.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let tries: Vec<String> = webhook.tries.iter().map(|t| format!("{} {}", clock_time(t.at), answer(t.answer))).collect();
    let at = webhook.timestamp.parse::<i64>().map_or_else(|_| webhook.timestamp.clone(), |seconds| clock_time(seconds * 1000));
    let (badge, fate) = match webhook.fate {
        Fate::Due(at) => ("waiting", format!("Next try {}", clock_time(at))),
        Fate::Sent(_) => ("queued", webhook.fate.label().to_owned()),
        Fate::Taken => ("ok", webhook.fate.label().to_owned()),
        Fate::GivenUp | Fate::Lost => ("failed", webhook.fate.label().to_owned()),
    };
    WebhookRow { id: webhook.id, event: webhook.event.clone(), at, badge, fate, tries: tries.join(", ") }
}

fn label_row(world: &World, label: Label) -> LabelRow {
    let usage = world.limits().usage(label);
    let (today, busiest, refused) = (usage.today, usage.busiest_second, usage.refused);
    LabelRow { name: label.name(), today, busiest, limit: world.limits().plan().limit(label).calls, refused }
}

fn host_of(world: &World, meeting: &Meeting) -> String {
    world.find_user(&meeting.host_id).map_or_else(|| "nobody".to_owned(), User::name)
}

fn in_minutes(world: &World, millis: i64) -> i64 {
    millis.div_euclid(world.minutes(1).max(1))
}

/// The time of day in UTC.
fn clock_time(millis: i64) -> String {
    let day = millis.div_euclid(1000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", day / 3600, day / 60 % 60, day % 60)
}
