//! Meetings as their pages show them: read only, and only for who may manage them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::admission::{self, Demand, Request};
use crate::domain::ids::{MeetingId, UserId};
use crate::domain::meeting::Kind;
use crate::domain::tenant::User;
use crate::domain::time::Span;
use crate::store::scope::TenantScope;
use crate::store::{StoreError, audit, demand, letters, meetings, pool, users};

use super::bookings::{manageable, rules};
use super::{App, AppError};

/// How far ahead a license is looked for while somebody waits for one.
const WAIT_WITHIN: Span = Span::hours(8);

/// A meeting with everything that is known about it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The meeting.
    pub view: meetings::MeetingView,
    /// The letters about it, oldest first.
    pub letters: Vec<letters::Shown>,
    /// What happened to it, oldest first.
    pub history: Vec<audit::Shown>,
    /// The names of the tenant's users, for `history`.
    pub names: BTreeMap<UserId, String>,
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
                let names = users::list(tx, &scope)?.into_iter().map(|user| (user.id, user.name.to_string())).collect();
                Ok(Record {
                    view,
                    letters: letters::list_for_meeting(tx, &scope, &id)?,
                    history: audit::list_for_meeting(tx, &scope, &id)?,
                    names,
                })
            })
            .await
    }

    /// How long it will be, as far as meetings are planned, until a license could be promised to this meeting; none: not
    /// within the next hours.
    pub async fn wait_for_license(
        self: &Arc<Self>,
        scope: &TenantScope,
        by: &User,
        id: &MeetingId,
    ) -> Result<Option<Span>, AppError> {
        let view = self.meeting_for(scope, by, id).await?;
        let now = self.now();
        let request = Request {
            tenant: scope.tenant().clone(),
            host: view.meeting.host,
            moving: Some(view.meeting.id),
            seats: vec![view.meeting.seat],
            window: view.meeting.window.moved_to(now),
            kind: Kind::OnDemand,
        };
        let nearest = self.store.read::<_, StoreError, _>(move |tx| {
            let settings = pool::settings(tx)?;
            let rules = rules(&settings, now);
            let demand = demand::during(tx, Demand::needed(&request, &rules, WAIT_WITHIN), &settings)?;
            Ok(admission::nearest(&request, &demand, &rules, 1, WAIT_WITHIN))
        });
        Ok(nearest.await?.first().map(|start| *start - now))
    }
}
