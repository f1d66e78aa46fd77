//! `duologue plan`: how many licenses are needed. Days that are described, or that are on record, are lived through again with
//! more licenses and with fewer, and the formulas of [`crate::domain::erlang`] stand beside the answer.
//!
//! What must stay true: who is accepted is decided by [`crate::domain::admission`] and by nothing else, so a replay says what
//! the portal would have said; the same days and the same seed give the same answer.

mod answer;
mod command;
mod described;
mod interval;
mod paper;
mod recorded;
mod replay;
mod report;

#[cfg(test)]
mod tests;

pub use command::{Arguments, run, run_on_record};
