//! The form of a new meeting, shared by booking one and starting one now: its fields, what they mean, and its page parts.

use serde::Deserialize;

use crate::domain::ids::{MeetingId, UserId};
use crate::domain::names::{EmailAddress, IdempotencyKey, PersonName, Topic, ZoneName};
use crate::domain::tenant::{Standing, User};
use crate::store::clients::{self, Client};
use crate::store::{StoreError, users};

use super::super::forms::{Choice, Errors, fresh_key};
use super::super::scope::Staff;
use super::super::server::Site;
use super::offers::Host;
use super::time::{self, Typed};

/// How many known clients are proposed while typing.
const PROPOSED: i64 = 100;

/// What a form is told that was sent before for another meeting, by going back and changing it: where that meeting is. With a
/// fresh key the same form then books another one.
pub(super) fn form_used(staff: &Staff, meeting: &MeetingId) -> Errors {
    let mut errors = Errors::default();
    errors.add_page(super::path(staff, meeting, ""), "This form has already been used for another meeting: look at that one.");
    errors.add("", "Nothing was changed. To have one more meeting as it is entered below, send the form again.");
    errors
}

/// What was typed.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Fields {
    #[serde(default)]
    pub(super) key: String,
    #[serde(default)]
    pub(super) host: String,
    #[serde(default)]
    pub(super) client_name: String,
    #[serde(default)]
    pub(super) client_email: String,
    #[serde(default)]
    pub(super) client_zone: String,
    #[serde(default)]
    pub(super) topic: String,
    #[serde(default)]
    pub(super) date: String,
    #[serde(default)]
    pub(super) time: String,
    #[serde(default)]
    pub(super) minutes: String,
    #[serde(default)]
    pub(super) zone: String,
    #[serde(default)]
    pub(super) start: String,
    /// Set when the host will wait in line for a license.
    #[serde(default)]
    pub(super) wait: String,
}

/// What the form offers to choose from.
pub(super) struct Known {
    /// Who may host; empty for staff, who host their own meetings.
    pub(super) hosts: Vec<User>,
    /// Clients of before.
    pub(super) clients: Vec<Client>,
}

/// Who meets about what, as it was parsed.
pub(super) struct Parties {
    pub(super) host: UserId,
    pub(super) topic: Topic,
    pub(super) client_name: PersonName,
    pub(super) client_email: EmailAddress,
    pub(super) client_zone: Option<ZoneName>,
    pub(super) key: IdempotencyKey,
}

impl Fields {
    /// A fresh form.
    pub(super) fn fresh(staff: &Staff, site: &Site) -> Self {
        Self {
            key: fresh_key(&site.app),
            host: staff.user.id.to_string(),
            minutes: staff.tenant.default_length.as_minutes().to_string(),
            zone: staff.zone().to_string(),
            ..Self::default()
        }
    }

    /// The same fields with what a form of the other kind leaves out.
    pub(super) fn completed(self, staff: &Staff) -> Self {
        let or = |typed: String, else_: String| if typed.trim().is_empty() { else_ } else { typed };
        Self {
            host: or(self.host, staff.user.id.to_string()),
            minutes: or(self.minutes, staff.tenant.default_length.as_minutes().to_string()),
            zone: or(self.zone, staff.zone().to_string()),
            ..self
        }
    }

    /// The fields that say when.
    pub(super) fn typed(&self) -> Typed<'_> {
        Typed {
            date: self.date.trim(),
            time: self.time.trim(),
            minutes: self.minutes.trim(),
            zone: &self.zone,
            start: self.start.trim(),
        }
    }

    /// Shows an offered start in the fields for date and time, as if it had been typed.
    pub(super) fn with_start_shown(self) -> Self {
        match time::shown(self.typed()) {
            Some((date, time)) => Self { date, time, ..self },
            None => self,
        }
    }

    /// Who meets about what; what is wrong goes to `errors`.
    pub(super) fn parties(&self, staff: &Staff, known: &Known, errors: &mut Errors) -> Option<Parties> {
        let key = errors.take("", IdempotencyKey::parse(&self.key));
        let host = known.host(staff, &self.host);
        if host.is_none() {
            errors.add("host", "Choose a host from the list.");
        }
        let client_name = errors.take_named("client_name", "the client's name", PersonName::parse(&self.client_name));
        let client_email =
            errors.take_named("client_email", "the client's e-mail address", EmailAddress::parse(&self.client_email));
        let zone = self.client_zone.trim();
        let client_zone = if zone.is_empty() {
            Some(None)
        } else {
            errors.take_named("client_zone", "the client's time zone", ZoneName::parse(zone)).map(Some)
        };
        let topic = match self.topic.trim() {
            "" => host.and_then(|host| Topic::parse(&format!("Meeting with {}", host.name)).ok()),
            topic => errors.take("topic", Topic::parse(topic)),
        };
        Some(Parties {
            host: host?.id.clone(),
            topic: topic?,
            client_name: client_name?,
            client_email: client_email?,
            client_zone: client_zone?,
            key: key?,
        })
    }
}

impl Known {
    /// Reads it.
    pub(super) async fn read(staff: &Staff, site: &Site) -> Result<Self, StoreError> {
        let (scope, admin) = (staff.scope(), staff.user.role.is_admin());
        site.app
            .store
            .read(move |tx| {
                let hosts = if admin { users::list(tx, &scope)? } else { Vec::new() };
                let hosts = hosts.into_iter().filter(|user| !matches!(user.standing, Standing::Deactivated(_))).collect();
                Ok(Self { hosts, clients: clients::list(tx, &scope, PROPOSED)? })
            })
            .await
    }

    /// The host that a form names: for staff always themselves.
    fn host<'a>(&'a self, staff: &'a Staff, id: &str) -> Option<&'a User> {
        if self.hosts.is_empty() { Some(&staff.user) } else { self.hosts.iter().find(|user| user.id.as_str() == id) }
    }

    /// How the host is spoken of.
    pub(super) fn spoken_of<'a>(&'a self, staff: &'a Staff, id: &str) -> Host<'a> {
        match self.host(staff, id) {
            Some(host) if host.id != staff.user.id => Host::Other(host.name.as_str()),
            _ => Host::You,
        }
    }

    /// The hosts to choose from.
    pub(super) fn host_choices(&self) -> Vec<Choice> {
        self.hosts.iter().map(|user| Choice::new(user.id.as_str(), user.name.as_str())).collect()
    }
}
