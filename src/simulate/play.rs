//! Plays a scenario script with the real verbs, and writes down what comes of each line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::app::AppError;
use crate::app::bookings::{Answer, Booking, Time};
use crate::app::start::{Start, With};
use crate::domain::ids::MeetingId;
use crate::domain::meeting::Kind;
use crate::domain::names::{EmailAddress, IdempotencyKey, PersonName, Topic, ZoneName};
use crate::domain::pool::{PoolSettings, Release, Strategy};
use crate::domain::seat::License;
use crate::domain::tenant::{Share, User};
use crate::domain::time::{Instant, Span, Window};
use crate::store::memory::Disk;
use crate::store::scope::TenantScope;
use crate::zoom::simulator::Odds;

use super::day::Day;
use super::deeds::parameter;
use super::dice::Dice;
use super::script::{self, Act, Line};
use super::town::{Habits, MORNING, Town};

/// How many licenses Zoom sold in every script, so that our own number is what counts.
const BOUGHT: u32 = 20;

/// A script at play.
struct Play {
    day: Day,
    meetings: BTreeMap<String, (MeetingId, String)>,
}

/// Plays a script and gives its transcript, and whether every promise held.
pub fn transcript(text: &str) -> anyhow::Result<(String, bool)> {
    let (introduction, lines) = script::parse(text)?;
    let dice = Dice::of(1);
    let town = Town::empty(&dice, &Arc::new(Disk::new()?), BOUGHT)?;
    let mut play = Play { day: Day::begin(town, dice)?, meetings: BTreeMap::new() };
    let mut transcript = introduction + "\n";
    for line in &lines {
        writeln!(transcript, "> {}", line.text)?;
        play.line(line)?;
        for told in play.day.story.drain(..) {
            transcript += &told;
            transcript.push('\n');
        }
    }
    let asked = play.day.town.asked()?;
    let (moves, calls) = (asked.attaches, play.day.town.calls());
    writeln!(transcript, "\n{moves} licenses put on seats, {calls} calls to Zoom")?;
    Ok((transcript, play.day.breaches.is_empty()))
}

impl Play {
    fn line(&mut self, line: &Line) -> anyhow::Result<()> {
        if let Some(at) = line.at {
            self.day.pass_until(at)?;
        }
        self.act(&line.act)?;
        self.day.look()?;
        // The webhooks of what was done come at once.
        if matches!(line.act, Act::Dies(_)) { Ok(()) } else { Ok(self.day.round()?) }
    }

    fn act(&mut self, act: &Act) -> anyhow::Result<()> {
        match act {
            Act::Nothing => Ok(()),
            Act::Tenant { slug, hosts, short } => self.tenant(slug, hosts, *short),
            Act::Licenses(count) => {
                let (app, pass) = (self.day.town.app.clone(), self.day.town.pass.clone());
                let set = self.day.town.certainly(app.set_licenses(&pass, *count))?;
                self.tell(&set.map_or_else(|refusal| format!("refused: {refusal}"), |()| format!("the pool has {count}")));
                Ok(())
            }
            Act::Set { what, value } => self.set(what, value),
            Act::Books { host, meeting, start, length } => {
                let window = Window::lasting(*start, *length);
                self.book(host, meeting, (Kind::Scheduled, window), false)
            }
            Act::Asks { host, meeting, length, waits } => {
                let window = Window::lasting(self.day.town.now(), *length);
                self.book(host, meeting, (Kind::OnDemand, window), *waits)
            }
            Act::Starts { host, meeting, anyway } => self.start(host, meeting, *anyway),
            Act::Waits { host, meeting } => {
                let ((scope, user), id) = (self.host(host)?, self.id(meeting)?);
                let app = self.day.town.app.clone();
                let queued = self.day.town.certainly(app.wait_in_line(&scope, &user, &id))?;
                let wait = self.day.town.certainly(app.wait_for_license(&scope, &user, &id))?;
                let about = wait.about.map_or("not soon".to_owned(), |about| format!("about {} minutes", about.as_minutes_up()));
                self.tell(&format!("{host}: {queued:?}, place {}, {about}", wait.position));
                Ok(())
            }
            Act::Ends { host, meeting } => {
                let ((scope, user), id) = (self.host(host)?, self.id(meeting)?);
                let app = self.day.town.app.clone();
                let ended = self.day.town.certainly(app.end(&scope, &user, &id))?;
                self.tell(&format!("{host} ends {meeting}{}", if ended { "" } else { ", which does not run" }));
                Ok(())
            }
            Act::Cancels { host, meeting } => {
                let ((scope, user), id) = (self.host(host)?, self.id(meeting)?);
                let app = self.day.town.app.clone();
                let answer = self.day.town.certainly(app.cancel(&scope, &user, &id))?;
                self.tell(&format!("{host} cancels {meeting}: {answer:?}"));
                Ok(())
            }
            Act::Moves { host, meeting, start, length } => {
                let ((scope, user), id) = (self.host(host)?, self.id(meeting)?);
                let booking = booking(&user, meeting, (Kind::Scheduled, Window::lasting(*start, *length)), false)?;
                let app = self.day.town.app.clone();
                let answer = self.day.town.certainly(app.reschedule(&scope, &user, &id, booking.topic, booking.time))?;
                self.tell(&format!("{host} moves {meeting}: {}", said(&answer)));
                Ok(())
            }
            Act::Joins { meeting } => self.join(meeting),
            Act::Drops { meeting } => {
                let number = self.number(meeting)?;
                self.day.town.at_zoom(|zoom, now| zoom.end(now, number, "the connection was lost"));
                self.tell(&format!("the line of {meeting} drops, and Zoom ends this run"));
                Ok(())
            }
            Act::Fault { fault, next, per_mille } => {
                let odds = Odds { next: *next, per_mille: *per_mille };
                self.day.town.at_zoom(|zoom, _| zoom.faults_mut().set(*fault, odds));
                Ok(())
            }
            Act::Hand { host, gives } => {
                let (key, _) = self.day.town.zoom_user(&self.address_of(host)?);
                let license = if *gives { License::Licensed } else { License::Basic };
                let done = self.day.town.at_zoom(|zoom, now| zoom.set_license_by_hand(now, &key, license));
                self.tell(&done.map_or_else(str::to_owned, |()| "done at Zoom's console".to_owned()));
                Ok(())
            }
            Act::Dies(steps) => {
                self.day.town.fuse.light(*steps);
                Ok(())
            }
        }
    }

