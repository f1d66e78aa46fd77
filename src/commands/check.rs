//! `check`: looks at configuration, database, Zoom and mail, and says of each what to do.

use std::process::ExitCode;

use duologue::config::{Config, ConfigError, Given};
use duologue::store::{DatabaseUrl, migrate};
use serde_json::json;

use super::serve::{mailer, portal};
use super::{FAILED, MISCONFIGURED, say};

/// One thing that was looked at.
struct Finding {
    what: String,
    outcome: Result<String, String>,
    /// It works, but hardly as it is meant.
    is_doubtful: bool,
}

impl Finding {
    fn new(what: &str, outcome: Result<String, String>) -> Self {
        Self { what: what.to_owned(), outcome, is_doubtful: false }
    }

    fn doubtful(what: &str, text: String) -> Self {
        Self { what: what.to_owned(), outcome: Ok(text), is_doubtful: true }
    }
}

pub(super) async fn check(given: &Given, json: bool) -> anyhow::Result<ExitCode> {
    let (findings, when_wrong) = match read(given) {
        Ok(config) => (look(&config).await, FAILED),
        Err(ConfigError(mistakes)) => {
            let wrong = mistakes.into_iter().map(|mistake| Finding::new(&mistake.setting, Err(mistake.remedy)));
            (wrong.collect(), MISCONFIGURED)
        }
    };
    tell(json, &findings);
    let well = findings.iter().all(|finding| finding.outcome.is_ok());
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(when_wrong) })
}

fn read(given: &Given) -> Result<Config, ConfigError> {
    let config = Config::read(&|name| given.lookup(name))?;
    mailer(&config)?;
    Ok(config)
}

async fn look(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::new("configuration", Ok("complete".to_owned()))];
    findings.extend(config.leads_nowhere().map(|text| Finding::doubtful("public URL", text)));
    let database = database(&config.basics.database);
    let is_there = database.is_ok();
    findings.push(Finding::new("database", database));
    if !is_there {
        return findings;
    }
    let app = match mailer(config).map_err(anyhow::Error::from).and_then(|mailer| portal(config, mailer)) {
        Ok(app) => app,
        Err(error) => {
            findings.push(Finding::new("start", Err(format!("{error:#}"))));
            return findings;
        }
    };
    let zoom = app.zoom.check().await.map_err(|error| format!("{error}. {}", error.what_to_do()));
    let zoom = zoom.and_then(|missing| {
        let named: Vec<&str> = missing.iter().map(|need| need.granular).collect();
        if named.is_empty() {
            Ok("token granted, scopes complete".to_owned())
        } else {
            Err(format!("add these scopes to the app: {}", named.join(", ")))
        }
    });
    findings.push(Finding::new("Zoom", zoom));
    let mail = app.mailer.check().await.map(|()| "the mail server answers".to_owned()).map_err(|error| error.to_string());
    findings.push(Finding::new("mail", mail));
    findings
}

fn database(database: &DatabaseUrl) -> Result<String, String> {
    let pending = migrate::pending(database).map_err(|error| format!("{error}. Check DATABASE_URL and that the server runs"))?;
    if pending.is_empty() {
        Ok("reachable and up to date".to_owned())
    } else {
        Err("not up to date; run: duologue migrate".to_owned())
    }
}

fn tell(json: bool, findings: &[Finding]) {
    let line = |Finding { what, outcome, is_doubtful }: &Finding| match outcome {
        Ok(text) if *is_doubtful => format!("doubt  {what}: {text}"),
        Ok(text) => format!("ok     {what}: {text}"),
        Err(text) => format!("wrong  {what}: {text}"),
    };
    let row = |Finding { what, outcome, is_doubtful }: &Finding| {
        let text = outcome.as_ref().unwrap_or_else(|text| text);
        json!({ "what": what, "ok": outcome.is_ok(), "doubtful": is_doubtful, "text": text })
    };
    let lines: Vec<String> = findings.iter().map(line).collect();
    say(json, &findings.iter().map(row).collect(), &lines.join("\n"));
}
