//! Reads settings one by one and collects what is wrong, so that all mistakes are told at once.

use std::net::SocketAddr;

use url::Url;

use crate::store::DatabaseUrl;
use crate::zoom::label::Plan;

use super::{Basics, ConfigError, Lookup, MailSettings, Mistake, SHORTEST_KEY, Secret, ZoomSettings};

/// Reads through a lookup and notes every mistake.
pub(super) struct Reader<'a> {
    lookup: Lookup<'a>,
    mistakes: Vec<Mistake>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lookup: Lookup<'a>) -> Self {
        Self { lookup, mistakes: Vec::new() }
    }

    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, ConfigError> {
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

    pub(super) fn bind(&mut self, name: &str, default: &str) -> Option<SocketAddr> {
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

    pub(super) fn database(&mut self) -> Option<DatabaseUrl> {
        let text = self.secret_or("DATABASE_URL", "sqlite://data/duologue.db")?;
        match text.parse::<DatabaseUrl>() {
            Ok(url) if url.is_in_memory() => self
                .wrong("DATABASE_URL", "names a database in memory, which ends with the command; use sqlite://data/duologue.db"),
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

    pub(super) fn basics(&mut self) -> Option<Basics> {
        let database = self.database();
        let base_url = self.url("DUOLOGUE_BASE_URL", Some("http://127.0.0.1:8080"), "https://meet.example.com");
        let base_url = match base_url {
            Some(url) if !is_bare_origin(&url) => self.wrong(
                "DUOLOGUE_BASE_URL",
                "must be nothing but scheme and host: Duologue lives at the root of its host, for example https://meet.example.com",
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

    pub(super) fn zoom(&mut self) -> Option<ZoomSettings> {
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

    pub(super) fn mail(&mut self) -> Option<MailSettings> {
        let smtp_url =
            self.secret("SMTP_URL", "clients are invited by mail; use for example smtps://user:password@mail.example.com");
        let from = self.required("MAIL_FROM", "use for example: Duologue <meetings@example.com>");
        Some(MailSettings { smtp_url: smtp_url?, from: from? })
    }
}

/// Whether a URL has neither path, query and fragment nor credentials.
fn is_bare_origin(url: &Url) -> bool {
    let origin = url.origin().ascii_serialization();
    url.as_str().trim_end_matches('/') == origin
}