    fn tell(&mut self, words: &str) {
        self.day.tell(words);
    }

    fn tenant(&mut self, slug: &str, hosts: &[String], short: bool) -> anyhow::Result<()> {
        let share = Share { guarantee: 0, cap: BOUGHT };
        let habits = Habits { share, shared_seats: false, short_meetings: short, seats: hosts.len() };
        let town = &mut self.day.town;
        town.settle_party(slug, hosts, &habits)?;
        town.find_seats()?;
        let pass = town.pass.clone();
        let app = town.app.clone();
        for seat in town.certainly(app.pool(&pass))?.seats.into_values() {
            let owner = seat.user.and_then(|id| self.day.town.user(&id).map(|user| user.name.to_string()));
            self.day.names.insert(seat.id.to_string(), format!("{}'s seat", owner.unwrap_or_default()));
        }
        Ok(())
    }

    fn set(&mut self, what: &str, value: &str) -> anyhow::Result<()> {
        let (app, pass) = (self.day.town.app.clone(), self.day.town.pass.clone());
        let settings = self.day.town.certainly(app.pool(&pass))?.settings;
        let unknown = || anyhow::anyhow!("{what} cannot be {value}");
        let minutes = || value.parse().map(Span::minutes).map_err(|_| unknown());
        let settings = match what {
            "strategy" => PoolSettings { strategy: Strategy::from_word(value).ok_or_else(unknown)?, ..settings },
            "release" => PoolSettings { release: Release::from_word(value).ok_or_else(unknown)?, ..settings },
            "spare" => PoolSettings { spare: Some(value.parse().map_err(|_| unknown())?), ..settings },
            "rejoin" => PoolSettings { rejoin: minutes()?, ..settings },
            "lead" => PoolSettings { lead: minutes()?, ..settings },
            _ => PoolSettings { grace: minutes()?, ..settings },
        };
        self.day.town.certainly(app.set_pool(&pass, settings))?.map_err(|refusal| anyhow::anyhow!("{refusal}"))
    }

    fn book(&mut self, host: &str, meeting: &str, time: (Kind, Window), waits: bool) -> anyhow::Result<()> {
        let (scope, user) = self.host(host)?;
        let booking = booking(&user, meeting, time, waits)?;
        let app = self.day.town.app.clone();
        let answer = self.day.town.certainly(app.book(&scope, &user, booking))?;
        if let Answer::Accepted(id) | Answer::InLine(id) = &answer {
            self.meetings.insert(meeting.to_owned(), (id.clone(), host.to_owned()));
            self.day.names.insert(id.to_string(), meeting.to_owned());
        }
        self.tell(&format!("{host} asks for {meeting}: {}", said(&answer)));
        Ok(())
    }

    fn start(&mut self, host: &str, meeting: &str, anyway: bool) -> anyhow::Result<()> {
        let ((scope, user), id) = (self.host(host)?, self.id(meeting)?);
        let app = self.day.town.app.clone();
        let with = if anyway { With::WhateverThereIs } else { With::License };
        match self.day.town.certainly(app.start(&scope, &user, &id, with))? {
            Start::Go(url) => {
                let (number, zak) = (self.number(meeting)?, parameter(url.reveal(), "zak").unwrap_or_default());
                let entered = self.day.town.at_zoom(|zoom, now| zoom.host_arrives(now, number, &zak, false));
                let words = entered.map_or_else(|refusal| refusal.to_string(), |_| "and is in the room".to_owned());
                self.tell(&format!("{host} starts {meeting} {words}"));
            }
            other => self.tell(&format!("{host} cannot start {meeting}: {other:?}")),
        }
        Ok(())
    }

