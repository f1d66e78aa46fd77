//! What happens inside a meeting: people come, wait, leave and end it; Zoom cuts it after 40 minutes on a Basic host, counted
//! from its start, whoever is in it (zoom.md §7: the clock runs even while the host is absent).
//!
//! A user hosts one meeting at a time. A client waits until the host is there; the host then lets everybody in at once.
//! A license that comes during a meeting lifts its cut, one that goes does not bring it back (reported, not promised by
//! Zoom). A licensed meeting with one person left of two or more also ends after 40 minutes. All this is Zoom's; the
//! letting in by hand is left out.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::events;
use super::meetings::{Instance, Meeting, Past, Person, Waiting};
use super::users::UserStatus;
use super::world::World;

/// Minutes that a meeting on a Basic host lasts, and that one person may stay alone on a licensed host.
const CUT_MINUTES: i64 = 40;
/// Minutes that any meeting lasts at most.
const LONGEST_MINUTES: i64 = 30 * 60;

/// How many people fit into a room, and in front of it.
const MOST_PEOPLE: usize = 100;
/// How many runnings that are over are remembered.
const REMEMBERED: usize = 5000;

/// Why somebody does not get into a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomRefusal {
    /// There is no such meeting.
    #[error("This meeting does not exist.")]
    NoMeeting,
    /// The start URL is too old or not one of the host's.
    #[error("This start link has expired or is not valid. Start the meeting from the portal again.")]
    BadKey,
    /// The join URL lacks the right passcode.
    #[error("The passcode is wrong.")]
    BadPasscode,
    /// The room is full.
    #[error("This meeting is full.")]
    Full,
    /// The host's user is switched off.
    #[error("The host's Zoom user is not active.")]
    HostInactive,
    /// The host is in another meeting, which would have to end first.
    #[error("You have another meeting in progress.")]
    HostBusy {
        /// The other meeting.
        other: i64,
    },
}

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// In the running meeting.
    Inside,
    /// Waiting for the host.
    Waiting,
    /// Neither.
    Away,
}

impl Meeting {
    /// Where the person with this key is.
    pub fn whereabouts(&self, key: &str) -> Whereabouts {
        if self.running.as_ref().is_some_and(|run| run.people.iter().any(|person| person.key == key)) {
            Whereabouts::Inside
        } else if self.waiting.iter().any(|waiting| waiting.key == key) {
            Whereabouts::Waiting
        } else {
            Whereabouts::Away
        }
    }
}

impl World {
    /// The host opens a start URL: the meeting runs, and gives the host's key to the room. A host with another running
    /// meeting is refused, unless `end_other` is given: then that one ends at once.
    pub fn host_arrives(&mut self, now: i64, number: i64, zak: &str, end_other: bool) -> Result<String, RoomRefusal> {
        self.cut_what_is_over(now);
        let meeting = self.meetings.get(&number).ok_or(RoomRefusal::NoMeeting)?;
        let good = self.zaks.get(zak).is_some_and(|zak| zak.user == meeting.host_id && zak.until > now);
        if !good {
            return Err(RoomRefusal::BadKey);
        }
        let host_id = meeting.host_id.clone();
        if let Some(host) = meeting.running.as_ref().and_then(|run| run.people.iter().find(|person| person.is_host)) {
            return Ok(host.key.clone());
        }
        let host = self.users.get(&host_id).filter(|user| user.status == UserStatus::Active);
        let (name, limited) = host.map(|user| (user.name(), !user.is_licensed())).ok_or(RoomRefusal::HostInactive)?;
        if let Some(other) = self.running_meeting_of(&host_id).filter(|other| *other != number) {
            if !end_other {
                return Err(RoomRefusal::HostBusy { other });
            }
            self.end(now, other, "Host started another meeting");
        }
        self.start_if_idle(now, number, limited);
        let key = self.enter(now, number, name, true);
        self.let_waiting_in(now, number);
        Ok(key)
    }

    /// A client opens a join URL and says a name; gives the client's key to the room. Without the host they wait.
    pub fn client_arrives(&mut self, now: i64, number: i64, passcode: &str, name: &str) -> Result<String, RoomRefusal> {
        self.cut_what_is_over(now);
        let meeting = self.meetings.get_mut(&number).ok_or(RoomRefusal::NoMeeting)?;
        if meeting.passcode != passcode {
            return Err(RoomRefusal::BadPasscode);
        }
        let inside = meeting.running.as_ref().map_or(0, |run| run.people.len());
        if inside + meeting.waiting.len() >= MOST_PEOPLE {
            return Err(RoomRefusal::Full);
        }
        let host_is_there = meeting.running.as_ref().is_some_and(|run| run.people.iter().any(|person| person.is_host));
        if host_is_there {
            return Ok(self.enter(now, number, name.to_owned(), false));
        }
        let key = URL_SAFE_NO_PAD.encode(self.ids.bytes::<12>());
        meeting.waiting.push(Waiting { key: key.clone(), name: name.to_owned() });
        Ok(key)
    }

