//! Zoom meetings as the rest of the product sees them.

use std::fmt;

use serde_json::{Value, json};

use super::wire;
use crate::domain::meeting::Room;
use crate::domain::time::Instant;

/// The longest topic Zoom takes, in characters.
const LONGEST_TOPIC: usize = 200;

/// A host's link into a meeting. Whoever holds it is the host of everything of that Zoom user for two hours, so it is
/// fetched on click and never stored, logged or mailed.
#[derive(Clone, PartialEq, Eq)]
pub struct StartUrl(String);

impl StartUrl {
    /// The link, for the host's browser and nobody else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for StartUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartUrl(hidden)")
    }
}

/// Whether anybody is in the meeting. Zoom has no word for "over".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeetingStatus {
    /// Nobody has started it, or it has ended.
    Waiting,
    /// It runs.
    Started,
}

/// A meeting at Zoom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoomMeeting {
    /// Its number; does not fit 32 bits.
    pub number: i64,
    /// The instance: a new one for each running.
    pub uuid: String,
    /// The Zoom user who hosts it.
    pub host_id: String,
    /// Whether it runs.
    pub status: MeetingStatus,
    /// What it is about.
    pub topic: String,
    /// When it is planned to begin.
    pub starts_at: Option<Instant>,
    /// How long it is planned to last, in minutes.
    pub minutes: Option<i64>,
    /// The client's link.
    pub join_url: String,
    /// The host's link, a fresh one in every reply.
    pub start_url: Option<StartUrl>,
}

impl ZoomMeeting {
    /// What the portal keeps of it.
    pub fn room(&self) -> Room {
        Room { number: self.number, join_url: self.join_url.clone() }
    }

    /// `None` without a number or without a link for the client: such a meeting is of no use.
    pub(super) fn from_wire(meeting: wire::Meeting) -> Option<Self> {
        let started = meeting.status.as_deref() == Some("started");
        Some(Self {
            number: meeting.id?,
            uuid: meeting.uuid.unwrap_or_default(),
            host_id: meeting.host_id.unwrap_or_default(),
            status: if started { MeetingStatus::Started } else { MeetingStatus::Waiting },
            topic: meeting.topic.unwrap_or_default(),
            starts_at: meeting.start_time,
            minutes: meeting.duration,
            join_url: meeting.join_url?,
            start_url: meeting.start_url.map(StartUrl),
        })
    }
}

/// An instance that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMeeting {
    /// The meeting's number.
    pub number: i64,
    /// The instance.
    pub uuid: String,
    /// When it began.
    pub started_at: Instant,
    /// When it ended.
    pub ended_at: Instant,
    /// How many people were in it.
    pub participants: i64,
}

impl PastMeeting {
    pub(super) fn from_wire(meeting: wire::Meeting) -> Option<Self> {
        Some(Self {
            number: meeting.id?,
            uuid: meeting.uuid?,
            started_at: meeting.start_time?,
            ended_at: meeting.end_time?,
            participants: meeting.participants_count.unwrap_or_default(),
        })
    }
}

/// A meeting to be created.
#[derive(Clone, PartialEq, Eq)]
pub struct NewMeeting {
    /// What it is about; cut to what Zoom takes.
    pub topic: String,
    /// When it begins.
    pub starts_at: Instant,
    /// How long it is planned to last, in minutes. Zoom does not end it then.
    pub minutes: i64,
    /// See [`super::secrets::passcode`].
    pub passcode: String,
}

impl NewMeeting {
    /// The body of `POST /users/{id}/meetings`. `Z` in the time makes Zoom ignore `timezone`. Without a waiting room, or
    /// with joining before the host, a client could start the meeting on a seat that has no license yet.
    pub(super) fn body(&self) -> Value {
        json!({
            "topic": topic(&self.topic),
            "type": 2,
            "start_time": self.starts_at.to_string(),
            "duration": self.minutes,
            "timezone": "UTC",
            "password": self.passcode,
            "settings": {
                "waiting_room": true,
                "join_before_host": false,
                "use_pmi": false,
                "approval_type": 2,
                "audio": "voip",
                "auto_recording": "none",
                "email_notification": false,
                "alternative_hosts_email_notification": false,
            },
        })
    }
}

impl fmt::Debug for NewMeeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewMeeting({} minutes from {})", self.minutes, self.starts_at)
    }
}

/// What changes in a meeting; what is `None` stays. Zoom silently ignores a start in the past.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeetingChange {
    /// The new topic.
    pub topic: Option<String>,
    /// The new start.
    pub starts_at: Option<Instant>,
    /// The new planned length, in minutes.
    pub minutes: Option<i64>,
}

impl MeetingChange {
    /// The body of `PATCH /meetings/{id}`.
    pub(super) fn body(&self) -> Value {
        let mut body = serde_json::Map::new();
        if let Some(text) = &self.topic {
            body.insert("topic".into(), topic(text).into());
        }
        if let Some(at) = self.starts_at {
            body.insert("start_time".into(), at.to_string().into());
            body.insert("timezone".into(), "UTC".into());
        }
        if let Some(minutes) = self.minutes {
            body.insert("duration".into(), minutes.into());
        }
        Value::Object(body)
    }
}

fn topic(text: &str) -> String {
    text.chars().take(LONGEST_TOPIC).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_url_hides_itself() {
        let meeting = wire::Meeting {
            id: Some(1),
            join_url: Some("https://z/j/1".into()),
            start_url: Some("https://z/s/1?zak=s3cret".into()),
            ..Default::default()
        };
        let meeting = ZoomMeeting::from_wire(meeting).unwrap();
        assert!(!format!("{meeting:?}").contains("s3cret"));
        assert!(meeting.start_url.unwrap().reveal().ends_with("s3cret"));
    }

    #[test]
    fn a_new_meeting_keeps_clients_out_until_the_host_is_there_and_sends_no_mail() {
        let meeting = NewMeeting {
            topic: "é".repeat(300),
            starts_at: Instant::from_seconds(1_793_610_000),
            minutes: 50,
            passcode: "x".into(),
        };
        let body = meeting.body();
        assert_eq!(body["start_time"], "2026-11-02T09:00:00Z");
        assert_eq!(body["topic"].as_str().unwrap().chars().count(), 200);
        for (setting, value) in [("waiting_room", true), ("join_before_host", false), ("email_notification", false)] {
            assert_eq!(body["settings"][setting], value, "{setting}");
        }
        assert_eq!(body["settings"]["alternative_hosts_email_notification"], false);
    }

    #[test]
    fn a_change_says_only_what_changes() {
        let change = MeetingChange { minutes: Some(30), ..Default::default() };
        assert_eq!(change.body(), json!({"duration": 30}));
    }
}
