//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, value_parser};
use duologue::app::pool::MOST_LICENSES;
use duologue::app::tenants::NewTenant;
use duologue::domain::names::{EmailAddress, PersonName, Slug, ZoneName};
use duologue::domain::tenant::Share;

use super::flags::{BasicFlags, DatabaseFlags, DemoFlags, ServeFlags};

/// One-on-one Zoom meetings for many tenants, with a few licenses that serve many hosts.
#[derive(Parser)]
#[command(
    version,
    about,
    after_help = "Settings come from the environment or from flags; docs/configuration.md lists them. Secrets come from the \
    environment, or from a file that …_FILE or a flag names.\n\nExit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong \
    configuration."
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Run everything on this machine, with a simulated Zoom and a mailbox page; nothing to set up.
    Demo {
        /// Keep the demo's files here and go on from them next time, instead of starting anew in a temporary folder.
        #[arg(long)]
        folder: Option<PathBuf>,
        #[command(flatten)]
        settings: DemoFlags,
    },
    /// Run the portal. Needs Zoom credentials, a mail server and a key; names what is missing.
    Serve {
        #[command(flatten)]
        settings: Box<ServeFlags>,
    },
    /// Bring the database up to date.
    Migrate {
        #[command(flatten)]
        settings: DatabaseFlags,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Look at configuration, database, Zoom and mail; each line says what to do.
    Check {
        #[command(flatten)]
        settings: Box<ServeFlags>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Live through many simulated days on which everything goes wrong, and check every promise after every step.
    Simulate(duologue::simulate::Arguments),
    /// Say how many licenses are needed, from described days or from those on record.
    Plan(duologue::planner::Arguments),
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
pub(super) enum OperatorCommand {
    /// Add an operator and print a one-time link with which they choose a password.
    Add {
        /// The address they sign in with.
        #[arg(value_parser = EmailAddress::parse)]
        email: EmailAddress,
        /// Their name.
        #[arg(value_parser = PersonName::parse)]
        name: PersonName,
        #[command(flatten)]
        settings: BasicFlags,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum TenantCommand {
    /// Add a tenant with its first admin, and print a one-time link with which they choose a password.
    Add {
        #[command(flatten)]
        tenant: TenantArguments,
        #[command(flatten)]
        settings: BasicFlags,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

/// A tenant that is to be.
#[derive(Args)]
pub(super) struct TenantArguments {
    /// Its part of the URL: lower-case letters, digits and hyphens.
    #[arg(value_parser = Slug::parse)]
    slug: Slug,
    /// Its name.
    #[arg(value_parser = PersonName::parse)]
    name: PersonName,
    /// The first admin's address.
    #[arg(long, value_parser = EmailAddress::parse)]
    admin_email: EmailAddress,
    /// The first admin's name.
    #[arg(long, value_parser = PersonName::parse)]
    admin_name: PersonName,
    /// Its time zone, such as Europe/Madrid.
    #[arg(long, default_value = "UTC", value_parser = ZoneName::parse)]
    zone: ZoneName,
    /// Licenses kept for it at every instant.
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u32).range(..=i64::from(MOST_LICENSES)))]
    guarantee: u32,
    /// The most licenses it may use at once.
    #[arg(long, default_value_t = 2, value_parser = value_parser!(u32).range(..=i64::from(MOST_LICENSES)))]
    cap: u32,
}

impl From<TenantArguments> for NewTenant {
    fn from(given: TenantArguments) -> Self {
        Self {
            slug: given.slug,
            name: given.name,
            zone: given.zone,
            share: Share { guarantee: given.guarantee, cap: given.cap },
            admin_email: given.admin_email,
            admin_name: given.admin_name,
        }
    }
}

#[derive(Subcommand)]
pub(super) enum SeatsCommand {
    /// Import seats from CSV: email, name, tenant (slug), user (address). All of it or nothing.
    Import {
        /// The file; - reads standard input.
        file: PathBuf,
        #[command(flatten)]
        settings: BasicFlags,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum LicensesCommand {
    /// Set how many licenses were bought. Accepted meetings stay.
    Set {
        /// How many.
        #[arg(value_parser = value_parser!(u32).range(..=i64::from(MOST_LICENSES)))]
        count: u32,
        #[command(flatten)]
        settings: BasicFlags,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}
