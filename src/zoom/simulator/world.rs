//! The simulated Zoom account: what is in it, how a call is answered, and what a person in the admin console can do.
//!
//! Every method is told the time in milliseconds since the Unix epoch. Nothing here reads a clock, and random choices
//! come from the [`Ids`] the world was made with.

use std::collections::{BTreeMap, VecDeque};

use super::faults::{Fault, Faults};
use super::limits::Limits;
use super::locks::{self, Locks};
use super::meetings::{Meeting, Past};
use super::refusal::Refusal;
use super::users::{User, Zak};
use super::webhooks::{Outgoing, Queue, Webhook};
use crate::clock::Ids;
use crate::zoom::client::Credentials;
use crate::zoom::label::{Label, Plan};
use crate::zoom::scopes;
use crate::zoom::transport::{Call, Reply, Site, TransportError};
use crate::zoom::user::CreateAction;

/// How long an answer that never comes is waited for: longer than any client waits.
const NEVER_MILLIS: u64 = 20_000;

/// What kind of account it is.
#[derive(Clone)]
pub struct Settings {
    /// What the app signs in with.
    pub credentials: Credentials,
    /// Signs webhooks.
    pub webhook_secret: String,
    /// How many licenses were bought.
    pub licenses: u32,
    /// The plan, which decides how many calls are taken.
    pub plan: Plan,
    /// Where rooms are found, without a slash at the end; the server sets it when it knows its port.
    pub base_url: String,
    /// How many milliseconds a minute of Zoom's lasts in the 40-minute cut and between tries of a webhook; 60,000 is real
    /// time.
    pub minute_millis: i64,
    /// The scopes the app has, separated by spaces.
    pub scopes: String,
    /// The ways in which users may be created.
    pub creates: Vec<CreateAction>,
    /// How many times a day licenses may be given to users, for each license that was bought: Zoom derives its limit from
    /// their number and says neither how nor over which time (zoom.md §0.1). Without a number there is no limit.
    pub assignments_per_license: Option<u32>,
    /// How many milliseconds a write takes; meanwhile another one to the same user is refused (zoom.md §5, lock key).
    pub write_millis: u64,
}

impl Settings {
    /// An account of the usual kind: real time, every scope, no ISV contract.
    pub fn new(credentials: Credentials, webhook_secret: &str, licenses: u32) -> Self {
        let scopes: Vec<&str> = scopes::NEEDS.iter().map(|need| need.granular).collect();
        Self {
            credentials,
            webhook_secret: webhook_secret.to_owned(),
            licenses,
            plan: Plan::Pro,
            base_url: "http://zoom.invalid".to_owned(),
            minute_millis: 60_000,
            scopes: scopes.join(" "),
            creates: vec![CreateAction::Create, CreateAction::AutoCreate],
            assignments_per_license: None,
            write_millis: 0,
        }
    }
}

/// How a call ends.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How long it takes, in milliseconds.
    pub delay_millis: u64,
    /// What comes back.
    pub outcome: Result<Reply, TransportError>,
}

/// The simulated account.
pub struct World {
    pub(super) settings: Settings,
    pub(super) ids: Ids,
    pub(super) users: BTreeMap<String, User>,
    pub(super) meetings: BTreeMap<i64, Meeting>,
    pub(super) past: Vec<Past>,
    pub(super) tokens: BTreeMap<String, i64>,
    pub(super) zaks: BTreeMap<String, Zak>,
    pub(super) limits: Limits,
    pub(super) faults: Faults,
    pub(super) queue: Queue,
    pub(super) people_so_far: i64,
    /// When licenses were given to users, in milliseconds.
    pub(super) assigned: VecDeque<i64>,
    pub(super) locks: Locks,
    /// When the address of the webhooks is to prove itself again, in milliseconds.
    pub(super) validation_at: Option<i64>,
}

impl World {
    /// An account without users.
    pub fn new(settings: Settings, ids: Ids) -> Self {
        let limits = Limits::new(settings.plan);
        Self {
            settings,
            ids,
            users: BTreeMap::new(),
            meetings: BTreeMap::new(),
            past: Vec::new(),
            tokens: BTreeMap::new(),
            zaks: BTreeMap::new(),
            limits,
            faults: Faults::default(),
            queue: Queue::default(),
            people_so_far: 0,
            assigned: VecDeque::new(),
            locks: Locks::default(),
            validation_at: None,
        }
    }

