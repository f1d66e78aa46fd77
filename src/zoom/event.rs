//! What a webhook says. Reading it is pure and never fails on a body that is a JSON document with an `event`: what we do
//! not know or cannot use is [`EventKind::Other`], because Zoom must get its 200 for that too.

use std::fmt::Write as _;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::wire;
use crate::domain::time::Instant;

/// The longest dedupe key and event name kept, in bytes.
const LONGEST_KEY: usize = 200;

/// A webhook that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// Zoom's name of the event, such as `meeting.started`.
    pub name: String,
    /// When Zoom says that it happened, in milliseconds since the Unix epoch; 0 when it does not say.
    pub event_ts: i64,
    /// The same for every copy of this event: Zoom delivers at least once, and its tracking id differs by delivery.
    pub dedupe_key: String,
}

/// What happened at Zoom. A number is a meeting, a uuid one running of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A meeting runs.
    MeetingStarted {
        /// The meeting.
        number: i64,
        /// The instance.
        uuid: String,
        /// The Zoom user who hosts it.
        host_id: String,
        /// When it began.
        at: Instant,
    },
    /// A meeting is over.
    MeetingEnded {
        /// The meeting.
        number: i64,
        /// The instance.
        uuid: String,
        /// The Zoom user who hosts it.
        host_id: String,
        /// When it began.
        started_at: Instant,
        /// When it ended.
        at: Instant,
    },
    /// Somebody entered.
    ParticipantJoined(Presence),
    /// Somebody left; others may still be there.
    ParticipantLeft(Presence),
    /// A meeting was deleted.
    MeetingDeleted {
        /// The meeting.
        number: i64,
    },
    /// A user was changed, perhaps its license.
    UserUpdated {
        /// The user.
        zoom_user_id: String,
    },
    /// A user was switched off.
    UserDeactivated {
        /// The user.
        zoom_user_id: String,
    },
    /// A user was deleted or unlinked from the account.
    UserDeleted {
        /// The user.
        zoom_user_id: String,
    },
    /// Zoom asks us to prove that we hold the secret.
    UrlValidation {
        /// What is to be signed.
        plain_token: String,
    },
    /// Anything else, by name.
    Other(String),
}

/// Somebody in a running meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// The meeting.
    pub number: i64,
    /// The instance.
    pub uuid: String,
    /// The Zoom user who hosts it.
    pub host_id: String,
    /// Tells people within one instance apart.
    pub participant: String,
    /// Whether it is the host.
    pub is_host: bool,
    /// When they came or went.
    pub at: Instant,
}

/// The body is not a webhook at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not a JSON document with an event")]
pub struct NotAnEvent;

