//! How often licenses moved, day by day: Zoom limits the number of license assignments of an account.

use diesel::prelude::*;

use crate::domain::pool::Moves;
use crate::domain::time::Instant;

use super::convert::count;
use super::error::StoreError;
use super::schema::move_days;
use super::transaction::{ReadTx, WriteTx};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A license was put on a seat.
    Attach,
    /// A license was taken off a seat.
    Detach,
    /// Zoom refused, because licenses had moved too often.
    Freeze,
    /// A person put a license on a seat at Zoom.
    ByPeople,
}

/// Counts one, on the UTC day of `at`.
pub fn note(tx: &mut WriteTx<'_>, moved: Move, at: Instant) -> Result<(), StoreError> {
    let day = at.utc_day();
    let [attaches, detaches, freezes, by_people] =
        [Move::Attach, Move::Detach, Move::Freeze, Move::ByPeople].map(|one| i32::from(one == moved));
    let updated = diesel::update(move_days::table.find(day))
        .set((
            move_days::attaches.eq(move_days::attaches + attaches),
            move_days::detaches.eq(move_days::detaches + detaches),
            move_days::freezes.eq(move_days::freezes + freezes),
            move_days::by_people.eq(move_days::by_people + by_people),
        ))
        .execute(tx.db())?;
    if updated == 0 {
        diesel::insert_into(move_days::table)
            .values((
                move_days::day.eq(day),
                move_days::attaches.eq(attaches),
                move_days::detaches.eq(detaches),
                move_days::freezes.eq(freezes),
                move_days::by_people.eq(by_people),
            ))
            .execute(tx.db())?;
    }
    Ok(())
}

/// The moves of the UTC day of `at`.
pub fn on_day(tx: &mut ReadTx<'_>, at: Instant) -> Result<Moves, StoreError> {
    Ok(since(tx, at)?.into_iter().find(|(day, _)| *day == at.utc_day()).map(|(_, moves)| moves).unwrap_or_default())
}

/// The moves of every UTC day from that of `from` on, with the day's number, oldest first. Days without a move are left out.
pub fn since(tx: &mut ReadTx<'_>, from: Instant) -> Result<Vec<(i32, Moves)>, StoreError> {
    let rows: Vec<(i32, i32, i32, i32, i32)> =
        move_days::table.filter(move_days::day.ge(from.utc_day())).order(move_days::day).load(tx.db())?;
    Ok(rows
        .into_iter()
        .map(|(day, attaches, detaches, freezes, by_people)| {
            let [attaches, detaches, freezes, by_people] = [attaches, detaches, freezes, by_people].map(count);
            (day, Moves { attaches, detaches, freezes, by_people })
        })
        .collect())
}

/// Removes the days before that of `before`; how many they were.
pub fn purge(tx: &mut WriteTx<'_>, before: Instant) -> Result<usize, StoreError> {
    Ok(diesel::delete(move_days::table.filter(move_days::day.lt(before.utc_day()))).execute(tx.db())?)
}
