//! Meetings of the past, of all tenants: for planning how many licenses there should be.

use diesel::prelude::*;

use crate::domain::ids::{TenantId, UserId};
use crate::domain::meeting::{Kind, Stage};
use crate::domain::time::{Instant, Window};

use super::super::convert::{instant, window, word};
use super::super::error::StoreError;
use super::super::schema::meetings;
use super::super::scope::OperatorPass;
use super::super::transaction::ReadTx;

/// A meeting as planning sees it: no client, no topic, no seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMeeting {
    /// Whose it was.
    pub tenant: TenantId,
    /// Who hosted.
    pub host: UserId,
    /// Scheduled or on the spot.
    pub kind: Kind,
    /// When it was planned.
    pub window: Window,
    /// When it was asked for.
    pub asked_at: Instant,
    /// When its license was given back, if that is known.
    pub given_back: Option<Instant>,
    /// Whether it held a license.
    pub licensed: bool,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = meetings)]
struct Row {
    tenant_id: String,
    host_id: String,
    kind: String,
    starts_at: i64,
    ends_at: i64,
    hold_until: i64,
    stage: String,
    closed_at: Option<i64>,
    created_at: i64,
    licensed: bool,
}

impl Row {
    fn into_domain(self) -> Result<PastMeeting, StoreError> {
        let given_back = match word(Stage::from_word(&self.stage), "stage of a meeting", &self.stage)? {
            Stage::Booked => None,
            Stage::Live | Stage::Ended | Stage::Missed => Some(self.hold_until),
            Stage::Cancelled => self.closed_at,
        };
        Ok(PastMeeting {
            tenant: TenantId::new(self.tenant_id),
            host: UserId::new(self.host_id),
            kind: word(Kind::from_word(&self.kind), "kind of a meeting", &self.kind)?,
            window: window(self.starts_at, self.ends_at)?,
            asked_at: instant(self.created_at),
            given_back: given_back.map(instant),
            licensed: self.licensed,
        })
    }
}

/// Every meeting that was to begin within the span, in the order in which they were asked for.
pub fn past(tx: &mut ReadTx<'_>, _: &OperatorPass, within: Window) -> Result<Vec<PastMeeting>, StoreError> {
    let rows: Vec<Row> = meetings::table
        .filter(meetings::starts_at.ge(within.start().seconds()))
        .filter(meetings::starts_at.lt(within.end().seconds()))
        .order((meetings::created_at, meetings::id))
        .select(Row::as_select())
        .load(tx.db())?;
    rows.into_iter().map(Row::into_domain).collect()
}
