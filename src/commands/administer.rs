//! The administrative commands: they need the database and mostly the key, but neither Zoom nor mail. Letters wait in the
//! outbox for `serve`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use duologue::app::tenants::{NewTenant, NotAdded};
use duologue::app::{App, AppError, Parts};
use duologue::clock::{Clock, Ids};
use duologue::config::{self, Basics, Given, Secret};
use duologue::domain::names::{EmailAddress, PersonName};
use duologue::mail::{Mailbox, Mailer, Sender};
use duologue::store::scope::OperatorPass;
use duologue::store::{DatabaseUrl, Store, StoreError, migrate as migrations};
use duologue::zoom::http::HttpTransport;
use duologue::zoom::{Client, Credentials};
use serde_json::json;

use super::{FAILED, say};

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

/// The verbs for somebody at the machine's console, and their right to run the pool.
fn console(given: &Given) -> anyhow::Result<(Arc<App>, OperatorPass)> {
    let basics = Basics::read(&|name| given.lookup(name))?;
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
    Ok((app, pass))
}

pub(super) async fn add_operator(given: &Given, email: EmailAddress, name: PersonName, json: bool) -> anyhow::Result<ExitCode> {
    let (app, pass) = console(given)?;
    let link = match app.add_operator(&pass, email, name).await {
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

pub(super) async fn add_tenant(given: &Given, new: NewTenant, json: bool) -> anyhow::Result<ExitCode> {
    let (app, pass) = console(given)?;
    let slug = new.slug.clone();
    let link = match app.add_tenant(&pass, new).await? {
        Ok(link) => link,
        Err(NotAdded::SlugTaken) => anyhow::bail!("there is a tenant {slug} already"),
        Err(NotAdded::Share(refusal)) => {
            anyhow::bail!("{refusal}; choose a lower guarantee, or buy licenses and run: duologue licenses set N")
        }
    };
    let text = format!("Added. Its first admin chooses a password here, within 7 days and once:\n{link}");
    say(json, &json!({ "password_link": link }), &text);
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn import_seats(given: &Given, file: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let text = if file.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin())?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
    };
    let (app, pass) = console(given)?;
    let imported = app.import_seats(&pass, &text).await?;
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
    Ok(ExitCode::from(FAILED))
}

pub(super) async fn set_licenses(given: &Given, count: u32, json: bool) -> anyhow::Result<ExitCode> {
    let (app, pass) = console(given)?;
    match app.set_licenses(&pass, count).await? {
        Ok(()) => {
            say(json, &json!({ "licenses": count }), &format!("The pool has {count} licenses."));
            Ok(ExitCode::SUCCESS)
        }
        Err(refusal) => {
            let text = format!("Refused: {refusal}. Lower the tenants' guarantees first.");
            say(json, &json!({ "refused": refusal.to_string() }), &text);
            Ok(ExitCode::from(FAILED))
        }
    }
}
