//! The pool's rows: one per purchased license. Claiming a row is what attaching is (design rule 3.2.1).
//!
//! Every change is conditional on the place the row is in and says whether it happened: whoever comes second is told so.
//! `worked_on_until` keeps a second worker away while one talks to Zoom; when it has passed, the row is anybody's again.

use diesel::prelude::*;

use crate::domain::ids::{MeetingId, SeatId};
use crate::domain::pool::{Claim, Place, PoolRow, Slot};
use crate::domain::time::Instant;

use super::convert::{column, count, instant, word};
use super::error::StoreError;
use super::schema::{licenses, pool};
use super::scope::OperatorPass;
use super::transaction::{ReadTx, WriteTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = licenses)]
struct Row {
    number: i32,
    place: String,
    seat_id: Option<String>,
    meeting_id: Option<String>,
    since: i64,
    worked_on_until: Option<i64>,
    failures: i32,
    retry_at: Option<i64>,
    problem: Option<String>,
}

impl Row {
    fn into_domain(self) -> Result<(PoolRow, Option<Instant>), StoreError> {
        let place = word(Place::from_word(&self.place), "place of a license", &self.place)?;
        let claim = self.seat_id.map(|seat| Claim {
            seat: SeatId::new(seat),
            meeting: self.meeting_id.map(MeetingId::new),
            since: instant(self.since),
        });
        let slot = match (place, claim) {
            (Place::Free, None) => Slot::Free,
            (Place::Attaching, Some(claim)) => Slot::Attaching(claim),
            (Place::Attached, Some(claim)) => Slot::Attached(claim),
            (Place::Detaching, Some(claim)) => Slot::Detaching(claim),
            _ => return Err(StoreError::corrupt("a license whose place and seat disagree")),
        };
        let row = PoolRow {
            number: count(self.number),
            slot,
            failures: count(self.failures),
            retry_at: self.retry_at.map(instant),
            problem: self.problem,
        };
        Ok((row, self.worked_on_until.map(instant)))
    }
}

/// Every row, by number, with the instant until which somebody works on it.
pub fn list(tx: &mut ReadTx<'_>) -> Result<Vec<(PoolRow, Option<Instant>)>, StoreError> {
    let rows: Vec<Row> = licenses::table.order(licenses::number).select(Row::as_select()).load(tx.db())?;
    rows.into_iter().map(Row::into_domain).collect()
}

/// How many licenses are in each place.
pub fn count_by_place(tx: &mut ReadTx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(licenses::table.group_by(licenses::place).select((licenses::place, diesel::dsl::count_star())).load(tx.db())?)
}

/// The row that stands for this seat, if there is one.
pub fn of_seat(tx: &mut ReadTx<'_>, seat: &SeatId) -> Result<Option<(PoolRow, Option<Instant>)>, StoreError> {
    let row: Option<Row> =
        licenses::table.filter(licenses::seat_id.eq(seat.as_str())).select(Row::as_select()).get_result(tx.db()).optional()?;
    row.map(Row::into_domain).transpose()
}

/// Claims a free row for a seat. `false`: the row is not free any more, or the seat has one already.
pub fn claim(
    tx: &mut WriteTx<'_>,
    number: u32,
    seat: &SeatId,
    meeting: Option<&MeetingId>,
    now: Instant,
    until: Instant,
) -> Result<bool, StoreError> {
    if of_seat(tx, seat)?.is_some() {
        return Ok(false);
    }
    let claimed = diesel::update(
        licenses::table.filter(licenses::number.eq(column(number))).filter(licenses::place.eq(Place::Free.word())),
    )
    .set((
        licenses::place.eq(Place::Attaching.word()),
        licenses::seat_id.eq(Some(seat.as_str())),
        licenses::meeting_id.eq(meeting.map(MeetingId::as_str)),
        licenses::since.eq(now.seconds()),
        licenses::worked_on_until.eq(Some(until.seconds())),
        licenses::problem.eq(None::<String>),
    ))
    .execute(tx.db())?;
    Ok(claimed == 1)
}

/// Begins to take an attached license off its seat. `false`: it is not attached there any more.
pub fn begin_detach(tx: &mut WriteTx<'_>, number: u32, seat: &SeatId, now: Instant, until: Instant) -> Result<bool, StoreError> {
    let begun = diesel::update(
        licenses::table
            .filter(licenses::number.eq(column(number)))
            .filter(licenses::place.eq(Place::Attached.word()))
            .filter(licenses::seat_id.eq(seat.as_str())),
    )
    .set((
        licenses::place.eq(Place::Detaching.word()),
        licenses::since.eq(now.seconds()),
        licenses::worked_on_until.eq(Some(until.seconds())),
    ))
    .execute(tx.db())?;
    Ok(begun == 1)
}

/// Takes over a row that nobody finished. `false`: somebody else was faster.
pub fn take_over(tx: &mut WriteTx<'_>, number: u32, seen_until: Option<Instant>, until: Instant) -> Result<bool, StoreError> {
    let row = licenses::table
        .filter(licenses::number.eq(column(number)))
        .filter(licenses::place.eq_any([Place::Attaching.word(), Place::Detaching.word()]));
    let set = licenses::worked_on_until.eq(Some(until.seconds()));
    let taken = match seen_until {
        Some(seen) => diesel::update(row.filter(licenses::worked_on_until.eq(seen.seconds()))).set(set).execute(tx.db())?,
        None => diesel::update(row.filter(licenses::worked_on_until.is_null())).set(set).execute(tx.db())?,
    };
    Ok(taken == 1)
}

