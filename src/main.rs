//! The commands; nothing else.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use duologue::app::tenants::NewTenant;
use duologue::app::{App, AppError, Parts};
use duologue::clock::{Clock, Ids};
use duologue::config::{self, Basics, Config, ConfigError, DemoConfig, Secret, environment};
use duologue::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use duologue::domain::tenant::Share;
use duologue::mail::{Mailbox, Mailer, Sender, Smtp};
use duologue::store::{DatabaseUrl, Store, StoreError, migrate};
use duologue::web::WebOptions;
use duologue::zoom::http::HttpTransport;
use duologue::zoom::{Client, Credentials};
use duologue::{demo, keeper, planner, simulate, web};
use serde_json::json;

/// One-on-one Zoom meetings for many tenants, with a few licenses that serve many hosts.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Settings come from the environment; docs/configuration.md lists them. Exit codes: 0 done, 1 failed, 2 wrong \
    command line, 3 wrong configuration."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything on this machine, with a simulated Zoom and a mailbox page; nothing to set up.
    Demo {
        /// Keep the demo's files here and go on from them next time, instead of starting anew in a temporary folder.
        #[arg(long)]
        folder: Option<PathBuf>,
    },
    /// Run the portal. Needs Zoom credentials, a mail server and a key; names what is missing.
    Serve,
    /// Bring the database up to date.
    Migrate {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at configuration, database, Zoom and mail; each line says what to do.
    Check {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Live through many simulated days on which everything goes wrong, and check every promise after every step.
    Simulate(simulate::Arguments),
    /// Say how many licenses are needed, from described days or from those on record.
    Plan(planner::Arguments),
    /// Operators: the people who run the pool.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Tenants: the organizations that use the portal.
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Seats: the Zoom users that can host.
    #[command(subcommand)]
    Seats(SeatsCommand),
    /// Licenses: how many were bought.
    #[command(subcommand)]
    Licenses(LicensesCommand),
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Add an operator and print a one-time link with which they choose a password.
    Add {
        /// The address they sign in with.
        email: String,
        /// Their name.
        name: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum TenantCommand {
    /// Add a tenant with its first admin, and print a one-time link with which they choose a password.
    Add {
        /// Its part of the URL: lower-case letters, digits and hyphens.
        slug: String,
        /// Its name.
        name: String,
        /// The first admin's address.
        #[arg(long)]
        admin_email: String,
        /// The first admin's name.
        #[arg(long)]
        admin_name: String,
        /// Its time zone, such as Europe/Madrid.
        #[arg(long, default_value = "UTC")]
        zone: String,
        /// Licenses kept for it at every instant.
        #[arg(long, default_value_t = 0)]
        guarantee: u32,
        /// The most licenses it may use at once.
        #[arg(long, default_value_t = 2)]
        cap: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum SeatsCommand {
    /// Import seats from CSV: email, name, tenant (slug), user (address). All of it or nothing.
    Import {
        /// The file; - reads standard input.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum LicensesCommand {
    /// Set how many licenses were bought. Accepted meetings stay.
    Set {
        /// How many.
        #[arg(value_parser = clap::value_parser!(u32).range(0..=10_000))]
        count: u32,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // What goes wrong on simulated days is meant to.
    let usual = if matches!(arguments.command, Command::Simulate(_)) { "off" } else { "info" };
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_new(environment("RUST_LOG").unwrap_or_else(|| usual.to_owned()))
                .unwrap_or_default(),
        )
        .with_writer(std::io::stderr)
        .init();
    match actix_web::rt::System::new().block_on(run(arguments.command)) {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo { folder } => run_demo(folder).await,
        Command::Serve => serve().await,
        Command::Migrate { json } => bring_up_to_date(json),
        Command::Check { json } => check(json).await,
        Command::Simulate(arguments) => {
            Ok(if simulate::run(&arguments, &mut std::io::stdout())? { ExitCode::SUCCESS } else { ExitCode::from(1) })
        }
        Command::Plan(arguments) => planner::run(&arguments, &mut std::io::stdout()).await.map(|()| ExitCode::SUCCESS),
        Command::Operator(OperatorCommand::Add { email, name, json }) => add_operator(&email, &name, json).await,
        Command::Tenant(TenantCommand::Add { slug, name, admin_email, admin_name, zone, guarantee, cap, json }) => {
            let share = Share { guarantee, cap };
            add_tenant([&slug, &name, &zone, &admin_email, &admin_name], share, json).await
        }
        Command::Seats(SeatsCommand::Import { file, json }) => import_seats(&file, json).await,
        Command::Licenses(LicensesCommand::Set { count, json }) => set_licenses(count, json).await,
    }
}

/// A wrong configuration is told setting by setting; anything else with its causes.
fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(mistakes) = error.downcast_ref::<ConfigError>() {
        eprintln!("duologue cannot start with this configuration:\n{mistakes}");
        return ExitCode::from(3);
    }
    eprintln!("duologue: {error:#}");
    ExitCode::from(1)
}

#[expect(clippy::print_stdout, reason = "what a command answers goes to standard output")]
fn say(json: bool, value: &serde_json::Value, text: &str) {
    if json {
        println!("{value}");
    } else {
        println!("{text}");
    }
}

async fn run_demo(folder: Option<PathBuf>) -> anyhow::Result<ExitCode> {
    let config = DemoConfig::read(&environment)?;
    let folder =
        folder.unwrap_or_else(|| config::demo_folder(&format!("duologue-demo-{}", &Ids::random().id(&Clock::System)[24..])));
    let (demo, server, simulator) = demo::start(&config, &folder).await?.into_parts();
    say(false, &serde_json::Value::Null, &demo.welcome());
    actix_web::rt::spawn(simulator);
    server.await?;
    Ok(ExitCode::SUCCESS)
}

async fn serve() -> anyhow::Result<ExitCode> {
    let config = Config::read(&environment)?;
    let pending = migrate::pending(&config.basics.database)?;
    anyhow::ensure!(pending.is_empty(), "the database is not up to date; run: duologue migrate");
    let zoom_origins = zoom_origins(&config);
    let app = portal(&config)?;
    keeper::start(&app);
    let options = WebOptions { bind: config.bind, zoom_origins, demo: None, workers: 2 };
    let (server, address) = web::start(app, options)?;
    tracing::info!(%address, base_url = %config.basics.base_url, "Duologue is listening");
    server.await?;
    Ok(ExitCode::SUCCESS)
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

fn portal(config: &Config) -> anyhow::Result<Arc<App>> {
    let zoom = &config.zoom;
    let transport = HttpTransport::new(zoom.api_url.as_str(), zoom.oauth_url.as_str())?;
    let credentials = Credentials {
        account_id: zoom.account_id.clone(),
        client_id: zoom.client_id.clone(),
        client_secret: zoom.client_secret.reveal().to_owned(),
    };
    let sender = Sender::parse(&config.mail.from).map_err(|error| ConfigError::one("MAIL_FROM", error.to_string()))?;
    let smtp =
        Smtp::new(config.mail.smtp_url.reveal(), sender).map_err(|error| ConfigError::one("SMTP_URL", error.to_string()))?;
    Ok(App::new(Parts {
        store: Store::open(&config.basics.database)?,
        zoom: Client::new(Arc::new(transport), credentials, Clock::System),
        mailer: Mailer::Smtp(smtp),
        clock: Clock::System,
        ids: Ids::random(),
        secret_key: config.basics.secret_key.clone(),
        base_url: config.basics.base_url.clone(),
        webhook_secret: zoom.webhook_secret.clone(),
    }))
}

fn bring_up_to_date(json: bool) -> anyhow::Result<ExitCode> {
    let database: DatabaseUrl = config::database(&environment)?;
    let applied = migrate::up(&database)?;
    let text =
        if applied.is_empty() { "The database is up to date.".to_owned() } else { format!("Applied: {}", applied.join(", ")) };
    say(json, &json!({ "applied": applied }), &text);
    Ok(ExitCode::SUCCESS)
}

/// The verbs for somebody at the machine's console: the database and the key, but neither Zoom nor mail. Letters wait in
/// the outbox for `serve`.
fn console() -> anyhow::Result<Arc<App>> {
    let basics = Basics::read(&environment)?;
    let pending = migrate::pending(&basics.database)?;
    anyhow::ensure!(pending.is_empty(), "the database is not up to date; run: duologue migrate");
    let nowhere = HttpTransport::new("https://zoom.invalid/v2", "https://zoom.invalid/oauth/token")?;
    let nobody = Credentials { account_id: String::new(), client_id: String::new(), client_secret: String::new() };
    Ok(App::new(Parts {
        store: Store::open(&basics.database)?,
        zoom: Client::new(Arc::new(nowhere), nobody, Clock::System),
        mailer: Mailer::Mailbox(Mailbox::new(Sender::parse("Duologue <nobody@duologue.invalid>")?)),
        clock: Clock::System,
        ids: Ids::random(),
        secret_key: basics.secret_key,
        base_url: basics.base_url,
        webhook_secret: Secret::new(""),
    }))
}

async fn add_operator(email: &str, name: &str, json: bool) -> anyhow::Result<ExitCode> {
    let app = console()?;
    let (email, name) = (EmailAddress::parse(email)?, PersonName::parse(name)?);
    let link = match app.add_operator(&app.console(), email, name).await {
        Err(AppError::Store(StoreError::Duplicate(_))) => {
            anyhow::bail!(
                "there is an operator with this address already; a new password is asked for at {}",
                app.url("/operator/forgotten")
            )
        }
        other => other?,
    };
    say(json, &json!({ "password_link": link }), &format!("Added. They choose a password here, within 7 days and once:\n{link}"));
    Ok(ExitCode::SUCCESS)
}

async fn add_tenant([slug, name, zone, email, admin]: [&str; 5], share: Share, json: bool) -> anyhow::Result<ExitCode> {
    let app = console()?;
    let new = NewTenant {
        slug: Slug::parse(slug)?,
        name: PersonName::parse(name)?,
        zone: ZoneName::parse(zone)?,
        share,
        admin_email: EmailAddress::parse(email)?,
        admin_name: PersonName::parse(admin)?,
    };
    if let Err(refusal) = app.share_fits(&app.console(), share).await? {
        anyhow::bail!("{refusal}; choose a lower guarantee, or buy licenses and run: duologue licenses set N");
    }
    let Ok(link) = app.add_tenant(&app.console(), new).await? else { anyhow::bail!("there is a tenant {slug} already") };
    let text = format!("Added. Its first admin chooses a password here, within 7 days and once:\n{link}");
    say(json, &json!({ "password_link": link }), &text);
    Ok(ExitCode::SUCCESS)
}

async fn import_seats(file: &std::path::Path, json: bool) -> anyhow::Result<ExitCode> {
    let text = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
    };
    let app = console()?;
    let imported = app.import_seats(&app.console(), &text).await?;
    if imported.problems.is_empty() {
        let text = format!(
            "{} seats added, {} updated. Synchronize them with Zoom on the operator's page for seats.",
            imported.added, imported.updated
        );
        say(json, &json!({ "added": imported.added, "updated": imported.updated }), &text);
        return Ok(ExitCode::SUCCESS);
    }
    let lines: Vec<String> = imported.problems.iter().map(|(line, problem)| format!("  line {line}: {problem}")).collect();
    let text = format!("Nothing was imported. Mend these lines and try again:\n{}", lines.join("\n"));
    say(json, &json!({ "problems": imported.problems }), &text);
    Ok(ExitCode::from(1))
}

async fn set_licenses(count: u32, json: bool) -> anyhow::Result<ExitCode> {
    let app = console()?;
    match app.set_licenses(&app.console(), count).await? {
        Ok(()) => {
            say(json, &json!({ "licenses": count }), &format!("The pool has {count} licenses."));
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            say(
                json,
                &json!({ "refused": format!("{refusal:?}") }),
                &format!("Refused: {refusal}. Lower the tenants' guarantees first."),
            );
            Ok(ExitCode::from(1))
        }
    }
}

/// One thing that was looked at.
struct Finding {
    what: &'static str,
    outcome: Result<String, String>,
}

async fn check(json: bool) -> anyhow::Result<ExitCode> {
    let config = Config::read(&environment)?;
    let mut findings = vec![Finding { what: "configuration", outcome: Ok("complete".to_owned()) }];
    findings.push(Finding { what: "database", outcome: check_database(&config.basics.database) });
    match portal(&config) {
        Ok(app) => {
            let zoom = app.zoom.check().await.map_err(|error| format!("{error}. {}", error.what_to_do()));
            let zoom = zoom.and_then(|missing| {
                let named: Vec<&str> = missing.iter().map(|need| need.granular).collect();
                if named.is_empty() {
                    Ok("token granted, scopes complete".to_owned())
                } else {
                    Err(format!("add these scopes to the app: {}", named.join(", ")))
                }
            });
            findings.push(Finding { what: "Zoom", outcome: zoom });
            let mail = app.mailer.check().await.map(|()| "the mail server answers".to_owned()).map_err(|error| error.to_string());
            findings.push(Finding { what: "mail", outcome: mail });
        }
        Err(error) => findings.push(Finding { what: "start", outcome: Err(format!("{error:#}")) }),
    }
    let well = findings.iter().all(|finding| finding.outcome.is_ok());
    let lines: Vec<String> = findings
        .iter()
        .map(|Finding { what, outcome }| match outcome {
            Ok(text) => format!("ok     {what}: {text}"),
            Err(text) => format!("wrong  {what}: {text}"),
        })
        .collect();
    let rows: Vec<_> = findings.iter().map(|Finding { what, outcome }| json!({ "what": what, "ok": outcome.is_ok(), "text": outcome.as_ref().unwrap_or_else(|text| text) })).collect();
    say(json, &json!(rows), &lines.join("\n"));
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn check_database(database: &DatabaseUrl) -> Result<String, String> {
    let pending = migrate::pending(database).map_err(|error| format!("{error}. Check DATABASE_URL and that the server runs"))?;
    if pending.is_empty() {
        Ok("reachable and up to date".to_owned())
    } else {
        Err("not up to date; run: duologue migrate".to_owned())
    }
}
