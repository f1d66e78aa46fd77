//! Meetings as their pages show them: read only, and only for who may manage them.

use std::sync::Arc;

use crate::domain::ids::MeetingId;
use crate::domain::tenant::User;
use crate::store::scope::TenantScope;
use crate::store::{audit, letters, meetings};

use super::bookings::manageable;
use super::{App, AppError};

/// A meeting with everything that is known about it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The meeting.
    pub view: meetings::MeetingView,
    /// The letters about it, oldest first.
    pub letters: Vec<letters::Shown>,
    /// What happened to it, oldest first, with the name of the user who did it.
    pub history: Vec<(audit::Shown, Option<String>)>,
}

impl App {
    /// A meeting, for its host or an admin; for anybody else it does not exist.
    pub async fn meeting_for(
        self: &Arc<Self>,
        scope: &TenantScope,
        by: &User,
        id: &MeetingId,
    ) -> Result<meetings::MeetingView, AppError> {
        let (scope, by, id) = (scope.clone(), by.clone(), id.clone());
        self.store.read(move |tx| manageable(tx, &scope, &by, &id)).await
    }

    /// A meeting with its letters and its history, for its host or an admin.
    pub async fn meeting_record(self: &Arc<Self>, scope: &TenantScope, by: &User, id: &MeetingId) -> Result<Record, AppError> {
        let (scope, by, id) = (scope.clone(), by.clone(), id.clone());
        self.store
            .read(move |tx| {
                let view = manageable(tx, &scope, &by, &id)?;
                Ok(Record {
                    view,
                    letters: letters::list_for_meeting(tx, &scope, &id)?,
                    history: audit::list_for_meeting(tx, &scope, &id)?,
                })
            })
            .await
    }
}
