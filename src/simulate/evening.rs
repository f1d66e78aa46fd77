//! The evening of a simulated day: nothing goes wrong any more, all must come to rest, and the whole day is looked at.

use sha2::Digest as _;

use crate::app::AppError;
use crate::domain::invariants::{self, Asked, Breach, Invariant};
use crate::domain::time::Span;

use super::day::Day;
use super::outcome::Outcome;

/// How long everybody has, once nothing goes wrong any more, until all must be right: the longest pause after a refusal is
/// half an hour, and a webhook may be 30 minutes late. Where Zoom may have refused for the rest of its day, it counts from
/// midnight.
const PEACE: Span = Span::minutes(75);
/// How long the rest is watched, twice.
const AT_REST: Span = Span::minutes(1);

impl Day {
    /// Everybody goes home, nothing goes wrong any more, and after a while everything must be in its place.
    pub(super) fn wind_down(&mut self) -> Result<(), AppError> {
        let fair = self.weather.is_fair();
        self.weather.clear(&self.town);
        self.town.put_zoom_in_order();
        self.tell("everybody goes home");
        self.agenda.clear();
        let running: Vec<i64> = self.town.at_zoom(|zoom, _| {
            zoom.meetings().filter(|meeting| meeting.running.is_some()).map(|meeting| meeting.number).collect()
        });
        for number in running {
            self.town.at_zoom(|zoom, now| zoom.end(now, number, "everybody went home"));
        }
        if self.weather.lasts_until_midnight() {
            self.pass_until(self.town.now() + PEACE)?;
            self.town.clock.set(self.town.now().next_utc_day());
        }
        let rest_from = self.town.now() + PEACE;
        for until in [rest_from, rest_from + AT_REST, rest_from + AT_REST + AT_REST] {
            self.pass_until(until)?;
            if self.breaches.is_empty() {
                let truth = self.town.truth(false)?;
                let found = invariants::at_rest(&self.before, &truth);
                self.breach(found);
            }
        }
        self.whole_day(fair)
    }

    /// What shows only in the evening: what was stored, told and asked on the whole day.
    fn whole_day(&mut self, fair: bool) -> Result<(), AppError> {
        let asked = Asked { links: self.tally.links, overrun_seconds: self.measure.overrun_seconds(), ..self.town.asked()? };
        self.measure.sum_up(&mut self.tally);
        self.tally.calls = self.town.calls();
        self.tally.deaths = u64::from(self.town.deaths);
        self.tally.attaches = asked.attaches;
        let stored = self.town.event_bodies()?;
        let lost = self.answered.iter().find(|body| !stored.contains(*body)).cloned();
        let lost = lost.map(|body| Breach::new(Invariant::Durable, format!("answered 200 and not stored: {body}")));
        self.breach(lost.into_iter().collect());
        let outbox = self.town.outbox()?;
        self.breach(invariants::one_letter(&outbox));
        if fair && self.breaches.is_empty() {
            self.tally.fair_days = 1;
            self.tally.work_calls = asked.calls;
            self.tally.fewest_calls = invariants::fewest_calls(&self.before, &asked);
            self.breach(invariants::few_calls(&self.before, &asked));
        }
        Ok(())
    }

    pub(super) fn outcome(mut self) -> Outcome {
        self.digest.update(format!("{:?}", self.tally));
        Outcome { breaches: self.breaches, digest: self.digest.finalize().into(), tally: self.tally, story: self.story }
    }
}
