//! The pure core: the words of the product and every decision it makes.
//!
//! Nothing here does IO, awaits, reads a clock or draws a random number, and nothing here imports another module of the
//! crate. What is decided here is acted on by `app`.

pub mod admission;
pub mod count;
pub mod drift;
pub mod erlang;
pub mod ids;
pub mod invariants;
pub mod ledger;
pub mod line;
pub mod meeting;
pub mod names;
pub mod optimum;
pub mod plan;
pub mod pool;
pub mod seat;
pub mod tenant;
pub mod time;
pub mod when;
pub mod zone;

/// Gives an enum of plain words its spelling in the database, in JSON and in URLs, in one place.
macro_rules! stored_as {
    ($($name:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl $name {
            /// Every value, in the order in which it is shown.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for it in the database, in JSON and in URLs.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value a word stands for.
            pub fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }
    )+};
}
pub(crate) use stored_as;
