//! A seeded trial of admission: a small crowded world lives through random operations, and after each one the engine and
//! the oracle are asked the same question. The engine is a parameter, so that planted bugs can stand trial too.
//!
//! Every other time the engine is handed all holds, otherwise only those that [`Demand::needed`] asks for; the oracle always
//! has all of them.

use super::{Admitted, Demand, Hold, Refusal, Request, Rules, nearest, oracle};
use crate::domain::ids::{MeetingId, SeatId, TenantId, UserId};
use crate::domain::meeting::Kind;
use crate::domain::pool::Strategy;
use crate::domain::tenant::Share;
use crate::domain::time::{Instant, Span, Window};

/// What stands trial.
pub(super) type Engine = fn(&Request, &Demand, &Rules) -> Result<Admitted, Refusal>;

/// What a trial saw when it found no difference.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) accepted: usize,
    pub(super) refused: std::collections::BTreeMap<Refusal, usize>,
    pub(super) searches: usize,
    pub(super) offers: usize,
}

/// The first question on which the two disagreed.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) operation: usize,
    #[expect(dead_code, reason = "shown by Debug when a trial fails")]
    pub(super) story: String,
}

const TENANTS: u64 = 3;
const SEATS_EACH: u64 = 4;
const MORNING: i64 = 1_800_000_000;
/// Every how many operations the search for the nearest times is compared as well: it asks the oracle about every start.
const SEARCH_EVERY: usize = 97;
const WITHIN: Span = Span::hours(3);

/// Lives through `operations` steps and compares after each.
pub(super) fn run(seed: u64, operations: usize, engine: Engine) -> Result<Tally, Box<Difference>> {
    let mut world = World::new(seed);
    let mut tally = Tally::default();
    for operation in 0..operations {
        let question = world.step();
        let answer = if operation % 2 == 0 {
            engine(&question, &world.seen_by(&question, Span::ZERO), &world.rules)
        } else {
            engine(&question, &world.demand, &world.rules)
        };
        let truth = oracle::admit(&question, &world.demand, &world.rules);
        if answer != truth {
            let story = format!("{question:?}\nengine {answer:?}\noracle {truth:?}\n{:?}\n{:?}", world.rules, world.demand);
            return Err(Box::new(Difference { operation, story }));
        }
        if operation % SEARCH_EVERY == 0 {
            let offers = nearest(&question, &world.seen_by(&question, WITHIN), &world.rules, 3, WITHIN);
            let truth = oracle::nearest(&question, &world.demand, &world.rules, 3, WITHIN);
            if offers != truth {
                let story = format!("{question:?}\nengine {offers:?}\noracle {truth:?}\n{:?}\n{:?}", world.rules, world.demand);
                return Err(Box::new(Difference { operation, story }));
            }
            tally.searches += 1;
            tally.offers += offers.len();
        }
        match truth {
            Ok(admitted) => {
                tally.accepted += 1;
                world.accept(&question, admitted);
            }
            Err(refusal) => *tally.refused.entry(refusal).or_default() += 1,
        }
    }
    Ok(tally)
}

