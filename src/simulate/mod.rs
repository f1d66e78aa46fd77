//! The seeded world: the real verbs and the real store on in-memory SQLite, a clock that only moves when told, the simulated
//! Zoom, and everything that can go wrong. After every step the invariants of design §6 are looked at.
//!
//! What must stay true: a seed alone decides a day, bit by bit, on any machine and with any number of threads.

mod alarms;
mod command;
mod day;
mod deeds;
mod dice;
mod evening;
mod hands;
mod measure;
mod mortal;
mod outcome;
mod people;
mod play;
mod sabotage;
mod script;
mod town;
mod weather;

#[cfg(test)]
mod tests;

pub use command::{Arguments, run};
pub use outcome::{Outcome, Tally};
pub use play::transcript;
pub use script::ScriptError;
pub use weather::Faults;
