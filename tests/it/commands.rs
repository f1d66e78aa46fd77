//! The commands as somebody types them: the real binary, its words and its exit codes (0 done, 1 failed, 2 wrong command
//! line, 3 wrong configuration).

mod keeping;
mod remedies;
mod starting;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use duologue::store::DatabaseUrl;

use crate::support::database::Raw;

const KEY: &str = "0123456789012345678901234567890123456789";
/// Every command, and for `serve` and `demo` what they are.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["demo"],
    &["serve"],
    &["migrate"],
    &["check"],
    &["simulate"],
    &["plan"],
    &["operator"],
    &["operator", "add"],
    &["tenant"],
    &["tenant", "add"],
    &["seats"],
    &["seats", "import"],
    &["licenses"],
    &["licenses", "set"],
];

/// What a command came to.
struct Done {
    code: i32,
    out: String,
    err: String,
}

/// A folder in which commands run, with an environment of their own.
struct Console {
    folder: tempfile::TempDir,
    environment: Vec<(String, String)>,
}

impl Console {
    /// Nothing is set.
    fn bare() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), environment: Vec::new() }
    }

    /// A key is set; the database is the default file below the folder.
    fn with_key() -> Self {
        Self::bare().with("DUOLOGUE_SECRET_KEY", KEY)
    }

    /// A key is set and the database is migrated.
    fn ready() -> Self {
        let console = Self::with_key();
        assert_eq!(console.run(&["migrate"]).code, 0);
        console
    }

    /// Everything that `serve` needs, on a free port.
    fn complete() -> Self {
        [
            ("ZOOM_ACCOUNT_ID", "a"),
            ("ZOOM_CLIENT_ID", "b"),
            ("ZOOM_CLIENT_SECRET", "c"),
            ("ZOOM_WEBHOOK_SECRET", "d"),
            ("SMTP_URL", "smtp://127.0.0.1:9"),
            ("MAIL_FROM", "Duologue <meet@example.com>"),
            ("ZOOM_API_URL", "http://127.0.0.1:9/v2"),
            ("ZOOM_OAUTH_URL", "http://127.0.0.1:9/oauth/token"),
            ("DUOLOGUE_BIND", "127.0.0.1:0"),
        ]
        .into_iter()
        .fold(Self::ready(), |console, (name, value)| console.with(name, value))
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_duologue"));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&self, arguments: &[&str]) -> Done {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Done { code: status.code().expect("it ends by itself"), out: text(stdout), err: text(stderr) }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn rows(&self, sql: &str) -> Vec<[Option<String>; 3]> {
        Raw::open(&DatabaseUrl::Sqlite(self.path().join("data/duologue.db"))).rows(sql)
    }

    fn number(&self, sql: &str) -> String {
        self.rows(&format!("SELECT CAST(({sql}) AS TEXT) AS a, NULL AS b, NULL AS c")).remove(0)[0].take().unwrap()
    }
}

impl Done {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }
}

const ADD_TENANT: [&str; 8] =
    ["tenant", "add", "north", "North Clinic", "--admin-email", "ana@north.example", "--admin-name", "Ana Ruiz"];

#[test]
fn every_command_has_a_help_that_names_its_settings_and_asks_for_no_secret() {
    let console = Console::bare();
    for command in COMMANDS {
        let help = console.run(&[command, &["--help"][..]].concat());
        assert_eq!(help.code, 0, "{command:?}");
        assert!(help.out.contains("Usage: duologue"), "{command:?}: {}", help.out);
        for secret in ["--secret-key ", "--zoom-client-secret ", "--zoom-webhook-secret ", "--smtp-url "] {
            assert!(!help.out.contains(secret), "{command:?} offers {secret}");
        }
    }
    let root = console.run(&["--help"]).out;
    assert!(root.contains("0 done, 1 failed, 2 wrong command line, 3 wrong"), "{root}");
    let listed = root.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    for word in listed.filter(|word| word.starts_with(|first: char| first.is_ascii_lowercase()) && *word != "help") {
        assert!(COMMANDS.iter().any(|command| command.first() == Some(&word)), "{word} is not tried here");
    }
}

