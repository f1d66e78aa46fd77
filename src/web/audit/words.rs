//! What the audit tells, in words: ids become names, codes become sentences. The sheet keeps both as they were written.

use std::collections::HashMap;

use crate::domain::count::counted;
use crate::domain::names::ZoneName;
use crate::domain::tenant::Role;
use crate::domain::time::{Instant, Window};
use crate::domain::when;
use crate::store::audit::Shown;
use crate::web::meetings::words::why_no_license;

/// What ids stand for: the names of people, the addresses of seats.
pub(in crate::web) type Names = HashMap<String, String>;

/// What was done: `user.role_changed` as `User: role changed`.
pub(in crate::web) fn what(action: &str) -> String {
    let (noun, verb) = action.split_once('.').unwrap_or(("", action));
    let (noun, verb) = (capitalized(&noun.replace('_', " ")), verb.replace('_', " "));
    if noun.is_empty() { verb } else { format!("{noun}: {verb}") }
}

/// What else is known of it, with times in `zone`; nothing, when only a machine could make use of it.
pub(in crate::web) fn more(entry: &Shown, names: &Names, zone: &ZoneName) -> String {
    let detail = entry.detail.as_str();
    let written = || capitalized(&named(names, detail));
    match entry.action.as_str() {
        // Zoom's id of the run, or ours of a letter or an event.
        "meeting.started" | "meeting.ended" | "letter.queued_again" | "event.replayed" => String::new(),
        "meeting.booked" | "meeting.line_joined" => span(detail, zone).unwrap_or_else(written),
        "meeting.rescheduled" => moved(detail, zone).unwrap_or_else(written),
        "meeting.no_license" => why_no_license(detail).to_owned(),
        "meeting.line_left" | "meeting.cancelled" if entry.actor == "keeper" => "No license came free within an hour".to_owned(),
        "user.invited" | "user.invited_again" | "user.deactivated" | "user.reactivated" | "user.sessions_ended" => {
            person(names, detail)
        }
        "user.role_changed" => role(detail, names).unwrap_or_else(written),
        "operator.added" => names.get(detail).cloned().unwrap_or_default(),
        "seat.created" => created(detail).map_or_else(written, ToOwned::to_owned),
        "seat.assigned" => detail.strip_prefix("seat ").map_or_else(written, |id| named(names, id)),
        "pool.licenses_set" => detail.parse().map_or_else(|_| written(), |count| counted(count, "license")),
        "pool.settings_set" => written().replace('_', " "),
        "tenant.added" => format!("At /t/{detail}"),
        _ => written(),
    }
}

/// The text with names in the place of ids.
pub(in crate::web) fn named(names: &Names, text: &str) -> String {
    let word = |word| names.get(word).map_or(word, String::as_str);
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn person(names: &Names, id: &str) -> String {
    names.get(id).cloned().unwrap_or_else(|| "A former user".to_owned())
}

fn role(detail: &str, names: &Names) -> Option<String> {
    let (id, role) = detail.split_once(' ')?;
    Some(format!("{}, from now on: {}", person(names, id), Role::from_word(role)?.label()))
}

fn times(detail: &str) -> Option<(Instant, Instant)> {
    let (from, to) = detail.split_once(" to ")?;
    Some((Instant::parse(from)?, Instant::parse(to)?))
}

fn span(detail: &str, zone: &ZoneName) -> Option<String> {
    let (from, until) = times(detail)?;
    Some(when::full(Window::new(from, until)?, zone))
}

fn moved(detail: &str, zone: &ZoneName) -> Option<String> {
    let (from, to) = times(detail.strip_prefix("from ")?)?;
    if from == to {
        return Some("The start stayed the same".to_owned());
    }
    Some(format!("From {} to {}", when::moment(from, zone), when::moment(to, zone)))
}

/// How a Zoom user came to be.
fn created(way: &str) -> Option<&'static str> {
    Some(match way {
        "create" => "Zoom mails its owner a link",
        "autoCreate" => "Active at once, with a password",
        "custCreate" => "Active at once, without a password",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        [("7", "Ana <b>Ruiz</b>"), ("s1", "seat-1@ours.example"), ("s2", "seat-2@ours.example")]
            .map(|(id, name)| (id.to_owned(), name.to_owned()))
            .into()
    }

    fn told(actor: &str, action: &str, detail: &str) -> String {
        let entry = Shown::of(actor, action, detail);
        more(&entry, &names(), &ZoneName::parse("Europe/Madrid").unwrap())
    }

    #[test]
    fn an_action_reads_as_words() {
        assert_eq!(what("user.role_changed"), "User: role changed");
        assert_eq!((what("odd"), what("")), ("odd".to_owned(), String::new()));
    }

    #[test]
    fn every_detail_reads_as_words() {
        for (action, detail, expected) in [
            (
                "meeting.booked",
                "2026-11-24T14:00:00Z to 2026-11-24T14:30:00Z",
                "Tuesday 24 November 2026, 15:00–15:30 (Madrid, UTC+1)",
            ),
            (
                "meeting.rescheduled",
                "from 2026-11-24T14:00:00Z to 2026-11-25T14:00:00Z",
                "From Tuesday 24 November 2026, 15:00 (Madrid, UTC+1) to Wednesday 25 November 2026, 15:00 (Madrid, UTC+1)",
            ),
            ("meeting.rescheduled", "from 2026-11-24T14:00:00Z to 2026-11-24T14:00:00Z", "The start stayed the same"),
            ("meeting.started", "run abc/def==", ""),
            ("meeting.reseated", "from seat s1 to seat s2", "From seat seat-1@ours.example to seat seat-2@ours.example"),
            ("meeting.no_license", "none_free", "No license was free"),
            ("meeting.cancelled", "left the line", "Left the line"),
            ("user.deactivated", "7", "Ana <b>Ruiz</b>"),
            ("user.deactivated", "8", "A former user"),
            ("user.role_changed", "7 admin", "Ana <b>Ruiz</b>, from now on: Admin"),
            ("seat.created", "autoCreate", "Active at once, with a password"),
            ("seat.assigned", "seat s2", "seat-2@ours.example"),
            ("license.attached", "license 3 on seat s1", "License 3 on seat seat-1@ours.example"),
            ("pool.licenses_set", "1", "1 license"),
            ("pool.settings_set", "kept back 1, release when_needed", "Kept back 1, release when needed"),
            ("tenant.added", "north", "At /t/north"),
            ("letter.queued_again", "0198", ""),
            ("something.new", "with words", "With words"),
        ] {
            assert_eq!(told("user", action, detail), expected, "{action} {detail}");
        }
        assert_eq!(told("keeper", "meeting.cancelled", "left the line"), "No license came free within an hour");
    }

    #[test]
    fn what_is_not_as_it_should_be_is_told_as_it_is() {
        for (action, detail) in [
            ("meeting.booked", "2026 to never"),
            ("meeting.rescheduled", ""),
            ("user.role_changed", ""),
            ("pool.licenses_set", "-"),
            ("seat.assigned", ""),
        ] {
            assert_eq!(told("user", action, detail), detail, "{action}");
        }
    }
}
