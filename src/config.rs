//! The only reader of the environment. Everything is read, checked and named once, before anything starts; a mistake names
//! the setting and the remedy, and all mistakes are told at once.
//!
//! What the command line says goes before the environment ([`Given`]). Secrets have no place there, since everybody on the
//! machine can read it: they come from the environment, or from a file that a flag may name.

mod reader;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use url::Url;

use crate::store::DatabaseUrl;
use crate::zoom::label::Plan;

use reader::Reader;

/// A setting that is missing or wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The setting.
    pub setting: String,
    /// What to do.
    pub remedy: String,
}

/// Everything that is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(pub Vec<Mistake>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in &self.0 {
            writeln!(f, "  {}: {}", mistake.setting, mistake.remedy)?;
        }
        Ok(())
    }
}

impl ConfigError {
    /// One mistake that only shows when the setting is used.
    pub fn one(setting: &str, remedy: impl Into<String>) -> Self {
        Self(vec![Mistake { setting: setting.to_owned(), remedy: remedy.into() }])
    }

    /// The address of `setting` cannot be listened on.
    pub fn cannot_listen(setting: &str, address: SocketAddr, error: &io::Error) -> Self {
        let cause = match error.kind() {
            io::ErrorKind::AddrInUse => "another program listens there already; stop it, or use another port",
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address; use one of its own, such as 127.0.0.1 or 0.0.0.0"
            }
            io::ErrorKind::PermissionDenied => "this user may not listen there; use a port from 1024 on, behind a proxy",
            _ => "use another address and port",
        };
        Self::one(setting, format!("cannot listen on {address} ({error}): {cause}"))
    }
}

/// A value that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value that was just read or drawn.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// Where the database is; all that `migrate` and the administrative commands need besides the key.
#[derive(Clone, Debug)]
pub struct Basics {
    /// `DATABASE_URL`.
    pub database: DatabaseUrl,
    /// `DUOLOGUE_BASE_URL`, without a trailing slash.
    pub base_url: Url,
    /// `DUOLOGUE_SECRET_KEY`.
    pub secret_key: Secret,
}

/// How to reach Zoom.
#[derive(Clone, Debug)]
pub struct ZoomSettings {
    /// `ZOOM_API_URL`.
    pub api_url: Url,
    /// `ZOOM_OAUTH_URL`.
    pub oauth_url: Url,
    /// `ZOOM_PLAN`.
    pub plan: Plan,
    /// `ZOOM_ACCOUNT_ID`.
    pub account_id: String,
    /// `ZOOM_CLIENT_ID`.
    pub client_id: String,
    /// `ZOOM_CLIENT_SECRET`.
    pub client_secret: Secret,
    /// `ZOOM_WEBHOOK_SECRET`.
    pub webhook_secret: Secret,
}

/// How to send mail.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// `SMTP_URL`, with its password.
    pub smtp_url: Secret,
    /// `MAIL_FROM`.
    pub from: String,
}

/// What `serve` and `check` need.
#[derive(Clone, Debug)]
pub struct Config {
    /// Database, public URL and key.
    pub basics: Basics,
    /// `DUOLOGUE_BIND`.
    pub bind: SocketAddr,
    /// How to reach Zoom.
    pub zoom: ZoomSettings,
    /// How to send mail.
    pub mail: MailSettings,
}

/// What `demo` needs: all of it has defaults.
#[derive(Clone, Debug)]
pub struct DemoConfig {
    /// `DUOLOGUE_BIND`.
    pub bind: SocketAddr,
    /// `DUOLOGUE_SIMULATOR_BIND`.
    pub simulator_bind: SocketAddr,
    /// Another database than the file in the demo's folder; for tests.
    pub database: Option<DatabaseUrl>,
}

/// The setting that says where the portal listens.
pub const BIND: &str = "DUOLOGUE_BIND";
/// The setting that says where the simulated Zoom of `demo` listens.
pub const SIMULATOR_BIND: &str = "DUOLOGUE_SIMULATOR_BIND";

/// The shortest key that signs cookies and links, in bytes.
pub const SHORTEST_KEY: usize = 32;

/// Reads one setting; `None` when it is not set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's own environment.
#[expect(clippy::disallowed_methods, reason = "config.rs is the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What the command line says of settings; it goes before the environment.
#[derive(Clone, Debug, Default)]
pub struct Given(BTreeMap<&'static str, String>);

impl Given {
    /// Puts together what was given, by the settings' names.
    pub fn new(flags: impl IntoIterator<Item = (&'static str, Option<String>)>) -> Self {
        Self(flags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
    }

    /// A setting: from the command line, or else from the environment.
    pub fn lookup(&self, name: &str) -> Option<String> {
        self.over(name, &environment)
    }

    /// A secret and its `…_FILE` are one setting: whichever was given here hides the other one there.
    fn over(&self, name: &str, below: Lookup<'_>) -> Option<String> {
        let twin = name.strip_suffix("_FILE").map_or_else(|| format!("{name}_FILE"), str::to_owned);
        match self.0.get(name) {
            Some(value) => Some(value.clone()),
            None if self.0.contains_key(&*twin) => None,
            None => below(name),
        }
    }
}

impl Basics {
    /// Reads what every command needs.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let basics = reader.basics();
        reader.finish(basics)
    }
}

impl Basics {
    /// What to mind about the public URL, if it leads back to the machine it is opened on.
    pub fn leads_nowhere(&self) -> Option<String> {
        is_loopback(&self.base_url).then(|| {
            format!(
                "{} can be opened on this machine alone, and so can every link that is printed or mailed; set DUOLOGUE_BASE_URL \
                 to what people's browsers see, for example https://meet.example.com",
                self.base_url.as_str().trim_end_matches('/')
            )
        })
    }
}

impl Config {
    /// The same, unless the mail server is on this machine as well: then it is a trial, and nobody else gets a letter.
    pub fn leads_nowhere(&self) -> Option<String> {
        let mails_here = Url::parse(self.mail.smtp_url.reveal()).is_ok_and(|url| is_loopback(&url));
        self.basics.leads_nowhere().filter(|_| !mails_here)
    }

    /// Reads everything.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let basics = reader.basics();
        let bind = reader.bind(BIND, "127.0.0.1:8080");
        let zoom = reader.zoom();
        let mail = reader.mail();
        let all = (|| Some(Self { basics: basics?, bind: bind?, zoom: zoom?, mail: mail? }))();
        reader.finish(all)
    }
}

impl DemoConfig {
    /// Reads where the demo listens.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let bind = reader.bind(BIND, "127.0.0.1:8080");
        let simulator_bind = reader.bind(SIMULATOR_BIND, "127.0.0.1:8090");
        let all = (|| Some(Self { bind: bind?, simulator_bind: simulator_bind?, database: None }))();
        reader.finish(all)
    }
}

/// `DATABASE_URL` alone, for `migrate`, which needs no key.
pub fn database(lookup: Lookup<'_>) -> Result<DatabaseUrl, ConfigError> {
    let mut reader = Reader::new(lookup);
    let database = reader.database();
    reader.finish(database)
}

fn is_loopback(url: &Url) -> bool {
    // A host of a scheme that the URL standard does not know, such as smtp, is not read as an address by itself.
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The folder of `demo`, below the system's folder for temporary files.
pub fn demo_folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(name)
}

#[cfg(test)]
mod tests;
