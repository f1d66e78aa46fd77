//! One simulated day: people do what they do, the keeper does its rounds, things go wrong; after each step everything that
//! must be true is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::app::AppError;
use crate::app::bell::Lane;
use crate::app::inbox::Received;
use crate::domain::ids::MeetingId;
use crate::domain::invariants::{self, Breach, Census, Invariant, Kept};
use crate::domain::meeting::Stage;
use crate::domain::time::{Instant, Span};
use crate::keeper;
use crate::store::memory::Disk;
use crate::zoom::simulator::Outgoing;

use super::alarms::Alarms;
use super::dice::Dice;
use super::measure::Measure;
use super::outcome::{Outcome, Tally};
use super::people::{self, Deed, EVENING};
use super::sabotage::Sabotage;
use super::town::{MORNING, Town};
use super::weather::{Faults, Weather};

/// A meeting that runs without its license is told of by then, however slowly Zoom answers.
const TOLD_BY: Span = Span::minutes(4);
/// How long a license may lie idle while a meeting should have one, on a day on which nothing goes wrong.
const PASSED_OVER: Span = Span::minutes(1);

pub(super) struct Day {
    pub(super) town: Town,
    pub(super) dice: Dice,
    pub(super) tally: Tally,
    pub(super) weather: Weather,
    pub(super) agenda: BTreeMap<(Instant, u64), Deed>,
    planned: u64,
    pub(super) before: Census,
    /// How much had been written when `before` was taken; none: it must be taken anew.
    written: Option<i64>,
    pub(super) alarms: Alarms,
    live_since: BTreeMap<MeetingId, Instant>,
    nothing_goes_wrong: bool,
    /// The meetings that are passed over, and since when.
    passed_over: BTreeMap<MeetingId, Instant>,
    pub(super) answered: BTreeSet<String>,
    pub(super) breaches: Vec<(Instant, Breach)>,
    pub(super) digest: Sha256,
    tells: bool,
    pub(super) measure: Measure,
    pub(super) story: Vec<String>,
    /// What meetings and seats are called in the story; others go by the end of their id.
    pub(super) names: BTreeMap<String, String>,
    sabotage: Option<Sabotage>,
}

/// Lives through the day of this seed.
pub(super) fn live(
    disk: &Arc<Disk>,
    seed: u64,
    faults: Faults,
    sabotage: Option<Sabotage>,
    tells: bool,
) -> Result<Outcome, AppError> {
    let dice = Dice::of(seed);
    let town = Town::found(&dice, disk)?;
    let weather = Weather::of(faults, &dice);
    let nothing_goes_wrong = weather.is_fair();
    let mut day = Day { weather, nothing_goes_wrong, tells, sabotage, ..Day::begin(town, dice)? };
    if sabotage == Some(Sabotage::AsksTwice) {
        day.town.ask_twice();
    }
    let facts = day.town.facts.clone();
    day.tell(&facts);
    // The pool is in order before the first person comes.
    day.round()?;
    for (at, deed) in people::morning(&day.town, &day.dice) {
        day.plan(at, deed);
    }
    day.run()?;
    Ok(day.outcome())
}

impl Day {
    /// A morning on which nobody has plans.
    pub(super) fn begin(town: Town, dice: Dice) -> Result<Self, AppError> {
        let before = town.census(None)?;
        Ok(Self {
            town,
            dice,
            tally: Tally::default(),
            weather: Weather::fair(),
            agenda: BTreeMap::new(),
            planned: 0,
            before,
            written: None,
            alarms: Alarms::new(),
            live_since: BTreeMap::new(),
            nothing_goes_wrong: false,
            passed_over: BTreeMap::new(),
            answered: BTreeSet::new(),
            breaches: Vec::new(),
            digest: Sha256::new(),
            tells: true,
            measure: Measure::default(),
            story: Vec::new(),
            names: BTreeMap::new(),
            sabotage: None,
        })
    }

    /// Puts something on the agenda; what is past is done next.
    pub(super) fn plan(&mut self, at: Instant, deed: Deed) {
        self.planned += 1;
        self.agenda.insert((at, self.planned), deed);
    }

    /// Writes a line of the day's story.
    pub(super) fn tell(&mut self, words: &str) {
        let at = self.town.now().seconds() - MORNING.seconds();
        let line = format!("{:02}:{:02}:{:02} {words}", 8 + at / 3600, at / 60 % 60, at % 60);
        self.digest.update(line.as_bytes());
        if self.tells {
            self.story.push(line);
        }
    }

