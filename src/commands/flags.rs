//! The flags that stand for settings. Each goes before the setting of the environment that its help names.
//!
//! No flag holds a secret, since everybody on the machine can read command lines; a flag may name the file of one. A
//! command offers only what it reads.

use clap::Args;
use duologue::config::{BIND, Given, SIMULATOR_BIND};

type Flags = Vec<(&'static str, Option<String>)>;

/// Where the database is.
#[derive(Args)]
pub(super) struct DatabaseFlags {
    /// The database: `sqlite://path` or `postgres://…`; goes before `DATABASE_URL`. One with a password belongs into the
    /// environment, or into a file.
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    database_url: Option<String>,
    /// A file with the database's URL; goes before `DATABASE_URL_FILE`.
    #[arg(long, value_name = "PATH", help_heading = HEADING, conflicts_with = "database_url")]
    database_url_file: Option<String>,
}

/// Database, public URL and key.
#[derive(Args)]
pub(super) struct BasicFlags {
    #[command(flatten)]
    database: DatabaseFlags,
    /// The public URL, which letters and links lead to; goes before `DUOLOGUE_BASE_URL`.
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    base_url: Option<String>,
    /// A file with the key that signs cookies and links; goes before `DUOLOGUE_SECRET_KEY_FILE`.
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    secret_key_file: Option<String>,
}

/// Where the portal listens.
#[derive(Args)]
struct BindFlag {
    /// Address and port to listen on; goes before `DUOLOGUE_BIND`.
    #[arg(long, value_name = "ADDRESS", help_heading = HEADING)]
    bind: Option<String>,
}

/// Everything that `serve` needs.
#[derive(Args)]
pub(super) struct ServeFlags {
    #[command(flatten)]
    basics: BasicFlags,
    #[command(flatten)]
    bind: BindFlag,
    /// Zoom's API; goes before `ZOOM_API_URL`.
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    zoom_api_url: Option<String>,
    /// Where Zoom's tokens come from; goes before `ZOOM_OAUTH_URL`.
    #[arg(long, value_name = "URL", help_heading = HEADING)]
    zoom_oauth_url: Option<String>,
    /// The Zoom account's plan: free, pro or business; goes before `ZOOM_PLAN`.
    #[arg(long, value_name = "PLAN", help_heading = HEADING)]
    zoom_plan: Option<String>,
    /// The Zoom account; goes before `ZOOM_ACCOUNT_ID`.
    #[arg(long, value_name = "ID", help_heading = HEADING)]
    zoom_account_id: Option<String>,
    /// The Server-to-Server OAuth app; goes before `ZOOM_CLIENT_ID`.
    #[arg(long, value_name = "ID", help_heading = HEADING)]
    zoom_client_id: Option<String>,
    /// A file with the app's secret; goes before `ZOOM_CLIENT_SECRET_FILE`.
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    zoom_client_secret_file: Option<String>,
    /// A file with the app's Secret Token, which signs webhooks; goes before `ZOOM_WEBHOOK_SECRET_FILE`.
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    zoom_webhook_secret_file: Option<String>,
    /// A file with the mail server's URL; goes before `SMTP_URL_FILE`.
    #[arg(long, value_name = "PATH", help_heading = HEADING)]
    smtp_url_file: Option<String>,
    /// The sender, `Name <address>`; goes before `MAIL_FROM`.
    #[arg(long, value_name = "SENDER", help_heading = HEADING)]
    mail_from: Option<String>,
}

/// Where `demo` listens.
#[derive(Args)]
pub(super) struct DemoFlags {
    #[command(flatten)]
    bind: BindFlag,
    /// Where the simulated Zoom listens; goes before `DUOLOGUE_SIMULATOR_BIND`.
    #[arg(long, value_name = "ADDRESS", help_heading = HEADING)]
    simulator_bind: Option<String>,
}

const HEADING: &str = "Settings";

impl DatabaseFlags {
    fn flags(&self) -> Flags {
        vec![("DATABASE_URL", self.database_url.clone()), ("DATABASE_URL_FILE", self.database_url_file.clone())]
    }

    /// What was given.
    pub(super) fn given(&self) -> Given {
        Given::new(self.flags())
    }
}

impl BasicFlags {
    fn flags(&self) -> Flags {
        let own = [("DUOLOGUE_BASE_URL", self.base_url.clone()), ("DUOLOGUE_SECRET_KEY_FILE", self.secret_key_file.clone())];
        self.database.flags().into_iter().chain(own).collect()
    }

    /// What was given.
    pub(super) fn given(&self) -> Given {
        Given::new(self.flags())
    }
}

impl BindFlag {
    fn flag(&self) -> (&'static str, Option<String>) {
        (BIND, self.bind.clone())
    }
}

impl ServeFlags {
    /// What was given.
    pub(super) fn given(&self) -> Given {
        let own = [
            self.bind.flag(),
            ("ZOOM_API_URL", self.zoom_api_url.clone()),
            ("ZOOM_OAUTH_URL", self.zoom_oauth_url.clone()),
            ("ZOOM_PLAN", self.zoom_plan.clone()),
            ("ZOOM_ACCOUNT_ID", self.zoom_account_id.clone()),
            ("ZOOM_CLIENT_ID", self.zoom_client_id.clone()),
            ("ZOOM_CLIENT_SECRET_FILE", self.zoom_client_secret_file.clone()),
            ("ZOOM_WEBHOOK_SECRET_FILE", self.zoom_webhook_secret_file.clone()),
            ("SMTP_URL_FILE", self.smtp_url_file.clone()),
            ("MAIL_FROM", self.mail_from.clone()),
        ];
        Given::new(self.basics.flags().into_iter().chain(own))
    }
}

impl DemoFlags {
    /// What was given.
    pub(super) fn given(&self) -> Given {
        Given::new([self.bind.flag(), (SIMULATOR_BIND, self.simulator_bind.clone())])
    }
}
