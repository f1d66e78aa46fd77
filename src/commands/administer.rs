//! The administrative commands: they need the database and mostly the key, but neither Zoom nor mail. Letters wait in the
//! outbox for `serve`.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use duologue::app::pool::PoolRefusal;
use duologue::app::tenants::{NewTenant, NotAdded};
use duologue::app::{App, AppError, Parts};
use duologue::clock::{Clock, Ids};
use duologue::config::{self, Basics, Given, Secret};
use duologue::domain::admission::Stretch;
use duologue::domain::count::{counted, counted_things};
use duologue::domain::names::{EmailAddress, PersonName, ZoneName};
use duologue::domain::when;
use duologue::mail::{Mailbox, Mailer, Sender};
use duologue::store::scope::OperatorPass;
use duologue::store::{DatabaseUrl, Store, StoreError, migrate as migrations};
use duologue::zoom::http::HttpTransport;
use duologue::zoom::{Client, Credentials};
use serde_json::json;

use super::{FAILED, say};

/// How many spans of a shortfall are named; the others are counted.
const NAMED: usize = 10;
const WHERE_TO_LOOK: &str = "check DATABASE_URL, and that the database can be reached";

pub(super) fn migrate(given: &Given, json: bool) -> anyhow::Result<ExitCode> {
    let database = config::database(&|name| given.lookup(name))?;
    let applied = migrations::up(&database).context(WHERE_TO_LOOK)?;
    let text =
        if applied.is_empty() { "The database is up to date.".to_owned() } else { format!("Applied: {}", applied.join(", ")) };
    say(json, &json!({ "applied": applied }), &text);
    Ok(ExitCode::SUCCESS)
}

/// Only a database that this version has migrated is worked with.
pub(super) fn require_migrated(database: &DatabaseUrl) -> anyhow::Result<()> {
    let pending = migrations::pending(database).context(WHERE_TO_LOOK)?;
    anyhow::ensure!(pending.is_empty(), "the database is not up to date; run: duologue migrate");
    Ok(())
}

/// The machine's console: the verbs, the right to run the pool, and what is doubtful about the links that are printed.
struct Console {
    app: Arc<App>,
    pass: OperatorPass,
    doubt: Option<String>,
}

fn console(given: &Given) -> anyhow::Result<Console> {
    let basics = Basics::read(&|name| given.lookup(name))?;
    let doubt = basics.leads_nowhere();
    require_migrated(&basics.database)?;
    let nowhere = HttpTransport::new("https://zoom.invalid/v2", "https://zoom.invalid/oauth/token")?;
    let nobody = Credentials { account_id: String::new(), client_id: String::new(), client_secret: String::new() };
    let store = Store::open(&basics.database)?;
    let pass = OperatorPass::console(&store.1);
    let app = App::new(Parts {
        store,
        zoom: Client::new(Arc::new(nowhere), nobody, Clock::System),
        mailer: Mailer::Mailbox(Mailbox::new(Sender::parse("Duologue <nobody@duologue.invalid>")?)),
        clock: Clock::System,
        ids: Ids::random(),
        secret_key: basics.secret_key,
        base_url: basics.base_url,
        webhook_secret: Secret::new(""),
    });
    Ok(Console { app, pass, doubt })
}

/// Tells the one-time link of somebody who was added.
fn tell_link(json: bool, link: &str, text: &str, doubt: Option<String>) {
    let note = doubt.as_ref().map(|doubt| format!("\nMind: {doubt}")).unwrap_or_default();
    say(json, &json!({ "password_link": link, "mind": doubt }), &format!("Added. {text}, within 7 days and once:\n{link}{note}"));
}

