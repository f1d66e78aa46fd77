//! Comparing and repairing, against what must be true afterwards; and planted bugs, which must be noticed.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

type Compare = fn(&Account) -> Vec<Drift>;

fn facts(name: usize, held: Held, status: SeatStatus, license: License) -> SeatFacts {
    SeatFacts { seat: SeatId::new(format!("seat-{name}")), status: SeatStatus::Active, held, seen: Seen { status, license } }
}

fn repaired(account: &Account, repairs: &[Repair]) -> Account {
    let mut after = account.clone();
    for repair in repairs {
        match repair {
            Repair::Note { seat, status } => on(&mut after, seat).status = *status,
            Repair::Release { license, seat } => {
                on(&mut after, seat).held = Held::Nothing;
                after.free.push(*license);
            }
            Repair::Adopt { license, seat } => {
                on(&mut after, seat).held = Held::Attached(*license);
                after.free.retain(|free| free != license);
            }
        }
    }
    after
}

fn on<'a>(account: &'a mut Account, seat: &SeatId) -> &'a mut SeatFacts {
    account.seats.iter_mut().find(|facts| facts.seat == *seat).unwrap()
}

fn repairs(drifts: &[Drift]) -> Vec<Repair> {
    drifts.iter().filter_map(Drift::repair).collect()
}

/// The rows that stand for a seat or for none, in order.
fn rows(account: &Account) -> Vec<u32> {
    let held = |facts: &SeatFacts| if let Held::Attached(license) = facts.held { Some(license) } else { None };
    let mut rows: Vec<u32> = account.seats.iter().filter_map(held).chain(account.free.iter().copied()).collect();
    rows.sort_unstable();
    rows
}

/// What is wrong with a comparison of this account, if anything is.
fn fault(account: &Account, compare: Compare) -> Result<(), &'static str> {
    let drifts = compare(account);
    let repairs = repairs(&drifts);
    let after = repaired(account, &repairs);
    let hold = |is_so: bool, promise: &'static str| if is_so { Ok(()) } else { Err(promise) };
    for repair in &repairs {
        let (seat, held) = match repair {
            Repair::Note { .. } => continue,
            Repair::Release { seat, license } => (seat, Held::Attached(*license)),
            Repair::Adopt { seat, .. } => (seat, Held::Nothing),
        };
        let facts = account.seats.iter().find(|facts| facts.seat == *seat).ok_or("a repair is of a seat that is there")?;
        hold(facts.held == held, "a row on the move is nobody else's")?;
        let licensed = facts.seen.license == License::Licensed;
        hold(licensed == matches!(repair, Repair::Adopt { .. }), "a repair says of a license only what Zoom says")?;
    }
    hold(rows(account) == rows(&after), "no row stands for two seats, and none is gone")?;
    hold(after.seats.iter().all(|facts| facts.status == facts.seen.status), "every status is noted")?;
    let is_believed = |facts: &SeatFacts| !matches!(facts.held, Held::Attached(_)) || facts.seen.license == License::Licensed;
    hold(after.seats.iter().all(is_believed), "no row stands for a license that is not there")?;
    let is_beyond = |facts: &SeatFacts| facts.held == Held::Nothing && facts.seen.license == License::Licensed;
    hold(after.free.is_empty() || !after.seats.iter().any(is_beyond), "a license is beyond the pool only when no row is free")?;
    let usable = account.purchased.map(|purchased| purchased.saturating_sub(account.others));
    let told = drifts.iter().any(|drift| matches!(drift, Drift::FewerLicenses { .. }));
    hold(told == usable.is_some_and(|usable| usable < account.licenses), "a shortfall is told, and only one that there is")?;
    hold(self::repairs(&super::compare(&after)).is_empty(), "repaired once is repaired")
}

#[test]
fn a_license_that_a_person_moved_is_followed() {
    let account = Account {
        seats: vec![
            facts(1, Held::Nothing, SeatStatus::Active, License::Licensed),
            facts(2, Held::Attached(7), SeatStatus::Active, License::Basic),
        ],
        licenses: 1,
        ..Account::default()
    };
    let (lost, found) = (account.seats[1].seat.clone(), account.seats[0].seat.clone());
    let expected = [Repair::Release { license: 7, seat: lost }, Repair::Adopt { license: 7, seat: found }];
    assert_eq!(repairs(&compare(&account)), expected);
}

#[test]
fn a_license_beyond_the_pool_is_shown_and_left_alone() {
    let account = Account { seats: vec![facts(1, Held::Nothing, SeatStatus::Active, License::Licensed)], ..Account::default() };
    let drifts = compare(&account);
    assert!(matches!(drifts.as_slice(), [Drift::Found { license: None, .. }]), "{drifts:?}");
    assert_eq!(drifts[0].repair(), None);
}

#[test]
fn licenses_on_other_users_are_not_the_pool_s() {
    let account = |purchased, others| Account { licenses: 5, purchased, others, ..Account::default() };
    assert_eq!(compare(&account(Some(7), 2)), []);
    assert_eq!(compare(&account(Some(6), 2)), [Drift::FewerLicenses { licenses: 5, usable: 4 }]);
    assert_eq!(compare(&account(None, 2)), [], "what Zoom does not say is no shortfall");
    assert_eq!(compare(&account(Some(6), 2))[0].repair(), None, "K is the operator's");
}

fn account() -> impl Strategy<Value = Account> {
    let seat = (0..4_u8, 0..4_usize, 0..3_usize);
    (proptest::collection::vec(seat, 0..12), 0..6_u32, proptest::option::of(0..12_u32), 0..4_u32).prop_map(
        |(seats, free, purchased, others)| {
            let mut rows = 0..;
            let seats: Vec<SeatFacts> = seats
                .into_iter()
                .enumerate()
                .map(|(name, (held, status, license))| {
                    let held = match held {
                        0 | 1 => Held::Nothing,
                        2 => Held::Attached(rows.next().unwrap()),
                        _ => Held::Moving,
                    };
                    facts(name, held, SeatStatus::ALL[status], License::ALL[license])
                })
                .collect();
            let free: Vec<u32> = rows.take(free as usize).collect();
            Account { seats, free, licenses: 6, purchased, others }
        },
    )
}

proptest! {
    #[test]
    fn what_is_repaired_is_what_zoom_says(account in account()) {
        prop_assert_eq!(fault(&account, compare), Ok(()));
    }
}

/// Asks the same about many accounts, the same ones each time.
fn assert_noticed(bug: Compare) {
    let outcome = TestRunner::deterministic().run(&account(), |account| fault(&account, bug).map_err(TestCaseError::fail));
    assert!(outcome.is_err(), "nobody noticed");
}

macro_rules! noticed {
    ($($bug:ident)+) => {
        mod planted {
            $(#[test] fn $bug() { super::assert_noticed(super::mutants::$bug); })+
        }
    };
}

noticed! {
    forgets_statuses
    forgets_what_is_lost
    finds_before_it_loses
    uses_a_row_twice
    meddles_with_moves
    takes_others_for_licensed
    counts_what_others_have
    takes_silence_for_nothing
    hides_a_shortfall
}
