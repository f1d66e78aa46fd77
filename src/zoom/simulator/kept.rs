//! What of a world outlives its process: everything that people did in it. What the rate limits counted, which tokens are
//! good, which faults are on and which writes are under way begins anew.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::meetings::{Meeting, Past};
use super::users::{User, Zak};
use super::webhooks::Queue;
use super::world::World;

/// A world as it is written down.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    licenses: u32,
    assignments_per_license: Option<u32>,
    minute_millis: i64,
    users: BTreeMap<String, User>,
    meetings: BTreeMap<i64, Meeting>,
    past: Vec<Past>,
    zaks: BTreeMap<String, Zak>,
    queue: Queue,
    people_so_far: i64,
    assigned: VecDeque<i64>,
}

impl World {
    /// Writes itself down.
    pub fn keep(&self) -> Kept {
        Kept {
            licenses: self.settings.licenses,
            assignments_per_license: self.settings.assignments_per_license,
            minute_millis: self.settings.minute_millis,
            users: self.users.clone(),
            meetings: self.meetings.clone(),
            past: self.past.clone(),
            zaks: self.zaks.clone(),
            queue: self.queue.clone(),
            people_so_far: self.people_so_far,
            assigned: self.assigned.clone(),
        }
    }

    /// Becomes what was written down. A webhook that was on its way is sent again, since nobody heard the answer.
    pub fn go_on_from(&mut self, kept: Kept) {
        self.settings.licenses = kept.licenses;
        self.settings.assignments_per_license = kept.assignments_per_license;
        self.settings.minute_millis = kept.minute_millis;
        self.users = kept.users;
        self.meetings = kept.meetings;
        self.past = kept.past;
        self.zaks = kept.zaks;
        self.queue = kept.queue;
        self.queue.send_again();
        self.people_so_far = kept.people_so_far;
        self.assigned = kept.assigned;
    }
}
