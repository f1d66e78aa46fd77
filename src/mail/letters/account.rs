//! Letters about an account: a tenant's user or an operator.

use super::{LetterError, Rendered, rendering};
use crate::domain::names::{PersonName, ZoneName};
use crate::domain::time::Instant;
use crate::domain::when;
use crate::mail::letter::{Letter, Recipient, Stamp};

/// Whose account it is, and where.
#[derive(Clone, Debug)]
pub struct Account<'a> {
    /// The person.
    pub person: &'a Recipient,
    /// Where the account is, as the person knows it: the tenant's name, or the portal's for an operator.
    pub place: &'a str,
    /// The zone in which they are told times.
    pub zone: &'a ZoneName,
}

/// The same facts as text.
struct View {
    person: String,
    place: String,
    invited_by: String,
    link: String,
    moment: String,
}

rendering!(render_invitation(View):
    "mail/account_invitation/subject.txt", "mail/account_invitation/body.txt", "mail/account_invitation/body.html");
rendering!(render_reset(View): "mail/password_reset/subject.txt", "mail/password_reset/body.txt", "mail/password_reset/body.html");
rendering!(render_changed(View):
    "mail/password_changed/subject.txt", "mail/password_changed/body.txt", "mail/password_changed/body.html");

/// Invites somebody to an account: `link` leads to the page where they choose a password, until `expires_at`.
pub fn account_invitation(
    stamp: Stamp,
    account: &Account<'_>,
    invited_by: Option<&PersonName>,
    link: &str,
    expires_at: Instant,
) -> Result<Letter, LetterError> {
    let invited_by = invited_by.map(ToString::to_string).unwrap_or_default();
    let view = View { invited_by, ..account.view(link, expires_at) };
    Ok(account.letter(stamp, render_invitation(&view)?))
}

/// Answers a forgotten password: `link` leads to the page where they choose another, until `expires_at`.
pub fn password_reset(stamp: Stamp, account: &Account<'_>, link: &str, expires_at: Instant) -> Result<Letter, LetterError> {
    Ok(account.letter(stamp, render_reset(&account.view(link, expires_at))?))
}

/// Says that the password was changed; `forgotten_link` is the page where a person asks for a reset.
pub fn password_changed(
    stamp: Stamp,
    account: &Account<'_>,
    forgotten_link: &str,
    changed_at: Instant,
) -> Result<Letter, LetterError> {
    Ok(account.letter(stamp, render_changed(&account.view(forgotten_link, changed_at))?))
}

impl Account<'_> {
    fn view(&self, link: &str, moment: Instant) -> View {
        View {
            person: self.person.name.to_string(),
            place: self.place.to_owned(),
            invited_by: String::new(),
            link: link.to_owned(),
            moment: when::moment(moment, self.zone),
        }
    }

    fn letter(&self, stamp: Stamp, rendered: Rendered) -> Letter {
        Letter {
            id: stamp.id,
            written_at: stamp.at,
            to: self.person.clone(),
            reply_to: None,
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            calendar: None,
        }
    }
}
