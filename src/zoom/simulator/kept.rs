//! What of a world outlives its process: everything that people did in it. What the rate limits counted, which tokens are
//! good and which faults are on begins anew.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::meetings::{Meeting, Past};
use super::users::{User, Zak};
use super::webhooks::Queue;
use super::world::World;

/// A world as it is written down.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    licenses: u32,
    minute_millis: i64,
    users: BTreeMap<String, User>,
    meetings: BTreeMap<i64, Meeting>,
    past: Vec<Past>,
    zaks: BTreeMap<String, Zak>,
    queue: Queue,
    people_so_far: i64,
}

impl World {
    /// Writes itself down.
    pub fn keep(&self) -> Kept {
        Kept {
            licenses: self.settings.licenses,
            minute_millis: self.settings.minute_millis,
            users: self.users.clone(),
            meetings: self.meetings.clone(),
            past: self.past.clone(),
            zaks: self.zaks.clone(),
            queue: self.queue.clone(),
            people_so_far: self.people_so_far,
        }
    }

    /// Becomes what was written down. A webhook that was on its way is sent again, since nobody heard the answer.
    pub fn go_on_from(&mut self, kept: Kept) {
        let Kept { licenses, minute_millis, users, meetings, past, zaks, mut queue, people_so_far } = kept;
        (self.settings.licenses, self.settings.minute_millis) = (licenses, minute_millis);
        queue.send_again();
        (self.users, self.meetings, self.past) = (users, meetings, past);
        (self.zaks, self.queue, self.people_so_far) = (zaks, queue, people_so_far);
    }
}
