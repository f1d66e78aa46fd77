//! Webhooks: stored before Zoom hears 200, processed afterwards, each with one effect however often it arrives.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::domain::ids::EventId;
use crate::domain::meeting::{Run, Stage};
use crate::domain::seat::SeatStatus;
use crate::domain::time::Span;
use crate::store::audit::{self, Actor};
use crate::store::events::{self, NewEvent};
use crate::store::{StoreError, WriteTx, meetings, seats};
use crate::zoom::event::{Event, EventKind};
use crate::zoom::signature;

use super::bell::Lane;
use super::letters::Turn;
use super::{App, AppError, drift};

/// After this many failures an event is given up and shown to the operator.
const MOST_TRIES: u32 = 5;

/// For how long Zoom's word of a change that we made ourselves may be under way.
const UNDER_WAY: Span = Span::minutes(2);

/// What came of a request to the webhook endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is in the inbox, since now or since before.
    Stored,
    /// Zoom asked us to prove that we hold the secret; this JSON is the proof.
    Proof(String),
    /// Not from Zoom, or too old.
    Unsigned,
    /// Signed, but nothing that we can read.
    Unreadable,
}

impl App {
    /// Takes a webhook in. Nothing else happens before it is durable.
    pub async fn receive_webhook(
        &self,
        timestamp: Option<&str>,
        signature: Option<&str>,
        body: &[u8],
    ) -> Result<Received, AppError> {
        let now = self.now();
        let secret = self.webhook_secret.reveal();
        if let Err(reason) = signature::verify(secret, timestamp, body, signature, now) {
            tracing::warn!(%reason, "a webhook was refused");
            return Ok(Received::Unsigned);
        }
        let (Ok(event), Ok(text)) = (Event::parse(body), std::str::from_utf8(body)) else {
            return Ok(Received::Unreadable);
        };
        if let EventKind::UrlValidation { plain_token } = &event.kind {
            return Ok(Received::Proof(signature::url_validation_reply(secret, plain_token)));
        }
        let new = NewEvent {
            id: EventId::new(self.id()),
            dedupe_key: event.dedupe_key,
            kind: event.name,
            body: text.to_owned(),
            received_at: now,
        };
        self.store.write(move |tx| events::put(tx, &new)).await?;
        self.bell.ring(Lane::Inbox);
        Ok(Received::Stored)
    }

    /// Processes the event that has waited longest, in one transaction with its effect.
    pub async fn process_event(self: &Arc<Self>) -> Result<Turn, AppError> {
        self.process_by(Self::apply).await
    }

    async fn process_by(self: &Arc<Self>, effect: Effect) -> Result<Turn, AppError> {
        let app = self.clone();
        let processed: Result<Option<String>, Failed> = self.store.write(move |tx| app.process_next(tx, effect)).await;
        match processed {
            Ok(None) => Ok(Turn::Idle),
            Ok(Some(_)) => {
                self.bell.ring(Lane::Licenses);
                self.bell.ring(Lane::Rooms);
                self.bell.ring(Lane::Account);
                Ok(Turn::Worked)
            }
            Err(Failed { event: Some((id, tries)), cause }) => {
                tracing::error!(event = %id, %cause, "an event could not be processed");
                let now = self.now();
                let again = tries + 1 < MOST_TRIES && !matches!(cause, Cause::Panic(_));
                let retry_at = again.then(|| now + Span::seconds(5 << tries.min(6)));
                let outcome = cause.to_string();
                self.store.write(move |tx| events::mark_failed(tx, &id, retry_at, &outcome)).await?;
                Ok(Turn::Worked)
            }
            Err(Failed { event: None, cause: Cause::Store(error) }) => Err(error.into()),
            Err(Failed { event: None, cause }) => Err(AppError::Defect(cause.to_string())),
        }
    }

