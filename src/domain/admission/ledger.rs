//! The ledger of one request: who is busy and what is promised, worked out once for a range of slots, so that any number
//! of times within it can be decided cheaply.

use crate::domain::ids::SeatId;
use crate::domain::meeting::Kind;
use crate::domain::pool::Strategy;
use crate::domain::time::{SlotRange, Span, Window};

use super::usage::{Room, Usage, held_slots};
use super::{Admitted, Demand, Refusal, Request, Rules, hold_of, meets_freeze, timely, without_seat};

/// What decides a request at any time whose hold lies within the range.
pub(super) struct Ledger<'a> {
    rules: &'a Rules,
    candidates: Vec<Candidate<'a>>,
    /// When the host is in another meeting.
    host_busy: Busy,
    licensed: bool,
}

/// One seat the meeting could run on.
struct Candidate<'a> {
    seat: &'a SeatId,
    /// When the seat is in another meeting.
    busy: Busy,
    /// Whether the seat has a license now.
    has_license: bool,
    /// Where one more hold on the seat fits.
    room: Room,
}

impl<'a> Ledger<'a> {
    /// Works out everything that does not depend on the exact time asked for.
    pub(super) fn open(request: &'a Request, demand: &Demand, rules: &'a Rules, range: SlotRange) -> Self {
        let usage = Usage::count(request, demand, range);
        let others = || demand.holds.iter().filter(|hold| !request.gives_back(hold));
        let candidate = |seat| Candidate {
            seat,
            busy: Busy::of(others().filter(|hold| hold.seat == *seat).map(|hold| hold.busy)),
            has_license: demand.licensed_seats.contains(seat),
            room: usage.room(&held_slots(request, seat, demand, range)),
        };
        Self {
            rules,
            candidates: request.seats.iter().map(candidate).collect(),
            host_busy: Busy::of(others().filter(|hold| hold.host == request.host).map(|hold| hold.busy)),
            licensed: request.licensed,
        }
    }

    /// Decides the request for this time.
    pub(super) fn decide(&self, window: Window, kind: Kind) -> Result<Admitted, Refusal> {
        timely(window, kind, self.rules)?;
        if self.candidates.is_empty() {
            return Err(without_seat(self.rules));
        }
        if self.host_busy.overlaps(window) {
            return Err(Refusal::SeatBusy);
        }
        let hold = hold_of(window, kind, self.rules);
        let needs_license_now = self.licensed && meets_freeze(hold, kind, self.rules);
        let mut answer = Refusal::SeatBusy;
        for candidate in &self.candidates {
            match candidate.refusal(window, hold, needs_license_now, self.licensed) {
                None => return Ok(Admitted { seat: candidate.seat.clone(), hold }),
                Some(refusal) if answer == Refusal::SeatBusy => answer = refusal,
                Some(_) => {}
            }
        }
        // In `standing` every seat with a license is a candidate: when all are busy, all licenses are.
        match (answer, self.rules.strategy) {
            (Refusal::SeatBusy, Strategy::Standing) => Err(Refusal::PoolFull),
            (answer, _) => Err(answer),
        }
    }
}

impl Candidate<'_> {
    fn refusal(&self, window: Window, hold: Window, needs_license_now: bool, licensed: bool) -> Option<Refusal> {
        if self.busy.overlaps(window) {
            Some(Refusal::SeatBusy)
        } else if needs_license_now && !self.has_license {
            Some(Refusal::LicenseFrozen)
        } else if licensed {
            self.room.refusal_in(hold.slots())
        } else {
            None
        }
    }
}

/// Times that are taken, in order and apart from each other.
struct Busy(Vec<Window>);

impl Busy {
    fn of(windows: impl Iterator<Item = Window>) -> Self {
        let mut windows: Vec<Window> = windows.collect();
        windows.sort_by_key(|window| window.start());
        let mut apart: Vec<Window> = Vec::with_capacity(windows.len());
        for window in windows {
            match apart.last_mut() {
                Some(last) if window.start() <= last.end() => {
                    *last = last.padded(Span::ZERO, (window.end() - last.end()).max(Span::ZERO));
                }
                _ => apart.push(window),
            }
        }
        Self(apart)
    }

    fn overlaps(&self, window: Window) -> bool {
        let next = self.0.partition_point(|busy| busy.end() <= window.start());
        self.0.get(next).is_some_and(|busy| busy.overlaps(window))
    }
}
