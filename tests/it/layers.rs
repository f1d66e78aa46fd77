//! The rules of the tree, read from the text of every file: who imports whom, and what is named only in its own place.
//!
//! [`broken_rules`] sees one file at a time and is itself tested on planted violations. Comments and the text of string
//! literals do not count; code under `#[cfg(test)]` does.

mod paths;

use std::path::{Path, PathBuf};

use paths::{code_only, paths_from, words};

/// What each part of `src` may import from the crate, as paths that may be continued. Its own part is always allowed.
/// Parts that are not listed may import nothing.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("config", &["store::DatabaseUrl", "zoom::label::Plan"]),
    ("store", &["domain", "clock", "config::Secret"]),
    ("zoom", &["domain", "clock", "config::Secret"]),
    ("mail", &["domain", "clock", "config::Secret"]),
    ("app", &["domain", "clock", "config", "store", "zoom", "mail"]),
    ("web", &["domain", "clock", "config", "app", "store"]),
    ("keeper", &["domain", "clock", "app"]),
    ("planner", &["domain", "clock", "config", "store"]),
    ("simulate", EVERYTHING),
    ("demo", EVERYTHING),
    ("main", EVERYTHING),
    ("commands", EVERYTHING),
    ("lib", EVERYTHING),
];

const EVERYTHING: &[&str] =
    &["domain", "clock", "config", "store", "zoom", "mail", "app", "web", "keeper", "planner", "simulate", "demo"];

/// What pages may not touch although they read from the store: changing is for `app`, and so is acting for every tenant.
const NOT_IN_WEB: &[&str] = &["store::WriteTx", "store::scope::KeeperPass", "store::migrate", "store::DatabaseUrl"];

/// What pages may not call: whoever opens the store is handed the right to act for every tenant, and whoever is at the
/// machine's console is an operator. A page is neither.
const NOT_CALLED_IN_WEB: &[&str] = &["Store::open", "OperatorPass::console"];

/// Words that stand for a thing that has one place, and that place.
const ONE_PLACE: &[(&str, &[&str])] = &[
    ("diesel", &["src/store/"]),
    ("diesel_migrations", &["src/store/"]),
    ("reqwest", &["src/zoom/"]),
    ("lettre", &["src/mail/"]),
    ("HttpResponse", &["src/web/", "src/zoom/simulator/", "src/mail/mailbox_pages.rs"]),
    ("ResponseError", &["src/web/", "src/zoom/simulator/", "src/mail/mailbox_pages.rs"]),
    ("actix_session", &["src/web/"]),
];

/// Paths of other crates that have one place.
const ONE_PLACE_PATHS: &[(&str, &str, &[&str])] = &[
    ("actix_web", "http::StatusCode", &["src/web/", "src/zoom/simulator/", "src/mail/mailbox_pages.rs"]),
    ("std", "env", &["src/config.rs"]),
];

/// A file of more lines hides a noun.
const LONGEST_FILE: usize = 400;

/// Files that may break a rule, the rule, and why that is better.
const EXCUSED: &[(&str, &str, &str)] = &[
    ("src/keeper.rs", "imports store::heartbeats", "a lane says that it lives; that decides nothing"),
    ("src/web/session.rs", "writes to the store", "implements actix-session's storage, which is nothing but a session's own row"),
    ("src/web/meetings/tests/booking.rs", "", "tests: looks into the database that the pages changed"),
    ("src/web/meetings/tests/line.rs", "", "tests: plays Zoom's freeze, and writes what the keeper would have written"),
    ("src/web/meetings/tests/mod.rs", "", "tests: puts the portal and a simulated Zoom together, to ask it over HTTP"),
    (
        "src/web/meetings/tests/pool.rs",
        "",
        "tests: counts the calls to the simulated Zoom, and notes a webhook as missing as the keeper would",
    ),
    ("src/web/meetings/tests/starting.rs", "", "tests: plays the simulated Zoom's faults"),
    ("src/web/tests/audit.rs", "", "tests: writes entries of the audit and the seat that they name"),
    ("src/web/tests/pool.rs", "", "tests: writes the day's moves, a freeze and a refused seat, as the keeper would have"),
    ("src/web/tests.rs", "", "puts the whole portal together, to ask it over HTTP"),
];

/// Templates that print text as it is, and why that is safe. Mail is plain text, or already escaped parts put together.
const UNESCAPED_FOR_A_REASON: &[(&str, &str)] = &[("templates/mail/", "text parts have nothing to escape from")];

/// The rules that the file at `path` (from the root of the project, with `/`) breaks.
fn broken_rules(path: &str, text: &str) -> Vec<String> {
    if path.starts_with("templates/") { broken_by_template(path, text) } else { broken_by_source(path, text) }
}

fn broken_by_template(path: &str, text: &str) -> Vec<String> {
    let unescaped = text.split('|').skip(1).any(|filter| words(filter).next().is_some_and(|word| word == "safe"));
    let turned_off = text.contains("{% autoescape") || text.contains("{%- autoescape");
    let allowed = UNESCAPED_FOR_A_REASON.iter().any(|(place, _)| path.starts_with(place));
    if (unescaped || turned_off) && !allowed { vec![format!("{path} prints text unescaped")] } else { vec![] }
}

