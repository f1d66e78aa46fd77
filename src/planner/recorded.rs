//! Days on record: the meetings that were accepted, and those that were refused for want of a license, as the attempts they
//! once were.

use std::collections::BTreeMap;

use crate::domain::ids::{TenantId, UserId};
use crate::domain::meeting::SHORT;
use crate::domain::time::{Instant, Span};
use crate::store::meetings::PastMeeting;
use crate::store::refusals::Shown;

use super::paper::Attempt;

/// Whoever asks again within this time of a refusal still wants the same meeting.
const AT_ONCE: Span = Span::minutes(15);

/// The attempts, in the order in which they were made.
pub(super) fn attempts(meetings: &[PastMeeting], refusals: &[Shown]) -> Vec<Attempt> {
    let refused = refusals.iter().map(|refusal| Attempt {
        wish: 0,
        at: refusal.at,
        tenant: refusal.tenant.clone(),
        host: refusal.host.clone(),
        kind: refusal.kind,
        window: refusal.window,
        licensed: true,
        given_back: None,
    });
    let accepted = meetings.iter().map(|meeting| Attempt {
        wish: 0,
        at: meeting.asked_at.min(meeting.window.start()),
        tenant: meeting.tenant.clone(),
        host: meeting.host.clone(),
        kind: meeting.kind,
        window: meeting.window,
        // A longer one that had none did want one.
        licensed: meeting.licensed || meeting.window.length() > SHORT,
        given_back: meeting.given_back,
    });
    // What was refused comes first: a host who waits in line is refused and gets a meeting in one and the same moment.
    let refused = refused.map(|attempt| (attempt, true));
    let mut attempts: Vec<(Attempt, bool)> = refused.chain(accepted.map(|attempt| (attempt, false))).collect();
    attempts.sort_by_key(|(attempt, _)| attempt.at);
    grouped(attempts)
}

/// Numbers the wishes: a host's refusals one soon after another, and the meeting they ended in, are one.
fn grouped(attempts: Vec<(Attempt, bool)>) -> Vec<Attempt> {
    let mut open: BTreeMap<(TenantId, UserId), (usize, Instant)> = BTreeMap::new();
    let numbered = attempts.into_iter().enumerate().map(|(index, (attempt, was_refused))| {
        let host = (attempt.tenant.clone(), attempt.host.clone());
        let continued = open.remove(&host).filter(|(_, last)| attempt.at <= *last + AT_ONCE).map(|(wish, _)| wish);
        let wish = continued.unwrap_or(index);
        if was_refused {
            open.insert(host, (wish, attempt.at));
        }
        // Who was refused a license wanted one.
        let licensed = attempt.licensed || continued.is_some();
        Attempt { wish, licensed, ..attempt }
    });
    numbered.collect()
}
