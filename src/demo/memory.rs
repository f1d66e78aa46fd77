//! What the demo keeps in its folder beside the database: the mailbox and the simulated Zoom, which live in memory.
//!
//! What must stay true: a process that dies at any moment leaves files that can be read. Each is written whole beside its
//! place and then renamed into it. What happened in the last second may be missing; the portal notices as it would at Zoom.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::mail::Mailbox;
use crate::zoom::simulator::SharedWorld;

/// How often is looked whether there is something to write.
const PAUSE: Duration = Duration::from_secs(1);
/// The file of the mailbox.
const LETTERS: &str = "letters.json";
/// The file of the simulated Zoom.
const ZOOM: &str = "zoom.json";

/// The two of them and their files. Cloning shares them.
#[derive(Clone)]
pub(super) struct Memory {
    folder: Arc<Path>,
    mailbox: Mailbox,
    world: SharedWorld,
    written: Arc<Mutex<Written>>,
}

/// What is in the files now.
#[derive(Default)]
struct Written {
    /// How many letters had been sent; none: it was not looked yet.
    letters: Option<u64>,
    zoom: Vec<u8>,
    /// Whether the last try failed; that is told once.
    is_failing: bool,
}

impl Memory {
    pub(super) fn new(folder: &Path, mailbox: &Mailbox, world: &SharedWorld) -> Self {
        Self { folder: folder.into(), mailbox: mailbox.clone(), world: world.clone(), written: Arc::default() }
    }

    /// Takes away what an earlier story left.
    pub(super) fn forget(&self) -> io::Result<()> {
        [LETTERS, ZOOM].iter().try_for_each(|name| super::remove_if_there(&self.path(name)))
    }

    /// Goes on from what the files say. `false`: the simulated Zoom has nothing to go on from.
    pub(super) fn recall(&self) -> bool {
        if let Some(letters) = self.read(LETTERS, "the mailbox") {
            self.mailbox.go_on_from(letters);
        }
        let zoom = self.read(ZOOM, "the simulated Zoom");
        let is_there = zoom.is_some();
        if let Some(zoom) = zoom {
            self.world.lock().unwrap_or_else(PoisonError::into_inner).go_on_from(zoom);
        }
        is_there
    }

    /// Writes what has changed since the last time.
    pub(super) fn write(&self) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let letters = Some(self.mailbox.sent());
        if letters != written.letters {
            self.replace(LETTERS, &json(&self.mailbox.keep())?)?;
            written.letters = letters;
        }
        let kept = self.world.lock().unwrap_or_else(PoisonError::into_inner).keep();
        let zoom = json(&kept)?;
        if zoom != written.zoom {
            self.replace(ZOOM, &zoom)?;
            written.zoom = zoom;
        }
        Ok(())
    }

    /// Writes from now on, until the current actix system ends.
    pub(super) fn keep_writing(&self) {
        let memory = self.clone();
        actix_web::rt::spawn(async move {
            let mut pause = tokio::time::interval(PAUSE);
            pause.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                pause.tick().await;
                let memory = memory.clone();
                // A disk may be slow, and whoever waits for a page should not wait for it.
                if actix_web::rt::task::spawn_blocking(move || memory.write_or_tell()).await.is_err() {
                    return;
                }
            }
        });
    }

    fn write_or_tell(&self) {
        let outcome = self.write();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = &outcome
            && !written.is_failing
        {
            tracing::warn!(%error, "letters and rooms cannot be kept in {}", self.folder.display());
        }
        written.is_failing = outcome.is_err();
    }

    /// A file that is not there is nothing to go on from; one that cannot be read is told.
    fn read<T: DeserializeOwned>(&self, name: &str, what: &str) -> Option<T> {
        let path = self.path(name);
        let read = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            other => other.and_then(|bytes| Ok(serde_json::from_slice(&bytes)?)),
        };
        read.map_err(|error| tracing::warn!("{} cannot be read ({error}), so {what} begins anew.", path.display())).ok()
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (path, unfinished) = (self.path(name), self.path(&format!("{name}.new")));
        let mut file = std::fs::File::create(&unfinished)?;
        file.write_all(bytes)?;
        // Else a machine that loses its power could find the new name with nothing in it.
        file.sync_data()?;
        std::fs::rename(unfinished, path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn json(kept: &impl Serialize) -> io::Result<Vec<u8>> {
    Ok(serde_json::to_vec(kept)?)
}
