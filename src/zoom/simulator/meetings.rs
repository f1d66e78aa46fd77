//! Meetings as the API creates, shows, changes and deletes them. What happens inside a running one is in `rooms`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::events;
use super::refusal::{Refusal, json_reply, no_content};
use super::users::UserStatus;
use super::world::World;
use crate::zoom::transport::{Call, Reply, encoded};

/// The longest topic and passcode Zoom takes.
const LONGEST_TOPIC: usize = 200;
const LONGEST_PASSCODE: usize = 10;

/// A meeting of the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Meeting {
    /// Its number; exceeds 32 bits.
    pub number: i64,
    /// The uuid its next running will have; a new one is drawn when a running ends.
    pub next_uuid: String,
    /// The user who hosts it.
    pub host_id: String,
    /// What it is about.
    pub topic: String,
    /// 1 instant, 2 scheduled.
    pub kind: i64,
    /// When it is planned to begin, in milliseconds.
    pub starts_at: Option<i64>,
    /// The time zone it was given.
    pub zone: String,
    /// How long it is planned to last.
    pub minutes: i64,
    /// What a client's link must hold.
    pub passcode: String,
    /// The settings as they were sent.
    pub settings: Value,
    /// When it was created, in milliseconds.
    pub created_at: i64,
    /// What is going on in it now.
    pub running: Option<Instance>,
    /// Clients who wait for the host.
    pub waiting: Vec<Waiting>,
}

/// One running of a meeting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Instance {
    /// Its uuid.
    pub uuid: String,
    /// When it began, in milliseconds.
    pub started_at: i64,
    /// Who is in it.
    pub people: Vec<Person>,
    /// How many people have been in it.
    pub ever: usize,
    /// Whether it ends 40 minutes after its start: it began on a Basic host and none became licensed since.
    pub limited: bool,
    /// Since when a single person is left of two or more.
    pub alone_since: Option<i64>,
}

/// Somebody in a running meeting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Opens this person's own page of the room.
    pub key: String,
    /// The name shown.
    pub name: String,
    /// Whether it is the host.
    pub is_host: bool,
    /// When they came in, in milliseconds.
    pub since: i64,
    /// Zoom's number of the person within the meeting.
    pub number: i64,
    /// Zoom's uuid of the person.
    pub uuid: String,
}

/// A client who waits for the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// Opens this client's own page of the room.
    pub key: String,
    /// The name shown.
    pub name: String,
}

/// A running that is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Past {
    pub(super) number: i64,
    pub(super) uuid: String,
    pub(super) host_id: String,
    pub(super) topic: String,
    pub(super) started_at: i64,
    pub(super) ended_at: i64,
    pub(super) people: usize,
}

impl World {
    /// A meeting by number.
    pub fn find_meeting(&self, number: i64) -> Option<&Meeting> {
        self.meetings.get(&number)
    }

    pub(super) fn create_meeting(&mut self, now: i64, key: &str, body: &Value) -> Result<Reply, Refusal> {
        let host = self.user_of(key)?;
        if host.status != UserStatus::Active || !matches!(host.kind, 1 | 2) {
            return Err(Refusal::new(400, 3161, "Your user account is not allowed meeting hosting and scheduling capabilities."));
        }
        let host_id = host.id.clone();
        let mut meeting = self.blank_meeting(now, host_id.clone());
        change(&mut meeting, body)?;
        self.limits.take_meeting_write(&host_id, now)?;
        // Zoom turns a scheduled meeting without a start into an instant one and says nothing.
        meeting.kind = if meeting.starts_at.is_some() { 2 } else { 1 };
        let number = meeting.number;
        self.meetings.insert(number, meeting);
        self.meeting_reply(now, 201, number)
    }

    pub(super) fn get_meeting(&mut self, now: i64, number: &str) -> Result<Reply, Refusal> {
        let number = self.number_of(number)?;
        self.meeting_reply(now, 200, number)
    }

    pub(super) fn patch_meeting(&mut self, now: i64, number: &str, body: &Value) -> Result<Reply, Refusal> {
        let number = self.number_of(number)?;
        let host_id = self.meetings[&number].host_id.clone();
        let mut changed = self.meetings[&number].clone();
        change(&mut changed, body)?;
        self.limits.take_meeting_write(&host_id, now)?;
        // Zoom ignores a start in the past and says nothing.
        if changed.starts_at.is_some_and(|at| at < now) {
            changed.starts_at = self.meetings[&number].starts_at;
        }
        self.meetings.insert(number, changed);
        Ok(no_content())
    }