/// A crowded pool: few licenses, some tenants, half a day ahead.
struct World {
    dice: Dice,
    demand: Demand,
    rules: Rules,
    meetings: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let rules = Rules {
            lead: Span::minutes(5),
            grace: Span::minutes(5),
            horizon: Span::hours(8),
            strategy: Strategy::Float,
            frozen: false,
            now: Instant::from_seconds(MORNING),
        };
        let mut world = Self { dice: Dice(seed), demand: Demand::default(), rules, meetings: 0 };
        world.set_shares();
        world.demand.promisable = 6;
        world
    }

    /// Changes something, then asks for a meeting: to book one, to move one, or for one on the spot.
    fn step(&mut self) -> Request {
        match self.dice.below(100) {
            0..18 => self.cancel(),
            18..24 => self.end_early(),
            24..30 => self.overrun(),
            30..33 => self.set_shares(),
            33..36 => self.demand.promisable = self.dice.below(9) as u32,
            36..38 => self.freeze_or_thaw(),
            38..40 => self.set_padding(),
            40..50 => self.let_time_pass(),
            _ => {}
        }
        match self.dice.below(10) {
            0..2 => self.move_request().unwrap_or_else(|| self.booking()),
            2 => self.on_demand(),
            _ => self.booking(),
        }
    }

    fn booking(&mut self) -> Request {
        let (tenant, own) = (self.dice.below(TENANTS), self.dice.below(SEATS_EACH));
        let start = self.start();
        let length = Span::minutes(5 * (1 + self.dice.below(14) as i64));
        Request {
            tenant: tenant_id(tenant),
            host: UserId::new(format!("host {tenant}.{own}")),
            moving: None,
            seats: self.candidates(tenant, own),
            window: Window::lasting(start, length),
            kind: Kind::Scheduled,
            licensed: self.dice.below(8) > 0,
        }
    }

    fn on_demand(&mut self) -> Request {
        let booking = self.booking();
        Request { kind: Kind::OnDemand, window: booking.window.moved_to(self.rules.now), ..booking }
    }

    fn move_request(&mut self) -> Option<Request> {
        let index = self.any_hold()?;
        let hold = self.demand.holds[index].clone();
        let booking = self.booking();
        Some(Request { tenant: hold.tenant, host: hold.host, moving: Some(hold.meeting), seats: vec![hold.seat], ..booking })
    }

    /// The own seat, then perhaps the tenant's other seats, now and then none.
    fn candidates(&mut self, tenant: u64, own: u64) -> Vec<SeatId> {
        let count = match self.dice.below(50) {
            0 => 0,
            1..10 => 1 + self.dice.below(SEATS_EACH),
            _ => 1,
        };
        (0..count).map(|n| seat_id(tenant, (own + n) % SEATS_EACH)).collect()
    }

    /// Mostly within the horizon, on the grid, crowded into a few hours.
    fn start(&mut self) -> Instant {
        let slots = match self.dice.below(40) {
            0 => 90 + self.dice.below(20),
            _ => self.dice.below(48),
        };
        self.rules.now.grid_up() + Span::minutes(5 * slots as i64 - 10 * i64::from(self.dice.below(25) == 0))
    }

    fn accept(&mut self, request: &Request, admitted: Admitted) {
        self.demand.holds.retain(|hold| Some(&hold.meeting) != request.moving.as_ref());
        self.meetings += 1;
        self.demand.holds.push(Hold {
            meeting: MeetingId::new(format!("meeting {}", self.meetings)),
            tenant: request.tenant.clone(),
            host: request.host.clone(),
            seat: admitted.seat,
            busy: request.window,
            hold: admitted.hold,
            licensed: request.licensed,
        });
    }

    fn any_hold(&mut self) -> Option<usize> {
        let count = self.demand.holds.len() as u64;
        (count > 0).then(|| self.dice.below(count) as usize)
    }

    fn cancel(&mut self) {
        if let Some(index) = self.any_hold() {
            self.demand.holds.swap_remove(index);
        }
    }

    /// Ends at any second of the meeting, and the hold with it; at its first second nothing is left.
    fn end_early(&mut self) {
        let Some(index) = self.any_hold() else { return };
        let hold = self.demand.holds.swap_remove(index);
        let (start, length) = (hold.busy.start(), hold.busy.length().as_seconds() as u64);
        let end = start + Span::seconds(self.dice.below(length) as i64);
        let shortened = Window::new(start, end).zip(Window::new(hold.hold.start(), end));
        self.demand.holds.extend(shortened.map(|(busy, shorter)| Hold { busy, hold: shorter, ..hold }));
    }

    /// Grows beyond what was admitted, over the seat's next meeting if need be.
    fn overrun(&mut self) {
        let Some(index) = self.any_hold() else { return };
        let more = Span::seconds(self.dice.below(3600) as i64);
        let hold = &mut self.demand.holds[index];
        hold.busy = hold.busy.padded(Span::ZERO, more);
        hold.hold = hold.hold.padded(Span::ZERO, more);
    }

    fn set_shares(&mut self) {
        for tenant in 0..TENANTS {
            let guarantee = self.dice.below(3) as u32;
            let share = Share { guarantee, cap: guarantee + self.dice.below(4) as u32 };
            self.demand.shares.insert(tenant_id(tenant), share);
        }
        if self.dice.below(20) == 0 {
            self.demand.shares.remove(&tenant_id(0));
        }
    }

    fn set_padding(&mut self) {
        self.rules.lead = Span::minutes(5 * self.dice.below(3) as i64);
        self.rules.grace = Span::minutes(5 * self.dice.below(3) as i64);
    }

    /// Which seats have a license then is anything but what is promised.
    fn freeze_or_thaw(&mut self) {
        self.rules.frozen = !self.rules.frozen && self.dice.below(3) == 0;
        self.rules.strategy = if self.dice.below(4) == 0 { Strategy::Standing } else { Strategy::Float };
        let drawn = (0..6).map(|_| seat_id(self.dice.below(TENANTS), self.dice.below(SEATS_EACH))).collect();
        self.demand.licensed_seats = drawn;
    }

    fn let_time_pass(&mut self) {
        self.rules.now = self.rules.now + Span::seconds(self.dice.below(1200) as i64);
        let now = self.rules.now;
        self.demand.holds.retain(|hold| hold.hold.end() > now);
    }

    fn seen_by(&self, request: &Request, within: Span) -> Demand {
        let needed = Demand::needed(request, &self.rules, within);
        let holds = self.demand.holds.iter().filter(|hold| hold.hold.overlaps(needed)).cloned().collect();
        Demand { holds, ..self.demand.clone() }
    }
}

fn tenant_id(number: u64) -> TenantId {
    TenantId::new(format!("tenant {number}"))
}

fn seat_id(tenant: u64, number: u64) -> SeatId {
    SeatId::new(format!("seat {tenant}.{number}"))
}

/// A small generator (splitmix64), so that a seed means the same trial whatever happens to other crates.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
