//! The signature of a webhook: `v0=` and the HMAC-SHA256 of `v0:{timestamp}:{raw body}` under the app's secret token
//! (developers.zoom.us, webhooks). It covers the bytes as they arrived, never a document that was parsed and written again.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::time::{Instant, Span};

/// Zoom retries for about 85 minutes, and it is not documented whether a retry gets a new timestamp. Copies within this
/// time are caught by the inbox, which takes each event once.
const OLDEST: Span = Span::hours(2);
/// How far Zoom's clock may be ahead of ours.
const NEWEST: Span = Span::minutes(5);

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The timestamp is missing or not a number of seconds.
    #[error("the timestamp is missing or malformed")]
    Timestamp,
    /// The timestamp is too old or lies in the future.
    #[error("the timestamp is too far from now")]
    Stale,
    /// The signature is missing or not in the expected form.
    #[error("the signature is missing or malformed")]
    Malformed,
    /// The signature belongs to other bytes or another secret.
    #[error("the signature does not match")]
    Mismatch,
}

/// Whether Zoom signed these bytes, lately. The comparison takes the same time wherever a signature differs.
/// Hexadecimal digits may be of either case.
pub fn verify(
    secret: &str,
    timestamp: Option<&str>,
    raw_body: &[u8],
    signature: Option<&str>,
    now: Instant,
) -> Result<(), SignatureError> {
    let timestamp = timestamp.ok_or(SignatureError::Timestamp)?;
    let sent_at = seconds(timestamp).ok_or(SignatureError::Timestamp)?;
    if sent_at < now - OLDEST || sent_at > now + NEWEST {
        return Err(SignatureError::Stale);
    }
    let digits = signature.and_then(|signature| signature.strip_prefix("v0=")).ok_or(SignatureError::Malformed)?;
    let claimed = hex::decode(digits).map_err(|_| SignatureError::Malformed)?;
    message(secret, timestamp, raw_body).verify_slice(&claimed).map_err(|_| SignatureError::Mismatch)
}

/// The value of `x-zm-signature` for these bytes; `timestamp` is the text of `x-zm-request-timestamp`.
pub fn sign(secret: &str, timestamp: &str, raw_body: &[u8]) -> String {
    format!("v0={}", hex::encode(message(secret, timestamp, raw_body).finalize().into_bytes()))
}

/// The JSON answer to `endpoint.url_validation`, which proves that we hold the secret.
pub fn url_validation_reply(secret: &str, plain_token: &str) -> String {
    let mut mac = keyed(secret);
    mac.update(plain_token.as_bytes());
    let encrypted = hex::encode(mac.finalize().into_bytes());
    serde_json::json!({"plainToken": plain_token, "encryptedToken": encrypted}).to_string()
}

fn message(secret: &str, timestamp: &str, raw_body: &[u8]) -> Hmac<Sha256> {
    let mut mac = keyed(secret);
    for part in [b"v0:".as_slice(), timestamp.as_bytes(), b":", raw_body] {
        mac.update(part);
    }
    mac
}

fn keyed(secret: &str) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length")
}

/// Digits only: a sign or a space would make two texts of one timestamp.
fn seconds(text: &str) -> Option<Instant> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().map(Instant::from_seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "test-secret-token";
    const AT: &str = "1790000000";
    const BODY: &[u8] = br#"{"event":"meeting.ended","event_ts":1790000000123,"payload":{"account_id":"acc","object":{"id":"81234567890","uuid":"aB3/dE5//gH7iJ9kL1mN3w=="}}}"#;
    const SIGNED: &str = "v0=a2fb021f6617b2b8ce9e81ae08d7d7aadab91f82b47dcf50ca7bedb0993fd913";
    const NOW: Instant = Instant::from_seconds(1_790_000_000);

    fn check(timestamp: Option<&str>, body: &[u8], signature: Option<&str>) -> Result<(), SignatureError> {
        verify(SECRET, timestamp, body, signature, NOW)
    }

    #[test]
    fn the_known_vector_is_made_and_believed() {
        assert_eq!(sign(SECRET, AT, BODY), SIGNED);
        assert_eq!(check(Some(AT), BODY, Some(SIGNED)), Ok(()));
    }

    #[test]
    fn upper_case_digits_are_the_same_signature() {
        let upper = format!("v0={}", SIGNED[3..].to_uppercase());
        assert_eq!(check(Some(AT), BODY, Some(&upper)), Ok(()));
    }

    #[test]
    fn any_other_byte_or_secret_is_a_mismatch() {
        let mut body = BODY.to_vec();
        body[3] ^= 1;
        assert_eq!(check(Some(AT), &body, Some(SIGNED)), Err(SignatureError::Mismatch));
        assert_eq!(check(Some("1790000001"), BODY, Some(SIGNED)), Err(SignatureError::Mismatch));
        assert_eq!(verify("other", Some(AT), BODY, Some(SIGNED), NOW), Err(SignatureError::Mismatch));
        assert_eq!(check(Some(AT), BODY, Some(&sign("", AT, BODY))), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_cut_empty_or_shapeless_signature_is_refused() {
        for bad in ["", "v0=", "v0", &SIGNED[3..], &SIGNED[..66], "v1=00", "v0=zz", "V0=00", " v0=00"] {
            assert!(check(Some(AT), BODY, Some(bad)).is_err(), "{bad:?}");
        }
        assert_eq!(check(Some(AT), BODY, Some(&SIGNED[..65])), Err(SignatureError::Mismatch));
        assert_eq!(check(Some(AT), BODY, None), Err(SignatureError::Malformed));
    }

    #[test]
    fn a_timestamp_is_digits_and_recent() {
        for bad in [None, Some(""), Some("now"), Some("+1790000000"), Some(" 1790000000"), Some("17e8"), Some("9999999999999")] {
            assert_eq!(check(bad, BODY, Some(SIGNED)), Err(SignatureError::Timestamp), "{bad:?}");
        }
        let at = |offset: i64| {
            let text = (NOW.seconds() + offset).to_string();
            check(Some(&text), BODY, Some(&sign(SECRET, &text, BODY)))
        };
        assert_eq!((at(-7200), at(300)), (Ok(()), Ok(())));
        assert_eq!((at(-7201), at(301)), (Err(SignatureError::Stale), Err(SignatureError::Stale)));
    }

    #[test]
    fn the_validation_answer_matches_the_known_vector() {
        let reply = url_validation_reply(SECRET, "qgg8vlvZRS6UYooatFL8Aw");
        assert!(reply.contains(r#""encryptedToken":"9c8ad56737c19db2904b301c0781e86857e999f39f07727668cf62a5e7e298c8""#));
        assert!(reply.contains(r#""plainToken":"qgg8vlvZRS6UYooatFL8Aw""#));
    }

    #[test]
    fn a_hostile_plain_token_cannot_break_out_of_the_answer() {
        let reply = url_validation_reply(SECRET, r#"","x":""#);
        let value: serde_json::Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(value.as_object().unwrap().len(), 2);
    }
}