    pub(super) fn delete_meeting(&mut self, now: i64, number: &str) -> Result<Reply, Refusal> {
        let number = self.number_of(number)?;
        if self.meetings[&number].running.is_some() {
            return Err(Refusal::new(400, 3002, "Sorry, you cannot delete this meeting since it's in progress."));
        }
        if let Some(meeting) = self.meetings.remove(&number) {
            let payload = events::deleted(&self.settings, &meeting);
            self.emit(now, "meeting.deleted", payload);
        }
        Ok(no_content())
    }

    /// What Zoom answers to ending a meeting that does not run is not documented; 3063 is a guess.
    pub(super) fn put_meeting_status(&mut self, now: i64, number: &str, body: &Value) -> Result<Reply, Refusal> {
        let number = self.number_of(number)?;
        if body["action"] != "end" {
            return Err(Refusal::field("action", "Invalid field."));
        }
        if self.meetings[&number].running.is_none() {
            return Err(Refusal::new(400, 3063, "The meeting is not in progress."));
        }
        self.end(now, number, "Host ended the meeting");
        Ok(no_content())
    }

    /// Instant meetings are not listed, as at Zoom.
    pub(super) fn list_meetings(&self, call: &Call, key: &str) -> Result<Reply, Refusal> {
        let host_id = &self.user_of(key)?.id;
        let live = call.query.iter().any(|(name, value)| name == "type" && value == "live");
        let listed = |m: &&Meeting| m.host_id == *host_id && m.kind == 2 && (!live || m.running.is_some());
        let list: Vec<Value> = self.meetings.values().filter(listed).map(|meeting| self.public_json(meeting)).collect();
        let body = json!({"page_size": 30, "total_records": list.len(), "next_page_token": "", "meetings": list});
        Ok(json_reply(200, &body))
    }

    /// By number the latest running; by uuid that one. A uuid with a slash must be encoded twice, else the path breaks.
    pub(super) fn past_meeting(&self, key: &str) -> Result<Reply, Refusal> {
        if key.starts_with('/') || key.contains("//") {
            return Err(Refusal::new(404, 2300, "This API endpoint is not recognized."));
        }
        let key = percent_decode_str(key).decode_utf8_lossy();
        let found = self.past.iter().rev().find(|past| past.uuid == key || past.number.to_string() == key);
        let past = found.ok_or_else(|| Refusal::no_such_meeting(&key))?;
        let host = self.users.get(&past.host_id);
        let minutes = (past.ended_at - past.started_at).div_euclid(60_000);
        Ok(json_reply(
            200,
            &json!({"uuid": past.uuid, "id": past.number, "host_id": past.host_id, "type": 2, "topic": past.topic,
            "user_name": host.map(super::User::name), "user_email": host.map(|user| user.email.as_str()),
            "start_time": events::time(past.started_at), "end_time": events::time(past.ended_at), "duration": minutes,
            "total_minutes": minutes, "participants_count": past.people}),
        ))
    }

    pub(super) fn past_instances(&self, number: &str) -> Result<Reply, Refusal> {
        let of_number = self.past.iter().filter(|past| past.number.to_string() == number);
        let list: Vec<Value> =
            of_number.map(|past| json!({"uuid": past.uuid, "start_time": events::time(past.started_at)})).collect();
        if list.is_empty() { Err(Refusal::no_such_meeting(number)) } else { Ok(json_reply(200, &json!({"meetings": list}))) }
    }

    /// A base64 text of 16 bytes; now and then one with slashes where they hurt.
    pub(super) fn draw_uuid(&mut self) -> String {
        let uuid = STANDARD.encode(self.ids.bytes::<16>());
        match self.ids.below(8) {
            0 => format!("/{}", &uuid[1..]),
            1 => format!("{}//{}", &uuid[..6], &uuid[8..]),
            _ => uuid,
        }
    }