/// Zoom has confirmed that the license is on the seat.
pub fn mark_attached(tx: &mut WriteTx<'_>, number: u32, seat: &SeatId, now: Instant) -> Result<bool, StoreError> {
    let marked =
        diesel::update(licenses::table.filter(licenses::number.eq(column(number))).filter(licenses::seat_id.eq(seat.as_str())))
            .set((
                licenses::place.eq(Place::Attached.word()),
                licenses::since.eq(now.seconds()),
                licenses::worked_on_until.eq(None::<i64>),
                licenses::failures.eq(0),
                licenses::retry_at.eq(None::<i64>),
                licenses::problem.eq(None::<String>),
            ))
            .execute(tx.db())?;
    Ok(marked == 1)
}

/// Zoom has confirmed that the seat has no license: the row is free again.
pub fn mark_free(tx: &mut WriteTx<'_>, number: u32, seat: &SeatId, now: Instant) -> Result<bool, StoreError> {
    let marked =
        diesel::update(licenses::table.filter(licenses::number.eq(column(number))).filter(licenses::seat_id.eq(seat.as_str())))
            .set((
                licenses::place.eq(Place::Free.word()),
                licenses::seat_id.eq(None::<String>),
                licenses::meeting_id.eq(None::<String>),
                licenses::since.eq(now.seconds()),
                licenses::worked_on_until.eq(None::<i64>),
                licenses::failures.eq(0),
                licenses::retry_at.eq(None::<i64>),
                licenses::problem.eq(None::<String>),
            ))
            .execute(tx.db())?;
    Ok(marked == 1)
}

/// A move failed: nobody works on the row until `retry_at`, and the operator reads why. Its place stays what it is.
pub fn mark_failed(tx: &mut WriteTx<'_>, number: u32, retry_at: Instant, problem: &str) -> Result<(), StoreError> {
    diesel::update(licenses::table.filter(licenses::number.eq(column(number))))
        .set((
            licenses::worked_on_until.eq(None::<i64>),
            licenses::failures.eq(licenses::failures + 1),
            licenses::retry_at.eq(Some(retry_at.seconds())),
            licenses::problem.eq(Some(problem)),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// A move failed before its time: nobody works on the row any more, which rests as long as it did before.
pub fn let_go(tx: &mut WriteTx<'_>, number: u32, problem: &str) -> Result<(), StoreError> {
    diesel::update(licenses::table.filter(licenses::number.eq(column(number))))
        .set((licenses::worked_on_until.eq(None::<i64>), licenses::problem.eq(Some(problem))))
        .execute(tx.db())?;
    Ok(())
}

/// Zoom has no license left although rows are free: none of them is tried before `retry_at`.
pub fn rest_free(tx: &mut WriteTx<'_>, retry_at: Instant, problem: &str) -> Result<(), StoreError> {
    diesel::update(licenses::table.filter(licenses::place.eq(Place::Free.word())))
        .set((licenses::retry_at.eq(Some(retry_at.seconds())), licenses::problem.eq(Some(problem))))
        .execute(tx.db())?;
    Ok(())
}

/// Sets K. New rows begin free; of the surplus, free rows go at once and the others when they become free
/// (see [`drop_surplus`]). Accepted meetings stay (design rule 3.1.8).
pub fn set_count(tx: &mut WriteTx<'_>, _: &OperatorPass, licenses: u32, now: Instant) -> Result<(), StoreError> {
    diesel::update(pool::table).set(pool::licenses.eq(column(licenses))).execute(tx.db())?;
    let existing: Vec<i32> = licenses::table.select(licenses::number).order(licenses::number).load(tx.db())?;
    let missing = (licenses as usize).saturating_sub(existing.len());
    let unused = (1..).filter(|number| !existing.contains(number)).take(missing);
    for number in unused {
        diesel::insert_into(licenses::table)
            .values((
                licenses::number.eq(number),
                licenses::place.eq(Place::Free.word()),
                licenses::since.eq(now.seconds()),
                licenses::failures.eq(0),
            ))
            .execute(tx.db())?;
    }
    drop_surplus(tx)
}

/// Removes free rows beyond K, highest number first.
pub fn drop_surplus(tx: &mut WriteTx<'_>) -> Result<(), StoreError> {
    let bought: i32 = pool::table.select(pool::licenses).get_result(tx.db())?;
    let rows: i64 = licenses::table.count().get_result(tx.db())?;
    let surplus = rows - i64::from(bought);
    if surplus <= 0 {
        return Ok(());
    }
    let free: Vec<i32> = licenses::table
        .filter(licenses::place.eq(Place::Free.word()))
        .order(licenses::number.desc())
        .select(licenses::number)
        .limit(surplus)
        .load(tx.db())?;
    for number in free {
        diesel::delete(licenses::table.filter(licenses::number.eq(number))).execute(tx.db())?;
    }
    Ok(())
}
