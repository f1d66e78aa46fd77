//! Admission against its rules: by example, against the oracle, and with planted bugs.

use std::collections::BTreeMap;

use proptest::prelude::{Strategy as _, any, prop, prop_assert_eq, proptest};

use super::trial::{Engine, run};
use super::*;
use crate::domain::pool::Strategy as PoolStrategy;

/// Operations of the trial in every test run.
const OPERATIONS: usize = 200_000;
/// Operations of the long trial (design §7).
const MANY_OPERATIONS: usize = 1_000_000;
/// Within how many operations the trial has to notice a planted bug.
const NOTICED_WITHIN: usize = 5_000;

const NOW: Instant = Instant::from_seconds(1_800_000_000);

fn rules() -> Rules {
    Rules {
        lead: Span::minutes(5),
        grace: Span::minutes(5),
        horizon: Span::days(30),
        strategy: PoolStrategy::Float,
        frozen: false,
        now: NOW,
    }
}

fn minute(minute: i64) -> Instant {
    NOW + Span::minutes(minute)
}

fn minutes(from: i64, until: i64) -> Window {
    Window::new(minute(from), minute(until)).unwrap()
}

/// A pool with one tenant, `a`, that may use everything.
fn pool(promisable: u32) -> Demand {
    let shares = BTreeMap::from([(TenantId::new("a"), Share { guarantee: 0, cap: 99 })]);
    Demand { shares, promisable, ..Demand::default() }
}

fn asks(seat: &str, window: Window) -> Request {
    Request {
        tenant: TenantId::new("a"),
        host: UserId::new(format!("host of {seat}")),
        moving: None,
        seats: vec![SeatId::new(seat)],
        window,
        kind: Kind::Scheduled,
        licensed: true,
    }
}

impl Demand {
    fn with(mut self, tenant: &str, seat: &str, window: Window) -> Self {
        self.holds.push(Hold {
            meeting: MeetingId::new(format!("meeting {}", self.holds.len())),
            tenant: TenantId::new(tenant),
            host: UserId::new(format!("host of {seat}")),
            seat: SeatId::new(seat),
            busy: window,
            hold: hold_of(window, Kind::Scheduled, &rules()),
            licensed: true,
        });
        self
    }

    fn sharing(mut self, tenant: &str, guarantee: u32, cap: u32) -> Self {
        self.shares.insert(TenantId::new(tenant), Share { guarantee, cap });
        self
    }
}

fn answer(request: &Request, demand: &Demand) -> Result<Admitted, Refusal> {
    admit(request, demand, &rules())
}

fn refusal(request: &Request, demand: &Demand) -> Option<Refusal> {
    answer(request, demand).err()
}

#[test]
fn back_to_back_meetings_of_one_seat_share_a_license() {
    let demand = pool(1).with("a", "s1", minutes(60, 90));
    assert_eq!(refusal(&asks("s1", minutes(90, 120)), &demand), None);
    assert_eq!(refusal(&asks("s2", minutes(90, 120)), &demand), Some(Refusal::PoolFull));
}

#[test]
fn two_seats_need_their_padding_apart() {
    let demand = pool(1).with("a", "s1", minutes(60, 90));
    assert_eq!(refusal(&asks("s2", minutes(95, 120)), &demand), Some(Refusal::PoolFull));
    assert_eq!(refusal(&asks("s2", minutes(100, 120)), &demand), None);
}

#[test]
fn what_counts_is_depth_and_not_the_number_of_overlaps() {
    let short = pool(2).with("a", "s1", minutes(60, 70)).with("a", "s2", minutes(90, 100)).with("a", "s3", minutes(120, 130));
    assert_eq!(refusal(&asks("s4", minutes(60, 180)), &short), None);
}

#[test]
fn meetings_on_a_seat_never_overlap_even_when_licenses_abound() {
    let demand = pool(9).with("a", "s1", minutes(60, 90));
    assert_eq!(refusal(&asks("s1", minutes(85, 100)), &demand), Some(Refusal::SeatBusy));
}

#[test]
fn a_host_is_in_one_meeting_at_a_time_whatever_the_seat() {
    let demand = pool(9).with("a", "s1", minutes(60, 90));
    let request = Request { seats: vec![SeatId::new("s2")], ..asks("s1", minutes(60, 90)) };
    assert_eq!(refusal(&request, &demand), Some(Refusal::SeatBusy));
}

