//! Every command: reads its settings, calls the verbs, says what came of it, and ends with a code that means something.

mod administer;
mod arguments;
mod check;
mod flags;
mod serve;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use duologue::config::{ConfigError, environment};
use tracing_subscriber::EnvFilter;

use arguments::{Arguments, Command, LicensesCommand, OperatorCommand, SeatsCommand, TenantCommand};

/// What was asked for did not work, or was refused.
const FAILED: u8 = 1;
/// A setting is missing or wrong.
const MISCONFIGURED: u8 = 3;

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // What goes wrong on simulated days is meant to.
    let usual = if matches!(arguments.command, Command::Simulate(_)) { "off" } else { "info" };
    let done =
        log(usual).map_err(anyhow::Error::from).and_then(|()| actix_web::rt::System::new().block_on(run(arguments.command)));
    done.unwrap_or_else(|error| report(&error))
}

/// Begins the log, on standard error.
fn log(usual: &str) -> Result<(), ConfigError> {
    let wanted = environment("RUST_LOG").filter(|text| !text.trim().is_empty()).unwrap_or_else(|| usual.to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| {
        ConfigError::one("RUST_LOG", format!("cannot be read ({error}); use for example info, or warn,duologue=debug"))
    })?;
    let on_terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(on_terminal).with_writer(std::io::stderr).init();
    Ok(())
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo { folder, settings } => serve::demo(folder, &settings.given()).await,
        Command::Serve { settings } => serve::serve(&settings.given()).await,
        Command::Migrate { settings, json } => administer::migrate(&settings.given(), json),
        Command::Check { settings, json } => check::check(&settings.given(), json).await,
        Command::Simulate(wanted) => {
            let held = duologue::simulate::run(&wanted, &mut std::io::stdout())?;
            Ok(if held { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
        }
        Command::Plan(wanted) => duologue::planner::run(&wanted, &mut std::io::stdout()).await.map(|()| ExitCode::SUCCESS),
        Command::Operator(OperatorCommand::Add { email, name, settings, json }) => {
            administer::add_operator(&settings.given(), email, name, json).await
        }
        Command::Tenant(TenantCommand::Add { tenant, settings, json }) => {
            administer::add_tenant(&settings.given(), tenant.into(), json).await
        }
        Command::Seats(SeatsCommand::Import { file, settings, json }) => {
            administer::import_seats(&settings.given(), &file, json).await
        }
        Command::Licenses(LicensesCommand::Set { count, settings, json }) => {
            administer::set_licenses(&settings.given(), count, json).await
        }
    }
}

/// A wrong configuration is told setting by setting; anything else with its causes.
fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(mistakes) = error.downcast_ref::<ConfigError>() {
        eprintln!("duologue cannot start with this configuration:\n{mistakes}");
        return ExitCode::from(MISCONFIGURED);
    }
    eprintln!("duologue: {error:#}");
    ExitCode::from(FAILED)
}

#[expect(clippy::print_stdout, reason = "what a command answers goes to standard output")]
fn say(json: bool, value: &serde_json::Value, text: &str) {
    if json {
        println!("{value}");
    } else {
        println!("{text}");
    }
}
