//! A letter as it is: written, and ready to be sent.
//!
//! Everything that ends in a header is a type that cannot hold a line break, so every `Letter` is safe to send and a
//! store can keep it as plain text and parse it back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::LetterId;
use crate::domain::names::{EmailAddress, PersonName};
use crate::domain::time::Instant;

/// One mail to one person. The sender is the transport's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Names the letter for good: its Message-ID is made from it, so sending it twice shows as one mail.
    pub id: LetterId,
    /// When it was written; the `Date` header.
    pub written_at: Instant,
    /// Who gets it.
    pub to: Recipient,
    /// Where an answer goes, if not to the sender.
    pub reply_to: Option<EmailAddress>,
    /// The subject.
    pub subject: Subject,
    /// The whole content as plain text.
    pub text: String,
    /// The same content as HTML.
    pub html: String,
    /// What the recipient's calendar should do.
    pub calendar: Option<CalendarPart>,
}

/// What makes one letter this letter: fixed when it is put into the outbox, the same each time it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The letter's id.
    pub id: LetterId,
    /// When it is written.
    pub at: Instant,
}

/// The person a letter goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Their address.
    pub address: EmailAddress,
    /// Their name.
    pub name: PersonName,
}

/// A subject: one line without control characters, at most 200 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Subject(String);

/// An iCalendar object and what it asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarPart {
    /// What the recipient's calendar should do with it.
    pub method: Method,
    /// The iCalendar text, with CRLF line ends.
    pub ics: String,
}

/// What an iCalendar object asks the recipient's calendar to do (RFC 5546 §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Method {
    /// Enter the meeting, or change it when it is there.
    Request,
    /// Take it out.
    Cancel,
}

impl Method {
    /// The method's name in iCalendar, and as a parameter of the MIME type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "REQUEST",
            Self::Cancel => "CANCEL",
        }
    }

    /// The method with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Request, Self::Cancel].into_iter().find(|method| method.name() == name)
    }
}

impl Subject {
    /// The most characters; longer subjects are cut.
    pub const LONGEST: usize = 200;

    /// Makes any text a subject: runs of white space and control characters become one space.
    pub fn new(text: &str) -> Self {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = words.collect::<Vec<_>>().join(" ");
        let cut: String = line.chars().take(Self::LONGEST).collect();
        Self(cut.trim_end().to_owned())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for Subject {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.0
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_subject_cannot_start_another_header() {
        let subject = Subject::new(" Hello\r\nBcc: everyone@example.com\0 ");
        assert_eq!(subject.as_str(), "Hello Bcc: everyone@example.com");
    }

    #[test]
    fn methods_survive_their_names() {
        assert_eq!(Method::from_name("CANCEL"), Some(Method::Cancel));
        assert_eq!(Method::from_name(Method::Request.name()), Some(Method::Request));
        assert_eq!(Method::from_name("REPLY"), None);
    }

    proptest! {
        #[test]
        fn a_stored_subject_comes_back_unchanged(text in "[ab ]{190,210}|\\PC{0,250}|(?s:.{0,250})") {
            let subject = Subject::new(&text);
            prop_assert_eq!(&Subject::new(subject.as_str()), &subject);
            prop_assert!(subject.as_str().chars().count() <= Subject::LONGEST);
            prop_assert!(!subject.as_str().chars().any(char::is_control));
        }
    }
}
