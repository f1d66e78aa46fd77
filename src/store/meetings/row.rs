//! A meeting as a row.

use diesel::prelude::*;

use crate::domain::ids::{ClientId, MeetingId, SeatId, TenantId, UserId};
use crate::domain::meeting::{Kind, Meeting, Room, Run, Stage, State};
use crate::domain::time::{Instant, Window};

use super::super::convert::{count, instant, topic, window, word, zone};
use super::super::error::StoreError;
use super::super::schema::meetings;

#[derive(Queryable, Selectable)]
#[diesel(table_name = meetings)]
pub(super) struct MeetingRow {
    id: String,
    tenant_id: String,
    host_id: String,
    client_id: String,
    seat_id: String,
    kind: String,
    topic: String,
    starts_at: i64,
    ends_at: i64,
    wall_time: String,
    zone: String,
    hold_from: i64,
    hold_until: i64,
    stage: String,
    run_uuid: Option<String>,
    run_since: Option<i64>,
    closed_at: Option<i64>,
    sequence: i32,
    link_version: i32,
    client_arrived_at: Option<i64>,
    start_clicked_at: Option<i64>,
    zoom_number: Option<i64>,
    zoom_join_url: Option<String>,
    zoom_sequence: Option<i32>,
    zoom_problem: Option<String>,
    alert: Option<String>,
    created_at: i64,
    licensed: bool,
    queued_at: Option<i64>,
    announced: bool,
}

/// How far Zoom and the license are with a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Whether Zoom has the meeting as it stands now.
    pub at_zoom: bool,
    /// What Zoom said when it last refused it.
    pub zoom_problem: Option<String>,
    /// What is wrong with its license: a word of [`crate::domain::plan::Problem`].
    pub alert: Option<String>,
}

impl MeetingRow {
    pub(super) const fn starts_at(&self) -> i64 {
        self.starts_at
    }

    /// What lists are ordered by.
    pub(super) fn by_start(&self) -> (i64, &str) {
        (self.starts_at, &self.id)
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            at_zoom: self.zoom_number.is_some() && self.zoom_sequence == Some(self.sequence),
            zoom_problem: self.zoom_problem.clone(),
            alert: self.alert.clone(),
        }
    }

    pub(super) fn into_domain(self) -> Result<Meeting, StoreError> {
        let stage = word(Stage::from_word(&self.stage), "stage of a meeting", &self.stage)?;
        let run = match (self.run_uuid, self.run_since) {
            (Some(uuid), Some(since)) => Some(Run { uuid, since: instant(since) }),
            _ => None,
        };
        let state = state(stage, run, self.closed_at.map(instant))?;
        let window = window(self.starts_at, self.ends_at)?;
        let room = match (self.zoom_number, self.zoom_join_url) {
            (Some(number), Some(join_url)) => Some(Room { number, join_url }),
            _ => None,
        };
        Ok(Meeting {
            id: MeetingId::new(self.id),
            tenant: TenantId::new(self.tenant_id),
            host: UserId::new(self.host_id),
            client: ClientId::new(self.client_id),
            seat: SeatId::new(self.seat_id),
            kind: word(Kind::from_word(&self.kind), "kind of meeting", &self.kind)?,
            topic: topic(&self.topic)?,
            window,
            wall_time: self.wall_time,
            zone: zone(&self.zone)?,
            // A hold that was given back whole is empty; it is kept as its first second, which is past.
            hold: Window::new(instant(self.hold_from), instant(self.hold_until))
                .unwrap_or_else(|| Window::lasting(instant(self.hold_from), crate::domain::time::Span::ZERO)),
            licensed: self.licensed,
            queued_at: self.queued_at.map(instant),
            announced: self.announced,
            state,
            room,
            sequence: count(self.sequence),
            link_version: count(self.link_version),
            client_arrived_at: self.client_arrived_at.map(instant),
            start_clicked_at: self.start_clicked_at.map(instant),
            created_at: instant(self.created_at),
        })
    }
}

fn state(stage: Stage, run: Option<Run>, closed_at: Option<Instant>) -> Result<State, StoreError> {
    match (stage, run, closed_at) {
        (Stage::Booked, _, _) => Ok(State::Booked),
        (Stage::Live, Some(run), _) => Ok(State::Live(run)),
        (Stage::Ended, Some(run), Some(at)) => Ok(State::Ended { run, at }),
        (Stage::Cancelled, _, Some(at)) => Ok(State::Cancelled { at }),
        (Stage::Missed, _, Some(at)) => Ok(State::Missed { at }),
        _ => Err(StoreError::corrupt(format!("a {} meeting without the instants that belong to it", stage.word()))),
    }
}
