//! What people do, done with the real verbs: what the pages do, and what happens in Zoom's rooms.

use crate::app::AppError;
use crate::app::bookings::{Answer, Booking, Time};
use crate::app::join::Door;
use crate::app::line::Queued;
use crate::app::start::{Start, With};
use crate::domain::ids::MeetingId;
use crate::domain::meeting::Kind;
use crate::domain::names::{EmailAddress, IdempotencyKey, PersonName, Topic, ZoneName};
use crate::domain::tenant::User;
use crate::domain::time::{Instant, Span, Window};
use crate::store::scope::TenantScope;
use crate::store::{StoreError, meetings};

use super::day::{Day, short};
use super::people::{self, Deed, Who};

/// What a verb gave: nothing when the process died of it.
type Given<T> = Option<Result<T, AppError>>;

impl Day {
    pub(super) fn do_deed(&mut self, deed: Deed) -> Result<(), AppError> {
        match deed {
            Deed::Book { who, start, length, key, tries } => self.book(who, (start, length), key, tries),
            Deed::Ask { who, length, wait, key } => self.ask(who, length, wait, key),
            Deed::Start { who, meeting, tries } => self.start(who, &meeting, tries),
            Deed::Enter { who, meeting, number, zak } => self.enter(who, &meeting, number, &zak),
            Deed::Join { who, meeting, tries } => self.join(who, &meeting, tries),
            Deed::End { who, meeting, number, comes_back } => self.end(who, &meeting, number, comes_back),
            Deed::Cancel { who, meeting } => self.cancel(who, &meeting),
            Deed::Move { who, meeting, start, length } => self.reschedule(who, &meeting, start, length),
            Deed::Leave { who, meeting } => self.leave(who, &meeting),
            Deed::SetLicenses { count } => self.set_licenses(count),
        }
    }

    fn who(&self, who: Who) -> (TenantScope, User) {
        let party = &self.town.parties[who.party];
        (party.scope.clone(), party.users[who.user].clone())
    }

    fn booking(user: &User, kind: Kind, window: Window, key: u64, wait: bool) -> Result<Booking, AppError> {
        let defect = |error: crate::domain::names::NameError| AppError::Defect(error.to_string());
        Ok(Booking {
            host: user.id.clone(),
            topic: Topic::parse("Follow-up").map_err(defect)?,
            client_name: PersonName::parse("Gil Moreno").map_err(defect)?,
            client_email: EmailAddress::parse("gil@mail.example").map_err(defect)?,
            client_zone: None,
            kind,
            time: Time { window, wall: "2026-11-02T09:00".to_owned(), zone: ZoneName::utc() },
            key: IdempotencyKey::parse(&format!("form-{key:024}")).map_err(defect)?,
            wait,
        })
    }

    fn book(&mut self, who: Who, (start, length): (Instant, Span), key: u64, tries: u32) -> Result<(), AppError> {
        let (scope, user) = self.who(who);
        let booking = Self::booking(&user, Kind::Scheduled, Window::lasting(start, length), key, false)?;
        let app = self.town.app.clone();
        let given = self.town.alive(app.book(&scope, &user, booking));
        let Some(answer) = self.answered(given)? else {
            // They reload the page: the same form once more.
            let again = self.town.now() + Span::seconds(20);
            self.plan(again, Deed::Book { who, start, length, key, tries });
            return Ok(());
        };
        match answer {
            Answer::Accepted(meeting) | Answer::InLine(meeting) | Answer::Used(meeting) => {
                self.tally.accepted += 1;
                self.tell(&format!("books {}", short(&meeting)));
                for (at, deed) in people::follow_up(who, &meeting, start, self.town.now(), &self.dice) {
                    self.plan(at, deed);
                }
            }
            Answer::Refused { refusal, nearest, .. } => {
                self.tally.refused += 1;
                self.tell(&format!("is refused: {}", refusal.code()));
                // Most take the nearest time that is offered.
                if let Some(start) = nearest.first().filter(|_| tries < 2 && self.dice.chance(700)) {
                    let soon = self.town.now() + Span::seconds(30);
                    let start = *start;
                    self.plan(soon, Deed::Book { who, start, length, key: key + 10_000, tries: tries + 1 });
                }
            }
            Answer::TooLate | Answer::Starting => {}
        }
        Ok(())
    }

