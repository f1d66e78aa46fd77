//! The seeded world: the real verbs on a database in memory, a clock that only moves when told, and the simulated Zoom.
//!
//! Nothing waits for anything here: whatever the verbs await is ready at once, so a future that is not ready has been cut
//! off by the fuse, and the process it belonged to is dead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;

use crate::app::bell::Lane;
use crate::app::{App, AppError, Parts};
use crate::clock::Clock;
use crate::config::Secret;
use crate::domain::ids::{SeatId, TenantId, UserId};
use crate::domain::invariants::{Asked, AtZoom, Census, Letter};
use crate::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use crate::domain::pool::{PoolSettings, Release, Strategy};
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::domain::tenant::{Role, Share, Standing, Tenant, User};
use crate::domain::time::{Instant, Span};
use crate::mail::{Mailbox, Mailer, Sender};
use crate::store::fuse::Fuse;
use crate::store::memory::Disk;
use crate::store::scope::{OperatorPass, TenantScope};
use crate::store::{ReadTx, StoreError, census, moves, pool, seats, tenants, users};
use crate::zoom::label::{Label, Plan};
use crate::zoom::pace::Paced;
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
    pub(super) fuse: Fuse,
    pub(super) parties: Vec<Party>,
    /// The addresses of Zoom's users by seat: a user may be deleted and made anew.
    pub(super) seats: BTreeMap<SeatId, String>,
    /// The Zoom users whom a person gave a license at Zoom's console.
    pub(super) by_hand: BTreeSet<String>,
    /// The Zoom users who lost a license by what a person did, and when.
    pub(super) taken: BTreeMap<String, Instant>,
    /// How many licenses were bought at Zoom.
    pub(super) bought: u32,
    pub(super) deaths: u32,
    pub(super) pass: OperatorPass,
    /// What the day is played with.
    pub(super) facts: String,
    pub(super) bells: Bells,
    transport: Arc<Mortal>,
    disk: Arc<Disk>,
}

/// The lanes whose bells have rung and which have not looked since.
#[derive(Clone, Default)]
pub(super) struct Bells(Arc<AtomicU8>);

impl Bells {
    fn hear(&self, app: &App) {
        let rung = self.clone();
        app.bell.on_ring(move |lane| rung.ring(lane));
    }

    pub(super) fn ring(&self, lane: Lane) {
        self.0.fetch_or(1 << lane as u8, Ordering::SeqCst);
    }

    /// Every lane looks, as when a process begins.
    pub(super) fn ring_all(&self) {
        for lane in Lane::ALL {
            self.ring(lane);
        }
    }

    pub(super) fn any(&self) -> bool {
        self.0.load(Ordering::SeqCst) & !(1 << Lane::Sweeps as u8) != 0
    }

    /// Whether the lane's bell has rung; it looks now.
    pub(super) fn take(&self, lane: Lane) -> bool {
        let bit = 1 << lane as u8;
        self.0.fetch_and(!bit, Ordering::SeqCst) & bit != 0
    }
}

/// A tenant with its people.
pub(super) struct Party {
    pub(super) scope: TenantScope,
    pub(super) users: Vec<User>,
}

/// How a tenant uses the portal.
pub(super) struct Habits {
    pub(super) share: Share,
    pub(super) shared_seats: bool,
    pub(super) short_meetings: bool,
    /// How many of its hosts have a seat of their own.
    pub(super) seats: usize,
}

/// 2026-11-02 08:00 UTC, a Monday.
pub(super) const MORNING: Instant = Instant::from_seconds(1_793_606_400);

impl Town {
    /// Founds a town by the dice, on a database that is wiped for it.
    pub(super) fn found(dice: &Dice, disk: &Arc<Disk>) -> Result<Self, AppError> {
        let licenses = 1 + dice.below(3) as u32;
        // Zoom has more than we bought: it is our own discipline that is looked at.
        let mut town = Self::empty(dice, disk, licenses + 3)?;
        for (slug, hosts) in [("acme", 3), ("globex", 2)] {
            let guarantee = u32::from(slug == "acme" && licenses > 1 && dice.chance(250));
            let share = Share { guarantee, cap: 1 + dice.below(u64::from(licenses)) as u32 };
            let names: Vec<String> = (0..=hosts).map(|number| format!("host-{number}")).collect();
            let habits = Habits { share, shared_seats: dice.chance(300), short_meetings: dice.chance(250), seats: hosts };
            town.settle_party(slug, &names, &habits)?;
        }
        town.set_up_pool(licenses, dice)?;
        Ok(town)
    }

