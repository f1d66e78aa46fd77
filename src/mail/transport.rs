//! The ways to send a letter: a mail server, or the mailbox of `demo` and of tests.

use super::letter::Letter;
use super::mailbox::Mailbox;
use super::sender::Sender;
use super::smtp::Smtp;

/// Where letters go. Cloning shares the connections or the mailbox.
#[derive(Clone, Debug)]
pub enum Mailer {
    /// To a mail server.
    Smtp(Smtp),
    /// Into memory, to be read on a page.
    Mailbox(Mailbox),
}

/// A letter that was not sent. The texts name no address and no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Trying again can help: no connection, no answer in time, a 4xx reply, or a refusal that is not about the recipient.
    #[error("{0}")]
    Later(String),
    /// Trying again cannot help: the mail server refuses this recipient, or the letter cannot be written.
    #[error("{0}")]
    Never(String),
}

impl Mailer {
    /// Sends one letter.
    pub async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(letter).await,
            Self::Mailbox(mailbox) => mailbox.send(letter),
        }
    }

    /// Whether letters could be sent now. Sends nothing.
    pub async fn check(&self) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.check().await,
            Self::Mailbox(_) => Ok(()),
        }
    }

    /// The sender of every letter.
    pub fn sender(&self) -> &Sender {
        match self {
            Self::Smtp(smtp) => smtp.sender(),
            Self::Mailbox(mailbox) => mailbox.sender(),
        }
    }
}