    fn ask(&mut self, who: Who, length: Span, wait: bool, key: u64) -> Result<(), AppError> {
        let (scope, user) = self.who(who);
        let booking = Self::booking(&user, Kind::OnDemand, Window::lasting(self.town.now(), length), key, wait)?;
        let app = self.town.app.clone();
        let given = self.town.alive(app.book(&scope, &user, booking));
        let soon = self.town.now() + Span::seconds(20);
        match self.answered(given)? {
            None => self.plan(soon, Deed::Ask { who, length, wait, key }),
            Some(Answer::Accepted(meeting)) => {
                self.tally.accepted += 1;
                self.tell(&format!("gets {} at once", short(&meeting)));
                self.plan(soon, Deed::Start { who, meeting: meeting.clone(), tries: 0 });
                self.plan(soon, Deed::Join { who, meeting, tries: 0 });
            }
            Some(Answer::InLine(meeting)) => {
                self.tell(&format!("waits in line with {}", short(&meeting)));
                self.wait_a_little(who, &meeting, 0);
            }
            Some(answer) => self.tell(&format!("asks in vain: {answer:?}")),
        }
        Ok(())
    }

    /// Looks again in some minutes, or goes.
    fn wait_a_little(&mut self, who: Who, meeting: &MeetingId, tries: u32) {
        let at = self.town.now() + Span::minutes(2 + self.dice.below(6) as i64);
        let meeting = meeting.clone();
        let deed =
            if self.dice.chance(150) { Deed::Leave { who, meeting } } else { Deed::Start { who, meeting, tries: tries + 1 } };
        self.plan(at, deed);
    }

    fn start(&mut self, who: Who, meeting: &MeetingId, tries: u32) -> Result<(), AppError> {
        let (scope, user) = self.who(who);
        let with = if tries > 1 && self.dice.chance(400) { With::WhateverThereIs } else { With::License };
        let app = self.town.app.clone();
        let given = self.town.alive(app.start(&scope, &user, meeting, with));
        self.tally.presses += 1;
        let answer = match given {
            Some(Err(AppError::NotFound(_))) => return Ok(()),
            given => self.answered(given)?,
        };
        self.tell(&format!("presses Start of {}: {}", short(meeting), said(answer.as_ref())));
        match answer {
            Some(Start::Go(url)) => {
                self.tally.links += 1;
                let zak = parameter(url.reveal(), "zak").unwrap_or_default();
                let Some(number) = self.number_of(&scope, meeting)? else { return Ok(()) };
                // A few close the page instead.
                if !self.dice.chance(30) {
                    let at = self.town.now() + Span::seconds(3 + self.dice.below(20) as i64);
                    self.plan(at, Deed::Enter { who, meeting: meeting.clone(), number, zak });
                }
            }
            Some(Start::NoLicense(_) | Start::Refused(_)) if tries < 6 => {
                self.tally.without += u64::from(tries == 0 && matches!(answer, Some(Start::NoLicense(_))));
                if self.dice.chance(400) {
                    let app = self.town.app.clone();
                    let given = self.town.alive(app.wait_in_line(&scope, &user, meeting));
                    if let Some(Queued::Waiting) = self.answered(given)? {
                        self.tell("  and waits in line");
                    }
                }
                self.wait_a_little(who, meeting, tries);
            }
            Some(Start::TooEarly(at)) => self.plan(at, Deed::Start { who, meeting: meeting.clone(), tries: tries + 1 }),
            None | Some(Start::Zoom(_)) if tries < 6 => {
                let at = self.town.now() + Span::seconds(40);
                self.plan(at, Deed::Start { who, meeting: meeting.clone(), tries: tries + 1 });
            }
            _ => {}
        }
        Ok(())
    }

    fn enter(&mut self, who: Who, meeting: &MeetingId, number: i64, zak: &str) -> Result<(), AppError> {
        // Zoom asks whether the other meeting may end; a host says no to that.
        let entered = self.town.at_zoom(|zoom, now| zoom.host_arrives(now, number, zak, false));
        if let Err(refusal) = entered {
            self.tell(&format!("cannot enter {}: {refusal}", short(meeting)));
            return Ok(());
        }
        self.tell(&format!("enters {}", short(meeting)));
        let (scope, _) = self.who(who);
        let planned = self.find(&scope, meeting)?.map_or(Span::minutes(30), |meeting| meeting.window.length());
        let at = self.town.now() + people::real_length(planned, &self.dice);
        let dropped = self.dice.chance(80);
        let at = if dropped { self.town.now() + Span::minutes(1 + self.dice.below(10) as i64) } else { at };
        self.plan(at, Deed::End { who, meeting: meeting.clone(), number, comes_back: dropped });
        Ok(())
    }