    fn process_next(&self, tx: &mut WriteTx<'_>, effect: Effect) -> Result<Option<String>, Failed> {
        let Some(stored) = events::next(tx, &self.pass(), self.now())? else { return Ok(None) };
        let had = catch_unwind(AssertUnwindSafe(|| match Event::parse(stored.body.as_bytes()) {
            Ok(event) => effect(self, tx, event.kind).map_err(Cause::Store),
            Err(_) => Ok("not an event".to_owned()),
        }));
        let outcome = had.unwrap_or_else(|panic| Err(Cause::Panic(words_of(&*panic))));
        let outcome = outcome.map_err(|cause| Failed { event: Some((stored.id(), stored.tries())), cause })?;
        events::mark_done(tx, &stored.id(), &outcome)?;
        Ok(Some(outcome))
    }

    /// The effect of an event, and what to say of it in the inbox.
    fn apply(&self, tx: &mut WriteTx<'_>, kind: EventKind) -> Result<String, StoreError> {
        match kind {
            EventKind::MeetingStarted { number, uuid, at, .. } => {
                let Some((scope, meeting)) = meetings::find_by_number(tx, &self.pass(), number)? else {
                    return Ok(unknown("meeting"));
                };
                let noted = self.note_started(tx, &scope, &meeting, Run { uuid, since: at }, Actor::Zoom)?;
                Ok(said(noted, "the meeting is live", "known already, or older than what is known"))
            }
            EventKind::MeetingEnded { number, uuid, started_at, at, .. } => {
                let Some((scope, meeting)) = meetings::find_by_number(tx, &self.pass(), number)? else {
                    return Ok(unknown("meeting"));
                };
                let noted = self.note_ended(tx, &scope, &meeting, Run { uuid, since: started_at }, at, Actor::Zoom)?;
                Ok(said(noted, "the meeting has ended", "not the current run, or known already"))
            }
            EventKind::ParticipantJoined(presence) => {
                let Some((scope, meeting)) = meetings::find_by_number(tx, &self.pass(), presence.number)? else {
                    return Ok(unknown("meeting"));
                };
                if presence.is_host {
                    return Ok("the host is in the meeting".to_owned());
                }
                meetings::mark_client_arrived(tx, &scope, &meeting.id, presence.at)?;
                Ok("the client is in the meeting".to_owned())
            }
            EventKind::MeetingDeleted { number } => {
                let Some((scope, meeting)) = meetings::find_by_number(tx, &self.pass(), number)? else {
                    return Ok(unknown("meeting"));
                };
                let needed = meeting.state.stage() == Stage::Booked;
                if needed {
                    meetings::clear_room(tx, &scope, &meeting.id)?;
                }
                Ok(said(
                    needed,
                    "deleted at Zoom although it is booked: it will be created again",
                    "deleted at Zoom, as it should be",
                ))
            }
            EventKind::UserDeactivated { zoom_user_id } => self.note_seat(tx, &zoom_user_id, SeatStatus::Inactive),
            EventKind::UserDeleted { zoom_user_id } => self.note_seat(tx, &zoom_user_id, SeatStatus::Missing),
            EventKind::UserUpdated { zoom_user_id } => {
                let Some(seat) = seats::find_by_zoom_user(tx, &self.pass(), &zoom_user_id)? else { return Ok(unknown("seat")) };
                // Zoom also tells of the moves that we made ourselves.
                let ours = seat.observed_at.is_some_and(|at| self.now() < at + UNDER_WAY);
                if !ours {
                    seats::mark_stale(tx, &seat.id)?;
                }
                Ok(said(
                    !ours,
                    "one of our seats was changed; the account is read again",
                    "we have just changed this seat ourselves",
                ))
            }
            EventKind::ParticipantLeft(_) | EventKind::UrlValidation { .. } | EventKind::Other(_) => {
                Ok("nothing to do".to_owned())
            }
        }
    }