/// The rows of the table of settings: the setting, and whether it is a secret.
fn documented() -> Vec<(String, bool)> {
    let text = include_str!("../../docs/configuration.md");
    let rows = text.lines().filter(|line| line.starts_with("| `") && !line.starts_with("| `/"));
    rows.map(|row| {
        let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`').to_owned());
        let (name, flag) = (cells.next().unwrap(), cells.next().unwrap());
        (name, flag.contains("-file"))
    })
    .collect()
}

#[test]
fn every_documented_setting_has_its_flag_and_every_flag_is_documented() {
    let console = Console::bare();
    let help = console.run(&["serve", "--help"]).out + &console.run(&["demo", "--help"]).out;
    let settings = documented();
    assert!(settings.len() >= 14, "{settings:?}");
    for (name, is_secret) in &settings {
        let short = name.trim_start_matches("DUOLOGUE_").to_lowercase().replace('_', "-");
        let flag = if *is_secret { format!("--{short}-file ") } else { format!("--{short} ") };
        assert_eq!(help.contains(&flag), name != "RUST_LOG", "{name} and {flag}");
    }
    let flags = help.split("--").skip(1).filter_map(|rest| rest.split([' ', '\n']).next());
    for flag in flags.filter(|flag| !["help", "folder", "json"].contains(flag)) {
        let stem = flag.trim_end_matches("-file").replace('-', "_").to_uppercase();
        let known = settings.iter().any(|(name, _)| *name == stem || *name == format!("DUOLOGUE_{stem}"));
        assert!(known, "--{flag} is not documented");
    }
}

#[test]
fn a_flag_goes_before_the_environment() {
    let console = Console::with_key().with("DATABASE_URL", "postgress://mistyped/x");
    assert_eq!(console.run(&["migrate"]).code, 3);
    let done = console.run(&["migrate", "--database-url", "sqlite://other.db"]);
    assert_eq!((done.code, console.path().join("other.db").exists()), (0, true), "{}", done.err);
    // A secret's file on the command line hides the secret of the environment, which would be one too many.
    std::fs::write(console.path().join("key"), KEY).unwrap();
    let arguments = ["licenses", "set", "3", "--database-url", "sqlite://other.db", "--secret-key-file", "key"];
    assert_eq!(console.run(&arguments).code, 0);
    std::fs::write(console.path().join("url"), "sqlite://other.db").unwrap();
    assert_eq!(console.run(&["licenses", "set", "3", "--database-url-file", "url"]).code, 0);
}

#[test]
fn what_makes_no_sense_on_the_command_line_is_2_and_touches_nothing() {
    let console = Console::ready();
    for arguments in [
        &["frobnicate"][..],
        &["licenses", "set"],
        &["licenses", "set", "-1"],
        &["licenses", "set", "1001"],
        &["licenses", "set", "4294967296"],
        &["licenses", "set", "99999999999999999999999999"],
        &["licenses", "set", "many"],
        &["operator", "add", "no-address", "Robin Quayle"],
        &["operator", "add", "robin@example.com", " "],
        &["tenant", "add", "Not A Slug!", "North", "--admin-email", "a@b.example", "--admin-name", "A"],
        &[&ADD_TENANT[..], &["--zone", "Mars/Olympus"]].concat(),
        &[&ADD_TENANT[..], &["--guarantee", "1001"]].concat(),
        &[&ADD_TENANT[..], &["--cap", "4294967295"]].concat(),
        &["migrate", "--secret-key", "x"],
        &["migrate", "--database-url", "sqlite://a", "--database-url-file", "b"],
    ] {
        let done = console.run(arguments);
        assert_eq!(done.code, 2, "{arguments:?}: {}{}", done.out, done.err);
        assert!(!done.err.is_empty() && done.out.is_empty(), "{arguments:?}");
    }
    assert_eq!(console.number("SELECT COUNT(*) FROM tenants") + &console.number("SELECT COUNT(*) FROM operators"), "00");
}

#[test]
fn a_wrong_configuration_is_3_and_names_setting_and_remedy() {
    let complete = |name: &str, value: &str| Console::complete().with(name, value);
    for (console, setting, remedy) in [
        (complete("RUST_LOG", "duologue=loud"), "RUST_LOG", "info"),
        (complete("DUOLOGUE_BASE_URL", "meet.example.com"), "DUOLOGUE_BASE_URL", "https://meet.example.com"),
        (complete("DUOLOGUE_BASE_URL", "ftp://meet.example.com"), "DUOLOGUE_BASE_URL", "https://meet.example.com"),
        (complete("DUOLOGUE_BASE_URL", "https://meet.example.com/portal"), "DUOLOGUE_BASE_URL", "root of its host"),
        (complete("DUOLOGUE_BASE_URL", "https://me:pw@meet.example.com"), "DUOLOGUE_BASE_URL", "root of its host"),
        (complete("DUOLOGUE_BIND", "localhost"), "DUOLOGUE_BIND", "127.0.0.1:8080"),
        (complete("DUOLOGUE_BIND", "203.0.113.7:8080"), "DUOLOGUE_BIND", "no such address"),
        (complete("DATABASE_URL", "mysql://db/x"), "DATABASE_URL", "sqlite:// or postgres://"),
        (complete("DATABASE_URL", "sqlite::memory:"), "DATABASE_URL", "sqlite://data/duologue.db"),
        (complete("DUOLOGUE_SECRET_KEY", "short"), "DUOLOGUE_SECRET_KEY", "openssl rand"),
        (complete("DUOLOGUE_SECRET_KEY", ""), "DUOLOGUE_SECRET_KEY", "openssl rand"),
        (complete("DUOLOGUE_SECRET_KEY_FILE", "/nowhere"), "DUOLOGUE_SECRET_KEY", "keep one"),
        (complete("MAIL_FROM", ""), "MAIL_FROM", "Duologue <meetings@example.com>"),
        (complete("MAIL_FROM", "somebody"), "MAIL_FROM", "Duologue <meetings@example.com>"),
        (complete("SMTP_URL", "mail.example.com"), "SMTP_URL", "smtps://"),
        (complete("SMTP_URL", "smtp://a:pw@mail.example.com"), "SMTP_URL", "without encryption"),
        (complete("ZOOM_CLIENT_ID", ""), "ZOOM_CLIENT_ID", "Marketplace"),
        (complete("ZOOM_API_URL", "zoom"), "ZOOM_API_URL", "https://api.zoom.us/v2"),
    ] {
        let done = console.run(&["serve"]);
        assert_eq!(done.code, 3, "{setting}: {}{}", done.out, done.err);
        let line = done.err.lines().find(|line| line.trim_start().starts_with(setting)).unwrap_or_default();
        assert!(line.contains(remedy), "{setting} is told {remedy:?}:\n{}", done.err);
        assert!(!done.err.contains("pw@") && !done.err.contains(KEY), "no secret is repeated: {}", done.err);
    }
    let all = Console::bare().run(&["serve"]);
    assert_eq!(all.code, 3);
    for setting in
        ["DUOLOGUE_SECRET_KEY", "ZOOM_ACCOUNT_ID", "ZOOM_CLIENT_SECRET", "ZOOM_WEBHOOK_SECRET", "SMTP_URL", "MAIL_FROM"]
    {
        assert!(all.err.contains(setting), "{setting} is named at once: {}", all.err);
    }
}

#[test]
fn looking_at_a_database_that_is_not_there_makes_none() {
    let console = Console::complete().with("DATABASE_URL", "sqlite://elsewhere/x.db");
    for arguments in [&["check"][..], &["serve"], &["licenses", "set", "3"]] {
        let done = console.run(arguments);
        assert_eq!(done.code, 1, "{arguments:?}: {}{}", done.out, done.err);
        assert!((done.out + &done.err).contains("duologue migrate"), "{arguments:?}");
        assert!(!console.path().join("elsewhere").exists(), "{arguments:?}");
    }
    assert_eq!(console.run(&["migrate"]).code, 0);
    assert!(console.path().join("elsewhere/x.db").exists());
}

#[test]
fn check_tells_each_thing_on_a_line_of_its_own() {
    let done = Console::complete().run(&["check"]);
    assert_eq!(done.code, 1, "Zoom and mail do not answer");
    for start in ["ok     configuration:", "ok     database:", "wrong  Zoom:", "wrong  mail:"] {
        assert!(done.out.lines().any(|line| line.starts_with(start)), "{start} in\n{}", done.out);
    }
    let rows = Console::complete().with("MAIL_FROM", "").run(&["check", "--json"]);
    assert_eq!(rows.code, 3);
    assert_eq!(rows.json()[0]["what"], "MAIL_FROM");
    assert_eq!(rows.json()[0]["ok"], false);
    let down = Console::complete().with("DATABASE_URL", "postgres://postgres@127.0.0.1:9/x").run(&["check"]);
    assert!(down.code == 1 && down.out.contains("wrong  database:") && down.out.contains("DATABASE_URL"), "{}", down.out);
}

#[test]
fn people_tenants_seats_and_licenses_are_set_up_from_the_console() {
    let console = Console::with_key();
    let migrated = console.run(&["migrate", "--json"]);
    assert!(!migrated.json()["applied"].as_array().unwrap().is_empty());
    assert_eq!(console.run(&["migrate"]).out.trim(), "The database is up to date.");

    assert_eq!(console.run(&["licenses", "set", "5", "--json"]).json()["licenses"], 5);
    assert_eq!(console.number("SELECT COUNT(*) FROM licenses"), "5");

    let operator = ["operator", "add", "robin@example.com", "Robin Quayle"];
    let link = console.run(&[&operator[..], &["--json"]].concat()).json()["password_link"].as_str().unwrap().to_owned();
    assert!(link.starts_with("http://127.0.0.1:8080/operator/password/"), "{link}");
    let again = console.run(&operator);
    assert!(again.code == 1 && again.err.contains("/operator/forgotten"), "{}", again.err);

    let greedy = console.run(&[&ADD_TENANT[..], &["--guarantee", "5", "--cap", "5"]].concat());
    assert!(greedy.code == 1 && greedy.err.contains("licenses set"), "one of five is kept back: {}", greedy.err);
    let upside_down = console.run(&[&ADD_TENANT[..], &["--guarantee", "3", "--cap", "2"]].concat());
    assert!(upside_down.code == 1 && upside_down.err.contains("cap"), "{}", upside_down.err);
    assert_eq!(console.number("SELECT COUNT(*) FROM tenants"), "0");
    let tenant = console.run(&[&ADD_TENANT[..], &["--guarantee", "4", "--cap", "4"]].concat());
    assert!(tenant.code == 0 && tenant.out.contains("/t/north/password/"), "{}{}", tenant.out, tenant.err);
    assert_eq!(console.run(&ADD_TENANT).code, 1, "the slug is taken");

    let promised = console.run(&["licenses", "set", "3", "--json"]);
    assert!(promised.code == 1 && promised.json()["refused"].as_str().unwrap().contains("add up to 4"), "{}", promised.out);

    std::fs::write(console.path().join("bad.csv"), "email\nseat-1@zoom.example\nnonsense\n").unwrap();
    let bad = console.run(&["seats", "import", "bad.csv", "--json"]);
    assert_eq!((bad.code, &bad.json()["problems"][0][0]), (1, &serde_json::json!(3)));
    assert_eq!(console.number("SELECT COUNT(*) FROM seats"), "0", "all or nothing");
    std::fs::write(console.path().join("seats.csv"), "email,name,tenant,user\nseat-1@zoom.example,One,north,ana@north.example\n")
        .unwrap();
    assert_eq!(console.run(&["seats", "import", "seats.csv", "--json"]).json()["added"], 1);
    let missing = console.run(&["seats", "import", "nowhere.csv"]);
    assert!(missing.code == 1 && missing.err.contains("nowhere.csv"), "{}", missing.err);
}