#[test]
fn the_next_seat_is_taken_when_the_own_one_is_busy() {
    let mut demand = pool(9).with("a", "s1", minutes(60, 90));
    demand.holds[0].host = UserId::new("a colleague");
    let request = Request { seats: vec![SeatId::new("s1"), SeatId::new("s2")], ..asks("s1", minutes(60, 90)) };
    assert_eq!(answer(&request, &demand).unwrap().seat, SeatId::new("s2"));
    demand.promisable = 1;
    assert_eq!(refusal(&request, &demand), Some(Refusal::PoolFull), "the free seat's refusal tells more than the busy one's");
}

#[test]
fn the_cap_binds_although_the_pool_has_room() {
    let demand = pool(9).sharing("a", 0, 1).with("a", "s1", minutes(60, 90));
    assert_eq!(refusal(&asks("s2", minutes(60, 90)), &demand), Some(Refusal::TenantCap));
}

#[test]
fn a_guarantee_is_kept_free_for_its_tenant_and_costs_nothing_twice() {
    let demand = pool(3).sharing("b", 2, 9);
    let busy = demand.with("a", "s1", minutes(60, 90));
    assert_eq!(refusal(&asks("s2", minutes(60, 90)), &busy), Some(Refusal::PoolFull));
    let request_b = Request { tenant: TenantId::new("b"), ..asks("b1", minutes(60, 90)) };
    assert_eq!(refusal(&request_b, &busy), None);
    let both_used = busy.with("b", "b1", minutes(60, 90)).with("b", "b2", minutes(60, 90));
    let third_b = Request { tenant: TenantId::new("b"), ..asks("b3", minutes(60, 90)) };
    assert_eq!(refusal(&third_b, &both_used), Some(Refusal::PoolFull));
}

#[test]
fn a_tenant_nobody_gave_a_share_gets_nothing() {
    let request = Request { tenant: TenantId::new("stranger"), ..asks("s1", minutes(60, 90)) };
    assert_eq!(refusal(&request, &pool(9)), Some(Refusal::TenantCap));
}

#[test]
fn nothing_new_is_admitted_into_a_shortfall_not_even_on_a_seat_that_holds_already() {
    let demand = pool(1).with("a", "s1", minutes(60, 90)).with("a", "s2", minutes(60, 90));
    assert_eq!(refusal(&asks("s1", minutes(90, 120)), &demand), Some(Refusal::PoolFull));
    assert_eq!(refusal(&asks("s1", minutes(105, 120)), &demand), None);
}

#[test]
fn a_meeting_that_moves_does_not_stand_in_its_own_way() {
    let demand = pool(1).with("a", "s1", minutes(60, 90));
    let request = Request { moving: Some(MeetingId::new("meeting 0")), ..asks("s1", minutes(75, 105)) };
    assert_eq!(refusal(&request, &demand), None);
}

#[test]
fn the_past_and_the_far_future_are_refused() {
    assert_eq!(refusal(&asks("s1", minutes(-5, 30)), &pool(1)), Some(Refusal::TooSoon));
    let month = 30 * 24 * 60;
    assert_eq!(refusal(&asks("s1", minutes(month, month + 30)), &pool(1)), None);
    assert_eq!(refusal(&asks("s1", minutes(month + 5, month + 30)), &pool(1)), Some(Refusal::TooFar));
}

#[test]
fn without_a_seat_there_is_no_meeting() {
    let request = Request { seats: Vec::new(), ..asks("s1", minutes(-5, 30)) };
    assert_eq!(refusal(&request, &pool(1)), Some(Refusal::NoSeat));
    assert_eq!(nearest(&request, &pool(1), &rules(), 3, Span::hours(1)), []);
}

#[test]
fn a_hold_never_begins_before_the_present_slot() {
    let rules = Rules { now: minute(3), ..rules() };
    let scheduled = hold_of(minutes(5, 35), Kind::Scheduled, &rules);
    assert_eq!((scheduled.start(), scheduled.end()), (minute(0), minute(40)));
    let on_demand = hold_of(minutes(3, 33), Kind::OnDemand, &rules);
    assert_eq!((on_demand.start(), on_demand.end()), (minute(0), minute(38)));
}

