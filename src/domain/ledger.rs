//! The ledger: what each license was doing while it stood for a seat, to the second.
//!
//! What must stay true: every second from the claim of a license to its return belongs to exactly one [`Part`], so the parts
//! add up to the whole. A license is *moving* until Zoom has confirmed it and again once it is being taken off; in between it
//! is *in use* while a meeting runs on its seat, *ready* while a hold that was promised a license waits for its meeting to
//! begin, and *idle* otherwise: also while it stays for people who may come back.

use std::collections::BTreeMap;

use super::ids::{MeetingId, SeatId, TenantId, UserId};
use super::time::{Instant, Span, Window};

#[cfg(test)]
mod tests;

/// What a license does in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A meeting runs on its seat.
    Live,
    /// It waits for a meeting that has not begun.
    Ready,
    /// It is on a seat and no meeting needs it.
    Idle,
    /// It is on its way to the seat or off it.
    Moving,
}

impl Part {
    /// The part as a person reads it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "In use",
            Self::Ready => "Ready",
            Self::Idle => "Idle",
            Self::Moving => "Moving",
        }
    }

    /// Whether the license is certainly on the seat: what Zoom counts.
    pub const fn is_attached(self) -> bool {
        !matches!(self, Self::Moving)
    }
}

/// One license standing for one seat, from its claim to its return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The license's number.
    pub license: u32,
    /// The seat.
    pub seat: SeatId,
    /// The seat's tenant when the license was attached; none: a seat of the pool.
    pub tenant: Option<TenantId>,
    /// When it was claimed.
    pub claimed: Instant,
    /// When Zoom had confirmed it.
    pub attached: Instant,
    /// Since when it is being taken off.
    pub leaving: Option<Instant>,
    /// When it was free again; none: it still is not.
    pub until: Option<Instant>,
}

/// Why a seat needed a license for some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The meeting that needed it.
    pub meeting: MeetingId,
    /// The meeting's tenant.
    pub tenant: TenantId,
    /// The meeting's host.
    pub host: UserId,
    /// The seat.
    pub seat: SeatId,
    /// Whether the meeting ran; else its hold waited for it to begin.
    pub runs: bool,
    /// Since when.
    pub from: Instant,
    /// Until when; none: it still does.
    pub until: Option<Instant>,
}

/// A stretch of time in which one license did one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The license's number.
    pub license: u32,
    /// The seat it stood for.
    pub seat: SeatId,
    /// Who it is charged to: the meeting's tenant, or else the seat's.
    pub tenant: Option<TenantId>,
    /// What it did.
    pub part: Part,
    /// The meeting it was for, and that meeting's host; none: for no meeting.
    pub meeting: Option<(MeetingId, UserId)>,
    /// When.
    pub window: Window,
}

/// Time by what it went into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// See [`Part::Live`].
    pub live: Span,
    /// See [`Part::Ready`].
    pub ready: Span,
    /// See [`Part::Idle`].
    pub idle: Span,
    /// See [`Part::Moving`].
    pub moving: Span,
}

/// What every license did within a span of time that lies in the past; what is still going on goes on to its end.
pub fn partition(holdings: &[Holding], uses: &[Use], within: Window) -> Vec<Piece> {
    let mut of_seat: BTreeMap<&SeatId, Vec<&Use>> = BTreeMap::new();
    for one in uses {
        of_seat.entry(&one.seat).or_default().push(one);
    }
    for uses in of_seat.values_mut() {
        uses.sort_by_key(|one| one.from);
    }
    let none = Vec::new();
    holdings.iter().flat_map(|holding| pieces(holding, of_seat.get(&holding.seat).unwrap_or(&none), within)).collect()
}

/// What one license did on one seat. `uses` are of that seat, by their beginning.
fn pieces(holding: &Holding, uses: &[&Use], within: Window) -> Vec<Piece> {
    let end = holding.until.unwrap_or(within.end()).min(within.end());
    let Some(whole) = Window::new(holding.claimed.max(within.start()), end) else { return Vec::new() };
    let uses: Vec<&Use> = uses.iter().copied().filter(|one| one.overlaps(whole)).collect();
    let (mut coming, mut current) = (uses.iter().copied().peekable(), Vec::new());
    let mut found: Vec<Piece> = Vec::new();
    for window in windows_between(&cuts(holding, &uses, whole)) {
        let at = window.start();
        while let Some(begun) = coming.next_if(|one| one.from <= at) {
            current.push(begun);
        }
        current.retain(|one| one.until.is_none_or(|until| at < until));
        let piece = piece(holding, &current, window);
        match found.last_mut() {
            Some(last) if last.continues_as(&piece) => last.window = joined(last.window, window),
            _ => found.push(piece),
        }
    }
    found
}

