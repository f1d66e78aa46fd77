//! One type for each kind of id, so that a seat can never be passed where a meeting is meant.
//!
//! An id that comes from outside is parsed: what can be none of ours never reaches the database.

/// A text that can be no id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an id")]
pub struct NotAnId;

/// The longest id, in characters. Ours are UUIDs; there is room for other kinds.
const LONGEST: usize = 64;

fn parse(text: &str) -> Result<String, NotAnId> {
    let plain = (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain { Ok(text.to_owned()) } else { Err(NotAnId) }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Names a row that exists or is about to. What comes from outside is parsed instead.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as it stands in the database and in URLs.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                parse(text).map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

ids! {
    /// A customer organization.
    TenantId,
    /// A person of a tenant.
    UserId,
    /// A person who runs the pool.
    OperatorId,
    /// The other side of a meeting, known to one tenant.
    ClientId,
    /// A Zoom user of our account that can host.
    SeatId,
    /// One booked one-on-one.
    MeetingId,
    /// One mail to one person.
    LetterId,
    /// One webhook as it arrived.
    EventId,
}
