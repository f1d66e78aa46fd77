//! The only reader of the environment. Everything is read, checked and named once, before anything starts; a mistake names
//! the setting and the remedy, and all mistakes are told at once.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use url::Url;

use crate::store::DatabaseUrl;
use crate::zoom::label::Plan;

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
}

/// The shortest key that signs cookies and links, in bytes.
pub const SHORTEST_KEY: usize = 32;

/// Reads one variable; `None` when it is not set.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's own environment.
#[expect(clippy::disallowed_methods, reason = "config.rs is the one place that reads the environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Basics {
    /// Reads what every command needs.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let basics = reader.basics();
        reader.finish(basics)
    }
}

impl Config {
    /// Reads everything.
    pub fn read(lookup: Lookup<'_>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let basics = reader.basics();
        let bind = reader.bind("DUOLOGUE_BIND", "127.0.0.1:8080");
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
        let bind = reader.bind("DUOLOGUE_BIND", "127.0.0.1:8080");
        let simulator_bind = reader.bind("DUOLOGUE_SIMULATOR_BIND", "127.0.0.1:8090");
        let all = (|| Some(Self { bind: bind?, simulator_bind: simulator_bind? }))();
        reader.finish(all)
    }
}

/// `DATABASE_URL` alone, for `migrate`, which needs no key.
pub fn database(lookup: Lookup<'_>) -> Result<DatabaseUrl, ConfigError> {
    let mut reader = Reader::new(lookup);
    let database = reader.database();
    reader.finish(database)
}

/// The folder of `demo`, below the system's folder for temporary files.
pub fn demo_folder(name: &str) -> PathBuf {
    std::env::temp_dir().join(name)
}

