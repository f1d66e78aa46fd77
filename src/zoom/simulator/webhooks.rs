//! Webhooks on their way out: signed once, tried up to four times (at once, then 5, 20 and 60 minutes after a failure, as
//! Zoom does), then lost. Only 200 and 204 count as taken.
//!
//! Every 72 hours, and when it is given, the address that webhooks go to must prove that it holds the secret (zoom.md §6.2).
//! What Zoom does about an address that fails is not documented: here it counts as an answer that did not come, is tried
//! again like any webhook, and shows on the switchboard.
//!
//! A retry carries the timestamp and signature of the first try: whether Zoom renews them is not documented, and this
//! way is the harder one for the receiver.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::faults::Fault;
use super::world::World;
use crate::zoom::signature;

/// Minutes from a failed try to the next one.
const RETRIES: [i64; 3] = [5, 20, 60];
/// How long an answer may take before the try counts as failed.
pub(super) const PATIENCE_MILLIS: i64 = 3000;
/// How often the address must prove itself, in milliseconds (zoom.md §6.2).
const VALIDATED_EVERY: i64 = 72 * 3_600_000;
const VALIDATION: &str = "endpoint.url_validation";
/// How many finished webhooks the switchboard remembers.
const REMEMBERED: usize = 200;

/// One webhook and what became of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Webhook {
    /// Its place in the order of events.
    pub id: u64,
    /// The event's name.
    pub event: String,
    /// The body, byte for byte the same in every try.
    pub body: String,
    /// The value of `x-zm-request-timestamp`.
    pub timestamp: String,
    /// The value of `x-zm-signature`.
    pub signature: String,
    /// What was tried so far.
    pub tries: Vec<Try>,
    /// Where it stands.
    pub fate: Fate,
}

/// One try to deliver a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// When it was sent, in milliseconds.
    pub at: i64,
    /// The status of the answer; `None` when none came in time.
    pub answer: Option<u16>,
}

/// Where a webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// To be sent at this time, in milliseconds.
    Due(i64),
    /// Sent at this time, not answered yet.
    Sent(i64),
    /// Taken by the receiver.
    Taken,
    /// Given up after the last try.
    GivenUp,
    /// Never sent, because of a fault.
    Lost,
}

/// A webhook to be posted now; report the answer with [`World::answered`].
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Which webhook.
    pub id: u64,
    /// The body.
    pub body: String,
    /// The value of `x-zm-request-timestamp`.
    pub timestamp: String,
    /// The value of `x-zm-signature`.
    pub signature: String,
}

impl Fate {
    /// In a word or two, for the switchboard.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Due(_) => "Waiting",
            Self::Sent(_) => "Sent",
            Self::Taken => "Taken",
            Self::GivenUp => "Given up",
            Self::Lost => "Lost on purpose",
        }
    }

    const fn is_final(self) -> bool {
        matches!(self, Self::Taken | Self::GivenUp | Self::Lost)
    }
}

/// The queue. Ids rise, so the order of the list is the order of events.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Queue {
    pub(super) list: Vec<Webhook>,
    last_id: u64,
}

impl Queue {
    fn push(&mut self, event: &str, body: String, timestamp: String, signature: String, fate: Fate) {
        self.last_id += 1;
        let tries = Vec::new();
        self.list.push(Webhook { id: self.last_id, event: event.to_owned(), body, timestamp, signature, tries, fate });
        let finished = self.list.iter().filter(|webhook| webhook.fate.is_final()).count();
        if finished > REMEMBERED {
            let oldest = self.list.iter().position(|webhook| webhook.fate.is_final());
            oldest.map(|index| self.list.remove(index));
        }
    }

    /// What was on its way has not arrived, as far as anybody knows.
    pub(super) fn send_again(&mut self) {
        for webhook in &mut self.list {
            if let Fate::Sent(at) = webhook.fate {
                webhook.fate = Fate::Due(at);
            }
        }
    }

    /// When the queue needs attention next.
    pub(super) fn next_due(&self) -> Option<i64> {
        let due = |webhook: &Webhook| match webhook.fate {
            Fate::Due(at) => Some(at),
            Fate::Sent(at) => Some(at + PATIENCE_MILLIS),
            _ => None,
        };
        self.list.iter().filter_map(due).min()
    }
}

