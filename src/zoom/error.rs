//! Why Zoom did not do what it was asked, in the words the rest of the product decides by.
//!
//! Codes decide, texts only where Zoom gives no code of its own: code 200 means several things, and for the limit of
//! license assignments no code is known at all. Messages are cleaned before they are kept: Zoom repeats e-mail addresses.

use super::transport::{Reply, TransportError};
use super::user::CreateAction;
use super::wire::{self, Refusal};
use crate::domain::time::{Instant, Span};

/// The longest message kept from Zoom, in characters.
const LONGEST_MESSAGE: usize = 200;
/// What to wait when Zoom says "too fast" without saying until when.
const SHORT_WAIT: Span = Span::seconds(2);
/// The longest wait that is believed for a limit per second.
const LONGEST_SHORT_WAIT: Span = Span::minutes(2);
/// The longest wait that is believed for a limit per day.
const LONGEST_DAILY_WAIT: Span = Span::hours(25);

/// What went wrong in a call to Zoom.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoomError {
    /// Too many calls; not carried out.
    #[error("Zoom asks to wait until {at}{}", if *.daily { " (a daily limit)" } else { "" })]
    RetryAfter {
        /// When to ask again.
        at: Instant,
        /// Whether a limit per day was reached; else it is one per second.
        daily: bool,
    },
    /// Zoom takes no more new or changed meetings for this host today; it was not asked.
    #[error("this host has used up the meetings that Zoom lets be created or changed in a day; it goes on at {at}")]
    HostDay {
        /// The next midnight, UTC.
        at: Instant,
    },
    /// Every purchased license is on some user.
    #[error("Zoom has no license left to give")]
    NoLicense,
    /// Zoom refuses to move licenses for now, because they were moved too often.
    #[error("Zoom has frozen the account's license assignments")]
    Frozen,
    /// The user or meeting is not known to Zoom: it said so with one of its own codes (1001, 1010, 1120, 3001).
    #[error("Zoom does not know it")]
    Gone,
    /// Zoom refused, and will refuse again.
    #[error("Zoom refused with code {code}: {message}")]
    Refused {
        /// Zoom's code, or the HTTP status when there is none.
        code: i64,
        /// Zoom's words, cleaned.
        message: String,
    },
    /// Zoom refused to create a user in this way.
    #[error("Zoom refused to create the user by {} with code {code}: {message}", action.word())]
    NotCreated {
        /// The way that was tried.
        action: CreateAction,
        /// Zoom's code, or the HTTP status when there is none.
        code: i64,
        /// Zoom's words, cleaned.
        message: String,
    },
    /// Zoom does not accept our credentials.
    #[error("Zoom does not accept the credentials: {0}")]
    Unauthorized(String),
    /// The app at Zoom lacks scopes; they are named here.
    #[error("the Zoom app lacks a scope: {0}")]
    MissingScope(String),
    /// No connection to Zoom; not carried out.
    #[error("Zoom cannot be reached: {0}")]
    Unreachable(String),
    /// No usable answer: what was asked may or may not have been carried out.
    #[error("Zoom gave no clear answer: {0}")]
    Unclear(String),
}

impl ZoomError {
    /// Whether what was asked may have been carried out all the same; then look before asking again.
    pub const fn is_unclear(&self) -> bool {
        matches!(self, Self::Unclear(_))
    }

