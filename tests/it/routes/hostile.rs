//! Every route, form and search with what nobody would type by accident: the answer is words, and never a failure of ours.
//! PostgreSQL is pickier than SQLite about text and numbers, so both are asked.

use std::collections::BTreeSet;

use duologue::demo::Demo;
use duologue::web::routes::{Access, table};
use duologue::zoom::signature;

use super::{Cast, Ids, ask};
use crate::support::demo::{From, Visitor, with_demo_on_both_databases};
use crate::support::html::Form;

/// Ids and tokens that nobody has, and that hope to break something.
const IDS: [&str; 9] = [
    "nobody",
    "%00",
    "a%00b",
    "..%2f..%2fetc%2fpasswd",
    "'%20OR%20'1'='1",
    "%F0%9F%A6%80",
    "%ff%fe",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "99999999999999999999999999999999999999999999999999999999999999999999999999999999",
];
/// What fields and searches are filled in with.
const VALUES: [&str; 9] = [
    "\0",
    "a\0b",
    "-1",
    "4294967296",
    "9223372036854775807",
    "99999999999999999999999999999999999999",
    "'; DROP TABLE pool; --",
    "<script>alert(1)</script>",
    "\u{202e}\u{1f980}\u{feff}",
];
/// What lists and pages are asked by. Nonsense in the second kind ends the search at once.
const QUESTIONS: [&[&str]; 2] = [&["q", "show", "tenant", "when", "next", "start", "days"], &["page", "state"]];

/// The pages that can be opened, each with who opens it.
fn pages<'a>(ids: &Ids, cast: &'a Cast) -> Vec<(&'a Visitor, String)> {
    let rows = table().into_iter().filter(|row| row.method == actix_web::http::Method::GET);
    let open = rows.map(|row| {
        let visitor = match row.access {
            Access::Operator => &cast.operator,
            Access::Staff | Access::Admin | Access::SignedIn => &cast.admin,
            Access::Machine | Access::Anyone | Access::LinkHolder | Access::Zoom => &cast.nobody,
        };
        (visitor, ids.fill(&row).unwrap())
    });
    open.collect()
}

/// The path with everything that is an id or a token written as one, so that one of a hundred alike is tried.
fn kind_of(action: &str) -> String {
    let is_id = |segment: &&str| segment.len() > 20 && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    action.split('/').map(|segment| if is_id(&segment) { "…" } else { segment }).collect::<Vec<_>>().join("/")
}

/// The forms of every page, once each, with who would send them. Those that end a session are left out.
async fn forms<'a>(ids: &Ids, cast: &'a Cast) -> Vec<(&'a Visitor, String, Form)> {
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    for (visitor, path) in pages(ids, cast) {
        for form in Form::all(&visitor.get(&path).await.body) {
            let action = if form.action.is_empty() { path.clone() } else { form.action.clone() };
            let ends = ["sign-out", "/sessions", "/account/password", "/deactivation", "/suspension"];
            if form.method == "post" && !ends.iter().any(|end| action.ends_with(end)) && seen.insert(kind_of(&action)) {
                found.push((visitor, action, form));
            }
        }
    }
    found
}

with_demo_on_both_databases! {
    async fn ids_and_tokens(demo: &Demo) {
        let cast = Cast::of(&demo.portal).await;
        let mut broken = Vec::new();
        for row in table().iter().filter(|row| row.path.contains('{')) {
            for hostile in IDS {
                let path = row.path.replace("{slug}", if row.path.contains("{id}") { "north-clinic" } else { hostile });
                let path = path.replace("{id}", hostile).replace("{token}", hostile).replace("{name}", hostile);
                let visitor = if row.access == Access::Operator { &cast.operator } else { &cast.admin };
                let seen = ask(visitor, row, &path).await;
                if !((400..500).contains(&seen.status) || seen.status == 303) || seen.body.contains("<script>alert") {
                    broken.push(format!("{} {path}: {}", row.method, seen.status));
                }
            }
        }
        assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    }

    async fn every_field_of_every_form(demo: &Demo) {
        let (ids, cast) = (Ids::of(demo).await, Cast::of(&demo.portal).await);
        let mut forms = forms(&ids, &cast).await;
        // Last: a value may be a good password, and then whoever has it now is signed out.
        forms.sort_by_key(|(_, action, _)| action.contains("/password/"));
        assert!(forms.len() >= 20, "the forms were found: {}", forms.len());
        let (mut broken, mut tried) = (Vec::new(), 0);
        for (visitor, action, form) in &forms {
            for (index, (field, _)) in form.fields.iter().enumerate().filter(|(_, (field, _))| field != "csrf") {
                for value in VALUES {
                    let mut fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
                    fields[index].1 = value;
                    let seen = visitor.post(action, &fields, From::OwnPage).await;
                    tried += 1;
                    let expected = if value.contains('\0') { 400..423 } else { 200..500 };
                    if !expected.contains(&seen.status) || seen.body.contains("<script>alert") {
                        broken.push(format!("{action} with {field}={value:?}: {}", seen.status));
                    }
                }
            }
        }
        assert!(broken.is_empty(), "{} of {tried}:\n{}", broken.len(), broken.join("\n"));
        assert!(tried > 400, "{tried}");
    }

    async fn every_search(demo: &Demo) {
        let (ids, cast) = (Ids::of(demo).await, Cast::of(&demo.portal).await);
        let mut broken = Vec::new();
        for (visitor, path) in pages(&ids, &cast) {
            for value in VALUES {
                let encoded = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
                for questions in QUESTIONS {
                    let asked = questions.iter().map(|name| format!("{name}={encoded}")).collect::<Vec<_>>().join("&");
                    let seen = visitor.get(&format!("{path}?{asked}")).await;
                    if seen.status >= 500 || seen.body.contains("<script>alert") {
                        broken.push(format!("{path}?{asked}: {}", seen.status));
                    }
                }
            }
        }
        assert!(broken.is_empty(), "\n{}", broken.join("\n"));
    }

    /// Zoom signs it, so it is taken in; what is in it must not break the inbox.
    async fn webhooks(demo: &Demo) {
        let nobody = Visitor::nobody(&demo.portal);
        for (number, value) in [r"a\u0000b", r"\u0000", "-1", "99999999999999999999999999", r"\ud83e\udd80", "'; DROP TABLE pool; --"].iter().enumerate() {
            for body in [
                format!(r#"{{"event":"meeting.ended","event_ts":1{number}1,"payload":{{"object":{{"id":"{value}","uuid":"{value}","host_id":"{value}"}}}}}}"#),
                format!(r#"{{"event":"meeting.started","event_ts":1{number}2,"payload":{{"object":{{"id":"7","uuid":"{value}","start_time":"{value}"}}}}}}"#),
                format!(r#"{{"event":"user.deleted","event_ts":1{number}3,"payload":{{"object":{{"id":"{value}"}}}}}}"#),
                format!(r#"{{"event":"{value}","event_ts":1{number}4,"payload":{{"object":"{value}"}}}}"#),
            ] {
                let timestamp = demo.app.now().seconds().to_string();
                let signed = signature::sign(demo.app.webhook_secret.reveal(), &timestamp, body.as_bytes());
                let status = nobody.webhook(&timestamp, &signed, &body).await;
                assert_eq!(status, 200, "{body}");
            }
        }
        crate::support::until("the inbox is empty", || async {
            let counts = demo.app.store.read(duologue::store::events::count_by_state).await.unwrap();
            counts.iter().all(|(state, count)| state == "done" || *count == 0)
        })
        .await;
    }
}
