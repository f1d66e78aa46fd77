//! Letters to people: their words, their calendar entry and the ways to send them.
//!
//! Writing a letter is pure: facts in, [`Letter`] out, nothing read and nothing drawn by lot, so writing it again gives
//! the same letter. Nothing a person typed can break out of a header, a calendar line or the HTML (design rule 3.4.5).
//! When and how often a letter is sent is the outbox's business, in `app`.

pub mod calendar;
mod letter;
pub mod letters;
mod mailbox;
pub mod mailbox_pages;
mod mime;
mod sender;
mod smtp;
mod transport;

pub use letter::{CalendarPart, Letter, Method, Recipient, Stamp, Subject};
pub use mailbox::{Mailbox, Sent};
pub use sender::{Sender, SenderError};
pub use smtp::{Smtp, SmtpUrlError};
pub use transport::{Mailer, SendError};
