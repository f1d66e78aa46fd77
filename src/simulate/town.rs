//! The seeded world: the real verbs on a database in memory, a clock that only moves when told, and the simulated Zoom.
//!
//! Nothing waits for anything here: whatever the verbs await is ready at once, so a future that is not ready has been cut
//! off by the fuse, and the process it belonged to is dead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;

use crate::app::{App, AppError, Parts};
use crate::clock::Clock;
use crate::config::Secret;
use crate::domain::ids::{SeatId, TenantId, UserId};
use crate::domain::invariants::{AtZoom, Census};
use crate::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use crate::domain::pool::{PoolSettings, Release, Strategy};
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::domain::tenant::{Role, Share, Standing, Tenant, User};
use crate::domain::time::{Instant, Span};
use crate::mail::{Mailbox, Mailer, Sender};
use crate::store::fuse::Fuse;
use crate::store::scope::TenantScope;
use crate::store::{DatabaseUrl, Store, StoreError, census, seats, tenants, users};
use crate::zoom::simulator::{LocalTransport, Settings, SharedWorld, World as Zoom};
use crate::zoom::{Client, Credentials};

use super::dice::Dice;
use super::mortal::Mortal;

/// The secret of the simulated webhooks.
const WEBHOOK_SECRET: &str = "webhook-secret-of-the-simulation";

/// How long it takes until a change at Zoom's console is noticed at the latest, although readings of the account fail: they
/// are tried every ten minutes.
const NOTICED_BY: Span = Span::minutes(25);

/// Everything that exists on a simulated day.
pub(super) struct Town {
    pub(super) app: Arc<App>,
    pub(super) zoom: SharedWorld,
    pub(super) clock: Clock,
    pub(super) mailbox: Mailbox,
    pub(super) fuse: Fuse,
    pub(super) parties: Vec<Party>,
    /// Zoom's users by seat.
    pub(super) seats: BTreeMap<SeatId, String>,
    /// The Zoom users whom a person gave a license at Zoom's console.
    pub(super) by_hand: BTreeSet<String>,
    /// The Zoom users from whom a person took a license, and when.
    pub(super) taken: BTreeMap<String, Instant>,
    pub(super) deaths: u32,
    /// What the day is played with.
    pub(super) facts: String,
    transport: Arc<Mortal>,
}

/// A tenant with its people.
pub(super) struct Party {
    pub(super) scope: TenantScope,
    pub(super) users: Vec<User>,
}

/// 2026-11-02 08:00 UTC, a Monday.
pub(super) const MORNING: Instant = Instant::from_seconds(1_793_606_400);

impl Town {
    /// Founds a town by the dice.
    pub(super) fn found(dice: &Dice) -> Result<Self, AppError> {
        let licenses = 1 + dice.below(4) as u32;
        let clock = Clock::manual(MORNING);
        // Zoom has more than we bought: it is our own discipline that is looked at.
        let settings = Settings::new(credentials(), WEBHOOK_SECRET, licenses + 3);
        let zoom = Arc::new(Mutex::new(Zoom::new(settings, dice.ids())));
        let store = Store::open(&DatabaseUrl::in_memory())?;
        let fuse = store.0.fuse().unwrap_or_default();
        let transport = Arc::new(Mortal::new(LocalTransport::new(zoom.clone(), clock.clone()), fuse.clone()));
        let sender = Sender::parse("Duologue <meet@duologue.example>").map_err(|error| AppError::Defect(error.to_string()))?;
        let mailbox = Mailbox::new(sender);
        let app = App::new(Parts {
            store,
            zoom: Client::new(transport.clone(), credentials(), clock.clone()),
            mailer: Mailer::Mailbox(mailbox.clone()),
            clock: clock.clone(),
            ids: dice.ids(),
            secret_key: Secret::new("0123456789012345678901234567890123456789"),
            base_url: url::Url::parse("https://meet.example").map_err(|error| AppError::Defect(error.to_string()))?,
            webhook_secret: Secret::new(WEBHOOK_SECRET),
        });
        let (parties, seats, by_hand) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        let mut town = Self {
            app,
            zoom,
            clock,
            mailbox,
            fuse,
            parties,
            seats,
            by_hand,
            taken: BTreeMap::new(),
            deaths: 0,
            facts: String::new(),
            transport,
        };
        for (slug, hosts) in [("acme", 3), ("globex", 2), ("initech", 2)] {
            town.settle_party(slug, hosts, licenses, dice)?;
        }
        town.set_up_pool(licenses, dice)?;
        Ok(town)
    }