    /// A town without tenants and licenses, at whose Zoom so many licenses were bought.
    pub(super) fn empty(dice: &Dice, disk: &Arc<Disk>, bought: u32) -> Result<Self, AppError> {
        let clock = Clock::manual(MORNING);
        let settings = Settings::new(credentials(), WEBHOOK_SECRET, bought);
        let zoom = Arc::new(Mutex::new(Zoom::new(settings, dice.ids())));
        disk.wipe()?;
        let store = disk.open();
        let pass = OperatorPass::console(&store.1);
        let fuse = store.0.fuse().unwrap_or_default();
        let transport = Arc::new(Mortal::new(LocalTransport::new(zoom.clone(), clock.clone()), fuse.clone()));
        let sender = Sender::parse("Duologue <meet@duologue.example>").map_err(|error| AppError::Defect(error.to_string()))?;
        let app = App::new(Parts {
            store,
            zoom: client(&transport, &clock),
            mailer: Mailer::Mailbox(Mailbox::new(sender)),
            clock: clock.clone(),
            ids: dice.ids(),
            secret_key: Secret::new("0123456789012345678901234567890123456789"),
            base_url: url::Url::parse("https://meet.example").map_err(|error| AppError::Defect(error.to_string()))?,
            webhook_secret: Secret::new(WEBHOOK_SECRET),
        });
        let (parties, seats, by_hand) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        let (bells, disk, facts) = (Bells::default(), disk.clone(), String::new());
        bells.hear(&app);
        let taken = BTreeMap::new();
        Ok(Self {
            app,
            zoom,
            clock,
            fuse,
            parties,
            seats,
            by_hand,
            taken,
            bought,
            deaths: 0,
            pass,
            facts,
            bells,
            transport,
            disk,
        })
    }

    fn set_up_pool(&mut self, licenses: u32, dice: &Dice) -> Result<(), AppError> {
        let (app, pass) = (self.app.clone(), self.pass.clone());
        self.certainly(app.set_licenses(&pass, licenses))?.map_err(defect)?;
        let strategy = if dice.chance(120) { Strategy::Standing } else { Strategy::Float };
        let release = if dice.chance(400) { Release::WhenNeeded } else { Release::Ended };
        let spare = dice.chance(200).then(|| u32::from(licenses > 1));
        let move_budget = dice.chance(100).then(|| 5 + dice.below(10) as u32);
        let late_attach = !dice.chance(100);
        // Most leave what a new installation starts with.
        let minutes = |from: &[i64]| Span::minutes(dice.one_of(from));
        let (lead, grace) = (minutes(&[0, 5, 5, 5, 10]), minutes(&[0, 5, 5, 5, 10]));
        let (rejoin, no_show) = (minutes(&[1, 2, 2, 2, 5]), minutes(&[10, 15, 15, 15, 30]));
        let found = self.certainly(app.pool(&pass))?.settings;
        let settings = PoolSettings { spare, strategy, release, move_budget, late_attach, lead, grace, rejoin, no_show, ..found };
        self.facts = format!(
            "{licenses} licenses, {} kept back, {} {}, budget {move_budget:?}, late attach {late_attach}; lead {}, grace {}, \
             rejoin {}, no-show {} minutes",
            settings.spare(),
            settings.strategy.word(),
            settings.release.word(),
            lead.as_minutes_up(),
            grace.as_minutes_up(),
            rejoin.as_minutes_up(),
            no_show.as_minutes_up()
        );
        self.certainly(app.set_pool(&pass, settings))?.map_err(defect)?;
        self.find_seats()
    }

    /// Asks Zoom about every seat, as an operator does.
    pub(super) fn find_seats(&mut self) -> Result<(), AppError> {
        let (app, pass) = (self.app.clone(), self.pass.clone());
        self.certainly(app.sync_seats(&pass))?;
        let seats = self.certainly(app.pool(&pass))?.seats;
        self.seats = seats.into_values().map(|seat| (seat.id, seat.email.to_string())).collect();
        Ok(())
    }