#[test]
fn while_the_pool_is_frozen_only_a_seat_with_a_license_can_meet_soon() {
    let frozen = Rules { frozen: true, ..rules() };
    let demand = Demand { licensed_seats: BTreeSet::from([SeatId::new("s1")]), ..pool(9) };
    let soon = |seat| admit(&asks(seat, minutes(15, 30)), &demand, &frozen).err();
    assert_eq!(soon("s1"), None);
    assert_eq!(soon("s2"), Some(Refusal::LicenseFrozen));
    let tomorrow = 24 * 60 + 5;
    assert_eq!(admit(&asks("s2", minutes(tomorrow, tomorrow + 30)), &demand, &frozen).err(), None, "by then it may have thawed");
    let at_once = Request { kind: Kind::OnDemand, ..asks("s2", minutes(0, 30)) };
    assert_eq!(admit(&at_once, &demand, &frozen).err(), Some(Refusal::LicenseFrozen));
}

#[test]
fn a_meeting_without_a_license_needs_only_its_seat_and_its_host() {
    let demand = pool(1).with("a", "s1", minutes(60, 90));
    let short = Request { licensed: false, ..asks("s2", minutes(60, 90)) };
    assert_eq!(refusal(&short, &demand), None, "the only license is promised, and none is needed");
    assert_eq!(refusal(&Request { licensed: false, ..asks("s1", minutes(60, 90)) }, &demand), Some(Refusal::SeatBusy));
    let mut without = demand.clone();
    without.holds[0].licensed = false;
    assert_eq!(refusal(&asks("s2", minutes(60, 90)), &without), None, "what needs none leaves it to others");
    assert_eq!(refusal(&asks("s1", minutes(60, 90)), &without), Some(Refusal::SeatBusy));
}

#[test]
fn where_licenses_stand_a_busy_seat_is_a_license_in_use() {
    let standing = Rules { strategy: PoolStrategy::Standing, ..rules() };
    let demand = pool(9).with("b", "s1", minutes(60, 90));
    let shared = Request { seats: vec![SeatId::new("s1")], ..asks("own", minutes(60, 90)) };
    assert_eq!(admit(&shared, &demand, &standing).err(), Some(Refusal::PoolFull));
    assert_eq!(admit(&Request { seats: vec![], ..shared.clone() }, &demand, &standing).err(), Some(Refusal::PoolFull));
    let itself = Request { host: UserId::new("host of s1"), ..shared };
    assert_eq!(admit(&itself, &demand, &standing).err(), Some(Refusal::SeatBusy), "the host is in a meeting");
}

#[test]
fn the_nearest_times_come_nearest_first_and_the_later_of_two() {
    let demand = pool(1).with("a", "s1", minutes(60, 90));
    let offers = nearest(&asks("s2", minutes(60, 90)), &demand, &rules(), 3, Span::hours(3));
    assert_eq!(offers, [minute(100), minute(20), minute(105)]);
}

#[test]
fn a_time_that_has_passed_is_answered_with_the_next_ones() {
    let offers = nearest(&asks("s1", minutes(-600, -570)), &pool(1), &rules(), 2, Span::hours(1));
    assert_eq!(offers, [minute(0), minute(5)]);
}

#[test]
fn an_absurd_start_does_not_make_the_store_read_everything() {
    let absurd = asks("s1", Window::lasting(Instant::from_seconds(0), Span::minutes(30)));
    assert!(Demand::needed(&absurd, &rules(), Span::hours(1)).length() <= Span::hours(2));
}

#[test]
fn a_refusal_tells_nothing_of_other_tenants() {
    assert_eq!(Refusal::PoolFull.message(), "All licenses are in use at that time.");
    assert_eq!(Refusal::PoolFull.code(), "PoolFull");
}

#[test]
fn engine_and_oracle_agree_on_random_operations() {
    let tally = run(2026, OPERATIONS, admit).unwrap_or_else(|difference| panic!("{difference:#?}"));
    assert!(tally.accepted > OPERATIONS / 10, "the trial must reach every answer: {tally:?}");
    let all = [
        Refusal::SeatBusy,
        Refusal::TenantCap,
        Refusal::PoolFull,
        Refusal::NoSeat,
        Refusal::TooSoon,
        Refusal::TooFar,
        Refusal::LicenseFrozen,
    ];
    for refusal in all {
        assert!(tally.refused.get(&refusal).is_some_and(|count| *count > OPERATIONS / 1_000), "{refusal:?}: {tally:?}");
    }
    assert!(tally.offers > tally.searches, "{tally:?}");
}

#[test]
fn a_million_operations_without_a_difference() {
    for seed in 0..10 {
        run(seed, MANY_OPERATIONS / 10, admit).unwrap_or_else(|difference| panic!("seed {seed}: {difference:#?}"));
    }
}

/// How long the trial needs to see that an engine is wrong.
fn assert_noticed(wrong: Engine) {
    let difference = run(7, NOTICED_WITHIN, wrong).expect_err("the trial did not notice the planted bug");
    assert!(difference.operation < NOTICED_WITHIN);
}