    /// What an operator can do about it, as a sentence.
    pub fn what_to_do(&self) -> String {
        match self {
            Self::RetryAfter { daily: false, .. } => "Nothing: Duologue asks again by itself in a moment.".into(),
            Self::RetryAfter { at, daily: true } => {
                format!("A daily limit of Zoom is reached. Duologue asks again at {at}; until then, avoid changing meetings.")
            }
            Self::HostDay { at } => format!(
                "Zoom takes a hundred new or changed meetings a day for one host, and this host has used them. Duologue goes on \
                at {at}; a host who presses Start before that gets one of those kept back."
            ),
            Self::NoLicense => "Every license is in use. Take one from a user in Zoom's admin console, buy one more, or set the \
                number of licenses here to what the account really has."
                .into(),
            Self::Frozen => "Zoom limits how often licenses may move and has stopped moves for now. Wait: Duologue tries again \
                every 15 minutes and plans meetings on users that already hold a license. If this happens often, buy more \
                licenses or use the standing strategy."
                .into(),
            Self::Gone => "It was deleted at Zoom or belongs to another account. Synchronize the seats.".into(),
            Self::NotCreated { action, code, .. } => not_created(*action, *code),
            Self::Refused { code: 3161, .. } => {
                "This Zoom user may not host meetings. Switch meetings on for it in Zoom's admin console.".into()
            }
            Self::Refused { code, message } => {
                format!("Zoom says (code {code}): {message}. Change it accordingly; trying again as it is will not help.")
            }
            Self::Unauthorized(_) => "Check ZOOM_ACCOUNT_ID, ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET, and that the \
                Server-to-Server OAuth app is activated in the Zoom App Marketplace."
                .into(),
            Self::MissingScope(scope) => {
                format!("Add the scope {scope} to the Server-to-Server OAuth app in the Zoom App Marketplace.")
            }
            Self::Unreachable(_) => "Check the network, a proxy in between, and ZOOM_API_URL and ZOOM_OAUTH_URL.".into(),
            Self::Unclear(_) => "Nothing for now: Duologue looks at Zoom again before it repeats the step.".into(),
        }
    }

    /// Whether Zoom refused a write because another one to the same user was under way (zoom.md §5, lock key). Only its text
    /// tells: status and code are those of every rate limit.
    pub(super) fn is_conflict(reply: &Reply) -> bool {
        let words = || wire::read::<Refusal>(&reply.body).and_then(|refusal| refusal.message).unwrap_or_default();
        reply.status == 429 && words().to_lowercase().contains("too many concurrent requests")
    }

    /// What a reply means; `Ok` hands it back unchanged.
    pub(super) fn in_reply(reply: Reply, now: Instant) -> Result<Reply, Self> {
        let refusal: Refusal = wire::read(&reply.body).unwrap_or_default();
        match reply.status {
            200..=299 if refusal.code.is_none() || refusal.message.is_none() => Ok(reply),
            // Zoom answers some refusals with status 200 and a code in the body.
            200..=299 | 400..=407 | 409..=499 => Err(Self::refused(&reply, refusal, now)),
            status => Err(Self::Unclear(format!("status {status}"))),
        }
    }

    fn refused(reply: &Reply, refusal: Refusal, now: Instant) -> Self {
        let code = refusal.code.unwrap_or_else(|| i64::from(reply.status));
        let raw = refusal.message.clone().or(refusal.reason.clone()).or(refusal.error.clone()).unwrap_or_default();
        let lower = raw.to_lowercase();
        if lower.contains("license assignment") {
            return Self::Frozen;
        }
        if reply.status == 429 || code == 429 {
            return retry_after(reply, &lower, now);
        }
        match code {
            4700 | 4711 => Self::MissingScope(scopes_named_in(&raw)),
            124 => Self::Unauthorized(cleaned(&raw)),
            200 if lower.contains("paid user") => Self::NoLicense,
            1001 | 1010 | 1120 | 3001 => Self::Gone,
            // Whoever says "not found" without one of Zoom's codes for it, such as a proxy, knows nothing of our users.
            _ if reply.status == 404 => Self::Unclear("status 404 without Zoom's word that it is gone".into()),
            _ if reply.status == 401 => Self::Unauthorized(cleaned(&raw)),
            _ => Self::Refused { code, message: cleaned(&with_fields(raw, &refusal)) },
        }
    }

    /// What a missing reply means.
    pub(super) fn no_reply(error: TransportError) -> Self {
        match error {
            TransportError::Unreachable(context) => Self::Unreachable(context),
            TransportError::Timeout(_) | TransportError::Broken(_) => Self::Unclear(error.to_string()),
        }
    }
}

/// A message without control characters and e-mail addresses, and not too long.
pub(super) fn cleaned(message: &str) -> String {
    let words = message.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let words: Vec<&str> = words.map(|word| if word.contains('@') { "…" } else { word }).collect();
    let message: String = words.join(" ").chars().take(LONGEST_MESSAGE).collect();
    if message.is_empty() { "no reason given".into() } else { message.trim_end_matches('.').to_owned() }
}

fn with_fields(message: String, refusal: &Refusal) -> String {
    refusal.errors.iter().fold(message, |message, error| {
        let field = error.field.as_deref().unwrap_or("?");
        format!("{message} {field}: {}", error.message.as_deref().unwrap_or("invalid"))
    })
}