pub(super) async fn add_operator(given: &Given, email: EmailAddress, name: PersonName, json: bool) -> anyhow::Result<ExitCode> {
    let Console { app, pass, doubt } = console(given)?;
    let link = match app.add_operator(&pass, email, name).await {
        Err(AppError::Store(StoreError::Duplicate(_))) => {
            anyhow::bail!(
                "there is an operator with this address already; a new password is asked for at {}",
                app.url("/operator/forgotten")
            )
        }
        other => other?,
    };
    tell_link(json, &link, "They choose a password here", doubt);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn add_tenant(given: &Given, new: NewTenant, json: bool) -> anyhow::Result<ExitCode> {
    let Console { app, pass, doubt } = console(given)?;
    let slug = new.slug.clone();
    let link = match app.add_tenant(&pass, new).await? {
        Ok(link) => link,
        Err(NotAdded::SlugTaken) => anyhow::bail!("there is a tenant {slug} already"),
        Err(NotAdded::Share(refusal)) => anyhow::bail!("{refusal}; {}", way_out(&refusal)),
    };
    tell_link(json, &link, "Its first admin chooses a password here", doubt);
    Ok(ExitCode::SUCCESS)
}

/// What to type instead of a share that was refused.
const fn way_out(refusal: &PoolRefusal) -> &'static str {
    match refusal {
        PoolRefusal::CapBelowGuarantee => "raise it with --cap N, or choose a lower --guarantee",
        PoolRefusal::GuaranteesExceed { .. } => "choose a lower --guarantee, or buy licenses and run: duologue licenses set N",
        PoolRefusal::OffGrid => "choose such a number of minutes",
    }
}

pub(super) async fn import_seats(given: &Given, file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let text = read_text(file)?;
    let Console { app, pass, .. } = console(given)?;
    let imported = app.import_seats(&pass, &text).await?;
    if imported.problems.is_empty() {
        let text = format!(
            "{} added, {} updated. Synchronize them with Zoom on the operator's page for seats.",
            counted_things(imported.added, "seat"),
            imported.updated
        );
        say(json, &json!({ "added": imported.added, "updated": imported.updated }), &text);
        return Ok(ExitCode::SUCCESS);
    }
    let lines: Vec<String> = imported.problems.iter().map(|(line, problem)| format!("  line {line}: {problem}")).collect();
    let text = format!("Nothing was imported. Mend these lines and try again:\n{}", lines.join("\n"));
    say(json, &json!({ "problems": imported.problems }), &text);
    Ok(ExitCode::from(FAILED))
}

/// The text of a file, or of standard input.
fn read_text(file: &Path) -> anyhow::Result<String> {
    let (name, bytes) = if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        ("standard input".to_owned(), std::io::stdin().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (file.display().to_string(), std::fs::read(file))
    };
    let bytes = bytes.with_context(|| format!("cannot read {name}"))?;
    String::from_utf8(bytes).map_err(|_| anyhow!("{name} is not UTF-8; save it again as \"CSV UTF-8\""))
}

pub(super) async fn set_licenses(given: &Given, count: u32, json: bool) -> anyhow::Result<ExitCode> {
    let Console { app, pass, .. } = console(given)?;
    match app.set_licenses(&pass, count).await? {
        Ok(()) => {
            let short = app.ahead(&pass, None).await?.short;
            let text = format!("The pool has {}.{}", counted(count.into(), "license"), shortfall(&short));
            let rows = short.iter().map(|Stretch { window, licenses }| {
                json!({ "from": window.start().to_string(), "until": window.end().to_string(), "needed": licenses })
            });
            say(json, &json!({ "licenses": count, "shortfall": rows.collect::<Vec<_>>() }), &text);
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            let text = format!("Refused: {refusal}. Lower the tenants' guarantees first.");
            say(json, &json!({ "refused": refusal.to_string() }), &text);
            Ok(ExitCode::from(FAILED))
        }
    }
}

/// When accepted meetings need more licenses than there are: they stay accepted (design rule 3.1.8).
fn shortfall(short: &[Stretch]) -> String {
    let Some(most) = short.iter().map(|stretch| stretch.licenses).max() else { return String::new() };
    let line = |Stretch { window, licenses }: &Stretch| {
        format!("\n  {}: {} needed", when::full(*window, &ZoneName::utc()), counted((*licenses).into(), "license"))
    };
    let lines: String = short.iter().take(NAMED).map(line).collect();
    let more = match short.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    format!(" Meetings that were accepted for the next 30 days stay, and need up to {most} at once:{lines}{more}")
}