    fn run(&mut self) -> Result<(), AppError> {
        while self.town.now() < EVENING && self.breaches.is_empty() {
            self.weather.blow(&self.town);
            self.wait_for_what_is_next()?;
            while let Some(entry) = self.agenda.first_entry().filter(|entry| entry.key().0 <= self.town.clock.now()) {
                let deed = entry.remove();
                self.may_die();
                self.do_deed(deed)?;
                self.look()?;
            }
            self.tamper();
            self.round()?;
        }
        self.wind_down()
    }

    /// To whatever is next: on the agenda, for the keeper, or at Zoom.
    fn wait_for_what_is_next(&mut self) -> Result<(), AppError> {
        let agenda = self.agenda.first_key_value().map(|((at, _), _)| *at);
        let next = agenda.into_iter().chain(self.zoom_is_next()).fold(self.next_look()?, Instant::min);
        let jump = if self.dice.chance(self.weather.jumps) { Span::minutes(1 + self.dice.below(20) as i64) } else { Span::ZERO };
        if jump > Span::ZERO {
            self.tell("the clock jumps");
        }
        self.wait_until(next + jump);
        Ok(())
    }

    /// Nobody does anything until then, but the keeper and Zoom.
    pub(super) fn pass_until(&mut self, until: Instant) -> Result<(), AppError> {
        while self.town.now() < until && self.breaches.is_empty() {
            let next = self.zoom_is_next().into_iter().fold(self.next_look()?, Instant::min);
            self.wait_until(next.min(until).max(self.town.now() + Span::seconds(1)));
            self.round()?;
        }
        Ok(())
    }

    /// When Zoom sends a webhook or cuts a meeting.
    fn zoom_is_next(&self) -> Option<Instant> {
        let millis = self.town.at_zoom(|zoom, _| zoom.next_due())?;
        Some(Instant::from_seconds(millis.div_euclid(1000) + 1))
    }

    fn wait_until(&self, at: Instant) {
        if at > self.town.now() {
            self.town.clock.set(at);
        }
    }

    /// Webhooks are delivered, and the lanes whose bells have rung or in which something may be due do what there is, until
    /// nothing more happens.
    pub(super) fn round(&mut self) -> Result<(), AppError> {
        self.alarms.ring(self.town.now(), &self.town.bells);
        for _ in 0..8 {
            self.may_die();
            let delivered = self.deliver()?;
            for lane in [Lane::Inbox, Lane::Rooms, Lane::Account, Lane::Licenses, Lane::Letters] {
                let stands_still = self.sabotage.is_some_and(|sabotage| sabotage.stops(lane, self.town.now()));
                if !self.town.bells.take(lane) || stands_still {
                    continue;
                }
                let app = self.town.app.clone();
                match self.town.alive(keeper::run(&app, lane)) {
                    None => self.tell("the process dies"),
                    Some(Err(AppError::Store(error))) => return Err(error.into()),
                    Some(Err(error)) => self.alarms.again(lane, self.town.now(), error.held_back_until()),
                    Some(Ok(())) => {}
                }
            }
            self.look()?;
            if delivered == 0 && !self.town.bells.any() {
                break;
            }
        }
        Ok(())
    }

    fn deliver(&mut self) -> Result<usize, AppError> {
        let due: Vec<Outgoing> = self.town.at_zoom(crate::zoom::simulator::World::tick);
        for webhook in &due {
            if self.sabotage == Some(Sabotage::DropsWebhooks) {
                self.answered.insert(webhook.body.clone());
                self.town.at_zoom(|zoom, now| zoom.answered(now, webhook.id, Some(200)));
                continue;
            }
            let app = self.town.app.clone();
            let received = app.receive_webhook(Some(&webhook.timestamp), Some(&webhook.signature), webhook.body.as_bytes());
            let answer = match self.town.alive(received) {
                None => None,
                Some(Ok(Received::Stored | Received::Proof(_))) => {
                    self.answered.insert(webhook.body.clone());
                    Some(200)
                }
                Some(Ok(Received::Unsigned | Received::Unreadable)) => Some(401),
                Some(Err(error)) => return Err(error),
            };
            self.town.at_zoom(|zoom, now| zoom.answered(now, webhook.id, answer));
        }
        Ok(due.len())
    }

    /// Lights the fuse, on some days and for some steps.
    fn may_die(&mut self) {
        if self.dice.chance(self.weather.deaths) {
            self.town.fuse.light(1 + self.dice.below(12) as u32);
        }
    }

