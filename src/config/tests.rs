//! What is read from the environment, and what is said of a mistake.

use super::*;

fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

const KEY: (&str, &str) = ("DUOLOGUE_SECRET_KEY", "0123456789012345678901234567890123456789");

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let ConfigError(mistakes) = Config::read(&with(&[])).unwrap_err();
    let named: Vec<&str> = mistakes.iter().map(|mistake| mistake.setting.as_str()).collect();
    for setting in [
        "DUOLOGUE_SECRET_KEY",
        "ZOOM_ACCOUNT_ID",
        "ZOOM_CLIENT_ID",
        "ZOOM_CLIENT_SECRET",
        "ZOOM_WEBHOOK_SECRET",
        "SMTP_URL",
        "MAIL_FROM",
    ] {
        assert!(named.contains(&setting), "{setting}");
    }
}

#[test]
fn a_complete_environment_is_accepted() {
    let all = [
        KEY,
        ("ZOOM_ACCOUNT_ID", "a"),
        ("ZOOM_CLIENT_ID", "b"),
        ("ZOOM_CLIENT_SECRET", "c"),
        ("ZOOM_WEBHOOK_SECRET", "d"),
        ("SMTP_URL", "smtp://localhost"),
        ("MAIL_FROM", "Duologue <meet@example.com>"),
    ];
    assert!(Config::read(&with(&all)).is_ok());
}

#[test]
fn a_mistyped_database_is_refused_and_not_created() {
    let ConfigError(mistakes) = Basics::read(&with(&[KEY, ("DATABASE_URL", "postgress://db/x")])).unwrap_err();
    assert_eq!(mistakes[0].setting, "DATABASE_URL");
}

#[test]
fn a_short_key_is_refused() {
    let ConfigError(mistakes) = Basics::read(&with(&[("DUOLOGUE_SECRET_KEY", "short")])).unwrap_err();
    assert_eq!(mistakes[0].setting, "DUOLOGUE_SECRET_KEY");
}

#[test]
fn a_secret_comes_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "0123456789012345678901234567890123456789\n").unwrap();
    let path = path.to_string_lossy().into_owned();
    let basics = Basics::read(&with(&[("DUOLOGUE_SECRET_KEY_FILE", &path)])).unwrap();
    assert_eq!(basics.secret_key.reveal().len(), 40);
    assert!(Basics::read(&with(&[KEY, ("DUOLOGUE_SECRET_KEY_FILE", &path)])).is_err());
}

#[test]
fn no_secret_shows_in_debug_output() {
    let basics = Basics::read(&with(&[KEY, ("DATABASE_URL", "postgres://duo:hunter2@db/duo")])).unwrap();
    let shown = format!("{basics:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("0123456789"), "{shown}");
}

#[test]
fn an_unknown_plan_is_refused() {
    let ConfigError(mistakes) = Config::read(&with(&[("ZOOM_PLAN", "gold")])).unwrap_err();
    assert!(mistakes.iter().any(|mistake| mistake.setting == "ZOOM_PLAN"), "{mistakes:?}");
    let ConfigError(mistakes) = Config::read(&with(&[("ZOOM_PLAN", "Business")])).unwrap_err();
    assert!(mistakes.iter().all(|mistake| mistake.setting != "ZOOM_PLAN"), "{mistakes:?}");
}
