//! One type for each kind of id, so that a seat can never be passed where a meeting is meant.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Names a row that exists or is about to.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as it stands in the database and in URLs.
            pub fn as_str(&self) -> &str {
                &self.0
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
