//! Who our mail comes from: the setting `MAIL_FROM`.

use crate::domain::names::{EmailAddress, PersonName};

/// The sender of every letter; also the organizer of every calendar entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    name: Option<PersonName>,
    address: EmailAddress,
}

/// A `MAIL_FROM` that names no sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("MAIL_FROM must name a sender, such as \"North Clinic <meetings@example.com>\": {0}")]
pub struct SenderError(String);

impl Sender {
    /// Parses `Name <address>`, `"Name" <address>` or a bare address.
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        let text = text.trim();
        let (name, address) = match text.strip_suffix('>').and_then(|head| head.rsplit_once('<')) {
            Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
            None => ("", text),
        };
        let wrong = |e: crate::domain::names::NameError| SenderError(e.to_string());
        let name = if name.is_empty() { None } else { Some(PersonName::parse(name).map_err(wrong)?) };
        Ok(Self { name, address: EmailAddress::parse(address).map_err(wrong)? })
    }

    /// The sender's address.
    pub fn address(&self) -> &EmailAddress {
        &self.address
    }

    /// The sender's name, if the setting has one.
    pub fn name(&self) -> Option<&PersonName> {
        self.name.as_ref()
    }

    /// What follows the `@`: the right-hand side of our Message-IDs.
    pub fn domain(&self) -> &str {
        self.address.as_str().rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_may_have_a_name() {
        for text in ["North Clinic <Meet@Mail.Example.com>", "\"North Clinic\" <meet@mail.example.com>"] {
            let sender = Sender::parse(text).unwrap();
            assert_eq!(sender.name().unwrap().as_str(), "North Clinic");
            assert_eq!((sender.address().as_str(), sender.domain()), ("meet@mail.example.com", "mail.example.com"));
        }
        assert_eq!(Sender::parse("meet@example.com").unwrap().name(), None);
    }

    #[test]
    fn a_wrong_sender_names_the_setting() {
        for text in ["", "North Clinic", "North <meet>", "a\r\nBcc: x <meet@example.com>", "<meet@example.com> x"] {
            let error = Sender::parse(text).unwrap_err().to_string();
            assert!(error.contains("MAIL_FROM"), "{text:?}: {error}");
        }
    }
}