    fn set_up_pool(&mut self, licenses: u32, dice: &Dice) -> Result<(), AppError> {
        let (app, pass) = (self.app.clone(), self.app.console());
        self.certainly(app.set_licenses(&pass, licenses))?.map_err(defect)?;
        let strategy = if dice.chance(120) { Strategy::Standing } else { Strategy::Float };
        let release = if dice.chance(400) { Release::WhenNeeded } else { Release::Ended };
        let spare = dice.chance(200).then(|| u32::from(licenses > 1));
        let move_budget = dice.chance(100).then(|| 5 + dice.below(10) as u32);
        let late_attach = !dice.chance(100);
        let settings =
            PoolSettings { strategy, release, spare, move_budget, late_attach, ..self.certainly(app.pool(&pass))?.settings };
        self.facts = format!(
            "{licenses} licenses, {} kept back, {} {}, budget {move_budget:?}, late attach {late_attach}",
            settings.spare(),
            settings.strategy.word(),
            settings.release.word()
        );
        self.certainly(app.set_pool(&pass, settings))?.map_err(defect)?;
        self.certainly(app.sync_seats(&pass))?;
        let seats = self.certainly(app.pool(&pass))?.seats;
        self.seats = seats.into_values().filter_map(|seat| Some((seat.id, seat.zoom_user_id?))).collect();
        Ok(())
    }

    fn settle_party(&mut self, slug: &str, hosts: usize, licenses: u32, dice: &Dice) -> Result<(), AppError> {
        let (app, pass, now) = (self.app.clone(), self.app.console(), self.clock.now());
        let tenant = Tenant {
            id: TenantId::new(app.id()),
            slug: Slug::parse(slug).map_err(defect)?,
            name: PersonName::parse(slug).map_err(defect)?,
            zone: ZoneName::utc(),
            reply_to: None,
            default_length: Span::minutes(30),
            share: Share { guarantee: 0, cap: 1 + dice.below(u64::from(licenses)) as u32 },
            shared_seats: dice.chance(300),
            short_meetings: dice.chance(250),
            suspended_at: None,
            created_at: now,
        };
        let scope = pass.scope(&tenant.id);
        let mut party = Party { scope: scope.clone(), users: Vec::new() };
        let tx_pass = pass.clone();
        self.certainly(app.store.write::<_, StoreError, _>(move |tx| tenants::insert(tx, &tx_pass, &tenant)))?;
        for number in 0..=hosts {
            let user = User {
                id: UserId::new(app.id()),
                tenant: scope.tenant().clone(),
                email: EmailAddress::parse(&format!("host-{number}@{slug}.example")).map_err(defect)?,
                name: PersonName::parse(&format!("Host {number}")).map_err(defect)?,
                role: Role::Staff,
                zone: None,
                standing: Standing::Invited,
                created_at: now,
            };
            // The last one has no seat of their own; the seat beside them is the tenant's.
            let owner = (number < hosts).then(|| user.id.clone());
            let seat = self.seat(&format!("{slug}-{number}@ours.example"), &scope, owner)?;
            let (pass, scope) = (pass.clone(), scope.clone());
            party.users.push(user.clone());
            self.certainly(app.store.write::<_, StoreError, _>(move |tx| {
                users::insert(tx, &scope, &user)?;
                seats::insert(tx, &pass, &seat, now)
            }))?;
        }
        self.parties.push(party);
        Ok(())
    }

