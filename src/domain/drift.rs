//! Where Zoom differs from what we believe of seats and licenses, because a person changed something at Zoom.
//!
//! Pure. What must stay true: every repair only brings our rows in line with what Zoom says, and none changes anything at
//! Zoom. So a repair can end no meeting and take no license from one; whatever a meeting then lacks, the plan gives it. A row
//! that is being moved is left to whoever moves it.

#[cfg(test)]
mod mutants;
#[cfg(test)]
mod tests;

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
