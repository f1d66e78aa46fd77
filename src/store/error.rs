//! What can go wrong below a question to the database.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// The database did not answer, or not as it should. Refusals of the product are never errors of this type.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or has no room; trying again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// More writes are waiting than can be done in a reasonable time.
    #[error("too many writes are waiting")]
    Busy,
    /// A row was to be unique and is not.
    #[error("a row with this {0} exists already")]
    Duplicate(String),
    /// A row that must exist does not.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// A row holds something that this version does not understand.
    #[error("the database holds {0}")]
    Corrupt(String),
    /// A statement failed.
    #[error("a statement failed: {0}")]
    Query(DieselError),
}

impl StoreError {
    pub(super) fn unavailable(cause: impl std::fmt::Display) -> Self {
        Self::Unavailable(cause.to_string())
    }

    pub(super) fn panicked() -> Self {
        Self::Unavailable("a database task stopped unexpectedly".to_owned())
    }

    pub(super) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(what.into())
    }

    /// Whether the same request may succeed a little later.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Busy)
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, details) => {
                // SQLite names the columns, PostgreSQL the constraint; neither holds the value.
                Self::Duplicate(details.constraint_name().unwrap_or_else(|| details.message()).to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::ReadOnlyTransaction, details) => {
                Self::Unavailable(details.message().to_owned())
            }
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, ref details) if is_passing(details.message()) => {
                Self::Unavailable(details.message().to_owned())
            }
            DieselError::BrokenTransactionManager => Self::Unavailable("the connection was lost".to_owned()),
            other => Self::Query(other),
        }
    }
}

/// SQLite and libpq report these states as plain text.
fn is_passing(message: &str) -> bool {
    ["database is locked", "disk is full", "disk I/O error", "server closed the connection", "connection", "readonly database"]
        .iter()
        .any(|sign| message.contains(sign))
}
