//! Everything that the invariants speak of, read at one moment across all tenants: for the simulation and for checks of a
//! whole database, never for a page.

use std::collections::BTreeMap;

use diesel::prelude::*;

use crate::domain::ids::{MeetingId, SeatId, TenantId};
use crate::domain::invariants::{Census, Kept, Row};
use crate::domain::meeting::Stage;
use crate::domain::pool::{Release, Strategy};
use crate::domain::time::Instant;

use super::convert::{count, instant, window, word};
use super::error::StoreError;
use super::schema::{audit, letters, meetings, zoom_events};
use super::scope::KeeperPass;
use super::transaction::ReadTx;
use super::{demand, licenses, moves, pool};

#[derive(Queryable, Selectable)]
#[diesel(table_name = meetings)]
struct MeetingRow {
    id: String,
    tenant_id: String,
    seat_id: String,
    stage: String,
    starts_at: i64,
    ends_at: i64,
    hold_from: i64,
    hold_until: i64,
    licensed: bool,
    queued_at: Option<i64>,
    run_uuid: Option<String>,
    start_clicked_at: Option<i64>,
    zoom_number: Option<i64>,
    alert: Option<String>,
}

impl MeetingRow {
    fn into_domain(self) -> Result<Kept, StoreError> {
        Ok(Kept {
            id: MeetingId::new(self.id),
            tenant: TenantId::new(self.tenant_id),
            seat: SeatId::new(self.seat_id),
            stage: word(Stage::from_word(&self.stage), "stage of a meeting", &self.stage)?,
            window: window(self.starts_at, self.ends_at)?,
            hold: (instant(self.hold_from), instant(self.hold_until)),
            licensed: self.licensed,
            queued: self.queued_at.is_some(),
            run: self.run_uuid,
            start_clicked_at: self.start_clicked_at.map(instant),
            number: self.zoom_number,
            has_alert: self.alert.is_some(),
        })
    }
}

/// The whole database as the invariants see it.
pub fn take(tx: &mut ReadTx<'_>, _: &KeeperPass, now: Instant) -> Result<Census, StoreError> {
    let settings = pool::settings(tx)?;
    let kept: Vec<MeetingRow> = meetings::table.order(meetings::id).select(MeetingRow::as_select()).load(tx.db())?;
    let told: Vec<(Option<String>, String, String)> = audit::table
        .filter(audit::meeting_id.is_not_null())
        .select((audit::meeting_id, audit::action, audit::detail))
        .load(tx.db())?;
    let mut audited = BTreeMap::new();
    for (meeting, action, detail) in told {
        *audited.entry((MeetingId::new(meeting.unwrap_or_default()), action, detail)).or_insert(0) += 1;
    }
    Ok(Census {
        now,
        licenses: settings.licenses,
        promisable: settings.promisable(),
        gives_back: settings.strategy == Strategy::Float
            && settings.release == Release::Ended
            && !settings.saves_moves(moves::on_day(tx, now)?),
        shares: demand::shares(tx)?,
        meetings: kept.into_iter().map(MeetingRow::into_domain).collect::<Result<_, _>>()?,
        rows: licenses::list(tx)?
            .into_iter()
            .map(|(row, _)| Row {
                number: row.number,
                place: row.slot.place(),
                seat: row.slot.claim().map(|claim| claim.seat.clone()),
            })
            .collect(),
        audited,
    })
}

/// The bodies of the events that are stored.
pub fn event_bodies(tx: &mut ReadTx<'_>, _: &KeeperPass) -> Result<Vec<String>, StoreError> {
    Ok(zoom_events::table.select(zoom_events::body).load(tx.db())?)
}

/// How many letters are waiting to be sent.
pub fn letters_ahead(tx: &mut ReadTx<'_>, _: &KeeperPass) -> Result<u32, StoreError> {
    let ahead: i64 = letters::table.filter(letters::state.eq("queued")).count().get_result(tx.db())?;
    Ok(count(i32::try_from(ahead).unwrap_or(i32::MAX)))
}