fn broken_by_source(path: &str, text: &str) -> Vec<String> {
    let code = code_only(text);
    let mut broken = Vec::new();
    let mut found = |broken_rule: bool, words: String| {
        if broken_rule {
            broken.push(format!("{path} {words}"));
        }
    };

    let part = part_of(path);
    let allowed = MAY_IMPORT.iter().find(|(name, _)| *name == part).map(|(_, allowed)| *allowed).unwrap_or_default();
    for import in crate_imports(path, &code) {
        let its_own = is_within(&import, part) || import == "domain::stored_as";
        found(!its_own && !allowed.iter().any(|prefix| is_within(&import, prefix)), format!("imports {import}"));
        found(part == "web" && NOT_IN_WEB.iter().any(|path| is_within(&import, path)), format!("reaches {import}"));
    }
    found(part == "web" && calls(&code, "write"), "writes to the store".to_owned());
    for function in NOT_CALLED_IN_WEB {
        found(part == "web" && squeezed(&code).contains(function), format!("calls {function}"));
    }

    let is_in = |places: &[&str]| places.iter().any(|place| path.starts_with(place));
    for (word, places) in ONE_PLACE {
        found(!is_in(places) && words(&code).any(|other| other == *word), format!("names {word}"));
    }
    for (root, path, places) in ONE_PLACE_PATHS {
        found(!is_in(places) && paths_from(&code, root).iter().any(|used| is_within(used, path)), format!("uses {root}::{path}"));
    }

    let lines = text.lines().count();
    found(lines > LONGEST_FILE, format!("has {lines} lines"));
    broken
}

/// `store` for `src/store/meetings/open.rs`, `config` for `src/config.rs`.
fn part_of(path: &str) -> &str {
    let inside = path.trim_start_matches("src/");
    inside.split('/').next().unwrap_or_default().trim_end_matches(".rs")
}

/// Whether `path` is `prefix` or a continuation of it.
fn is_within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Whether a method of this name is called.
fn calls(code: &str, method: &str) -> bool {
    let squeezed = squeezed(code);
    squeezed.contains(&format!(".{method}(")) || squeezed.contains(&format!(".{method}::<"))
}

fn squeezed(code: &str) -> String {
    code.split_whitespace().collect()
}

/// Every path into the crate that the file names: from `crate`, or by as many `super` as lead to the root.
fn crate_imports(path: &str, code: &str) -> Vec<String> {
    let depth = path.trim_start_matches("src/").trim_end_matches("/mod.rs").trim_end_matches(".rs").split('/').count();
    let mut imports = paths_from(code, "crate");
    let is_root = matches!(path, "src/lib.rs" | "src/main.rs");
    if !is_root {
        let parts: Vec<&str> = MAY_IMPORT.iter().map(|(part, _)| *part).collect();
        let to_root = vec!["super"; depth].join("::");
        let outside = paths_from(code, "super").into_iter().filter_map(|path| {
            let whole = format!("super::{path}");
            whole.strip_prefix(&to_root)?.strip_prefix("::").map(str::to_owned)
        });
        // From the tests inside a file one `super` more leads there; its own names are not parts of the crate.
        let outside = outside.map(|path| path.trim_start_matches("super::").to_owned());
        imports.extend(outside.filter(|path| parts.contains(&path.split("::").next().unwrap_or_default())));
    }
    imports
}

