//! Watches meetings: what runs over, what nobody starts, and what Zoom does not tell.

use std::sync::Arc;

use crate::domain::ids::MeetingId;
use crate::domain::meeting::{Meeting, Run, Stage, State};
use crate::domain::plan::Problem;
use crate::domain::time::{Instant, Span};
use crate::store::audit::{self, Actor};
use crate::store::{StoreError, meetings, pool};
use crate::zoom::{MeetingStatus, ZoomError};

use super::super::{App, AppError};

/// How often in a row Zoom must say "not running" when it has no record of the end, before the clock may decide.
const ABSENCES: u32 = 3;
/// How long a webhook may be under way before what it should have told counts as missed.
const UNDER_WAY: Span = Span::minutes(1);

impl App {
    pub(super) async fn grow_hold(&self, id: &MeetingId, until: Instant) -> Result<(), AppError> {
        let (pass, id, now) = (self.pass(), id.clone(), self.now());
        let grown = self.store.write::<_, StoreError, _>(move |tx| {
            let Some(scope) = meetings::tenant_of(tx, &pass, &id)? else { return Ok(()) };
            // It may have ended, or been promised a license, since the plan was made.
            let running = meetings::find(tx, &scope, &id)?.filter(|meeting| meeting.state.stage() == Stage::Live);
            let Some(meeting) = running else { return Ok(()) };
            let from = if meeting.hold.contains(now) { meeting.hold.start() } else { now };
            meetings::set_hold(tx, &scope, &id, (from, until.max(meeting.hold.end())), meeting.licensed)
        });
        Ok(grown.await?)
    }

    /// Nobody seems to have started it. Zoom is asked first: the webhook of a start may have been lost.
    pub(super) async fn give_up(self: &Arc<Self>, id: &MeetingId) -> Result<(), AppError> {
        let Some((scope, meeting)) = self.meeting(id).await? else { return Ok(()) };
        let run = match self.run_at_zoom(&meeting).await {
            Ok(run) => run,
            // Silence is no answer, and while its hold lasts neither is a refusal to say.
            Err(error) if self.now() < meeting.hold.end() || is_silence(&error) => {
                let (id, now) = (id.clone(), self.now());
                self.store.write(move |tx| meetings::mark_polled(tx, &scope, &id, now, false)).await?;
                return Err(error.into());
            }
            Err(error) => {
                tracing::warn!(meeting = %id, %error, "Zoom could not say whether a meeting runs");
                None
            }
        };
        let (app, id, asked) = (self.clone(), id.clone(), meeting);
        self.store
            .write::<_, StoreError, _>(move |tx| {
                // Read again: a webhook may have come while Zoom was asked, or its host, or it was moved.
                let Some(meeting) = meetings::find(tx, &scope, &id)? else { return Ok(()) };
                match run {
                    Some(run) if app.note_started(tx, &scope, &meeting, run.clone(), Actor::Keeper)? => {
                        pool::note_webhook_missed(tx, app.now())?;
                    }
                    None if is_as_it_was(&asked, &meeting) => {
                        app.note_missed(tx, &scope, &meeting)?;
                    }
                    Some(_) | None => {}
                }
                Ok(())
            })
            .await?;
        Ok(())
    }

    /// Asks Zoom whether the meeting runs. One "no" ends nothing: Zoom must also have a record of the end, or say no
    /// again and again until after the planned end (design rule 3.2.7).
    pub(super) async fn poll(self: &Arc<Self>, id: &MeetingId) -> Result<(), AppError> {
        let Some((scope, meeting)) = self.meeting(id).await? else { return Ok(()) };
        let now = self.now();
        let running = match self.run_at_zoom(&meeting).await {
            Ok(run) => run,
            Err(error) => {
                // Asked and not answered: the next poll waits its turn like any other.
                let (scope, id) = (scope, id.clone());
                self.store.write(move |tx| meetings::mark_polled(tx, &scope, &id, now, false)).await?;
                return Err(error.into());
            }
        };
        let record = match (&running, &meeting.state) {
            (None, State::Live(run)) => self.zoom.past_meeting(&run.uuid).await.ok().map(|past| past.ended_at),
            _ => None,
        };
        let (app, id, asked) = (self.clone(), id.clone(), meeting);
        self.store
            .write::<_, StoreError, _>(move |tx| {
                let absences = meetings::mark_polled(tx, &scope, &id, now, running.is_none())?;
                let Some(meeting) = meetings::find(tx, &scope, &id)? else { return Ok(()) };
                let news = if let Some(run) = running {
                    app.note_started(tx, &scope, &meeting, run, Actor::Keeper)?
                // What Zoom said is of the run that was asked about; another may have begun meanwhile.
                } else if let State::Live(run) = meeting.state.clone()
                    && meeting.state == asked.state
                {
                    let by_clock = (absences >= ABSENCES && now >= meeting.window.end()).then_some(now);
                    match record.or(by_clock) {
                        Some(at) => {
                            app.note_ended(tx, &scope, &meeting, run, at, Actor::Keeper)?
                                && record.is_none_or(|at| at + UNDER_WAY < now)
                        }
                        None => false,
                    }
                } else {
                    false
                };
                // Found out by asking: the webhook that should have told it is missing, and others may be.
                if news { pool::note_webhook_missed(tx, now) } else { Ok(()) }
            })
            .await?;
        Ok(())
    }

    /// The run that Zoom says is going on now.
    async fn run_at_zoom(&self, meeting: &Meeting) -> Result<Option<Run>, ZoomError> {
        let Some(room) = &meeting.room else { return Ok(None) };
        match self.zoom.meeting(room.number).await {
            Ok(found) if found.status == MeetingStatus::Started => {
                // Zoom does not say since when; the run we know keeps its own beginning.
                let since = match &meeting.state {
                    State::Live(run) if run.uuid == found.uuid => run.since,
                    _ => self.now(),
                };
                Ok(Some(Run { uuid: found.uuid, since }))
            }
            Ok(_) | Err(ZoomError::Gone) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) async fn alert(self: &Arc<Self>, id: &MeetingId, problem: Option<Problem>) -> Result<(), AppError> {
        let Some((scope, _)) = self.meeting(id).await? else { return Ok(()) };
        let (app, id) = (self.clone(), id.clone());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                meetings::set_alert(tx, &scope, &id, problem.map(Problem::word))?;
                let (action, detail) = match problem {
                    Some(problem) => ("meeting.no_license", problem.word()),
                    None => ("meeting.alert_over", ""),
                };
                audit::add(tx, &app.entry(Some(scope.tenant()), Actor::Keeper, action, Some(&id), detail))
            })
            .await?;
        Ok(())
    }
}

const fn is_silence(error: &ZoomError) -> bool {
    matches!(error, ZoomError::RetryAfter { .. } | ZoomError::Unclear(_) | ZoomError::Unreachable(_))
}

/// Whether nothing has happened to a meeting that is to be given up since it was looked at.
fn is_as_it_was(before: &Meeting, now: &Meeting) -> bool {
    let facts = |meeting: &Meeting| (meeting.state.clone(), meeting.window, meeting.hold, meeting.start_clicked_at);
    facts(before) == facts(now)
}
