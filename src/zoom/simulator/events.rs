//! The payloads of webhooks, in the shapes of Zoom's samples: a meeting's number is text in the events of a running
//! meeting and a number in the others.

use serde_json::{Value, json};

use super::meetings::{Instance, Meeting, Person};
use super::users::User;
use super::world::Settings;
use crate::domain::time::Instant;

const OPERATOR: &str = "admin@zoom.invalid";

/// An RFC 3339 text for a time in milliseconds.
pub(super) fn time(millis: i64) -> String {
    Instant::from_seconds(millis.div_euclid(1000)).to_string()
}

pub(super) fn started(settings: &Settings, meeting: &Meeting, run: &Instance) -> Value {
    about_run(settings, running(meeting, run))
}

pub(super) fn ended(settings: &Settings, meeting: &Meeting, run: &Instance, at: i64) -> Value {
    let mut object = running(meeting, run);
    object["end_time"] = time(at).into();
    about_run(settings, object)
}

pub(super) fn joined(settings: &Settings, meeting: &Meeting, run: &Instance, person: &Person) -> Value {
    let mut object = running(meeting, run);
    object["participant"] = participant(meeting, person);
    object["participant"]["join_time"] = time(person.since).into();
    about_run(settings, object)
}

pub(super) fn left(settings: &Settings, meeting: &Meeting, run: &Instance, person: &Person, at: i64, reason: &str) -> Value {
    let mut object = running(meeting, run);
    object["participant"] = participant(meeting, person);
    object["participant"]["leave_time"] = time(at).into();
    object["participant"]["leave_reason"] = format!("{} left the meeting.<br>Reason: {reason}.", person.name).into();
    about_run(settings, object)
}

pub(super) fn deleted(settings: &Settings, meeting: &Meeting) -> Value {
    let object = json!({"uuid": meeting.next_uuid, "id": meeting.number, "host_id": meeting.host_id, "topic": meeting.topic,
        "type": meeting.kind, "start_time": meeting.starts_at.map(time), "duration": meeting.minutes, "timezone": meeting.zone});
    by_operator(settings, json!({"operation": "single", "object": object}))
}

pub(super) fn user(settings: &Settings, user: &User) -> Value {
    let object = json!({"id": user.id, "first_name": user.first_name, "last_name": user.last_name, "email": user.email,
        "type": user.kind});
    by_operator(settings, json!({"object": object}))
}

pub(super) fn user_type(settings: &Settings, id: &str, old: i64, new: i64, now: i64) -> Value {
    let changed = json!({"time_stamp": now, "object": {"id": id, "type": new}, "old_object": {"id": id, "type": old}});
    by_operator(settings, changed)
}

fn about_run(settings: &Settings, object: Value) -> Value {
    json!({"account_id": settings.credentials.account_id, "object": object})
}

fn by_operator(settings: &Settings, mut payload: Value) -> Value {
    payload["account_id"] = settings.credentials.account_id.as_str().into();
    payload["operator"] = OPERATOR.into();
    payload["operator_id"] = "operator".into();
    payload
}

fn running(meeting: &Meeting, run: &Instance) -> Value {
    json!({"id": meeting.number.to_string(), "uuid": run.uuid, "host_id": meeting.host_id, "topic": meeting.topic,
        "type": meeting.kind, "start_time": time(run.started_at), "timezone": meeting.zone, "duration": meeting.minutes})
}

fn participant(meeting: &Meeting, person: &Person) -> Value {
    let id = if person.is_host { meeting.host_id.as_str() } else { "" };
    json!({"user_id": person.number.to_string(), "user_name": person.name, "id": id, "participant_user_id": id,
        "participant_uuid": person.uuid, "email": "", "registrant_id": "", "customer_key": "", "phone_number": ""})
}
