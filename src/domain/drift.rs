//! Where Zoom differs from what we believe of seats and licenses, because a person changed something at Zoom.
//!
//! Pure. What must stay true: every repair only brings our rows in line with what Zoom says, and none changes anything at
//! Zoom. So a repair can end no meeting and take no license from one; whatever a meeting then lacks, the plan gives it. A row
//! that is being moved is left to whoever moves it.

use super::ids::SeatId;
use super::seat::{License, SeatStatus};

/// What the rows of the pool say of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// No row stands for it.
    Nothing,
    /// This row says that a license is on it.
    Attached(u32),
    /// A row is on its way to or from it, or was settled after Zoom had been asked.
    Moving,
}

/// What Zoom says of a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Whether Zoom lets it host.
    pub status: SeatStatus,
    /// Its license.
    pub license: License,
}

/// A seat as we know it and as Zoom sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatFacts {
    /// Which.
    pub seat: SeatId,
    /// The status we know.
    pub status: SeatStatus,
    /// What the rows say.
    pub held: Held,
    /// What Zoom says.
    pub seen: Seen,
}

/// What is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Every seat.
    pub seats: Vec<SeatFacts>,
    /// The rows that stand for no seat.
    pub free: Vec<u32>,
    /// K, as the operator set it.
    pub licenses: u32,
    /// How many licenses were bought, as far as Zoom says.
    pub purchased: Option<u32>,
    /// How many licenses are on users that are no seats.
    pub others: u32,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Zoom changed whether a seat can host.
    Status {
        /// Which seat.
        seat: SeatId,
        /// What it can now.
        status: SeatStatus,
    },
    /// A license is no longer on its seat: somebody took it off.
    Lost {
        /// Which seat.
        seat: SeatId,
        /// The row that says otherwise.
        license: u32,
    },
    /// A license is on a seat and we did not put it there.
    Found {
        /// Which seat.
        seat: SeatId,
        /// The free row that can stand for it; none: it is not from the pool.
        license: Option<u32>,
    },
    /// Fewer licenses than K are there for the pool.
    FewerLicenses {
        /// K.
        licenses: u32,
        /// How many were bought, less those on users that are no seats.
        usable: u32,
    },
}

/// How a difference goes away, without touching Zoom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The seat's new status is noted.
    Note {
        /// Which seat.
        seat: SeatId,
        /// What it can now.
        status: SeatStatus,
    },
    /// The row is free; where it is still needed, the plan attaches a license again.
    Release {
        /// The row.
        license: u32,
        /// The seat it stood for.
        seat: SeatId,
    },
    /// The free row stands for the license that somebody put on the seat.
    Adopt {
        /// The row.
        license: u32,
        /// The seat.
        seat: SeatId,
    },
}

impl Drift {
    /// The safe repair; none: only a person can decide.
    pub fn repair(&self) -> Option<Repair> {
        match self {
            Self::Status { seat, status } => Some(Repair::Note { seat: seat.clone(), status: *status }),
            Self::Lost { seat, license } => Some(Repair::Release { license: *license, seat: seat.clone() }),
            Self::Found { seat, license } => license.map(|license| Repair::Adopt { license, seat: seat.clone() }),
            Self::FewerLicenses { .. } => None,
        }
    }
}

/// Every difference. A license that a person moved is lost on one seat and found on the other, so what is lost comes first:
/// the row it frees can stand for what is found.
pub fn compare(account: &Account) -> Vec<Drift> {
    let statuses = account.seats.iter().filter(|facts| facts.status != facts.seen.status);
    let mut drifts: Vec<Drift> =
        statuses.map(|facts| Drift::Status { seat: facts.seat.clone(), status: facts.seen.status }).collect();
    let mut free = account.free.clone();
    for facts in &account.seats {
        if let (Held::Attached(license), License::Basic | License::Other) = (facts.held, facts.seen.license) {
            drifts.push(Drift::Lost { seat: facts.seat.clone(), license });
            free.push(license);
        }
    }
    free.sort_unstable();
    let mut free = free.into_iter();
    let found = account.seats.iter().filter(|facts| facts.held == Held::Nothing && facts.seen.license == License::Licensed);
    drifts.extend(found.map(|facts| Drift::Found { seat: facts.seat.clone(), license: free.next() }));
    if let Some(usable) = account.purchased.map(|purchased| purchased.saturating_sub(account.others))
        && usable < account.licenses
    {
        drifts.push(Drift::FewerLicenses { licenses: account.licenses, usable });
    }
    drifts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    fn repairs(account: &Account) -> Vec<Repair> {
        compare(account).iter().filter_map(Drift::repair).collect()
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
        assert_eq!(repairs(&account), [Repair::Release { license: 7, seat: lost }, Repair::Adopt { license: 7, seat: found }]);
    }

    #[test]
    fn a_license_beyond_the_pool_is_shown_and_left_alone() {
        let account =
            Account { seats: vec![facts(1, Held::Nothing, SeatStatus::Active, License::Licensed)], ..Account::default() };
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
        fn repaired_once_is_repaired(account in account()) {
            let after = repaired(&account, &repairs(&account));
            prop_assert_eq!(repairs(&after), []);
        }

        #[test]
        fn a_repair_says_of_a_license_only_what_zoom_says(account in account()) {
            for repair in repairs(&account) {
                let (seat, held) = match &repair {
                    Repair::Note { .. } => continue,
                    Repair::Release { seat, license } => (seat, Held::Attached(*license)),
                    Repair::Adopt { seat, .. } => (seat, Held::Nothing),
                };
                let facts = account.seats.iter().find(|facts| facts.seat == *seat).unwrap();
                prop_assert_eq!(facts.held, held, "a row on the move is nobody else's");
                let licensed = facts.seen.license == License::Licensed;
                prop_assert_eq!(licensed, matches!(repair, Repair::Adopt { .. }));
            }
        }

        #[test]
        fn no_row_stands_for_two_seats_afterwards_and_none_is_gone(account in account()) {
            let rows = |account: &Account| {
                let held = account.seats.iter().filter_map(|facts| match facts.held {
                    Held::Attached(license) => Some(license),
                    _ => None,
                });
                let mut rows: Vec<u32> = held.chain(account.free.iter().copied()).collect();
                rows.sort_unstable();
                rows
            };
            prop_assert_eq!(rows(&account), rows(&repaired(&account, &repairs(&account))));
        }
    }
}