    /// Everything that must be true after a step. The database is read again only if something was written, or if another
    /// day has begun, whose moves are counted anew.
    pub(super) fn look(&mut self) -> Result<(), AppError> {
        if let Some(sabotage) = self.sabotage {
            self.strike(sabotage)?;
        }
        self.tally.steps += 1;
        let written = self.town.changes()?;
        let truth = self.town.truth(self.weather.zoom_is_deaf)?;
        if self.written == Some(written) && self.before.now.utc_day() == self.town.now().utc_day() {
            self.before.now = self.town.now();
            self.measure.look(&self.before, &truth, &mut self.tally);
            let found = invariants::after_step(&self.before, &self.before, &truth, &self.live_since, TOLD_BY);
            self.breach(found);
            self.see_who_is_passed_over();
            return Ok(());
        }
        let after = self.town.census(Some(&self.before))?;
        for meeting in &after.meetings {
            if meeting.stage == Stage::Live {
                self.live_since.entry(meeting.id.clone()).or_insert(after.now);
            } else {
                self.live_since.remove(&meeting.id);
            }
        }
        let found = invariants::after_step(&self.before, &after, &truth, &self.live_since, TOLD_BY);
        self.measure.look(&after, &truth, &mut self.tally);
        self.note(&after);
        self.breach(found);
        self.before = after;
        self.written = Some(written);
        self.see_who_is_passed_over();
        Ok(())
    }

    fn see_who_is_passed_over(&mut self) {
        if !self.nothing_goes_wrong {
            return;
        }
        let now = self.town.now();
        let found: BTreeSet<MeetingId> = invariants::passed_over(&self.before).into_iter().cloned().collect();
        self.passed_over.retain(|meeting, _| found.contains(meeting));
        for meeting in found {
            let since = *self.passed_over.entry(meeting.clone()).or_insert(now);
            if since + PASSED_OVER < now {
                let words = format!("a license lies idle although meeting {meeting} should have one");
                self.breach(vec![Breach::new(Invariant::LicensedOrTold, words)]);
            }
        }
    }

    pub(super) fn breach(&mut self, found: Vec<Breach>) {
        let now = self.town.now();
        for breach in found {
            self.tell(&format!("{} is broken: {}", breach.invariant.name(), breach.words));
            self.breaches.push((now, breach));
        }
    }

    /// Tells what has changed since the last step.
    fn note(&mut self, after: &Census) {
        let known: BTreeMap<_, _> = self.before.meetings.iter().map(|meeting| (meeting.id.clone(), meeting.clone())).collect();
        for meeting in &after.meetings {
            let before = known.get(&meeting.id);
            if before == Some(meeting) {
                continue;
            }
            self.tally.alerts += u64::from(meeting.has_alert && before.is_none_or(|before| !before.has_alert));
            self.tally.live += u64::from(meeting.stage == Stage::Live && before.is_none_or(|before| before.stage != Stage::Live));
            let words = self.words_for(meeting);
            if before.is_some_and(|before| self.words_for(before) == words) {
                // Nothing that a reader would see, but a part of what happened.
                self.digest.update(format!("{meeting:?}"));
            } else {
                self.tell(&words);
            }
        }
        for (row, was) in after.rows.iter().zip(&self.before.rows.clone()) {
            if row != was {
                let seat = row.seat.as_ref().map(|seat| format!(" {}", self.name(seat.as_str()))).unwrap_or_default();
                self.tell(&format!("  license {} is {}{seat}", row.number, row.place.word()));
            }
        }
    }

    fn words_for(&self, meeting: &Kept) -> String {
        let (stage, seat) = (meeting.stage.word(), self.name(meeting.seat.as_str()));
        let (from, until) = (clock(meeting.hold.0), clock(meeting.hold.1));
        let hold = match (meeting.licensed, from == until) {
            (_, true) => "holds nothing".to_owned(),
            (true, _) => format!("holds a license {from} to {until}"),
            (false, _) => format!("without a license {from} to {until}"),
        };
        let line = if meeting.queued { ", in line" } else { "" };
        let alert = if meeting.has_alert { ", alert" } else { "" };
        format!("  {} is {stage} on {seat}, {hold}{line}{alert}", self.name(meeting.id.as_str()))
    }

    /// What the story calls this meeting or seat.
    fn name(&self, id: &str) -> String {
        self.names.get(id).cloned().unwrap_or_else(|| id.get(30..).unwrap_or(id).to_owned())
    }
}

fn clock(at: Instant) -> String {
    let minutes = at.seconds().div_euclid(60);
    format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60)
}

/// The end of an id: its beginning is the time.
pub(super) fn short(id: &MeetingId) -> &str {
    id.as_str().get(30..).unwrap_or(id.as_str())
}