    fn join(&mut self, meeting: &str) -> anyhow::Result<()> {
        let (id, number) = (self.id(meeting)?, self.number(meeting)?);
        let app = self.day.town.app.clone();
        let link = app.join_link(&id, 1);
        let token = link.rsplit('/').next().unwrap_or_default().to_owned();
        let joining = self.day.town.certainly(app.arrive(&token))?;
        let words = match joining.map(|joining| joining.door) {
            Some(crate::app::join::Door::Open(url)) => {
                let passcode = parameter(&url, "pwd").unwrap_or_default();
                let entered = self.day.town.at_zoom(|zoom, now| zoom.client_arrives(now, number, &passcode, "Gil Moreno"));
                entered.map_or_else(|refusal| refusal.to_string(), |_| "goes in".to_owned())
            }
            Some(door) => format!("waits: {door:?}"),
            None => "finds nothing behind the link".to_owned(),
        };
        self.tell(&format!("the client of {meeting} {words}"));
        Ok(())
    }

    fn host(&self, name: &str) -> anyhow::Result<(TenantScope, User)> {
        let mut all = self.day.town.parties.iter().flat_map(|party| party.users.iter().map(|user| (&party.scope, user)));
        let found = all.find(|(_, user)| user.name.as_str() == name);
        found.map(|(scope, user)| (scope.clone(), user.clone())).ok_or_else(|| anyhow::anyhow!("there is no host {name}"))
    }

    fn id(&self, meeting: &str) -> anyhow::Result<MeetingId> {
        let found = self.meetings.get(meeting).map(|(id, _)| id.clone());
        found.ok_or_else(|| anyhow::anyhow!("there is no meeting {meeting}"))
    }

    fn number(&mut self, meeting: &str) -> anyhow::Result<i64> {
        let (id, host) = self.meetings.get(meeting).cloned().ok_or_else(|| anyhow::anyhow!("there is no meeting {meeting}"))?;
        let (scope, _) = self.host(&host)?;
        self.day.number_of(&scope, &id)?.ok_or_else(|| anyhow::anyhow!("Zoom does not know {meeting} yet"))
    }

    fn address_of(&self, host: &str) -> anyhow::Result<String> {
        let wanted = format!("{host}'s seat");
        let seat = self.day.town.seats.iter().find(|(seat, _)| self.day.names.get(seat.as_str()) == Some(&wanted));
        seat.map(|(_, address)| address.clone()).ok_or_else(|| anyhow::anyhow!("there is no host {host}"))
    }
}

fn booking(user: &User, meeting: &str, (kind, window): (Kind, Window), wait: bool) -> Result<Booking, AppError> {
    let defect = |error: crate::domain::names::NameError| AppError::Defect(error.to_string());
    Ok(Booking {
        host: user.id.clone(),
        topic: Topic::parse(meeting).map_err(defect)?,
        client_name: PersonName::parse("Gil Moreno").map_err(defect)?,
        client_email: EmailAddress::parse("gil@mail.example").map_err(defect)?,
        client_zone: None,
        kind,
        time: Time { window, wall: "2026-11-02T09:00".to_owned(), zone: ZoneName::utc() },
        key: IdempotencyKey::parse(&format!("{meeting:-<24}")).map_err(defect)?,
        wait,
    })
}

fn said(answer: &Answer) -> String {
    match answer {
        Answer::Accepted(_) => "accepted".to_owned(),
        Answer::InLine(_) => "waits in line".to_owned(),
        Answer::Refused { refusal, nearest, wait } => {
            let offers: Vec<String> = nearest.iter().map(|at| when(*at)).collect();
            let offers =
                if offers.is_empty() { "and no other time".to_owned() } else { format!("could be at {}", offers.join(", ")) };
            let place = wait.map_or(String::new(), |wait| match wait.about {
                Some(about) => format!("; or place {} in line, about {} minutes", wait.position, about.as_minutes_up()),
                None => format!("; or place {} in line, not soon", wait.position),
            });
            format!("refused ({}), {offers}{place}", refusal.code())
        }
        Answer::Used(_) => "that form was used".to_owned(),
        Answer::TooLate => "too late".to_owned(),
        Answer::Starting => "its host is entering".to_owned(),
    }
}

/// The time, with its day if it is another one.
fn when(at: Instant) -> String {
    let text = at.to_string();
    let (day, time) = (text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default());
    if at.utc_day() == MORNING.utc_day() { time.to_owned() } else { format!("{day} {time}") }
}
