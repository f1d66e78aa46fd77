//! Zoom's JSON as it arrives: nearly everything may be missing, numbers may come as text and text as numbers, and unknown
//! fields are ignored. What is wrong in one field never makes the others unreadable.

#![expect(clippy::struct_field_names, reason = "the names are those of Zoom's fields")]

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::domain::time::Instant;

/// The reply of the token endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    #[serde(deserialize_with = "text")]
    pub(super) access_token: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) expires_in: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) scope: Option<String>,
}

/// A refusal: `code` and `message` from the API, `reason` and `error` from the token endpoint.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    #[serde(deserialize_with = "number")]
    pub(super) code: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) message: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) reason: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) error: Option<String>,
    #[serde(deserialize_with = "list")]
    pub(super) errors: Vec<FieldError>,
}

/// What is wrong with one field, in a refusal with code 300.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FieldError {
    #[serde(deserialize_with = "text")]
    pub(super) field: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct User {
    #[serde(deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) email: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) r#type: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) first_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) last_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) display_name: Option<String>,
}

/// A page of users. Without `users` it is not such a page.
#[derive(Debug, Deserialize)]
pub(super) struct Users {
    pub(super) users: Vec<User>,
    #[serde(default, deserialize_with = "text")]
    pub(super) next_page_token: Option<String>,
}

/// A page of meetings. Without `meetings` it is not such a page.
#[derive(Debug, Deserialize)]
pub(super) struct Meetings {
    pub(super) meetings: Vec<Meeting>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Summary {
    #[serde(deserialize_with = "number")]
    pub(super) licensed_users_count: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub(super) basic_users_count: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub(super) pending_users_count: Option<i64>,
    #[serde(deserialize_with = "number")]
    pub(super) total_users_count: Option<i64>,
}

/// What was bought. `plan_base` is a list here and a record in a similar reply; bundles are told in `plan_united`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PlanUsage {
    pub(super) plan_base: Value,
    pub(super) plan_united: Value,
}

/// A meeting, in replies and in webhooks; also an instance of it that is over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Meeting {
    #[serde(deserialize_with = "number")]
    pub(super) id: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) uuid: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) host_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) topic: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) status: Option<String>,
    #[serde(deserialize_with = "time")]
    pub(super) start_time: Option<Instant>,
    #[serde(deserialize_with = "time")]
    pub(super) end_time: Option<Instant>,
    #[serde(deserialize_with = "number")]
    pub(super) duration: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(super) join_url: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) start_url: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) participants_count: Option<i64>,
    #[serde(deserialize_with = "record")]
    pub(super) participant: Participant,
}

/// Somebody in a room, in webhooks.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Participant {
    #[serde(deserialize_with = "text")]
    pub(super) user_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) participant_uuid: Option<String>,
    #[serde(deserialize_with = "time")]
    pub(super) join_time: Option<Instant>,
    #[serde(deserialize_with = "time")]
    pub(super) leave_time: Option<Instant>,
}

/// Reads bytes as one of the types above.
pub(super) fn read<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// A whole number, also when written as text; anything else is as if missing.
pub(super) fn number<'de, D: Deserializer<'de>>(input: D) -> Result<Option<i64>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// Text, also when written as a number; empty text and anything else are as if missing. The character NUL is left out: it
/// stands in no id and no name of Zoom's, and PostgreSQL cannot store it.
pub(super) fn text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    let text = match Value::deserialize(input)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.replace('\0', "")),
        _ => None,
    };
    Ok(text.filter(|text| !text.is_empty()))
}

/// A date-time with a zone; anything else is as if missing.
pub(super) fn time<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Instant>, D::Error> {
    Ok(text(input)?.and_then(|text| instant(&text)))
}

/// The instant that an RFC 3339 date-time names.
pub(super) fn instant(text: &str) -> Option<Instant> {
    let timestamp: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Instant::from_seconds(timestamp.as_second()))
}

fn record<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned + Default>(input: D) -> Result<T, D::Error> {
    Ok(T::deserialize(Value::deserialize(input)?).unwrap_or_default())
}

fn list<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(input: D) -> Result<Vec<T>, D::Error> {
    Ok(Vec::<T>::deserialize(Value::deserialize(input)?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_be_a_number_or_text_and_exceeds_32_bits() {
        for json in [r#"{"id":92674392836}"#, r#"{"id":"92674392836"}"#] {
            assert_eq!(read::<Meeting>(json.as_bytes()).unwrap().id, Some(92_674_392_836));
        }
    }

    #[test]
    fn nulls_wrong_types_and_new_fields_do_no_harm() {
        let json = r#"{"id":"u1","type":"2","status":null,"first_name":{"x":1},"license_info_list":[{}],"plan_new":7}"#;
        let user: User = read(json.as_bytes()).unwrap();
        assert_eq!((user.id.as_deref(), user.r#type, user.status, user.first_name), (Some("u1"), Some(2), None, None));
    }

    #[test]
    fn nul_is_left_out_of_text() {
        let meeting: Meeting = read(br#"{"uuid":"a\u0000b","host_id":"\u0000"}"#).unwrap();
        assert_eq!((meeting.uuid.as_deref(), meeting.host_id), (Some("ab"), None));
    }

    #[test]
    fn something_else_than_a_page_of_users_is_not_an_empty_page() {
        assert!(read::<Users>(br#"{"message":"hello"}"#).is_none());
        assert!(read::<Users>(br#"{"users":[]}"#).is_some());
    }
}
