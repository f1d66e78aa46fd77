//! What happened to a meeting and which letters went out about it, in plain words.

use crate::domain::names::ZoneName;
use crate::domain::time::Instant;
use crate::domain::when;
use crate::store::audit;
use crate::store::letters::{self, LetterState};

use super::words::{Badge, why_no_license};

/// One line of the history.
pub(super) struct Happened {
    /// What.
    pub(super) text: String,
    /// When, for machines and for people.
    pub(super) iso: String,
    pub(super) at: String,
    /// Whether it is something that went wrong.
    pub(super) bad: bool,
}

/// One letter.
pub(super) struct Sent {
    /// What kind of letter.
    pub(super) kind: String,
    pub(super) recipient: String,
    pub(super) state: Badge,
    /// When it was written, or sent.
    pub(super) iso: String,
    pub(super) at: String,
    /// Why it has not been sent.
    pub(super) problem: String,
}

/// The history, oldest first.
pub(super) fn history(rows: &[(audit::Shown, Option<String>)], now: Instant, zone: &ZoneName) -> Vec<Happened> {
    let line = |(row, user): &(audit::Shown, Option<String>)| Happened {
        text: sentence(&row.action, &row.detail, user.as_deref().unwrap_or_else(|| actor(&row.actor))),
        iso: row.at().to_string(),
        at: short(row.at(), now, zone),
        bad: matches!(row.action.as_str(), "meeting.missed" | "meeting.no_license"),
    };
    rows.iter().map(line).collect()
}

fn actor(kind: &str) -> &'static str {
    match kind {
        "user" => "a former user",
        "operator" => "the operator",
        "client" => "the client",
        "zoom" => "Zoom",
        _ => DUOLOGUE,
    }
}

/// Who does what nobody asked for.
const DUOLOGUE: &str = "Duologue";

fn sentence(action: &str, detail: &str, who: &str) -> String {
    match action {
        "meeting.booked" => format!("Booked by {who}"),
        "meeting.rescheduled" => format!("Changed by {who}"),
        "meeting.line_joined" => format!("{who} got in line for a license"),
        "meeting.line_left" if who == DUOLOGUE => "No license came free within an hour".to_owned(),
        "meeting.line_left" => format!("{who} left the line"),
        "meeting.license_granted" => "A license came free for it".to_owned(),
        "meeting.cancelled" if detail == "left the line" && who == DUOLOGUE => {
            "Called off, because no license came free within an hour".to_owned()
        }
        "meeting.cancelled" if detail == "left the line" => format!("{who} left the line, and it was called off"),
        "meeting.cancelled" => format!("Cancelled by {who}"),
        "meeting.invited_again" => format!("Invitation sent again by {who}"),
        "meeting.start_pressed" => format!("{who} pressed Start"),
        "meeting.end_pressed" => format!("{who} ended it for everybody"),
        "meeting.started" => "The meeting began".to_owned(),
        "meeting.ended" => "The meeting ended".to_owned(),
        "meeting.missed" => "Nobody started it in time".to_owned(),
        "meeting.no_license" => why_no_license(detail).to_owned(),
        "meeting.reseated" => "It was put on another Zoom seat".to_owned(),
        "meeting.alert_over" => "The trouble with the license was over".to_owned(),
        "client.arrived" => "The client arrived".to_owned(),
        other => format!("{}, by {who}", readable(other)),
    }
}

/// `meeting.link_revoked` as `Meeting link revoked`.
fn readable(action: &str) -> String {
    let words = action.replace(['.', '_'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The letters, oldest first.
pub(super) fn letters(rows: Vec<letters::Shown>, now: Instant, zone: &ZoneName) -> Vec<Sent> {
    let line = |letter: letters::Shown| {
        let at = letter.sent_at.unwrap_or(letter.created_at);
        let (state, text) = match letter.state {
            LetterState::Sent => ("sent", "Sent"),
            LetterState::Failed => ("failed", "Not delivered"),
            LetterState::Queued if letter.problem.is_some() => ("retrying", "Trying again"),
            LetterState::Queued => ("queued", "Waiting"),
        };
        Sent {
            kind: kind(&letter.kind),
            recipient: letter.recipient,
            state: Badge { state, text: text.to_owned() },
            iso: at.to_string(),
            at: short(at, now, zone),
            problem: letter.problem.filter(|_| letter.state != LetterState::Sent).unwrap_or_default(),
        }
    };
    rows.into_iter().map(line).collect()
}

fn kind(kind: &str) -> String {
    match kind {
        "invitation" => "Invitation".to_owned(),
        "rescheduled" => "Change of time".to_owned(),
        "cancelled" => "Cancellation".to_owned(),
        other => readable(other),
    }
}

fn short(at: Instant, now: Instant, zone: &ZoneName) -> String {
    format!("{}, {}", when::relative_day(at, now, zone), when::time(at, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_readable_all_the_same() {
        assert_eq!(sentence("meeting.link_revoked", "", "Ana"), "Meeting link revoked, by Ana");
        assert_eq!(sentence("", "", "Ana"), ", by Ana");
        assert_eq!(kind("reminder_early"), "Reminder early");
    }

    #[test]
    fn who_left_the_line_is_told_apart() {
        assert_eq!(sentence("meeting.line_left", "", "Ana"), "Ana left the line");
        assert_eq!(sentence("meeting.cancelled", "left the line", "Ana"), "Ana left the line, and it was called off");
        assert!(sentence("meeting.cancelled", "left the line", "Duologue").contains("within an hour"));
    }

    #[test]
    fn a_missing_license_says_why() {
        assert_eq!(sentence("meeting.no_license", "none_free", "Duologue"), "No license was free");
        assert_eq!(sentence("meeting.no_license", "?", "Duologue"), "Zoom gave it no license");
    }
}
