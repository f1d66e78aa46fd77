//! `serve` and `demo`: the servers, with the background work beside them.
//!
//! What must stay true: nothing is done in the background before every socket is ours. A second process that was started by
//! mistake ends before it has touched a license.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use duologue::app::{App, Parts};
use duologue::clock::{Clock, Ids};
use duologue::config::{self, BIND, Config, ConfigError, DemoConfig, Given};
use duologue::mail::{Mailer, Sender, Smtp};
use duologue::store::Store;
use duologue::web::WebOptions;
use duologue::zoom::http::HttpTransport;
use duologue::zoom::pace::Paced;
use duologue::zoom::{Client, Credentials};
use duologue::{demo as product, keeper, web};

use super::administer::require_migrated;
use super::say;

/// How many threads answer requests.
const WORKERS: usize = 2;

pub(super) async fn serve(given: &Given) -> anyhow::Result<ExitCode> {
    let config = Config::read(&|name| given.lookup(name))?;
    let mailer = mailer(&config)?;
    let listener = web::listen(config.bind).map_err(|error| ConfigError::cannot_listen(BIND, config.bind, &error))?;
    require_migrated(&config.basics.database)?;
    let app = portal(&config, mailer)?;
    let options = WebOptions { zoom_origins: zoom_origins(&config), demo: None, workers: WORKERS, patience: web::PATIENCE };
    let (server, address) = web::start(app.clone(), options, listener)?;
    keeper::start(&app);
    if let Some(doubt) = config.leads_nowhere() {
        tracing::warn!("{doubt}");
    }
    tracing::info!(%address, base_url = %config.basics.base_url, "Duologue is listening");
    server.await?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn demo(folder: Option<PathBuf>, given: &Given) -> anyhow::Result<ExitCode> {
    let config = DemoConfig::read(&|name| given.lookup(name))?;
    let folder =
        folder.unwrap_or_else(|| config::demo_folder(&format!("duologue-demo-{}", &Ids::random().id(&Clock::System)[24..])));
    let (demo, server, simulator) = product::start(&config, &folder).await?.into_parts();
    say(false, &serde_json::Value::Null, &demo.welcome());
    actix_web::rt::spawn(simulator);
    server.await?;
    demo.keep()?;
    Ok(ExitCode::SUCCESS)
}

/// The way to the mail server.
pub(super) fn mailer(config: &Config) -> Result<Mailer, ConfigError> {
    let sender = Sender::parse(&config.mail.from).map_err(|error| {
        ConfigError::one("MAIL_FROM", format!("cannot be used ({error}); use for example: Duologue <meetings@example.com>"))
    })?;
    let smtp =
        Smtp::new(config.mail.smtp_url.reveal(), sender).map_err(|error| ConfigError::one("SMTP_URL", error.to_string()))?;
    Ok(Mailer::Smtp(smtp))
}

/// The verbs, with the real Zoom and the real mail server.
pub(super) fn portal(config: &Config, mailer: Mailer) -> anyhow::Result<Arc<App>> {
    let zoom = &config.zoom;
    let transport = HttpTransport::new(zoom.api_url.as_str(), zoom.oauth_url.as_str())?;
    let paced = Paced::new(Arc::new(transport), zoom.plan, Clock::System);
    let credentials = Credentials {
        account_id: zoom.account_id.clone(),
        client_id: zoom.client_id.clone(),
        client_secret: zoom.client_secret.reveal().to_owned(),
    };
    Ok(App::new(Parts {
        store: Store::open(&config.basics.database)?,
        zoom: Client::new(Arc::new(paced), credentials, Clock::System),
        mailer,
        clock: Clock::System,
        ids: Ids::random(),
        secret_key: config.basics.secret_key.clone(),
        base_url: config.basics.base_url.clone(),
        webhook_secret: zoom.webhook_secret.clone(),
    }))
}

/// Where a host or client may be sent on to.
fn zoom_origins(config: &Config) -> Vec<String> {
    let api = &config.zoom.api_url;
    if api.host_str().is_some_and(|host| host == "zoom.us" || host.ends_with(".zoom.us")) {
        vec!["https://zoom.us".to_owned(), "https://*.zoom.us".to_owned()]
    } else {
        vec![api.origin().ascii_serialization()]
    }
}