/// Every instant within `whole` at which something may change, with both ends, in order.
fn cuts(holding: &Holding, uses: &[&Use], whole: Window) -> Vec<Instant> {
    let changes = uses.iter().flat_map(|one| [Some(one.from), one.until]).flatten();
    let mut cuts: Vec<Instant> =
        changes.chain([holding.attached]).chain(holding.leaving).filter(|at| whole.contains(*at)).collect();
    cuts.extend([whole.start(), whole.end()]);
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

fn windows_between(cuts: &[Instant]) -> impl Iterator<Item = Window> {
    cuts.windows(2).filter_map(|pair| Window::new(pair[0], pair[1]))
}

/// What the license did in a window in which nothing changed, while `current` were the uses of its seat.
fn piece(holding: &Holding, current: &[&Use], window: Window) -> Piece {
    let at = window.start();
    let is_moving = at < holding.attached || holding.leaving.is_some_and(|leaving| leaving <= at);
    // A meeting that runs comes before one that is waited for, and then the earlier one.
    let first = current.iter().min_by_key(|one| (!one.runs, one.from, &one.meeting)).filter(|_| !is_moving);
    let part = match first {
        _ if is_moving => Part::Moving,
        Some(one) if one.runs => Part::Live,
        Some(_) => Part::Ready,
        None => Part::Idle,
    };
    Piece {
        license: holding.license,
        seat: holding.seat.clone(),
        tenant: first.map(|one| one.tenant.clone()).or_else(|| holding.tenant.clone()),
        part,
        meeting: first.map(|one| (one.meeting.clone(), one.host.clone())),
        window,
    }
}

fn joined(first: Window, second: Window) -> Window {
    Window::new(first.start(), second.end()).unwrap_or(first)
}

impl Use {
    fn overlaps(&self, window: Window) -> bool {
        self.from < window.end() && self.until.is_none_or(|until| window.start() < until)
    }
}

impl Piece {
    /// Whether `next`, which begins where this ends, is more of the same.
    fn continues_as(&self, next: &Self) -> bool {
        self.part == next.part
            && self.meeting == next.meeting
            && self.tenant == next.tenant
            && self.window.end() == next.window.start()
    }

    /// What of it lies within a span of time.
    pub fn within(&self, span: Window) -> Option<Self> {
        let window = Window::new(self.window.start().max(span.start()), self.window.end().min(span.end()))?;
        Some(Self { window, ..self.clone() })
    }
}

/// Cuts pieces at the days' ends: for each day, in order, what happened on it. The days follow one another without gaps.
pub fn by_day(pieces: &[Piece], days: &[Window]) -> Vec<Vec<Piece>> {
    let mut found = vec![Vec::new(); days.len()];
    for piece in pieces {
        let first = days.partition_point(|day| day.end() <= piece.window.start());
        for (day, found) in days.iter().zip(&mut found).skip(first).take_while(|(day, _)| day.start() < piece.window.end()) {
            found.extend(piece.within(*day));
        }
    }
    found
}

/// The sums of pieces, for each value of what `key` tells of a piece.
pub fn sums_by<K: Ord>(pieces: &[Piece], key: impl Fn(&Piece) -> K) -> BTreeMap<K, Sums> {
    let mut found: BTreeMap<K, Sums> = BTreeMap::new();
    for piece in pieces {
        found.entry(key(piece)).or_default().add(piece.part, piece.window.length());
    }
    found
}

/// The most licenses at one instant that did what `counts` names.
pub fn peak<'a>(pieces: impl IntoIterator<Item = &'a Piece>, counts: impl Fn(Part) -> bool) -> u32 {
    let counted = pieces.into_iter().filter(|piece| counts(piece.part));
    let mut changes: Vec<(Instant, i32)> =
        counted.flat_map(|piece| [(piece.window.start(), 1), (piece.window.end(), -1)]).collect();
    // Of one instant the ends come first, because a window does not contain its end.
    changes.sort_unstable();
    let depths = changes.iter().scan(0, |depth, (_, change)| {
        *depth += change;
        Some(*depth)
    });
    depths.max().and_then(|most| u32::try_from(most).ok()).unwrap_or_default()
}

impl Sums {
    /// The sums of these pieces.
    pub fn of<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> Self {
        let mut sums = Self::default();
        for piece in pieces {
            sums.add(piece.part, piece.window.length());
        }
        sums
    }

    fn add(&mut self, part: Part, length: Span) {
        let sum = match part {
            Part::Live => &mut self.live,
            Part::Ready => &mut self.ready,
            Part::Idle => &mut self.idle,
            Part::Moving => &mut self.moving,
        };
        *sum = *sum + length;
    }

    /// All of it.
    pub fn whole(self) -> Span {
        self.live + self.ready + self.idle + self.moving
    }

    /// How much of the whole was idle, in percent, rounded; none: there was nothing.
    pub fn idle_share(self) -> Option<i64> {
        let whole = self.whole().as_seconds();
        (whole > 0).then(|| (self.idle.as_seconds() * 100 + whole / 2) / whole)
    }
}