fn files_below(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extensions.iter().any(|one| *one == extension)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What every file of the project breaks.
fn all_broken_rules() -> Vec<String> {
    let files = [files_below("src", &["rs"]), files_below("templates", &["html", "txt"])].concat();
    assert!(files.len() > 80, "the files were found: {}", files.len());
    let broken = files.iter().map(|file| {
        let path = file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap();
        broken_rules(path, &std::fs::read_to_string(file).unwrap())
    });
    broken.flatten().collect()
}

fn is_excused(broken: &str, (path, rule, _): &(&str, &str, &str)) -> bool {
    broken.starts_with(&format!("{path} {rule}"))
}

#[test]
fn every_file_keeps_the_rules() {
    let mut broken = all_broken_rules();
    broken.retain(|broken| !EXCUSED.iter().any(|excuse| is_excused(broken, excuse)));
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_excuse_is_still_needed() {
    let broken = all_broken_rules();
    for excuse in EXCUSED {
        assert!(broken.iter().any(|broken| is_excused(broken, excuse)), "{excuse:?} excuses nothing any more");
    }
}

#[test]
fn planted_violations_are_found() {
    let long = "\n".repeat(LONGEST_FILE + 1);
    for (path, text) in [
        ("src/domain/pool.rs", "use crate::store::Store;"),
        ("src/domain/pool.rs", "use crate::clock::Clock;"),
        ("src/domain/pool.rs", "fn f() { crate::config::environment(\"A\"); }"),
        ("src/domain/pool.rs", "use super::super::store::Store;"),
        ("src/domain/admission/usage.rs", "use super::super::super::zoom::Client;"),
        ("src/domain/pool.rs", "mod tests { use super::super::super::app::App; }"),
        ("src/domain/mod.rs", "use super::{clock::Ids, config};"),
        ("src/store/pool.rs", "use crate::{domain::ids::SeatId, app::App};"),
        ("src/store/pool.rs", "use crate::config::{Secret, Config};"),
        ("src/store/meetings/open.rs", "use super::super::super::mail::Mailer;"),
        ("src/zoom/client.rs", "use crate::store::Store;"),
        ("src/mail/smtp.rs", "use crate::{\n    config::Secret,\n    zoom,\n};"),
        ("src/app/bookings.rs", "use crate::web::Page;"),
        ("src/app/bookings.rs", "use crate::keeper::Keeper as K;"),
        ("src/keeper.rs", "use crate::store::Store;"),
        ("src/clock.rs", "use crate::config::Secret;"),
        ("src/config.rs", "use crate::store::Store;"),
        ("src/web/mod.rs", "use crate::zoom::Client;"),
        ("src/web/mod.rs", "use crate::store::{ReadTx, WriteTx};"),
        ("src/web/book.rs", "use crate::store::scope::{KeeperPass, TenantScope};"),
        ("src/web/book.rs", "async fn f() { app.store\n    .write(|tx| Ok(())).await }"),
        ("src/web/book.rs", "async fn f() { store.write::<_, AppError, _>(|tx| Ok(())).await }"),
        ("src/web/book.rs", "fn f(pass: &P) { let right = OperatorPass::console(pass); }"),
        ("src/web/book.rs", "fn f() { let (_, pass) = crate::store::Store::open(&\"sqlite::memory:\".parse()?)?; }"),
        ("src/unheard_of.rs", "use crate::domain::ids::SeatId;"),
        ("src/app/keys.rs", "use diesel::prelude::*;"),
        ("src/app/keys.rs", "fn f() { ::diesel::select(1); }"),
        ("src/mail/smtp.rs", "use reqwest::Client;"),
        ("src/zoom/client.rs", "use lettre::Message;"),
        ("src/app/mod.rs", "use actix_web::http::StatusCode;"),
        ("src/app/mod.rs", "use actix_web::{HttpRequest, http::{Method, StatusCode}};"),
        ("src/zoom/signature.rs", "fn f() -> actix_web::HttpResponse { todo() }"),
        ("src/keeper.rs", "impl actix_web::ResponseError for E {}"),
        ("src/main.rs", "fn main() { std::env::args(); }"),
        ("src/app/keys.rs", "use std::{env, fs};"),
        ("src/app/keys.rs", &long),
        ("templates/meetings/show.html", "<p>{{ topic|safe }}</p>"),
        ("templates/meetings/show.html", "<p>{{ topic | safe }}</p>"),
        ("templates/meetings/show.html", "{% autoescape false %}"),
    ] {
        assert!(!broken_rules(path, text).is_empty(), "{path}: {text}");
    }
}

#[test]
fn what_is_allowed_is_not_reported() {
    for (path, text) in [
        ("src/domain/pool.rs", "use crate::domain::ids::SeatId;\nuse super::time::Instant;"),
        ("src/domain/pool.rs", "//! `store` reads it; see [`crate::store`].\n// use diesel::prelude::*;\n/* crate::app */"),
        ("src/domain/pool.rs", "const HELP: &str = \"use crate::store or std::env::var or diesel\";"),
        ("src/domain/pool.rs", "const HELP: &str = r#\"crate::store \"diesel\" \"#; const C: char = '\"'; use super::ids;"),
        ("src/domain/pool.rs", "fn f<'a>(x: &'a str) -> &'a str { x } mod tests { use super::*; }"),
        ("src/store/meetings/open.rs", "use super::super::scope::KeeperPass;"),
        ("src/store/mod.rs", "use diesel::prelude::*; use crate::config::Secret;"),
        ("src/app/mod.rs", "use crate::{store::Store, zoom, mail::Mailer, config::{Config, Secret}};"),
        ("src/web/book.rs", "use crate::store::scope::TenantScope; fn f() { out.write_str(\"\"); HttpResponse::Ok(); }"),
        ("src/zoom/http.rs", "use reqwest::StatusCode;"),
        ("src/zoom/simulator/room.rs", "use actix_web::http::StatusCode;"),
        ("src/config.rs", "use std::env; use crate::store::DatabaseUrl;"),
        ("src/main.rs", "use duologue::web; fn main() {}"),
        ("src/commands/serve.rs", "fn f() { Store::open(&url); OperatorPass::console(&pass); }"),
        ("src/app/keys.rs", "fn f() { let environment = 1; std::fs::read(\"env\"); }"),
        ("templates/meetings/show.html", "<p>{{ topic }} is safe | {{ name|lower }}</p>"),
        ("templates/mail/invitation/body.txt", "{{ text|safe }}"),
    ] {
        let broken = broken_rules(path, text);
        assert!(broken.is_empty(), "{broken:?}");
    }
}
