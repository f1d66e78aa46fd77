//! The client against the simulator's core, in one process, and what the core promises of Zoom's behaviour.

mod calls;
mod faults;
mod http;
mod kept;
mod rooms;

use std::sync::{Arc, Mutex, PoisonError};

use super::*;
use crate::clock::{Clock, Ids};
use crate::domain::seat::{License, SeatStatus};
use crate::domain::time::{Instant, Span};
use crate::zoom::client::{Client, Credentials};
use crate::zoom::error::ZoomError;
use crate::zoom::event::{Event, EventKind};
use crate::zoom::meeting::{MeetingChange, MeetingStatus, NewMeeting, ZoomMeeting};
use crate::zoom::user::{CreateAction, NewZoomUser};
use crate::zoom::{secrets, signature};

pub(super) const SECRET: &str = "hook-secret";
const MINUTE: i64 = 60_000;

pub(super) fn credentials() -> Credentials {
    Credentials { account_id: "acc".into(), client_id: "app".into(), client_secret: "s3cret".into() }
}

pub(super) struct Stage {
    pub(super) world: SharedWorld,
    clock: Clock,
    client: Client,
    ids: Ids,
}

impl Stage {
    fn new(licenses: u32) -> Self {
        let clock = Clock::manual(Instant::from_seconds(1_790_000_000));
        let world = World::new(Settings::new(credentials(), SECRET, licenses), Ids::seeded(7));
        let world = Arc::new(Mutex::new(world));
        let transport = LocalTransport::new(world.clone(), clock.clone());
        Self { client: Client::new(Arc::new(transport), credentials(), clock.clone()), world, clock, ids: Ids::seeded(8) }
    }

    fn act<T>(&self, act: impl FnOnce(&mut World, i64) -> T) -> T {
        act(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner), self.clock.now_millis())
    }

    fn user(&self, email: &str) -> String {
        self.act(|world, now| world.add_user(now, email, "Seat", "One", License::Basic))
    }

    fn fault(&self, fault: Fault) {
        self.act(|world, _| world.faults_mut().set(fault, Odds { next: 1, per_mille: 0 }));
    }

    fn new_meeting(&self) -> NewMeeting {
        let starts_at = self.clock.now() + Span::hours(1);
        NewMeeting { topic: "First talk".into(), starts_at, minutes: 50, passcode: secrets::passcode(&self.ids) }
    }

    async fn meeting(&self, host: &str) -> ZoomMeeting {
        self.client.create_meeting(host, &self.new_meeting()).await.unwrap()
    }

    /// The host opens a fresh start URL.
    async fn start(&self, number: i64) -> Result<String, RoomRefusal> {
        let zak = zak(&self.client.meeting(number).await.unwrap());
        self.act(|world, now| world.host_arrives(now, number, &zak, false))
    }

    fn guest(&self, meeting: &ZoomMeeting) -> String {
        let passcode = self.act(|world, _| world.find_meeting(meeting.number).unwrap().passcode.clone());
        self.act(|world, now| world.client_arrives(now, meeting.number, &passcode, "Ana").unwrap())
    }

    fn wait(&self, minutes: i64) {
        self.clock.advance(std::time::Duration::from_secs(minutes.unsigned_abs() * 60));
    }

    /// Posts what is due to a receiver that checks signatures and answers with this status.
    fn deliver(&self, status: Option<u16>) -> Vec<EventKind> {
        let due = self.act(World::tick_now);
        let mut events = Vec::new();
        for webhook in due {
            let good = signature::verify(
                SECRET,
                Some(&webhook.timestamp),
                webhook.body.as_bytes(),
                Some(&webhook.signature),
                self.clock.now(),
            );
            let answer = if good.is_ok() { status } else { Some(401) };
            if good.is_ok() {
                events.push(Event::parse(webhook.body.as_bytes()).unwrap().kind);
            }
            self.act(|world, now| world.answered(now, webhook.id, answer));
        }
        events
    }

    fn running(&self, number: i64) -> bool {
        self.act(|world, now| {
            world.tick(now);
            world.find_meeting(number).unwrap().running.is_some()
        })
    }
}

impl World {
    fn tick_now(&mut self, now: i64) -> Vec<Outgoing> {
        self.tick(now)
    }
}

/// What is logged by this thread at every level, while the guard lives.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn log() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let lines = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
    (log, tracing::subscriber::set_default(lines.with_writer(move || writer.clone()).finish()))
}

fn zak(meeting: &ZoomMeeting) -> String {
    meeting.start_url.as_ref().unwrap().reveal().split_once("zak=").unwrap().1.to_owned()
}
