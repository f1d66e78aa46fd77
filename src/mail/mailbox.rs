//! A mailbox in memory: what `demo` and tests send to instead of a mail server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::letter::Letter;
use super::mime;
use super::sender::Sender;
use super::transport::SendError;

/// The newest letters, up to [`Mailbox::KEPT`]. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Mailbox {
    sender: Sender,
    shelf: Arc<Mutex<Shelf>>,
}

/// A letter that was sent, and its number: 1 for the first.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its place in the order of sending; names it in URLs.
    pub number: u64,
    /// The letter.
    pub letter: Arc<Letter>,
}

#[derive(Debug, Default)]
struct Shelf {
    sent: u64,
    /// Oldest first.
    letters: VecDeque<Sent>,
}

/// A mailbox as it is written down: each letter with its number, oldest first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(Vec<(u64, Letter)>);

impl Mailbox {
    /// How many letters are kept; older ones are thrown away.
    pub const KEPT: usize = 500;

    /// An empty mailbox.
    pub fn new(sender: Sender) -> Self {
        Self { sender, shelf: Arc::default() }
    }

    /// The sender of every letter.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Keeps a letter, if it could have been sent over SMTP.
    pub fn send(&self, letter: &Letter) -> Result<(), SendError> {
        mime::message(letter, &self.sender).map_err(|error| SendError::Never(error.to_string()))?;
        let mut shelf = self.shelf();
        shelf.sent += 1;
        let sent = Sent { number: shelf.sent, letter: Arc::new(letter.clone()) };
        shelf.letters.push_back(sent);
        if shelf.letters.len() > Self::KEPT {
            shelf.letters.pop_front();
        }
        Ok(())
    }

    /// The letters kept, newest first.
    pub fn list(&self) -> Vec<Sent> {
        self.shelf().letters.iter().rev().cloned().collect()
    }

    /// The letter with that number, if it was sent and is still kept.
    pub fn get(&self, number: u64) -> Option<Sent> {
        self.shelf().letters.iter().find(|sent| sent.number == number).cloned()
    }

    /// How many letters were sent so far.
    pub fn sent(&self) -> u64 {
        self.shelf().sent
    }

    /// Writes it down.
    pub fn keep(&self) -> Kept {
        Kept(self.shelf().letters.iter().map(|sent| (sent.number, Letter::clone(&sent.letter))).collect())
    }

    /// Becomes what was written down; the next letter has the next number.
    pub fn go_on_from(&self, kept: Kept) {
        let letters = kept.0.into_iter().map(|(number, letter)| Sent { number, letter: Arc::new(letter) });
        let letters: VecDeque<Sent> = letters.collect();
        let sent = letters.back().map_or(0, |last| last.number);
        *self.shelf() = Shelf { sent, letters };
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::letter::{CalendarPart, Method, Recipient, Subject};
    use super::*;
    use crate::domain::ids::LetterId;
    use crate::domain::names::{EmailAddress, PersonName};
    use crate::domain::time::Instant;

    fn letter(id: usize) -> Letter {
        Letter {
            id: LetterId::new(id.to_string()),
            written_at: Instant::from_seconds(0),
            to: Recipient { address: EmailAddress::parse("bo@example.com").unwrap(), name: PersonName::parse("Bo").unwrap() },
            reply_to: None,
            subject: Subject::new("Hello"),
            text: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
            calendar: None,
        }
    }

    #[test]
    fn the_newest_letters_are_kept_under_their_numbers() {
        let mailbox = Mailbox::new(Sender::parse("meet@example.com").unwrap());
        for id in 1..=Mailbox::KEPT + 2 {
            mailbox.send(&letter(id)).unwrap();
        }
        let list = mailbox.list();
        assert_eq!((list.len(), list[0].number, list[0].letter.id.as_str()), (500, 502, "502"));
        assert!(mailbox.get(2).is_none());
        assert_eq!(mailbox.get(3).unwrap().letter.id.as_str(), "3");
    }

    #[test]
    fn what_was_written_down_comes_back_and_is_counted_on() {
        let new = || Mailbox::new(Sender::parse("meet@example.com").unwrap());
        let (before, after) = (new(), new());
        let calendar = CalendarPart { method: Method::Cancel, ics: "BEGIN:VCALENDAR\r\n".to_owned() };
        let reply_to = Some(EmailAddress::parse("desk@example.com").unwrap());
        before.send(&letter(1)).unwrap();
        before.send(&Letter { reply_to, calendar: Some(calendar), ..letter(2) }).unwrap();
        let written = serde_json::to_vec(&before.keep()).unwrap();
        after.go_on_from(serde_json::from_slice(&written).unwrap());
        let letters =
            |mailbox: &Mailbox| mailbox.list().iter().map(|sent| (sent.number, sent.letter.clone())).collect::<Vec<_>>();
        assert_eq!(letters(&after), letters(&before));
        after.send(&letter(3)).unwrap();
        assert_eq!((after.sent(), after.list()[0].number), (3, 3));
    }
}