macro_rules! planted_bugs_are_noticed {
    ($($bug:ident),+ $(,)?) => {
        mod a_trial_notices_an_engine_that {
            $(#[test] fn $bug() { super::assert_noticed(super::mutants::$bug); })+
        }
    };
}

planted_bugs_are_noticed! {
    counts_meetings,
    counts_overlaps,
    stops_one_slot_early,
    stops_one_slot_late,
    forgets_the_lead,
    forgets_guarantees,
    adds_guarantees,
    forgets_the_cap,
    forgets_that_it_moves,
    forgets_that_seats_are_busy,
    counts_what_needs_no_license,
    trusts_a_hold_during_a_freeze,
}

/// Tenant, seat, start, length, minutes before and after, and whether it is licensed.
type DrawnHold = (u8, u8, i64, i64, i64, i64, bool);

/// Any small demand, with several tenants on few seats and times that are off the grid.
fn any_demand() -> impl proptest::strategy::Strategy<Value = Demand> {
    let hold = (0..3_u8, 0..3_u8, -30..150_i64, 1..60_i64, 0..20_i64, 0..20_i64, prop::bool::weighted(0.8));
    let share = (0..3_u32, 0..4_u32);
    let licensed = prop::collection::vec((0..3_u8, 0..3_u8), 0..4);
    (prop::collection::vec(hold, 0..12), prop::collection::vec(share, 3), 0..7_u32, licensed).prop_map(
        |(holds, shares, promisable, licensed)| {
            let hold = |(number, (tenant, seat, start, length, before, after, licensed)): (usize, DrawnHold)| {
                let busy = minutes(start, start + length);
                Hold {
                    meeting: MeetingId::new(format!("meeting {number}")),
                    tenant: TenantId::new(format!("tenant {tenant}")),
                    host: UserId::new(format!("host {tenant}.{seat}")),
                    seat: SeatId::new(format!("seat {tenant}.{seat}")),
                    busy,
                    hold: busy.padded(Span::minutes(before), Span::minutes(after)),
                    licensed,
                }
            };
            let share = |(number, (guarantee, cap))| (TenantId::new(format!("tenant {number}")), Share { guarantee, cap });
            Demand {
                holds: holds.into_iter().enumerate().map(hold).collect(),
                shares: shares.into_iter().enumerate().map(share).collect(),
                promisable,
                licensed_seats: licensed.into_iter().map(|(tenant, seat)| SeatId::new(format!("seat {tenant}.{seat}"))).collect(),
            }
        },
    )
}

fn any_request() -> impl proptest::strategy::Strategy<Value = Request> {
    let seats = prop::collection::vec(0..3_u8, 0..4);
    let licensed = prop::bool::weighted(0.8);
    (0..3_u8, 0..3_u8, seats, -2..30_i64, 1..24_i64, any::<bool>(), prop::option::of(0..12_u8), licensed).prop_map(
        |(tenant, host, seats, start, length, scheduled, moving, licensed)| Request {
            tenant: TenantId::new(format!("tenant {tenant}")),
            host: UserId::new(format!("host {tenant}.{host}")),
            moving: moving.map(|number| MeetingId::new(format!("meeting {number}"))),
            seats: seats.into_iter().map(|seat| SeatId::new(format!("seat {tenant}.{seat}"))).collect(),
            window: if scheduled { minutes(5 * start, 5 * (start + length)) } else { minutes(2, 2 + 5 * length) },
            kind: if scheduled { Kind::Scheduled } else { Kind::OnDemand },
            licensed,
        },
    )
}

proptest! {
    #[test]
    fn engine_and_oracle_agree_on_any_demand(
        demand in any_demand(), request in any_request(), lead in 0..4_i64, grace in 0..4_i64, frozen in any::<bool>(),
        standing in any::<bool>(),
    ) {
        let rules = Rules {
            lead: Span::minutes(5 * lead), grace: Span::minutes(5 * grace), horizon: Span::hours(2),
            strategy: if standing { PoolStrategy::Standing } else { PoolStrategy::Float }, frozen, now: minute(2),
        };
        prop_assert_eq!(admit(&request, &demand, &rules), oracle::admit(&request, &demand, &rules));
        let within = Span::hours(1);
        prop_assert_eq!(
            nearest(&request, &demand, &rules, 3, within),
            oracle::nearest(&request, &demand, &rules, 3, within)
        );
    }
}