    /// Answers a call to the API or to the token endpoint.
    pub fn handle(&mut self, now: i64, call: &Call) -> Answer {
        self.cut_what_is_over(now);
        let fault = Fault::OF_CALLS.into_iter().find(|fault| self.applies(*fault, call));
        let takes = if call.site == Site::Api && call.method.writes() { self.settings.write_millis } else { 0 };
        let (delay_millis, outcome) = match fault {
            None => (takes, Ok(self.reply(now, call, takes))),
            Some(Fault::TooFast) => (0, Ok(self.limits.per_second(label(call), now).into_reply())),
            Some(Fault::DailyLimit) => (0, Ok(self.limits.per_day(label(call), now).into_reply())),
            Some(Fault::WriteConflict) => (0, Ok(locks::conflict().into_reply())),
            Some(Fault::Slow) => {
                let takes = takes + 2000 + self.ids.below(6001);
                (takes, Ok(self.reply(now, call, takes)))
            }
            Some(Fault::BrokenAnswer) => {
                self.reply(now, call, takes);
                (takes, Err(TransportError::Broken("reset by the simulator".into())))
            }
            Some(Fault::NoAnswer) => {
                self.reply(now, call, takes);
                (NEVER_MILLIS, Err(TransportError::Timeout("kept waiting by the simulator".into())))
            }
            Some(Fault::NotApplied) => (takes, Ok(self.reply_without_effect(now, call, takes))),
            Some(_) => (0, Ok(Refusal::new(500, 500, "Internal server error.").into_reply())),
        };
        Answer { delay_millis, outcome: outcome.map(|reply| self.tracked(reply)) }
    }

    /// Does what is due by now and gives the webhooks to be posted.
    pub fn tick(&mut self, now: i64) -> Vec<Outgoing> {
        self.cut_what_is_over(now);
        self.validate_when_due(now);
        self.due_webhooks(now)
    }

    /// When [`World::tick`] will have something to do, in milliseconds.
    pub fn next_due(&self) -> Option<i64> {
        [self.next_cut(), self.queue.next_due(), self.validation_at].into_iter().flatten().min()
    }

    /// What kind of account it is.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Changes what kind of account it is.
    pub fn settings_mut(&mut self) -> &mut Settings {
        &mut self.settings
    }

    /// The users, by id.
    pub fn users(&self) -> impl Iterator<Item = &User> {
        self.users.values()
    }

    /// The meetings, by number.
    pub fn meetings(&self) -> impl Iterator<Item = &Meeting> {
        self.meetings.values()
    }

    /// The webhooks, oldest first.
    pub fn webhooks(&self) -> &[Webhook] {
        &self.queue.list
    }

    /// The rate limits' use.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many writes were refused because another one to the same user was under way.
    pub fn conflicts(&self) -> u32 {
        self.locks.refused()
    }

    /// The faults.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The faults, to switch them.
    pub fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// How many users hold a license.
    pub fn licenses_in_use(&self) -> u32 {
        self.users.values().filter(|user| user.is_licensed()).count() as u32
    }

    /// How many milliseconds so many of Zoom's minutes last.
    pub(super) fn minutes(&self, minutes: i64) -> i64 {
        minutes * self.settings.minute_millis
    }

    /// Only writes can be answered without being carried out or meet another write, and only API calls have a rate limit.
    fn applies(&mut self, fault: Fault, call: &Call) -> bool {
        let possible = match fault {
            Fault::TooFast | Fault::DailyLimit => call.site == Site::Api,
            Fault::NotApplied | Fault::WriteConflict => call.site == Site::Api && call.method.writes(),
            _ => true,
        };
        possible && self.faults.strikes(fault, &self.ids)
    }

    fn reply_without_effect(&mut self, now: i64, call: &Call, takes: u64) -> Reply {
        let before = (self.users.clone(), self.meetings.clone(), self.past.clone(), self.queue.clone());
        let reply = self.reply(now, call, takes);
        (self.users, self.meetings, self.past, self.queue) = before;
        reply
    }
}

fn label(call: &Call) -> Label {
    Label::of(call).unwrap_or(Label::Light)
}
