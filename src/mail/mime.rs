//! A letter in the form in which it travels (RFC 2045, RFC 5322).
//!
//! The same letter and sender always give the same bytes, so a letter that is sent twice shows as one mail. A letter with
//! a calendar part carries it twice, as most senders do: as an alternative, from which mail programs offer to enter the
//! meeting, and as the attachment `invite.ics` for those that do not look there.

use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};

use super::letter::{CalendarPart, Letter};
use super::sender::Sender;
use crate::domain::names::{EmailAddress, PersonName};

/// Why a letter cannot be put into the form in which it travels; names no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MimeError {
    /// The mail library does not take the address although we do.
    #[error("an address of the letter is not one that mail can be sent to")]
    Address,
    /// The mail library refuses the parts.
    #[error("the letter could not be put together")]
    Parts,
}

/// Puts the letter together.
pub(super) fn message(letter: &Letter, sender: &Sender) -> Result<Message, MimeError> {
    let mut builder = Message::builder()
        .message_id(Some(message_id(letter, sender)))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(letter.written_at.seconds().max(0).unsigned_abs()))
        .from(mailbox(sender.name(), sender.address())?)
        .to(mailbox(Some(&letter.to.name), &letter.to.address)?)
        .subject(letter.subject.as_str())
        .raw_header(automatic());
    if let Some(reply_to) = &letter.reply_to {
        builder = builder.reply_to(mailbox(None, reply_to)?);
    }
    builder.multipart(parts(letter)?).map_err(|_| MimeError::Parts)
}

fn parts(letter: &Letter) -> Result<MultiPart, MimeError> {
    let alternative = MultiPart::alternative()
        .boundary(boundary("alternative", letter))
        .singlepart(SinglePart::plain(letter.text.clone()))
        .singlepart(SinglePart::html(letter.html.clone()));
    let Some(calendar) = &letter.calendar else { return Ok(alternative) };
    let inline = SinglePart::builder().header(calendar_type("text/calendar", calendar)?).body(calendar.ics.clone());
    let attached =
        Attachment::new("invite.ics".to_owned()).body(calendar.ics.clone(), calendar_type("application/ics", calendar)?);
    Ok(MultiPart::mixed().boundary(boundary("mixed", letter)).multipart(alternative.singlepart(inline)).singlepart(attached))
}

fn calendar_type(mime: &str, calendar: &CalendarPart) -> Result<ContentType, MimeError> {
    let text = format!("{mime}; method={}; charset=utf-8", calendar.method.name());
    ContentType::parse(&text).map_err(|_| MimeError::Parts)
}

fn mailbox(name: Option<&PersonName>, address: &EmailAddress) -> Result<Mailbox, MimeError> {
    let address = address.as_str().parse().map_err(|_| MimeError::Address)?;
    Ok(Mailbox::new(name.map(ToString::to_string), address))
}

/// Asks vacation responders not to answer (RFC 3834 §5).
fn automatic() -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned())
}

fn message_id(letter: &Letter, sender: &Sender) -> String {
    format!("<{}@{}>", plain_id(letter), sender.domain())
}

/// The letter's id is random, so no text that people typed can hold the boundary made from it.
fn boundary(kind: &str, letter: &Letter) -> String {
    format!("{kind}-{}", plain_id(letter))
}

/// Ids are made by us and plain; filtering keeps a damaged row from breaking a header.
fn plain_id(letter: &Letter) -> String {
    letter.id.as_str().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::LetterId;
    use crate::domain::time::Instant;
    use crate::mail::{Method, Recipient, Subject};

    fn letter(calendar: bool) -> Letter {
        Letter {
            id: LetterId::new("0192-abc"),
            written_at: Instant::from_seconds(1_793_700_000),
            to: Recipient {
                address: EmailAddress::parse("bo@example.com").unwrap(),
                name: PersonName::parse("Lee, \"Bo\" 李").unwrap(),
            },
            reply_to: Some(EmailAddress::parse("desk@north.example").unwrap()),
            subject: Subject::new("Grüße\r\nBcc: x@y.example"),
            text: "Hello 李".to_owned(),
            html: "<p>Hello 李</p>".to_owned(),
            calendar: calendar.then(|| CalendarPart { method: Method::Cancel, ics: "BEGIN:VCALENDAR\r\n".to_owned() }),
        }
    }

    fn written(letter: &Letter) -> String {
        let sender = Sender::parse("North Clinic <meet@mail.example.com>").unwrap();
        String::from_utf8(message(letter, &sender).unwrap().formatted()).unwrap()
    }

    #[test]
    fn the_headers_are_the_letters() {
        let mail = written(&letter(false));
        let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
        for header in [
            "Message-ID: <0192-abc@mail.example.com>",
            "Date: Tue, 03 Nov 2026 10:00:00 +0000",
            "From: \"North Clinic\" <meet@mail.example.com>",
            "Reply-To: desk@north.example",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(headers.contains(header), "lacks {header}: {headers}");
        }
        assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
        assert!(headers.contains("<bo@example.com>"), "{headers}");
    }

    #[test]
    fn a_calendar_part_names_its_method_and_comes_along_as_a_file() {
        let mail = written(&letter(true));
        assert!(mail.contains("multipart/mixed") && mail.contains("multipart/alternative"));
        assert!(mail.contains("Content-Type: text/calendar; method=CANCEL; charset=utf-8"), "{mail}");
        assert!(mail.contains("filename=\"invite.ics\""), "{mail}");
        assert!(!written(&letter(false)).contains("calendar"));
    }

    #[test]
    fn sending_again_sends_the_same_bytes() {
        assert_eq!(written(&letter(true)), written(&letter(true)));
    }
}