struct Reader<'a> {
    lookup: Lookup<'a>,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    fn new(lookup: Lookup<'a>) -> Self {
        Self { lookup, mistakes: Vec::new() }
    }

    fn finish<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        match value {
            Some(value) if self.mistakes.is_empty() => Ok(value),
            _ => Err(ConfigError(self.mistakes)),
        }
    }

    fn wrong<T>(&mut self, setting: &str, remedy: impl Into<String>) -> Option<T> {
        self.mistakes.push(Mistake { setting: setting.to_owned(), remedy: remedy.into() });
        None
    }

    /// The variable, or the default when it is not set or empty.
    fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A secret, from the variable or from the file that `…_FILE` names.
    fn secret(&mut self, name: &str, purpose: &str) -> Option<Secret> {
        let file_setting = format!("{name}_FILE");
        match (self.text(name), self.text(&file_setting)) {
            (Some(_), Some(_)) => self.wrong(name, format!("is set, and so is {file_setting}; keep one of the two")),
            (Some(value), None) => Some(Secret(value)),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(content) if !content.trim().is_empty() => Some(Secret(content.trim().to_owned())),
                Ok(_) => self.wrong(&file_setting, format!("the file {path} is empty")),
                Err(error) => self.wrong(&file_setting, format!("the file {path} cannot be read: {error}")),
            },
            (None, None) => self.wrong(name, format!("is not set; {purpose}")),
        }
    }

    fn required(&mut self, name: &str, purpose: &str) -> Option<String> {
        self.text(name).or_else(|| self.wrong(name, format!("is not set; {purpose}")))
    }

    fn bind(&mut self, name: &str, default: &str) -> Option<SocketAddr> {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        text.parse().ok().or_else(|| self.wrong(name, format!("must be an address and a port such as {default}")))
    }

    fn url(&mut self, name: &str, default: Option<&str>, example: &str) -> Option<Url> {
        let Some(text) = self.text(name).or_else(|| default.map(str::to_owned)) else {
            return self.wrong(name, format!("is not set; use a URL such as {example}"));
        };
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() => Some(url),
            _ => self.wrong(name, format!("must be a URL such as {example}")),
        }
    }

    fn database(&mut self) -> Option<DatabaseUrl> {
        let text = self.secret_or("DATABASE_URL", "sqlite://data/duologue.db")?;
        match text.parse() {
            Ok(url) => Some(url),
            Err(_) => {
                self.wrong("DATABASE_URL", "must begin with sqlite:// or postgres://, for example sqlite://data/duologue.db")
            }
        }
    }

    /// A setting that may hold a secret and has a default.
    fn secret_or(&mut self, name: &str, default: &str) -> Option<String> {
        let file = format!("{name}_FILE");
        if self.text(name).is_none() && self.text(&file).is_none() {
            return Some(default.to_owned());
        }
        self.secret(name, "").map(|secret| secret.0)
    }

    fn basics(&mut self) -> Option<Basics> {
        let database = self.database();
        let base_url = self.url("DUOLOGUE_BASE_URL", Some("http://127.0.0.1:8080"), "https://meet.example.com");
        let base_url = match base_url {
            Some(url) if url.path() != "/" || url.query().is_some() => self.wrong(
                "DUOLOGUE_BASE_URL",
                "must have no path: Duologue lives at the root of its host, for example https://meet.example.com",
            ),
            other => other,
        };
        let purpose = "it signs cookies and links; make one with: openssl rand -base64 48";
        let secret_key = match self.secret("DUOLOGUE_SECRET_KEY", purpose) {
            Some(key) if key.0.len() < SHORTEST_KEY => self.wrong(
                "DUOLOGUE_SECRET_KEY",
                format!("is too short: use {SHORTEST_KEY} bytes or more; make one with: openssl rand -base64 48"),
            ),
            other => other,
        };
        Some(Basics { database: database?, base_url: base_url?, secret_key: secret_key? })
    }

    fn zoom(&mut self) -> Option<ZoomSettings> {
        let from_app = "copy it from your Server-to-Server OAuth app in the Zoom App Marketplace (to try Duologue without Zoom, run: duologue demo)";
        let api_url = self.url("ZOOM_API_URL", Some("https://api.zoom.us/v2"), "https://api.zoom.us/v2");
        let oauth_url = self.url("ZOOM_OAUTH_URL", Some("https://zoom.us/oauth/token"), "https://zoom.us/oauth/token");
        let word = self.text("ZOOM_PLAN").unwrap_or_else(|| Plan::default().word().to_owned()).to_lowercase();
        let plan = Plan::from_word(&word).or_else(|| self.wrong("ZOOM_PLAN", "must be free, pro or business"));
        let account_id = self.required("ZOOM_ACCOUNT_ID", from_app);
        let client_id = self.required("ZOOM_CLIENT_ID", from_app);
        let client_secret = self.secret("ZOOM_CLIENT_SECRET", from_app);
        let webhook_secret =
            self.secret("ZOOM_WEBHOOK_SECRET", "copy the Secret Token from the app's Feature page in the Zoom App Marketplace");
        Some(ZoomSettings {
            api_url: api_url?,
            oauth_url: oauth_url?,
            plan: plan?,
            account_id: account_id?,
            client_id: client_id?,
            client_secret: client_secret?,
            webhook_secret: webhook_secret?,
        })
    }

    fn mail(&mut self) -> Option<MailSettings> {
        let smtp_url =
            self.secret("SMTP_URL", "clients are invited by mail; use for example smtps://user:password@mail.example.com");
        let from = self.required("MAIL_FROM", "use for example: Duologue <meetings@example.com>");
        Some(MailSettings { smtp_url: smtp_url?, from: from? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    const KEY: (&str, &str) = ("DUOLOGUE_SECRET_KEY", "0123456789012345678901234567890123456789");

    #[test]
    fn everything_that_is_missing_is_named_at_once() {
        let ConfigError(mistakes) = Config::read(&with(&[])).unwrap_err();
        let named: Vec<&str> = mistakes.iter().map(|mistake| mistake.setting.as_str()).collect();
        for setting in [
            "DUOLOGUE_SECRET_KEY",
            "ZOOM_ACCOUNT_ID",
            "ZOOM_CLIENT_ID",
            "ZOOM_CLIENT_SECRET",
            "ZOOM_WEBHOOK_SECRET",
            "SMTP_URL",
            "MAIL_FROM",
        ] {
            assert!(named.contains(&setting), "{setting}");
        }
    }

    #[test]
    fn a_complete_environment_is_accepted() {
        let all = [
            KEY,
            ("ZOOM_ACCOUNT_ID", "a"),
            ("ZOOM_CLIENT_ID", "b"),
            ("ZOOM_CLIENT_SECRET", "c"),
            ("ZOOM_WEBHOOK_SECRET", "d"),
            ("SMTP_URL", "smtp://localhost"),
            ("MAIL_FROM", "Duologue <meet@example.com>"),
        ];
        assert!(Config::read(&with(&all)).is_ok());
    }

    #[test]
    fn an_unknown_plan_is_refused() {
        let ConfigError(mistakes) = Config::read(&with(&[("ZOOM_PLAN", "gold")])).unwrap_err();
        assert!(mistakes.iter().any(|mistake| mistake.setting == "ZOOM_PLAN"), "{mistakes:?}");
        let ConfigError(mistakes) = Config::read(&with(&[("ZOOM_PLAN", "Business")])).unwrap_err();
        assert!(mistakes.iter().all(|mistake| mistake.setting != "ZOOM_PLAN"), "{mistakes:?}");
    }

    #[test]
    fn a_mistyped_database_is_refused_and_not_created() {
        let ConfigError(mistakes) = Basics::read(&with(&[KEY, ("DATABASE_URL", "postgress://db/x")])).unwrap_err();
        assert_eq!(mistakes[0].setting, "DATABASE_URL");
    }

    #[test]
    fn a_short_key_is_refused() {
        let ConfigError(mistakes) = Basics::read(&with(&[("DUOLOGUE_SECRET_KEY", "short")])).unwrap_err();
        assert_eq!(mistakes[0].setting, "DUOLOGUE_SECRET_KEY");
    }

    #[test]
    fn a_secret_comes_from_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "0123456789012345678901234567890123456789\n").unwrap();
        let path = path.to_string_lossy().into_owned();
        let basics = Basics::read(&with(&[("DUOLOGUE_SECRET_KEY_FILE", &path)])).unwrap();
        assert_eq!(basics.secret_key.reveal().len(), 40);
        assert!(Basics::read(&with(&[KEY, ("DUOLOGUE_SECRET_KEY_FILE", &path)])).is_err());
    }

    #[test]
    fn no_secret_shows_in_debug_output() {
        let basics = Basics::read(&with(&[KEY, ("DATABASE_URL", "postgres://duo:hunter2@db/duo")])).unwrap();
        let shown = format!("{basics:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("0123456789"), "{shown}");
    }
}