/// `…does not contain scopes:[a, b].` gives `a, b`.
fn scopes_named_in(message: &str) -> String {
    let inside = message.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(inside, _)| inside);
    cleaned(inside.unwrap_or(message))
}

/// Zoom names the end of a wait in up to three ways, none of them promised.
fn retry_after(reply: &Reply, message: &str, now: Instant) -> ZoomError {
    let kind = reply.header("x-ratelimit-type").unwrap_or_default().to_lowercase();
    let daily = kind.contains("daily") || (kind.is_empty() && (message.contains("daily") || message.contains("per day")));
    let said = reply.header("retry-after").and_then(|value| moment(value, now));
    let said = said.or_else(|| {
        let reset = reply.header("x-ratelimit-reset")?.trim().parse().ok()?;
        Some(Instant::from_seconds(reset))
    });
    let longest = if daily { LONGEST_DAILY_WAIT } else { LONGEST_SHORT_WAIT };
    let at = said.unwrap_or_else(|| if daily { next_utc_midnight(now) } else { now + SHORT_WAIT });
    ZoomError::RetryAfter { at: at.clamp(now + Span::seconds(1), now + longest), daily }
}

fn moment(value: &str, now: Instant) -> Option<Instant> {
    match value.trim().parse::<i64>() {
        Ok(seconds) => Some(now + Span::seconds(seconds)),
        Err(_) => wire::instant(value),
    }
}

fn next_utc_midnight(now: Instant) -> Instant {
    const DAY: i64 = 86_400;
    Instant::from_seconds((now.seconds().div_euclid(DAY) + 1) * DAY)
}

