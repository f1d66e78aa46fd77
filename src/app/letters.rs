//! Letters: put into the outbox in the transaction of what they tell of, written and sent afterwards.
//!
//! The outbox keeps facts and ids. The text, with its links, is made when the letter is sent and is the same each time, so
//! a letter that is sent twice after a crash is one mail to the recipient.

mod delivery;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{LetterId, MeetingId};
use crate::domain::names::{EmailAddress, NameError, PersonName, Topic, ZoneName};
use crate::domain::time::{Instant, Window};
use crate::mail::letters as text;
use crate::mail::letters::LetterError;
use crate::mail::{Letter, Recipient, Stamp};
use crate::store::clients::Client;
use crate::store::letters::{self, Due, NewLetter};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, WriteTx};

use super::App;
use crate::domain::meeting::Meeting;
use crate::domain::tenant::Tenant;
use delivery::Known;

/// What an outbox row says about a letter. Field names are stored: they may be added to and never renamed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
enum Draft {
    Invitation(MeetingDraft),
    Rescheduled { facts: MeetingDraft, before: (i64, i64) },
    Cancelled(MeetingDraft),
    AccountInvitation { facts: AccountDraft, link_id: String, expires_at: i64, invited_by: Option<String> },
    PasswordReset { facts: AccountDraft, link_id: String, expires_at: i64 },
    PasswordChanged { facts: AccountDraft, forgotten_path: String, changed_at: i64 },
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct MeetingDraft {
    meeting: String,
    link_version: u32,
    sequence: u32,
    topic: String,
    window: (i64, i64),
    host: String,
    host_zone: String,
    tenant: String,
    reply_to: Option<String>,
    client_name: String,
    client_zone: String,
}

impl Draft {
    fn of(due: &Due) -> Result<Self, serde_json::Error> {
        serde_json::from_str(&due.payload)
    }