impl World {
    /// Puts an event on its way, with whatever faults strike it.
    pub(super) fn emit(&mut self, now: i64, event: &str, payload: Value) {
        let body = json!({"event": event, "event_ts": now, "payload": payload}).to_string();
        let timestamp = now.div_euclid(1000).to_string();
        let signed = signature::sign(&self.settings.webhook_secret, &timestamp, body.as_bytes());
        let fate = self.fate_of_new(now);
        if self.faults.strikes(Fault::WebhookForged, &self.ids) {
            let forged = body.replace("meeting.started", "meeting.ended");
            let signed = signature::sign("not the secret", &timestamp, forged.as_bytes());
            self.queue.push(&format!("{event} (forged)"), forged, timestamp.clone(), signed, Fate::Due(now));
        }
        if self.faults.strikes(Fault::WebhookDuplicated, &self.ids) {
            self.queue.push(event, body.clone(), timestamp.clone(), signed.clone(), fate);
        }
        self.queue.push(event, body, timestamp, signed, fate);
    }

    fn fate_of_new(&mut self, now: i64) -> Fate {
        if self.faults.strikes(Fault::WebhookLost, &self.ids) {
            return Fate::Lost;
        }
        let mut at = now;
        if self.faults.strikes(Fault::WebhookLate, &self.ids) {
            at += self.minutes(1) + self.ids.below(self.minutes(29) as u64) as i64;
        }
        if self.faults.strikes(Fault::WebhookReordered, &self.ids) {
            at += 1 + self.ids.below(20_000) as i64;
        }
        Fate::Due(at)
    }

    /// The webhooks to be posted now, in the order in which they are due.
    pub(super) fn due_webhooks(&mut self, now: i64) -> Vec<Outgoing> {
        self.give_up_waiting(now);
        let mut due: Vec<(i64, Outgoing)> = Vec::new();
        for webhook in &mut self.queue.list {
            if let Fate::Due(at) = webhook.fate
                && at <= now
            {
                webhook.fate = Fate::Sent(now);
                let Webhook { id, body, timestamp, signature, .. } = webhook.clone();
                due.push((at, Outgoing { id, body, timestamp, signature }));
            }
        }
        due.sort_by_key(|(at, outgoing)| (*at, outgoing.id));
        due.into_iter().map(|(_, outgoing)| outgoing).collect()
    }

    /// An address was given for the webhooks: it is to prove itself now, and again every 72 hours.
    pub fn webhooks_go_out_from(&mut self, now: i64) {
        self.validation_at = Some(now);
    }

    pub(super) fn validate_when_due(&mut self, now: i64) {
        let Some(at) = self.validation_at.filter(|at| *at <= now) else { return };
        let missed = (now - at).div_euclid(VALIDATED_EVERY);
        self.validation_at = Some(at + (missed + 1) * VALIDATED_EVERY);
        let plain_token = URL_SAFE_NO_PAD.encode(self.ids.bytes::<16>());
        self.emit(now, VALIDATION, json!({"plainToken": plain_token}));
    }

    /// Whether an answer with this body is enough: for a validation it must hold the proof, for anything else the status is.
    pub fn is_proof(&self, id: u64, body: &[u8]) -> bool {
        let webhook = self.queue.list.iter().find(|webhook| webhook.id == id && webhook.event == VALIDATION);
        let Some(webhook) = webhook else { return true };
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
        let asked = read(webhook.body.as_bytes());
        let plain_token = asked["payload"]["plainToken"].as_str().unwrap_or_default();
        read(body) == read(signature::url_validation_reply(&self.settings.webhook_secret, plain_token).as_bytes())
    }

    /// Tells what the receiver answered to a webhook; `None` when nothing came in time.
    pub fn answered(&mut self, now: i64, id: u64, answer: Option<u16>) {
        let minute = self.settings.minute_millis;
        let Some(webhook) = self.queue.list.iter_mut().find(|webhook| webhook.id == id) else { return };
        let Fate::Sent(at) = webhook.fate else { return };
        webhook.tries.push(Try { at, answer });
        webhook.fate = match RETRIES.get(webhook.tries.len() - 1) {
            _ if matches!(answer, Some(200 | 204)) => Fate::Taken,
            Some(minutes) => Fate::Due(now + minutes * minute),
            None => Fate::GivenUp,
        };
    }

    fn give_up_waiting(&mut self, now: i64) {
        let silent = |webhook: &&Webhook| matches!(webhook.fate, Fate::Sent(at) if at + PATIENCE_MILLIS <= now);
        let silent: Vec<u64> = self.queue.list.iter().filter(silent).map(|webhook| webhook.id).collect();
        for id in silent {
            self.answered(now, id, None);
        }
    }
}
