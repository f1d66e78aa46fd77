//! The iCalendar object that travels with a letter (RFC 5545, RFC 5546).
//!
//! A meeting has one UID for life; SEQUENCE rises with every change, so a calendar updates its entry instead of adding
//! one. Times are UTC: the recipient's calendar shows them in its own zone and no zone table can be out of date.

mod lines;

use jiff::Timestamp;

use self::lines::Lines;
use super::letter::{CalendarPart, Method};
use crate::domain::ids::MeetingId;
use crate::domain::names::EmailAddress;
use crate::domain::time::{Instant, Window};

/// One meeting as its client's calendar sees it.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// What [`uid`] gives for the meeting.
    pub uid: &'a str,
    /// The meeting's sequence number.
    pub sequence: u32,
    /// When this object is written.
    pub stamp: Instant,
    /// When the meeting is.
    pub window: Window,
    /// The title of the entry.
    pub summary: &'a str,
    /// The text of the entry.
    pub description: &'a str,
    /// The join link; a cancelled meeting has none.
    pub link: Option<&'a str>,
    /// Who invites: the name to show, and our sender's address, since only its mail may change the entry later.
    pub organizer: (&'a str, &'a EmailAddress),
    /// Who is invited.
    pub attendee: (&'a str, &'a EmailAddress),
}

/// The UID of a meeting: the same for its whole life, even when the portal moves to another host, and unique among all
/// installations, since a meeting's id is.
pub fn uid(meeting: &MeetingId) -> String {
    format!("{meeting}@duologue")
}

/// Asks the recipient's calendar to enter the meeting or to change it.
pub fn request(entry: &Entry<'_>) -> CalendarPart {
    part(entry, Method::Request, "CONFIRMED")
}

/// Asks the recipient's calendar to take the meeting out.
pub fn cancel(entry: &Entry<'_>) -> CalendarPart {
    part(entry, Method::Cancel, "CANCELLED")
}

fn part(entry: &Entry<'_>, method: Method, status: &str) -> CalendarPart {
    let mut lines = Lines::default();
    lines.plain("BEGIN", "VCALENDAR");
    lines.plain("VERSION", "2.0");
    lines.plain("PRODID", "-//Duologue//Meetings//EN");
    lines.plain("CALSCALE", "GREGORIAN");
    lines.plain("METHOD", method.name());
    lines.plain("BEGIN", "VEVENT");
    lines.text("UID", entry.uid);
    lines.plain("SEQUENCE", &entry.sequence.to_string());
    lines.plain("DTSTAMP", &utc(entry.stamp));
    lines.plain("DTSTART", &utc(entry.window.start()));
    lines.plain("DTEND", &utc(entry.window.end()));
    lines.plain("STATUS", status);
    lines.text("SUMMARY", entry.summary);
    lines.text("DESCRIPTION", entry.description);
    if let Some(link) = entry.link {
        lines.text("LOCATION", link);
        lines.plain("URL", link);
    }
    let (name, address) = entry.organizer;
    lines.person("ORGANIZER", name, "", address.as_str());
    let (name, address) = entry.attendee;
    lines.person("ATTENDEE", name, ";ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=FALSE", address.as_str());
    lines.plain("END", "VEVENT");
    lines.plain("END", "VCALENDAR");
    CalendarPart { method, ics: lines.finish() }
}

fn utc(at: Instant) -> String {
    Timestamp::from_second(at.seconds()).unwrap_or(Timestamp::UNIX_EPOCH).strftime("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests;