    /// The meeting it is about, if it is about one.
    const fn meeting(&self) -> Option<&MeetingDraft> {
        match self {
            Self::Invitation(facts) | Self::Rescheduled { facts, .. } | Self::Cancelled(facts) => Some(facts),
            Self::AccountInvitation { .. } | Self::PasswordReset { .. } | Self::PasswordChanged { .. } => None,
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct AccountDraft {
    name: String,
    place: String,
    zone: String,
    path: String,
}

/// What a letter to a client says about the meeting.
#[derive(Clone, Copy, Debug)]
pub enum MeetingNews {
    /// It was booked, or its invitation is to be sent again (then with a running number of its own).
    Invited {
        /// Which repetition; 0 is the first.
        again: u32,
    },
    /// It has moved from there.
    Rescheduled {
        /// When it was before.
        before: Window,
    },
    /// It will not take place.
    Cancelled,
}

/// Whom an account letter goes to, and where their account is.
#[derive(Clone, Debug)]
pub struct AccountOwner {
    /// Their address.
    pub email: EmailAddress,
    /// Their name.
    pub name: PersonName,
    /// The tenant's name, or the portal's for an operator.
    pub place: String,
    /// The zone in which they are told times.
    pub zone: ZoneName,
    /// The path under which the account lives: `/t/{slug}` or `/operator`.
    pub path: String,
}

/// What a letter about an account says.
#[derive(Clone, Debug)]
pub enum AccountNews {
    /// They may choose a first password.
    Invited {
        /// The id from which the link's secret is derived.
        link_id: String,
        /// Until when.
        expires_at: Instant,
        /// Who invited them.
        invited_by: Option<PersonName>,
    },
    /// They may choose another password.
    Reset {
        /// The id from which the link's secret is derived.
        link_id: String,
        /// Until when.
        expires_at: Instant,
    },
    /// Their password was changed.
    PasswordChanged,
}

/// Whether a worker found something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One thing was done; there may be more.
    Worked,
    /// There is nothing to do now.
    Idle,
}

impl App {
    /// The letter to the client about a meeting, for [`put`] in the transaction that makes it true.
    pub fn meeting_letter(
        &self,
        news: MeetingNews,
        meeting: &Meeting,
        client: &Client,
        host: &PersonName,
        tenant: &Tenant,
    ) -> NewLetter {
        let facts = MeetingDraft {
            meeting: meeting.id.to_string(),
            link_version: meeting.link_version,
            sequence: meeting.sequence,
            topic: meeting.topic.to_string(),
            window: seconds(meeting.window),
            host: host.to_string(),
            host_zone: meeting.zone.to_string(),
            tenant: tenant.name.to_string(),
            reply_to: tenant.reply_to.as_ref().map(ToString::to_string),
            client_name: client.name.to_string(),
            client_zone: client.zone.as_ref().unwrap_or(&meeting.zone).to_string(),
        };
        let (kind, suffix, draft) = match news {
            MeetingNews::Invited { again } => ("invitation", format!(":{again}"), Draft::Invitation(facts)),
            MeetingNews::Rescheduled { before } => {
                ("rescheduled", String::new(), Draft::Rescheduled { facts, before: seconds(before) })
            }
            MeetingNews::Cancelled => ("cancelled", String::new(), Draft::Cancelled(facts)),
        };
        NewLetter {
            id: LetterId::new(self.id()),
            dedupe_key: format!("{}:{kind}:{}:{}{suffix}", meeting.id, client.email, meeting.sequence),
            tenant: Some(tenant.id.clone()),
            meeting: Some(meeting.id.clone()),
            kind,
            recipient: client.email.clone(),
            payload: payload(&draft),
            created_at: self.now(),
        }
    }

    /// The letter to somebody about their account. `scope`: whose tenant; none for an operator.
    pub fn account_letter(&self, news: AccountNews, owner: &AccountOwner, scope: Option<&TenantScope>) -> NewLetter {
        let facts = AccountDraft {
            name: owner.name.to_string(),
            place: owner.place.clone(),
            zone: owner.zone.to_string(),
            path: owner.path.clone(),
        };
        let id = self.id();
        let (kind, draft) = match news {
            AccountNews::Invited { link_id, expires_at, invited_by } => {
                let invited_by = invited_by.map(|name| name.to_string());
                ("account_invitation", Draft::AccountInvitation { facts, link_id, expires_at: expires_at.seconds(), invited_by })
            }
            AccountNews::Reset { link_id, expires_at } => {
                ("password_reset", Draft::PasswordReset { facts, link_id, expires_at: expires_at.seconds() })
            }
            AccountNews::PasswordChanged => {
                let forgotten_path = format!("{}/forgotten", owner.path);
                ("password_changed", Draft::PasswordChanged { facts, forgotten_path, changed_at: self.now().seconds() })
            }
        };
        NewLetter {
            dedupe_key: format!("account:{id}"),
            id: LetterId::new(id),
            tenant: scope.map(|scope| scope.tenant().clone()),
            meeting: None,
            kind,
            recipient: owner.email.clone(),
            payload: payload(&draft),
            created_at: self.now(),
        }
    }

    /// The client's link into a meeting.
    pub fn join_link(&self, meeting: &MeetingId, link_version: u32) -> String {
        self.url(&format!("/j/{}", self.keys.join_token(meeting, link_version)))
    }

    /// The link with which somebody chooses a password. `path`: `/t/{slug}` or `/operator`.
    pub fn password_link(&self, path: &str, link_id: &str) -> String {
        self.url(&format!("{path}/password/{}", self.keys.one_time_secret(link_id)))
    }

    /// Writes a letter from what the outbox keeps of it.
    fn compose(&self, due: &Due, known: Known) -> Result<Letter, String> {
        let draft = Draft::of(due).map_err(|error| format!("the outbox row cannot be read: {error}"))?;
        let stamp = Stamp { id: due.id.clone(), at: due.created_at };
        let address = EmailAddress::parse(&due.recipient).map_err(|_| "the recipient's address cannot be read".to_owned())?;
        self.write(stamp, &address, draft, known).map_err(|error| error.to_string())
    }

    fn write(&self, stamp: Stamp, address: &EmailAddress, draft: Draft, known: Known) -> Result<Letter, ComposeError> {
        match draft {
            Draft::Invitation(facts) => self.about_meeting(address, &facts, |facts| text::invitation(stamp, facts)),
            // Who has not heard of the meeting is invited to it as it is now.
            Draft::Rescheduled { facts, .. } if !known.heard => {
                self.about_meeting(address, &facts, |facts| text::invitation(stamp, facts))
            }
            Draft::Rescheduled { facts, before } if known.missed_a_change || before == facts.window => {
                self.about_meeting(address, &facts, |facts| text::changed(stamp, facts, !known.missed_a_change))
            }
            Draft::Rescheduled { facts, before } => {
                let before = window(before)?;
                self.about_meeting(address, &facts, |facts| text::rescheduled(stamp, facts, before))
            }
            Draft::Cancelled(facts) => self.about_meeting(address, &facts, |facts| text::cancelled(stamp, facts, known.heard)),
            Draft::AccountInvitation { facts, link_id, expires_at, invited_by } => {
                let link = self.password_link(&facts.path, &link_id);
                let invited_by = invited_by.map(|name| PersonName::parse(&name)).transpose()?;
                about_account(address, &facts, |account| {
                    text::account_invitation(stamp, account, invited_by.as_ref(), &link, Instant::from_seconds(expires_at))
                })
            }
            Draft::PasswordReset { facts, link_id, expires_at } => {
                let link = self.password_link(&facts.path, &link_id);
                about_account(address, &facts, |account| {
                    text::password_reset(stamp, account, &link, Instant::from_seconds(expires_at))
                })
            }
            Draft::PasswordChanged { facts, forgotten_path, changed_at } => {
                let link = self.url(&forgotten_path);
                about_account(address, &facts, |account| {
                    text::password_changed(stamp, account, &link, Instant::from_seconds(changed_at))
                })
            }
        }
    }

    fn about_meeting(
        &self,
        address: &EmailAddress,
        facts: &MeetingDraft,
        write: impl FnOnce(&text::MeetingFacts<'_>) -> Result<Letter, LetterError>,
    ) -> Result<Letter, ComposeError> {
        let meeting = MeetingId::new(&*facts.meeting);
        let topic = Topic::parse(&facts.topic)?;
        let (host, tenant) = (PersonName::parse(&facts.host)?, PersonName::parse(&facts.tenant)?);
        let (host_zone, client_zone) = (ZoneName::parse(&facts.host_zone)?, ZoneName::parse(&facts.client_zone)?);
        let reply_to = facts.reply_to.as_deref().map(EmailAddress::parse).transpose()?;
        let client = Recipient { address: address.clone(), name: PersonName::parse(&facts.client_name)? };
        let join_link = self.join_link(&meeting, facts.link_version);
        Ok(write(&text::MeetingFacts {
            meeting: &meeting,
            sequence: facts.sequence,
            topic: &topic,
            window: window(facts.window)?,
            host: &host,
            host_zone: &host_zone,
            tenant: &tenant,
            reply_to: reply_to.as_ref(),
            client: &client,
            client_zone: &client_zone,
            join_link: &join_link,
            sender: self.mailer.sender(),
        })?)
    }
}

/// Puts letters into the outbox, and tells how many were new: one that is there already is not put twice.
pub fn put(tx: &mut WriteTx<'_>, letters: &[NewLetter]) -> Result<usize, StoreError> {
    letters.iter().try_fold(0, |new, letter| Ok(new + usize::from(letters::put(tx, letter)?)))
}

fn about_account(
    address: &EmailAddress,
    facts: &AccountDraft,
    write: impl FnOnce(&text::Account<'_>) -> Result<Letter, LetterError>,
) -> Result<Letter, ComposeError> {
    let person = Recipient { address: address.clone(), name: PersonName::parse(&facts.name)? };
    let zone = ZoneName::parse(&facts.zone)?;
    Ok(write(&text::Account { person: &person, place: &facts.place, zone: &zone })?)
}

fn payload(draft: &Draft) -> String {
    serde_json::to_string(draft).expect("a draft holds only text and numbers")
}

const fn seconds(window: Window) -> (i64, i64) {
    (window.start().seconds(), window.end().seconds())
}

fn window((start, end): (i64, i64)) -> Result<Window, ComposeError> {
    Window::new(Instant::from_seconds(start), Instant::from_seconds(end)).ok_or(ComposeError::Window)
}

#[derive(Debug, thiserror::Error)]
enum ComposeError {
    #[error("the outbox row holds an unusable text: {0}")]
    Name(#[from] NameError),
    #[error("the outbox row holds an empty span of time")]
    Window,
    #[error(transparent)]
    Letter(#[from] LetterError),
}