    fn join(&mut self, who: Who, meeting: &MeetingId, tries: u32) -> Result<(), AppError> {
        let app = self.town.app.clone();
        let link = app.join_link(meeting, 1);
        let token = link.rsplit('/').next().unwrap_or_default().to_owned();
        let given = self.town.alive(app.arrive(&token));
        let door = self.answered(given)?.flatten().map(|joining| joining.door);
        let again = self.town.now() + Span::minutes(5);
        match door {
            Some(Door::Open(url)) => {
                let (scope, _) = self.who(who);
                let Some(number) = self.number_of(&scope, meeting)? else { return Ok(()) };
                let passcode = parameter(&url, "pwd").unwrap_or_default();
                let entered = self.town.at_zoom(|zoom, now| zoom.client_arrives(now, number, &passcode, "Gil Moreno"));
                self.tell(&format!("the client of {} goes in: {}", short(meeting), entered.is_ok()));
            }
            Some(Door::Over) => {}
            _ if tries < 12 => self.plan(again, Deed::Join { who, meeting: meeting.clone(), tries: tries + 1 }),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, who: Who, meeting: &MeetingId, number: i64, comes_back: bool) -> Result<(), AppError> {
        self.tell(&format!("{} ends{}", short(meeting), if comes_back { " by a dropped line" } else { "" }));
        if !comes_back && self.dice.chance(200) {
            let (scope, user) = self.who(who);
            let app = self.town.app.clone();
            let given = self.town.alive(app.end(&scope, &user, meeting));
            self.answered(given)?;
        }
        self.town.at_zoom(|zoom, now| zoom.end(now, number, "the host ended it"));
        if comes_back {
            let at = self.town.now() + Span::seconds(15 + self.dice.below(150) as i64);
            self.plan(at, Deed::Start { who, meeting: meeting.clone(), tries: 1 });
        }
        Ok(())
    }

    fn cancel(&mut self, who: Who, meeting: &MeetingId) -> Result<(), AppError> {
        let (scope, user) = self.who(who);
        let app = self.town.app.clone();
        let given = self.town.alive(app.cancel(&scope, &user, meeting));
        let answer = self.answered(given)?;
        self.tell(&format!("cancels {}: {answer:?}", short(meeting)));
        Ok(())
    }

    fn reschedule(&mut self, who: Who, meeting: &MeetingId, start: Instant, length: Span) -> Result<(), AppError> {
        let (scope, user) = self.who(who);
        let booking = Self::booking(&user, Kind::Scheduled, Window::lasting(start, length), 0, false)?;
        let app = self.town.app.clone();
        let given = self.town.alive(app.reschedule(&scope, &user, meeting, booking.topic, booking.time));
        let answer = self.answered(given)?;
        self.tell(&format!(
            "moves {}: {}",
            short(meeting),
            if matches!(answer, Some(Answer::Accepted(_))) { "yes" } else { "no" }
        ));
        let start = self.find(&scope, meeting)?.map_or(start, |meeting| meeting.window.start());
        let at = start.max(self.town.now()) + self.dice.about(Span::seconds(108));
        self.plan(at, Deed::Start { who, meeting: meeting.clone(), tries: 0 });
        Ok(())
    }

    fn leave(&mut self, who: Who, meeting: &MeetingId) -> Result<(), AppError> {
        let (scope, user) = self.who(who);
        let app = self.town.app.clone();
        let given = self.town.alive(app.leave_line(&scope, &user, meeting));
        self.answered(given)?;
        self.tell(&format!("leaves the line with {}", short(meeting)));
        Ok(())
    }

    fn set_licenses(&mut self, count: u32) -> Result<(), AppError> {
        let (app, pass) = (self.town.app.clone(), self.town.pass.clone());
        let given = self.town.alive(app.set_licenses(&pass, count));
        let answer = self.answered(given)?;
        self.tell(&format!("the operator sets {count} licenses: {answer:?}"));
        Ok(())
    }

    /// A verb's answer; `None` when the process died of it, or Zoom did not answer.
    fn answered<T>(&mut self, given: Given<T>) -> Result<Option<T>, AppError> {
        match given {
            None => {
                self.tell("the process dies");
                Ok(None)
            }
            Some(Ok(answer)) => Ok(Some(answer)),
            Some(Err(AppError::Zoom(_))) => Ok(None),
            Some(Err(error)) => Err(error),
        }
    }

    fn find(&mut self, scope: &TenantScope, id: &MeetingId) -> Result<Option<crate::domain::meeting::Meeting>, AppError> {
        let (app, scope, id) = (self.town.app.clone(), scope.clone(), id.clone());
        let found = app.store.read::<_, StoreError, _>(move |tx| meetings::find(tx, &scope, &id));
        self.town.alive(found).unwrap_or(Ok(None)).map_err(Into::into)
    }

    pub(super) fn number_of(&mut self, scope: &TenantScope, id: &MeetingId) -> Result<Option<i64>, AppError> {
        Ok(self.find(scope, id)?.and_then(|meeting| meeting.room).map(|room| room.number))
    }
}

/// A field of a URL's query.
pub(super) fn parameter(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn said(answer: Option<&Start>) -> String {
    match answer {
        None => "no answer".to_owned(),
        Some(Start::Go(_)) => "go".to_owned(),
        Some(other) => format!("{other:?}"),
    }
}
