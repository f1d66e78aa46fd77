//! Letters to the client about one meeting.

use super::{LetterError, Rendered, rendering};
use crate::domain::ids::MeetingId;
use crate::domain::names::{EmailAddress, PersonName, Topic, ZoneName};
use crate::domain::time::Window;
use crate::domain::when;
use crate::mail::calendar::{self, Entry};
use crate::mail::letter::{CalendarPart, Letter, Recipient, Stamp};
use crate::mail::sender::Sender;

/// What a letter about a meeting needs to know.
#[derive(Clone, Debug)]
pub struct MeetingFacts<'a> {
    /// The meeting.
    pub meeting: &'a MeetingId,
    /// Its sequence number; rises with every change the client hears of.
    pub sequence: u32,
    /// What it is about.
    pub topic: &'a Topic,
    /// When it is.
    pub window: Window,
    /// Who hosts it.
    pub host: &'a PersonName,
    /// The zone the host thinks in.
    pub host_zone: &'a ZoneName,
    /// The host's organization.
    pub tenant: &'a PersonName,
    /// Where the client's answer goes; none: answers are not read, and the letter says so.
    pub reply_to: Option<&'a EmailAddress>,
    /// Who the letter is to.
    pub client: &'a Recipient,
    /// The zone the client thinks in; the host's when it is not known.
    pub client_zone: &'a ZoneName,
    /// The client's own link, `https://…/j/{token}`.
    pub join_link: &'a str,
    /// The organizer of the calendar entry.
    pub sender: &'a Sender,
}

/// The same facts as text.
struct View {
    client: String,
    host: String,
    tenant: String,
    topic: String,
    day: String,
    when: Vec<String>,
    before: Vec<String>,
    join_link: String,
    answered: bool,
    same_time: bool,
    invited: bool,
}

rendering!(render_invitation(View): "mail/invitation/subject.txt", "mail/invitation/body.txt", "mail/invitation/body.html");
rendering!(render_rescheduled(View): "mail/rescheduled/subject.txt", "mail/rescheduled/body.txt", "mail/rescheduled/body.html");
rendering!(render_changed(View): "mail/changed/subject.txt", "mail/changed/body.txt", "mail/changed/body.html");
rendering!(render_cancelled(View): "mail/cancelled/subject.txt", "mail/cancelled/body.txt", "mail/cancelled/body.html");

/// Tells the client of a meeting, with the join link and an entry for their calendar. Also what "resend" sends.
pub fn invitation(stamp: Stamp, facts: &MeetingFacts<'_>) -> Result<Letter, LetterError> {
    let calendar = facts.invite(&stamp);
    Ok(facts.letter(stamp, render_invitation(&facts.view(None))?, calendar))
}

/// Tells the client that the meeting has moved from `before` to `facts.window`.
pub fn rescheduled(stamp: Stamp, facts: &MeetingFacts<'_>, before: Window) -> Result<Letter, LetterError> {
    let calendar = facts.invite(&stamp);
    Ok(facts.letter(stamp, render_rescheduled(&facts.view(Some(before)))?, calendar))
}

/// Tells the client that the meeting has changed, and how it is now. `same_time`: only what it is about has changed, as far as
/// the client knows of it.
pub fn changed(stamp: Stamp, facts: &MeetingFacts<'_>, same_time: bool) -> Result<Letter, LetterError> {
    let calendar = facts.invite(&stamp);
    Ok(facts.letter(stamp, render_changed(&View { same_time, ..facts.view(None) })?, calendar))
}

/// Tells the client that the meeting will not take place. The link is not repeated. `invited`: whether an invitation is known
/// to have gone out.
pub fn cancelled(stamp: Stamp, facts: &MeetingFacts<'_>, invited: bool) -> Result<Letter, LetterError> {
    let calendar = facts.call_off(&stamp);
    Ok(facts.letter(stamp, render_cancelled(&View { invited, ..facts.view(None) })?, calendar))
}

impl MeetingFacts<'_> {
    fn both(&self, window: Window) -> Vec<String> {
        when::both(window, self.client_zone, self.host_zone)
    }

    fn view(&self, before: Option<Window>) -> View {
        View {
            client: self.client.name.to_string(),
            host: self.host.to_string(),
            tenant: self.tenant.to_string(),
            topic: self.topic.to_string(),
            day: when::day(self.window.start(), self.client_zone),
            when: self.both(self.window),
            before: before.map(|window| self.both(window)).unwrap_or_default(),
            join_link: self.join_link.to_owned(),
            answered: self.reply_to.is_some(),
            same_time: false,
            invited: true,
        }
    }

    fn invite(&self, stamp: &Stamp) -> CalendarPart {
        let description = format!("Join here: {}\n\nWait on that page until {} starts the meeting.", self.join_link, self.host);
        self.entry(stamp, &description, Some(self.join_link), calendar::request)
    }

    fn call_off(&self, stamp: &Stamp) -> CalendarPart {
        self.entry(stamp, &format!("The meeting with {} will not take place.", self.host), None, calendar::cancel)
    }

    fn entry(&self, stamp: &Stamp, description: &str, link: Option<&str>, write: fn(&Entry<'_>) -> CalendarPart) -> CalendarPart {
        write(&Entry {
            uid: &calendar::uid(self.meeting),
            sequence: self.sequence,
            stamp: stamp.at,
            window: self.window,
            summary: &format!("{} with {}", self.topic, self.host),
            description,
            link,
            organizer: (&format!("{}, {}", self.host, self.tenant), self.sender.address()),
            attendee: (self.client.name.as_str(), &self.client.address),
        })
    }

    fn letter(&self, stamp: Stamp, rendered: Rendered, calendar: CalendarPart) -> Letter {
        Letter {
            id: stamp.id,
            written_at: stamp.at,
            to: self.client.clone(),
            reply_to: self.reply_to.cloned(),
            subject: rendered.subject,
            text: rendered.text,
            html: rendered.html,
            calendar: Some(calendar),
        }
    }
}
