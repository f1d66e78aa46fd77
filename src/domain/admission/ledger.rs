//! The ledger of one request: who is busy and what is promised, worked out once for a range of slots, so that any number
//! of times within it can be decided cheaply.

use crate::domain::ids::SeatId;
use crate::domain::meeting::Kind;
use crate::domain::time::{SlotRange, Span, Window};

use super::usage::{Room, Usage, held_slots};
use super::{Admitted, Demand, Hold, Refusal, Request, Rules, hold_of, meets_freeze, timely};

/// What decides a request at any time whose hold lies within the range.
pub(super) struct Ledger<'a> {
    rules: &'a Rules,
    candidates: Vec<Candidate<'a>>,
}

/// One seat the meeting could run on.
struct Candidate<'a> {
    seat: &'a SeatId,
    /// When the seat or the host is in another meeting.
    busy: Busy,
    /// Whether the seat is promised a license right now. Until the pool's own rows are consulted this stands for having one.
    has_license: bool,
    /// Where one more hold on the seat fits.
    room: Room,
}

impl<'a> Ledger<'a> {
    /// Works out everything that does not depend on the exact time asked for.
    pub(super) fn open(request: &'a Request, demand: &Demand, rules: &'a Rules, range: SlotRange) -> Self {
        let usage = Usage::count(request, demand, range);
        let candidate = |seat| Candidate {
            seat,
            busy: Busy::of(demand.holds.iter().filter(|hold| is_in_the_way(hold, seat, request)).map(|hold| hold.busy)),
            has_license: demand.holds.iter().any(|hold| hold.seat == *seat && hold.hold.contains(rules.now)),
            room: usage.room(&held_slots(request, seat, demand, range)),
        };
        Self { rules, candidates: request.seats.iter().map(candidate).collect() }
    }

    /// Decides the request for this time.
    pub(super) fn decide(&self, window: Window, kind: Kind) -> Result<Admitted, Refusal> {
        timely(window, kind, self.rules)?;
        let hold = hold_of(window, kind, self.rules);
        let needs_license_now = meets_freeze(hold, kind, self.rules);
        let mut answer = if self.candidates.is_empty() { Refusal::NoSeat } else { Refusal::SeatBusy };
        for candidate in &self.candidates {
            match candidate.refusal(window, hold, needs_license_now) {
                None => return Ok(Admitted { seat: candidate.seat.clone(), hold }),
                Some(refusal) if answer == Refusal::SeatBusy => answer = refusal,
                Some(_) => {}
            }
        }
        Err(answer)
    }
}

impl Candidate<'_> {
    fn refusal(&self, window: Window, hold: Window, needs_license_now: bool) -> Option<Refusal> {
        if self.busy.overlaps(window) {
            Some(Refusal::SeatBusy)
        } else if needs_license_now && !self.has_license {
            Some(Refusal::LicenseFrozen)
        } else {
            self.room.refusal_in(hold.slots())
        }
    }
}

/// Whether a meeting that overlaps this hold's would keep the request from running on the seat.
fn is_in_the_way(hold: &Hold, seat: &SeatId, request: &Request) -> bool {
    !request.gives_back(hold) && (hold.seat == *seat || hold.host == request.host)
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