    /// A tenant with these hosts; the last ones may have no seat of their own.
    pub(super) fn settle_party(&mut self, slug: &str, hosts: &[String], habits: &Habits) -> Result<(), AppError> {
        let (app, pass, now) = (self.app.clone(), self.pass.clone(), self.clock.now());
        let tenant = Tenant {
            id: TenantId::new(app.id()),
            slug: Slug::parse(slug).map_err(defect)?,
            name: PersonName::parse(slug).map_err(defect)?,
            zone: ZoneName::utc(),
            reply_to: None,
            default_length: Span::minutes(30),
            share: habits.share,
            shared_seats: habits.shared_seats,
            short_meetings: habits.short_meetings,
            suspended_at: None,
            created_at: now,
        };
        let scope = pass.scope(&tenant.id);
        let mut party = Party { scope: scope.clone(), users: Vec::new() };
        let tx_pass = pass.clone();
        self.certainly(app.store.write::<_, StoreError, _>(move |tx| tenants::insert(tx, &tx_pass, &tenant)))?;
        for (number, name) in hosts.iter().enumerate() {
            let user = User {
                id: UserId::new(app.id()),
                tenant: scope.tenant().clone(),
                email: EmailAddress::parse(&format!("{name}@{slug}.example")).map_err(defect)?,
                name: PersonName::parse(name).map_err(defect)?,
                role: Role::Staff,
                zone: None,
                standing: Standing::Invited,
                created_at: now,
            };
            // A seat without an owner is the tenant's.
            let owner = (number < habits.seats).then(|| user.id.clone());
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

    /// A user by id.
    pub(super) fn user(&self, id: &UserId) -> Option<&User> {
        self.parties.iter().flat_map(|party| &party.users).find(|user| user.id == *id)
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
            self.app = self.app.successor(client(&self.transport, &self.clock));
            self.bells.hear(&self.app);
            self.bells.ring_all();
        }
        outcome
    }

    pub(super) fn certainly<T, E: Into<AppError>>(&mut self, verb: impl Future<Output = Result<T, E>>) -> Result<T, AppError> {
        let done = self.alive(verb).ok_or_else(|| AppError::Defect("a verb waited for something".to_owned()))?;
        done.map_err(Into::into)
    }

    /// The whole database, as the invariants see it; read beside the process, whether it lives or not.
    pub(super) fn census(&self, before: Option<&Census>) -> Result<Census, AppError> {
        let (pass, now) = (self.pass.clone(), self.now());
        self.read(move |tx| census::take(tx, &pass, now, before))
    }

    /// When the background work may have something to do although nobody rings.
    pub(super) fn turns(&self) -> Result<census::Turns, AppError> {
        let (pass, now) = (self.pass.clone(), self.now());
        self.read(move |tx| census::turns(tx, &pass, now))
    }

    /// What was asked of Zoom so far, but for the links that Start gave.
    pub(super) fn asked(&self) -> Result<Asked, AppError> {
        let now = self.now();
        let moves = self.read(move |tx| moves::on_day(tx, now))?;
        let refused = |zoom: &mut Zoom| Label::ALL.into_iter().map(|label| zoom.limits().usage(label).refused).sum::<u32>();
        Ok(Asked {
            calls: self.transport.work(),
            too_fast: u64::from(self.at_zoom(|zoom, _| refused(zoom))),
            attaches: u64::from(moves.attaches),
            detaches: u64::from(moves.detaches),
            links: 0,
            overrun_seconds: 0,
        })
    }

    /// A planted bug: every question to Zoom is asked twice.
    pub(super) fn ask_twice(&self) {
        self.transport.ask_twice();
    }

    /// What the outbox tells whom.
    pub(super) fn outbox(&self) -> Result<Vec<Letter>, AppError> {
        let pass = self.pass.clone();
        self.read(move |tx| census::outbox(tx, &pass))
    }

    /// Stands still as long as nothing is written.
    pub(super) fn changes(&self) -> Result<i64, AppError> {
        Ok(self.disk.changes()?)
    }

    fn read<T>(&self, question: impl FnOnce(&mut ReadTx<'_>) -> Result<T, StoreError>) -> Result<T, AppError> {
        Ok(self.disk.read(question)?)
    }

    /// The bodies of the webhooks that are stored.
    pub(super) fn event_bodies(&self) -> Result<BTreeSet<String>, AppError> {
        let pass = self.pass.clone();
        Ok(self.read(move |tx| census::event_bodies(tx, &pass))?.into_iter().collect())
    }

    /// What is true at Zoom. What a person did there can be known once Zoom has answered since; if it always answers, soon.
    pub(super) fn truth(&mut self, is_deaf: bool) -> Result<AtZoom, AppError> {
        let licensed: BTreeSet<String> =
            self.at_zoom(|zoom, _| zoom.users().filter(|user| user.is_licensed()).map(|user| user.email.clone()).collect());
        self.by_hand.retain(|user| licensed.contains(user));
        let with = |users: &BTreeSet<String>| {
            self.seats.iter().filter(|(_, user)| users.contains(*user)).map(|(seat, _)| seat.clone()).collect()
        };
        let running = self.at_zoom(|zoom, _| {
            zoom.meetings().filter_map(|meeting| Some((meeting.number, meeting.running.as_ref()?.uuid.clone()))).collect()
        });
        let now = self.now();
        if !self.taken.is_empty() {
            let read_at = if is_deaf { self.read(pool::reading)?.at } else { Some(now) };
            self.taken.retain(|_, at| now < *at + NOTICED_BY || read_at.is_none_or(|read_at| read_at <= *at));
        }
        let taken = self.taken.keys().cloned().collect();
        Ok(AtZoom { licensed: with(&licensed), by_hand: with(&self.by_hand), just_taken: with(&taken), running })
    }

    /// How many calls Zoom has heard so far.
    pub(super) fn calls(&self) -> u64 {
        self.transport.calls()
    }
}

/// As `serve` makes it, but for the network.
fn client(transport: &Arc<Mortal>, clock: &Clock) -> Client {
    let paced = Paced::new(transport.clone(), Plan::Pro, clock.clone());
    Client::new(Arc::new(paced), credentials(), clock.clone())
}

fn credentials() -> Credentials {
    Credentials { account_id: "a".into(), client_id: "b".into(), client_secret: "c".into() }
}

fn defect(error: impl std::fmt::Display) -> AppError {
    AppError::Defect(error.to_string())
}