    fn blank_meeting(&mut self, now: i64, host_id: String) -> Meeting {
        let number = loop {
            let number = 80_000_000_000 + self.ids.below(19_999_999_999) as i64;
            if !self.meetings.contains_key(&number) {
                break number;
            }
        };
        Meeting {
            number,
            next_uuid: self.draw_uuid(),
            host_id,
            topic: "Zoom Meeting".to_owned(),
            kind: 2,
            starts_at: None,
            zone: "UTC".to_owned(),
            minutes: 60,
            passcode: String::new(),
            settings: json!({}),
            created_at: now,
            running: None,
            waiting: Vec::new(),
        }
    }

    /// The number of a meeting that exists.
    fn number_of(&self, text: &str) -> Result<i64, Refusal> {
        let number = text.parse().ok().filter(|number| self.meetings.contains_key(number));
        number.ok_or_else(|| Refusal::no_such_meeting(text))
    }

    fn meeting_reply(&mut self, now: i64, status: u16, number: i64) -> Result<Reply, Refusal> {
        let meeting = self.meetings.get(&number).ok_or_else(|| Refusal::no_such_meeting(&number.to_string()))?;
        let mut body = self.public_json(meeting);
        body["settings"] = meeting.settings.clone();
        body["password"] = meeting.passcode.as_str().into();
        let host = meeting.host_id.clone();
        body["host_email"] = self.users.get(&host).map(|user| user.email.as_str()).into();
        let zak = self.draw_zak(now, &host);
        body["start_url"] = format!("{}/s/{number}?zak={zak}", self.settings.base_url).into();
        Ok(json_reply(status, &body))
    }

    fn public_json(&self, meeting: &Meeting) -> Value {
        let status = if meeting.running.is_some() { "started" } else { "waiting" };
        let uuid = meeting.running.as_ref().map_or(&meeting.next_uuid, |run| &run.uuid);
        let join_url = format!("{}/j/{}?pwd={}", self.settings.base_url, meeting.number, encoded(&meeting.passcode));
        json!({"id": meeting.number, "uuid": uuid, "host_id": meeting.host_id, "topic": meeting.topic, "type": meeting.kind,
            "status": status, "start_time": meeting.starts_at.map(events::time), "duration": meeting.minutes,
            "timezone": meeting.zone, "created_at": events::time(meeting.created_at), "join_url": join_url})
    }
}

/// A start in milliseconds: with `Z` it is UTC whatever the time zone says, without it is the wall time there
/// (zoom.md §4.1). In the hour that is skipped or comes twice it is what RFC 5545 says.
fn start_time(text: &str, zone: &str) -> Option<i64> {
    let start = match text.parse::<Timestamp>() {
        Ok(start) => start,
        Err(_) => text.parse::<DateTime>().ok()?.in_tz(zone).ok()?.timestamp(),
    };
    Some(start.as_millisecond())
}

/// Takes over what a body says about a meeting.
fn change(meeting: &mut Meeting, body: &Value) -> Result<(), Refusal> {
    let Some(body) = body.as_object() else { return Err(Refusal::new(400, 300, "Request Body should be a valid JSON object.")) };
    let invalid = |field: &str| Refusal::field(field, "Invalid field.");
    if let Some(topic) = body.get("topic") {
        let topic = topic.as_str().filter(|topic| topic.chars().count() <= LONGEST_TOPIC).ok_or_else(|| invalid("topic"))?;
        topic.clone_into(&mut meeting.topic);
    }
    if let Some(zone) = body.get("timezone") {
        let zone = zone.as_str().filter(|zone| TimeZone::get(zone).is_ok()).ok_or_else(|| invalid("timezone"))?;
        zone.clone_into(&mut meeting.zone);
    }
    if let Some(start) = body.get("start_time") {
        let start = start.as_str().and_then(|text| start_time(text, &meeting.zone));
        meeting.starts_at = Some(start.ok_or_else(|| invalid("start_time"))?);
    }
    if let Some(minutes) = body.get("duration") {
        meeting.minutes = minutes.as_i64().filter(|minutes| (1..=1440).contains(minutes)).ok_or_else(|| invalid("duration"))?;
    }
    if let Some(passcode) = body.get("password") {
        let fits = |text: &&str| {
            text.len() <= LONGEST_PASSCODE && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"@_*-".contains(&b))
        };
        passcode.as_str().filter(fits).ok_or_else(|| invalid("password"))?.clone_into(&mut meeting.passcode);
    }
    if let Some(settings) = body.get("settings").and_then(Value::as_object) {
        for (name, value) in settings {
            meeting.settings[name] = value.clone();
        }
    }
    Ok(())
}