#[derive(Deserialize)]
struct Envelope {
    event: String,
    #[serde(default, deserialize_with = "wire::number")]
    event_ts: Option<i64>,
    #[serde(default)]
    payload: serde_json::Value,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ident {
    #[serde(deserialize_with = "wire::text")]
    id: Option<String>,
}

impl Event {
    /// Reads the raw body of a webhook.
    pub fn parse(body: &[u8]) -> Result<Self, NotAnEvent> {
        let envelope: Envelope = wire::read(body).ok_or(NotAnEvent)?;
        let name: String = envelope.event.chars().filter(|c| !c.is_control()).take(LONGEST_KEY / 4).collect();
        let object = envelope.payload.get("object").cloned().unwrap_or_default();
        let meeting = wire::Meeting::deserialize(&object).unwrap_or_default();
        let who = Ident::deserialize(&object).unwrap_or_default().id;
        let dedupe_key = dedupe_key(&name, envelope.event_ts, &meeting, (who.as_deref(), &envelope.payload), body);
        let sent_at = Instant::from_seconds(envelope.event_ts.unwrap_or_default().div_euclid(1000));
        let kind = match name.as_str() {
            "endpoint.url_validation" => validation(&envelope.payload),
            "user.updated" => who.map(|zoom_user_id| EventKind::UserUpdated { zoom_user_id }),
            "user.deactivated" => who.map(|zoom_user_id| EventKind::UserDeactivated { zoom_user_id }),
            "user.deleted" | "user.disassociated" => who.map(|zoom_user_id| EventKind::UserDeleted { zoom_user_id }),
            _ => about_meeting(&name, meeting, sent_at),
        };
        let kind = kind.unwrap_or_else(|| EventKind::Other(name.clone()));
        Ok(Self { kind, name, event_ts: envelope.event_ts.unwrap_or_default(), dedupe_key })
    }
}

fn about_meeting(name: &str, meeting: wire::Meeting, sent_at: Instant) -> Option<EventKind> {
    let number = meeting.id?;
    if name == "meeting.deleted" {
        return Some(EventKind::MeetingDeleted { number });
    }
    let uuid = meeting.uuid?;
    let host_id = meeting.host_id.unwrap_or_default();
    let participant = meeting.participant;
    match name {
        "meeting.started" => Some(EventKind::MeetingStarted { number, uuid, host_id, at: meeting.start_time.unwrap_or(sent_at) }),
        "meeting.ended" => {
            let at = meeting.end_time.unwrap_or(sent_at);
            let started_at = meeting.start_time.unwrap_or(at);
            Some(EventKind::MeetingEnded { number, uuid, host_id, started_at, at })
        }
        "meeting.participant_joined" => {
            let at = participant.join_time.unwrap_or(sent_at);
            Some(EventKind::ParticipantJoined(presence(number, uuid, host_id, participant, at)))
        }
        "meeting.participant_left" => {
            let at = participant.leave_time.unwrap_or(sent_at);
            Some(EventKind::ParticipantLeft(presence(number, uuid, host_id, participant, at)))
        }
        _ => None,
    }
}

fn presence(number: i64, uuid: String, host_id: String, participant: wire::Participant, at: Instant) -> Presence {
    let is_host = participant.id.as_deref().is_some_and(|id| id == host_id);
    Presence { number, uuid, host_id, participant: participant_key(&participant), is_host, at }
}

fn participant_key(participant: &wire::Participant) -> String {
    let key = participant.participant_uuid.as_ref().or(participant.user_id.as_ref()).or(participant.id.as_ref());
    key.cloned().unwrap_or_default()
}

fn validation(payload: &serde_json::Value) -> Option<EventKind> {
    let plain_token = payload.get("plainToken")?.as_str()?.to_owned();
    Some(EventKind::UrlValidation { plain_token })
}

/// Name, instance, time and participant; for a user, who can change twice in a moment, all that is said of them; the whole
/// body when Zoom gives no time.
fn dedupe_key(
    name: &str,
    event_ts: Option<i64>,
    meeting: &wire::Meeting,
    (who, payload): (Option<&str>, &serde_json::Value),
    body: &[u8],
) -> String {
    let about = meeting.uuid.as_deref().or(who);
    let (Some(event_ts), Some(about)) = (event_ts, about) else {
        return format!("{name} {}", hex::encode(Sha256::digest(body)));
    };
    let mut key = format!("{name} {about} {event_ts}");
    if meeting.uuid.is_none() {
        let _ = write!(key, " {}", hex::encode(&Sha256::digest(payload.to_string())[..8]));
    }
    let participant = participant_key(&meeting.participant);
    if !participant.is_empty() {
        // Writing to a String cannot fail.
        let _ = write!(key, " {participant}");
    }
    if key.len() <= LONGEST_KEY { key } else { format!("{name} {}", hex::encode(Sha256::digest(key.as_bytes()))) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ENDED: &str = r#"{"event":"meeting.ended","event_ts":1626230691572,"payload":{"account_id":"AAA","object":{"id":"1234567890","uuid":"4444AAAiAAAAAiAiAiiAii==","host_id":"x1yC","topic":"1:1","type":2,"start_time":"2026-11-02T09:00:03Z","timezone":"UTC","duration":60,"end_time":"2026-11-02T09:52:11Z"}}}"#;
    const JOINED: &str = r#"{"event":"meeting.participant_joined","event_ts":1626230691572,"payload":{"account_id":"AAA","object":{"id":"1234567890","uuid":"4444==","host_id":"x1yC","participant":{"user_id":"16778240","user_name":"Ana","id":"x1yC","participant_uuid":"55AA","join_time":"2026-11-02T09:00:05Z","email":""}}}}"#;

    fn parse(json: &str) -> Event {
        Event::parse(json.as_bytes()).unwrap()
    }

    fn at(text: &str) -> Instant {
        wire::instant(text).unwrap()
    }

    #[test]
    fn an_end_names_the_instance_and_both_times() {
        let event = parse(ENDED);
        let expected = EventKind::MeetingEnded {
            number: 1_234_567_890,
            uuid: "4444AAAiAAAAAiAiAiiAii==".into(),
            host_id: "x1yC".into(),
            started_at: at("2026-11-02T09:00:03Z"),
            at: at("2026-11-02T09:52:11Z"),
        };
        assert_eq!(event.kind, expected);
        assert_eq!(event.event_ts, 1_626_230_691_572);
    }

    #[test]
    fn a_number_may_come_as_a_number_and_a_missing_time_is_the_event_s() {
        let event =
            parse(r#"{"event":"meeting.started","event_ts":1790000000999,"payload":{"object":{"id":98884753832,"uuid":"u=="}}}"#);
        let EventKind::MeetingStarted { number, at, .. } = event.kind else { panic!("{event:?}") };
        assert_eq!((number, at), (98_884_753_832, Instant::from_seconds(1_790_000_000)));
    }

    #[test]
    fn the_host_is_known_among_the_participants() {
        let EventKind::ParticipantJoined(presence) = parse(JOINED).kind else { panic!("not a presence") };
        assert!(presence.is_host);
        let client = JOINED.replace(r#""id":"x1yC","participant_uuid""#, r#""id":"","participant_uuid""#);
        let EventKind::ParticipantJoined(presence) = parse(&client).kind else { panic!("not a presence") };
        assert!(!presence.is_host);
    }

    #[test]
    fn users_deleted_meetings_and_the_validation_are_read() {
        let user = r#"{"event":"user.updated","event_ts":1,"payload":{"object":{"id":"abcD","type":1},"old_object":{"id":"abcD","type":2}}}"#;
        assert_eq!(parse(user).kind, EventKind::UserUpdated { zoom_user_id: "abcD".into() });
        let deleted = r#"{"event":"meeting.deleted","event_ts":1,"payload":{"object":{"uuid":"5==","id":98884753832}}}"#;
        assert_eq!(parse(deleted).kind, EventKind::MeetingDeleted { number: 98_884_753_832 });
        let validation = r#"{"event":"endpoint.url_validation","event_ts":1,"payload":{"plainToken":"tok"}}"#;
        assert_eq!(parse(validation).kind, EventKind::UrlValidation { plain_token: "tok".into() });
    }

    #[test]
    fn a_copy_has_the_same_key_and_another_instance_or_person_has_not() {
        let respaced = ENDED.replace(':', ": ").replace("09: 00: 03", "09:00:03").replace("09: 52: 11", "09:52:11");
        assert_eq!(parse(ENDED).dedupe_key, parse(&respaced.replace("1: 1", "1:1")).dedupe_key);
        assert_ne!(parse(ENDED).dedupe_key, parse(&ENDED.replace("4444AAA", "5555AAA")).dedupe_key);
        assert_ne!(parse(JOINED).dedupe_key, parse(&JOINED.replace("55AA", "66BB")).dedupe_key);
        assert_ne!(parse(ENDED).dedupe_key, parse(&ENDED.replace("1626230691572", "1626230691573")).dedupe_key);
    }

    #[test]
    fn a_known_event_without_its_facts_is_other() {
        let user =
            |kind: u8| format!(r#"{{"event":"user.updated","event_ts":5,"payload":{{"object":{{"id":"u","type":{kind}}}}}}}"#);
        assert_ne!(parse(&user(1)).dedupe_key, parse(&user(2)).dedupe_key, "two changes in one moment");
        for json in [r#"{"event":"meeting.started"}"#, r#"{"event":"user.updated","payload":7}"#] {
            assert!(matches!(parse(json).kind, EventKind::Other(_)), "{json}");
        }
    }

    #[test]
    fn what_is_not_a_webhook_is_refused() {
        for body in ["", "{}", "[]", "null", r#"{"event":5}"#, "\u{0}"] {
            assert_eq!(Event::parse(body.as_bytes()), Err(NotAnEvent), "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Event::parse(&bytes);
        }

        #[test]
        fn no_values_panic_and_keys_stay_short(name in "(meeting|user)\\.[a-z_]{1,20}", ts in any::<i64>(), id in ".{0,400}", uuid in ".{0,400}") {
            let body = serde_json::json!({"event": name, "event_ts": ts, "payload": {"object": {"id": id, "uuid": uuid, "participant": [1]}}});
            let event = Event::parse(body.to_string().as_bytes()).unwrap();
            prop_assert!(event.dedupe_key.len() <= LONGEST_KEY);
        }
    }
}