    /// Somebody leaves the room or the line in front of it; the last one to leave ends the meeting.
    pub fn leave(&mut self, now: i64, number: i64, key: &str) {
        self.cut_what_is_over(now);
        let Some(meeting) = self.meetings.get_mut(&number) else { return };
        meeting.waiting.retain(|waiting| waiting.key != key);
        let Some(run) = &mut meeting.running else { return };
        let Some(index) = run.people.iter().position(|person| person.key == key) else { return };
        let person = run.people.remove(index);
        if run.people.len() == 1 {
            run.alone_since = Some(now);
        }
        let (run, empty) = (run.clone(), run.people.is_empty());
        let payload = events::left(&self.settings, meeting, &run, &person, now, "left by themselves");
        self.emit(now, "meeting.participant_left", payload);
        if empty {
            self.end(now, number, "everybody left");
        }
    }

    /// The meeting ends for everybody in it.
    pub fn end(&mut self, now: i64, number: i64, reason: &str) {
        let next_uuid = self.draw_uuid();
        let Some(meeting) = self.meetings.get_mut(&number) else { return };
        let Some(run) = meeting.running.take() else { return };
        meeting.next_uuid = next_uuid;
        let meeting = meeting.clone();
        for person in &run.people {
            let payload = events::left(&self.settings, &meeting, &run, person, now, reason);
            self.emit(now, "meeting.participant_left", payload);
        }
        let payload = events::ended(&self.settings, &meeting, &run, now);
        self.emit(now, "meeting.ended", payload);
        if self.past.len() >= REMEMBERED {
            self.past.remove(0);
        }
        self.past.push(Past {
            number,
            uuid: run.uuid,
            host_id: meeting.host_id,
            topic: meeting.topic,
            started_at: run.started_at,
            ended_at: now,
            people: run.ever,
        });
    }

    /// When Zoom will cut a running meeting, in milliseconds (zoom.md §7).
    pub fn cut_at(&self, run: &Instance) -> i64 {
        let cut = self.minutes(CUT_MINUTES);
        let by_license = if run.limited { Some(run.started_at) } else { run.alone_since };
        let longest = run.started_at + self.minutes(LONGEST_MINUTES);
        by_license.map_or(longest, |since| longest.min(since + cut))
    }

    /// The user's host is licensed now: nothing of theirs is cut at 40 minutes any more.
    pub(super) fn lift_cut(&mut self, user: &str) {
        let hosted = self.meetings.values_mut().filter(|meeting| meeting.host_id == user);
        for run in hosted.filter_map(|meeting| meeting.running.as_mut()) {
            run.limited = false;
        }
    }

    /// When the next running meeting is to be cut, in milliseconds.
    pub(super) fn next_cut(&self) -> Option<i64> {
        self.meetings.values().filter_map(|meeting| meeting.running.as_ref()).map(|run| self.cut_at(run)).min()
    }

    /// Ends what is over by now, each at its own time and the earliest first.
    pub(super) fn cut_what_is_over(&mut self, now: i64) {
        loop {
            let running =
                self.meetings.values().filter_map(|meeting| Some((self.cut_at(meeting.running.as_ref()?), meeting.number)));
            let Some((at, number)) = running.min().filter(|(at, _)| *at <= now) else { return };
            self.end(at, number, "the meeting's time limit was reached");
        }
    }

    fn running_meeting_of(&self, host_id: &str) -> Option<i64> {
        let mut hosted = self.meetings.values().filter(|meeting| meeting.host_id == host_id);
        hosted.find(|meeting| meeting.running.is_some()).map(|meeting| meeting.number)
    }

    fn start_if_idle(&mut self, now: i64, number: i64, limited: bool) {
        let Some(meeting) = self.meetings.get_mut(&number).filter(|meeting| meeting.running.is_none()) else { return };
        let run = Instance {
            uuid: meeting.next_uuid.clone(),
            started_at: now,
            people: Vec::new(),
            ever: 0,
            limited,
            alone_since: None,
        };
        let payload = events::started(&self.settings, meeting, &run);
        meeting.running = Some(run);
        self.emit(now, "meeting.started", payload);
    }

    fn let_waiting_in(&mut self, now: i64, number: i64) {
        let waiting = self.meetings.get_mut(&number).map(|meeting| std::mem::take(&mut meeting.waiting));
        for Waiting { key, name } in waiting.unwrap_or_default() {
            self.enter_with_key(now, number, key, name, false);
        }
    }

    fn enter(&mut self, now: i64, number: i64, name: String, is_host: bool) -> String {
        let key = URL_SAFE_NO_PAD.encode(self.ids.bytes::<12>());
        self.enter_with_key(now, number, key.clone(), name, is_host);
        key
    }

    fn enter_with_key(&mut self, now: i64, number: i64, key: String, name: String, is_host: bool) {
        self.people_so_far += 1;
        let person = Person {
            key,
            name,
            is_host,
            since: now,
            number: 16_778_240 + 1024 * self.people_so_far,
            uuid: STANDARD.encode(self.ids.bytes::<12>()),
        };
        let Some(meeting) = self.meetings.get_mut(&number) else { return };
        let Some(run) = &mut meeting.running else { return };
        run.people.push(person.clone());
        run.ever += 1;
        if run.people.len() > 1 {
            run.alone_since = None;
        }
        let run = run.clone();
        let payload = events::joined(&self.settings, meeting, &run, &person);
        self.emit(now, "meeting.participant_joined", payload);
    }
}