fn not_created(action: CreateAction, code: i64) -> String {
    if matches!(code, 1005 | 1009 | 1135) {
        return "A Zoom account with this e-mail address exists already. Choose another address, or, if the account is ours, \
            import it by synchronizing the seats."
            .into();
    }
    match action {
        CreateAction::CustCreate => {
            "custCreate needs an ISV (partner) contract with Zoom. Without one, use create: Zoom mails an \
            activation link, and the seat works once somebody has opened it. Or use autoCreate, if the e-mail domain is a \
            managed domain of the account and Zoom has switched autoCreate on."
                .into()
        }
        CreateAction::AutoCreate => "autoCreate needs a managed (associated) e-mail domain and must be switched on by Zoom. \
            Without that, use create: Zoom mails an activation link, and the seat works once somebody has opened it."
            .into(),
        CreateAction::Create => "Check the e-mail address, that its domain is allowed in the account's settings, and that the \
            account is a paid one below its limit of free users."
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_seconds(1_790_000_000);

    fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Reply { status, headers, body: body.as_bytes().to_vec() }
    }

    fn error(status: u16, body: &str) -> ZoomError {
        ZoomError::in_reply(reply(status, &[], body), NOW).unwrap_err()
    }

    #[test]
    fn no_license_is_told_from_other_meanings_of_code_200_also_under_status_200() {
        assert_eq!(error(200, r#"{"code":200,"message":"You can't add paid users."}"#), ZoomError::NoLicense);
        assert_eq!(error(400, r#"{"code":200,"message":"You can add max 3 paid users."}"#), ZoomError::NoLicense);
        assert!(matches!(error(400, r#"{"code":200,"message":"max 9 free users"}"#), ZoomError::Refused { code: 200, .. }));
    }

    #[test]
    fn the_freeze_is_known_by_its_text_whatever_the_code() {
        let body = r#"{"code":CODE,"message":"You have exceeded the limit of license assignments for your account."}"#;
        for (status, code) in [(400, "200"), (400, "99999"), (429, "429"), (403, "\"x\"")] {
            assert_eq!(error(status, &body.replace("CODE", code)), ZoomError::Frozen);
        }
    }

    #[test]
    fn unknown_things_are_gone() {
        for code in [1001, 1010, 1120, 3001] {
            for status in [400, 404] {
                assert_eq!(error(status, &format!(r#"{{"code":{code},"message":"x"}}"#)), ZoomError::Gone, "{code}");
            }
        }
    }

    #[test]
    fn a_404_that_zoom_did_not_explain_is_unclear() {
        for body in
            ["", "<html>no such host</html>", r#"{"message":"no route"}"#, r#"{"code":2300,"message":"x"}"#, r#"{"code":404}"#]
        {
            assert!(error(404, body).is_unclear(), "{body}");
        }
    }

    #[test]
    fn the_end_of_a_wait_is_read_in_every_form() {
        let at = |headers: &[(&str, &str)], body: &str| ZoomError::in_reply(reply(429, headers, body), NOW).unwrap_err();
        let until = |seconds, daily| ZoomError::RetryAfter { at: NOW + Span::seconds(seconds), daily };
        assert_eq!(at(&[("x-ratelimit-type", "QPS"), ("x-ratelimit-reset", "1790000005")], ""), until(5, false));
        assert_eq!(at(&[("Retry-After", "7")], ""), until(7, false));
        let date = (NOW + Span::hours(3)).to_string();
        assert_eq!(at(&[("retry-after", &date), ("x-ratelimit-type", "Daily-limit")], ""), until(3 * 3600, true));
        assert_eq!(at(&[], r#"{"code":429,"message":"maximum per-second rate limit"}"#), until(2, false));
    }

    #[test]
    fn a_write_that_met_another_is_told_from_a_rate_limit_and_waits_a_moment() {
        let met = r#"{"code":429,"message":"Too many concurrent requests. A request to disassociate this user has already been made."}"#;
        let fast = r#"{"code":429,"message":"You have reached the maximum per-second rate limit for this API."}"#;
        assert!(ZoomError::is_conflict(&reply(429, &[], met)) && !ZoomError::is_conflict(&reply(429, &[], fast)));
        assert_eq!(error(429, met), ZoomError::RetryAfter { at: NOW + SHORT_WAIT, daily: false });
    }

    #[test]
    fn a_daily_limit_without_a_date_lasts_until_midnight_utc() {
        let body = r#"{"code":429,"message":"You have exceeded the daily rate limit (100)."}"#;
        let ZoomError::RetryAfter { at, daily: true } = error(429, body) else { panic!("no daily limit") };
        assert_eq!(at.seconds() % 86_400, 0);
        assert!(at > NOW && at <= NOW + Span::days(1));
    }

    #[test]
    fn an_absurd_wait_is_cut_and_a_past_one_is_now() {
        let at = |value: &str| ZoomError::in_reply(reply(429, &[("retry-after", value)], ""), NOW).unwrap_err();
        assert_eq!(at("99999999999"), ZoomError::RetryAfter { at: NOW + LONGEST_SHORT_WAIT, daily: false });
        assert_eq!(at("-5"), ZoomError::RetryAfter { at: NOW + Span::seconds(1), daily: false });
        assert_eq!(at("rubbish"), ZoomError::RetryAfter { at: NOW + SHORT_WAIT, daily: false });
    }

    #[test]
    fn a_missing_scope_is_named_whatever_the_status() {
        let body = r#"{"code":4711,"message":"Invalid access token, does not contain scopes:[user:update:user:admin]."}"#;
        for status in [400, 401, 403] {
            assert_eq!(error(status, body), ZoomError::MissingScope("user:update:user:admin".into()));
        }
    }

    #[test]
    fn server_errors_and_redirects_are_unclear() {
        for status in [500, 502, 503, 504, 301, 408] {
            assert!(error(status, "<html>").is_unclear(), "{status}");
        }
    }

    #[test]
    fn messages_lose_addresses_control_characters_and_length() {
        let long = "x ".repeat(400);
        let body = serde_json::json!({"code": 300, "message": format!("bad\r\nana@example.org {long}")}).to_string();
        let ZoomError::Refused { message, .. } = error(400, &body) else { panic!("not refused") };
        assert!(!message.contains("ana") && !message.contains('\n') && message.chars().count() <= LONGEST_MESSAGE);
    }

    #[test]
    fn what_is_wrong_with_a_field_is_told() {
        let body =
            r#"{"code":300,"message":"Validation Failed.","errors":[{"field":"user_info.email","message":"Invalid field."}]}"#;
        let ZoomError::Refused { code: 300, message } = error(400, body) else { panic!("not refused") };
        assert!(message.contains("user_info.email: Invalid field"), "{message}");
    }

    #[test]
    fn a_refused_cust_create_names_the_way_out() {
        let refused = ZoomError::NotCreated { action: CreateAction::CustCreate, code: 2016, message: String::new() };
        let words = refused.what_to_do();
        assert!(words.contains("ISV") && words.contains("autoCreate") && words.contains("activation link"), "{words}");
    }
}