    fn seat(&self, email: &str, scope: &TenantScope, user: Option<UserId>) -> Result<Seat, AppError> {
        self.at_zoom(|zoom, now| zoom.add_user(now, email, "Seat", "One", License::Basic));
        Ok(Seat {
            id: SeatId::new(self.app.id()),
            zoom_user_id: None,
            email: EmailAddress::parse(email).map_err(defect)?,
            name: "Seat One".to_owned(),
            tenant: Some(scope.tenant().clone()),
            user,
            status: SeatStatus::Pending,
            observed: License::Basic,
            observed_at: None,
        })
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(super) fn at_zoom<T>(&self, act: impl FnOnce(&mut Zoom, i64) -> T) -> T {
        act(&mut self.zoom.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now_millis())
    }

    /// Runs a verb to its end, or to the death of the process: then `None`, and another process has taken its place.
    pub(super) fn alive<T>(&mut self, verb: impl Future<Output = T>) -> Option<T> {
        let outcome = verb.now_or_never();
        if outcome.is_none() {
            self.deaths += 1;
            self.fuse.replace();
            self.app = self.app.successor(Client::new(self.transport.clone(), credentials(), self.clock.clone()));
        }
        outcome
    }

    fn certainly<T, E: Into<AppError>>(&mut self, verb: impl Future<Output = Result<T, E>>) -> Result<T, AppError> {
        let done = self.alive(verb).ok_or_else(|| AppError::Defect("a verb waited for something".to_owned()))?;
        done.map_err(Into::into)
    }

    /// The whole database, as the invariants see it; read beside the process, whether it lives or not.
    pub(super) fn census(&self) -> Result<Census, AppError> {
        let (pass, now) = (self.app.pass(), self.now());
        let taken = self.app.store.read(move |tx| census::take(tx, &pass, now)).now_or_never();
        Ok(taken.ok_or_else(|| AppError::Defect("a read waited for something".to_owned()))??)
    }

    /// The bodies of the webhooks that are stored.
    pub(super) fn event_bodies(&self) -> Result<BTreeSet<String>, AppError> {
        let pass = self.app.pass();
        let read = self.app.store.read(move |tx| census::event_bodies(tx, &pass)).now_or_never();
        Ok(read.ok_or_else(|| AppError::Defect("a read waited for something".to_owned()))??.into_iter().collect())
    }

    /// What is true at Zoom.
    pub(super) fn truth(&mut self) -> AtZoom {
        let licensed: BTreeSet<String> =
            self.at_zoom(|zoom, _| zoom.users().filter(|user| user.is_licensed()).map(|user| user.id.clone()).collect());
        self.by_hand.retain(|user| licensed.contains(user));
        let with = |users: &BTreeSet<String>| {
            self.seats.iter().filter(|(_, user)| users.contains(*user)).map(|(seat, _)| seat.clone()).collect()
        };
        let running = self.at_zoom(|zoom, _| {
            zoom.meetings().filter_map(|meeting| Some((meeting.number, meeting.running.as_ref()?.uuid.clone()))).collect()
        });
        let now = self.now();
        self.taken.retain(|_, at| now < *at + NOTICED_BY);
        let taken = self.taken.keys().cloned().collect();
        AtZoom { licensed: with(&licensed), by_hand: with(&self.by_hand), just_taken: with(&taken), running }
    }

    /// How many calls Zoom has heard so far.
    pub(super) fn calls(&self) -> u64 {
        self.transport.calls()
    }
}

fn credentials() -> Credentials {
    Credentials { account_id: "a".into(), client_id: "b".into(), client_secret: "c".into() }
}

fn defect(error: impl std::fmt::Display) -> AppError {
    AppError::Defect(error.to_string())
}