    fn note_seat(&self, tx: &mut WriteTx<'_>, zoom_user_id: &str, status: SeatStatus) -> Result<String, StoreError> {
        let Some(seat) = seats::find_by_zoom_user(tx, &self.pass(), zoom_user_id)? else { return Ok(unknown("seat")) };
        let observation = seats::Observation { zoom_user_id: seat.zoom_user_id, status, license: seat.observed, at: self.now() };
        seats::observe(tx, &seat.id, &observation)?;
        // Noted already, it is no difference any more when the account is read.
        if seat.status != status {
            audit::add(tx, &self.entry(None, Actor::Zoom, drift::STATUS_CHANGED, None, drift::status_words(&seat.id, status)))?;
        }
        // What became of its license is read with the account.
        seats::mark_stale(tx, &seat.id)?;
        Ok(format!("the seat is {} now", status.word()))
    }
}

fn unknown(what: &str) -> String {
    format!("not a {what} of ours")
}

fn said(happened: bool, yes: &str, no: &str) -> String {
    if happened { yes } else { no }.to_owned()
}

/// What an event changes, and what is said of it.
type Effect = fn(&App, &mut WriteTx<'_>, EventKind) -> Result<String, StoreError>;

/// Why an event could not be processed.
#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("{0}")]
    Store(StoreError),
    /// A defect of ours, which trying again does not mend. The event is kept, and an operator can have it processed again.
    #[error("a defect of this program: {0}")]
    Panic(String),
}

/// What went wrong together with the event that was being processed, if there was one.
struct Failed {
    event: Option<(EventId, u32)>,
    cause: Cause,
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self { event: None, cause: Cause::Store(error) }
    }
}

/// What a panic said; it is written to be read by us, and shown to operators alone.
fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    words.unwrap_or_else(|| "it stopped without words".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{WEBHOOK_SECRET, portal};
    use super::*;
    use crate::store::events::EventState;
    use crate::store::heartbeats;

    async fn receive(app: &Arc<App>, body: &str) {
        let timestamp = app.now().seconds().to_string();
        let signed = signature::sign(WEBHOOK_SECRET, &timestamp, body.as_bytes());
        let received = app.receive_webhook(Some(&timestamp), Some(&signed), body.as_bytes()).await.unwrap();
        assert_eq!(received, Received::Stored);
    }

    #[tokio::test]
    async fn a_panic_keeps_its_event_in_words_and_the_next_one_is_processed() {
        let (app, pass) = portal();
        receive(&app, r#"{"event":"meeting.started","event_ts":1,"payload":{"object":{"id":"1","uuid":"u=="}}}"#).await;
        let planted: Effect = |app, tx, _| {
            heartbeats::beat(tx, "half done", app.now(), "")?;
            panic!("planted {}", 7)
        };
        assert_eq!(app.process_by(planted).await.unwrap(), Turn::Worked);
        assert_eq!(app.process_by(planted).await.unwrap(), Turn::Idle, "it is not tried again and again");
        app.clock.advance(std::time::Duration::from_secs(1));
        receive(&app, r#"{"event":"meeting.started","event_ts":2,"payload":{"object":{"id":"2","uuid":"v=="}}}"#).await;
        assert_eq!(app.process_event().await.unwrap(), Turn::Worked);
        let tx_pass = pass.clone();
        let (kept, beats) = app
            .store
            .read::<_, StoreError, _>(move |tx| Ok((events::list(tx, &tx_pass, None, 0, 9)?, heartbeats::list(tx)?)))
            .await
            .unwrap();
        assert_eq!(kept.iter().map(events::Event::state).collect::<Vec<_>>(), [EventState::Done, EventState::Failed]);
        assert_eq!(kept[1].outcome.as_deref(), Some("a defect of this program: planted 7"));
        assert!(beats.is_empty(), "what the event had changed is undone");
        assert!(app.replay_event(&pass, kept[1].id()).await.unwrap());
        assert_eq!(app.process_event().await.unwrap(), Turn::Worked, "it can be processed after all");
    }
}
