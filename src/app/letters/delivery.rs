//! Sends what waits in the outbox, the letter that has waited longest first.
//!
//! What must stay true: a letter about a meeting goes out only as long as it is the newest word about it, so the SEQUENCE
//! that a calendar hears never falls; a letter that newer ones have overtaken is left out. Nobody is told of a change to
//! something they never heard of: they are invited to the meeting as it is. A cancellation is always sent, since a mail
//! server that gave no answer may have delivered the invitation all the same; it then says so. No letter holds up another.

use crate::domain::ids::MeetingId;
use crate::domain::time::{Instant, Span};
use crate::mail::SendError;
use crate::store::letters::{self, Due, LetterState, Shown};
use crate::store::scope::KeeperPass;
use crate::store::{StoreError, WriteTx, meetings};

use super::super::{App, AppError};
use super::{Draft, Turn};

/// How long a sender may take before somebody else tries the letter.
const CLAIM: Span = Span::minutes(2);
/// After this many tries a letter is given up: about two days of trying.
const MOST_TRIES: u32 = 14;

/// What the recipient of a letter about a meeting knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    /// An earlier letter about it went out, or may have.
    pub(super) heard: bool,
    /// A change since then was never told.
    pub(super) missed_a_change: bool,
}

impl Known {
    /// Nothing speaks against the letter as it was written.
    const EVERYTHING: Self = Self { heard: true, missed_a_change: false };
}

/// What the outbox has for the sender.
enum Next {
    Nothing,
    /// A letter that will not be sent; there may be another.
    LeftOut,
    Letter(Due, Known),
}

impl App {
    /// Sends the letter that has waited longest.
    pub async fn deliver_one(&self) -> Result<Turn, AppError> {
        let (pass, now) = (self.pass(), self.now());
        let (due, known) = match self.store.write(move |tx| next(tx, &pass, now)).await? {
            Next::Nothing => return Ok(Turn::Idle),
            Next::LeftOut => return Ok(Turn::Worked),
            Next::Letter(due, known) => (due, known),
        };
        let outcome = match self.compose(&due, known) {
            Ok(letter) => self.mailer.send(&letter).await,
            Err(reason) => Err(SendError::Never(reason)),
        };
        let (id, now) = (due.id.clone(), self.now());
        match outcome {
            Ok(()) => self.store.write::<_, StoreError, _>(move |tx| letters::mark_sent(tx, &id, now)).await?,
            Err(SendError::Later(problem)) if due.tries + 1 < MOST_TRIES => {
                tracing::warn!(letter = %id, tries = due.tries + 1, %problem, "a letter could not be sent; it is tried again");
                let at = now + pause_after(due.tries);
                self.store.write::<_, StoreError, _>(move |tx| letters::mark_delayed(tx, &id, at, &problem)).await?;
            }
            Err(SendError::Later(problem) | SendError::Never(problem)) => {
                tracing::error!(letter = %id, %problem, "a letter was given up");
                self.store.write::<_, StoreError, _>(move |tx| letters::mark_failed(tx, &id, &problem)).await?;
            }
        }
        Ok(Turn::Worked)
    }
}

fn next(tx: &mut WriteTx<'_>, pass: &KeeperPass, now: Instant) -> Result<Next, StoreError> {
    let Some(due) = letters::claim(tx, pass, now, now + CLAIM)? else { return Ok(Next::Nothing) };
    if let Some(known) = known_to_recipient(tx, pass, &due)? {
        return Ok(Next::Letter(due, known));
    }
    letters::mark_failed(tx, &due.id, "not sent: a newer letter about this meeting takes its place")?;
    Ok(Next::LeftOut)
}

/// What the recipient knows of the meeting; none: this letter has been overtaken by a newer one.
fn known_to_recipient(tx: &mut WriteTx<'_>, pass: &KeeperPass, due: &Due) -> Result<Option<Known>, StoreError> {
    // A row that cannot be read is told of when the letter is written.
    let Ok(draft) = Draft::of(due) else { return Ok(Some(Known::EVERYTHING)) };
    let Some(facts) = draft.meeting() else { return Ok(Some(Known::EVERYTHING)) };
    let id = MeetingId::new(&*facts.meeting);
    let Some(scope) = meetings::tenant_of(tx, pass, &id)? else { return Ok(Some(Known::EVERYTHING)) };
    // Whatever changes a meeting raises its sequence and writes a letter, in one transaction.
    if meetings::find(tx, &scope, &id)?.is_some_and(|meeting| facts.sequence < meeting.sequence) {
        return Ok(None);
    }
    let mut others = letters::list_for_meeting(tx, &scope, &id)?;
    others.retain(|other| other.id != due.id && other.recipient == due.recipient);
    let is_later = |other: &Shown| (other.created_at, other.id.as_str()) > (due.created_at, due.id.as_str());
    // The same invitation once more.
    if matches!(draft, Draft::Invitation(_)) && others.iter().any(|other| other.kind == due.kind && is_later(other)) {
        return Ok(None);
    }
    let last_heard = others.iter().rposition(may_have_arrived);
    let mut since = others.iter().skip(last_heard.map_or(0, |index| index + 1));
    Ok(Some(Known { heard: last_heard.is_some(), missed_a_change: since.any(|other| other.kind == "rescheduled") }))
}

/// Sent, or in the hands of a sender that has said nothing of it yet (and may have died).
fn may_have_arrived(letter: &Shown) -> bool {
    let under_way = letter.state == LetterState::Queued && letter.tries > 0 && letter.problem.is_none();
    letter.state == LetterState::Sent || under_way
}

/// One minute, then doubling up to six hours.
fn pause_after(tries: u32) -> Span {
    Span::minutes(1 << tries.min(9)).min(Span::hours(6))
}
