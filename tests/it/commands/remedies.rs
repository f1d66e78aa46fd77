//! What the commands say when something is amiss: what to type instead, and everything at once.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use super::{ADD_TENANT, Console};

#[test]
fn a_cap_below_the_guarantee_is_told_the_flag_and_not_to_buy_licenses() {
    let console = Console::ready();
    assert_eq!(console.run(&["licenses", "set", "20"]).code, 0);
    let low = console.run(&[&ADD_TENANT[..], &["--guarantee", "9"]].concat());
    assert!(low.code == 1 && low.err.contains("--cap") && !low.err.contains("licenses set"), "{}", low.err);
    let greedy = console.run(&[&ADD_TENANT[..], &["--guarantee", "30", "--cap", "30"]].concat());
    assert!(greedy.code == 1 && greedy.err.contains("licenses set") && !greedy.err.contains("--cap"), "{}", greedy.err);
}

#[test]
fn a_link_that_leads_to_this_machine_alone_says_so() {
    let here = Console::ready();
    let operator = ["operator", "add", "robin@example.com", "Robin Quayle"];
    for arguments in [&operator[..], &ADD_TENANT] {
        let done = here.run(arguments);
        assert!(done.code == 0 && done.out.contains("set DUOLOGUE_BASE_URL"), "{}{}", done.out, done.err);
    }
    let mind = here.run(&["operator", "add", "sam@example.com", "Sam Lee", "--json"]).json()["mind"].clone();
    assert!(mind.as_str().unwrap().contains("DUOLOGUE_BASE_URL"), "{mind}");

    let public = Console::ready().with("DUOLOGUE_BASE_URL", "https://meet.example.com");
    for arguments in [&operator[..], &ADD_TENANT] {
        let done = public.run(arguments);
        assert!(done.out.contains("https://meet.example.com/") && !done.out.contains("DUOLOGUE_BASE_URL"), "{}", done.out);
    }
}

#[test]
fn check_doubts_a_public_url_on_this_machine_unless_its_mail_stays_here_too() {
    let mails_out = || Console::complete().with("SMTP_URL", "smtp://mail.invalid:9");
    for (console, doubted) in [
        (mails_out(), true),
        (mails_out().with("DUOLOGUE_BASE_URL", "http://[::1]:8080"), true),
        (mails_out().with("DUOLOGUE_BASE_URL", "http://localhost"), true),
        (mails_out().with("DUOLOGUE_BASE_URL", "https://meet.example.com"), false),
        (Console::complete(), false),
    ] {
        let done = console.run(&["check"]);
        let line = done.out.lines().find(|line| line.starts_with("doubt  public URL:"));
        assert_eq!(line.is_some_and(|line| line.contains("set DUOLOGUE_BASE_URL")), doubted, "{}", done.out);
        let rows = console.run(&["check", "--json"]).json();
        let doubts = rows.as_array().unwrap().iter().filter(|row| row["doubtful"] == true);
        assert_eq!(doubts.count(), usize::from(doubted), "{rows}");
    }
}

#[test]
fn every_wrong_line_of_an_import_is_told_at_once_with_its_remedy() {
    let console = Console::ready();
    assert_eq!(console.run(&ADD_TENANT).code, 0);
    let lines = [
        "email,name,tenant,user",
        "one@zoom.example,One,north,ana@north.example",
        "nonsense",
        "two@zoom.example,Two,north,ana@north.example",
        "three@zoom.example,Three,south,",
        "four@zoom.example,Four,north,nobody@north.example",
        "five@zoom.example,Five,,ana@north.example",
    ];
    std::fs::write(console.path().join("seats.csv"), lines.join("\n")).unwrap();
    let done = console.run(&["seats", "import", "seats.csv"]);
    assert_eq!(done.code, 1, "{}{}", done.out, done.err);
    let told: Vec<&str> = done.out.lines().filter(|line| line.starts_with("  line ")).collect();
    let expected = [
        ("  line 3:", "address"),
        ("  line 4:", "give that one to somebody else first"),
        ("  line 5:", "add it first"),
        ("  line 6:", "invited first"),
        ("  line 7:", "name it in the same line"),
    ];
    assert_eq!(told.len(), expected.len(), "{}", done.out);
    for (line, (number, remedy)) in told.iter().zip(expected) {
        assert!(line.starts_with(number) && line.contains(remedy), "{line} has {remedy}");
    }
    assert_eq!(console.number("SELECT COUNT(*) FROM seats"), "0", "all or nothing");

    std::fs::write(console.path().join("latin.csv"), b"email,name\na@zoom.example,Andr\xe9\n").unwrap();
    let latin = console.run(&["seats", "import", "latin.csv"]);
    assert!(latin.code == 1 && latin.err.contains("latin.csv") && latin.err.contains("CSV UTF-8"), "{}", latin.err);
}

#[test]
fn one_is_told_as_one() {
    let console = Console::ready();
    assert_eq!(console.run(&["licenses", "set", "1"]).out.trim(), "The pool has 1 license.");
    std::fs::write(console.path().join("seats.csv"), "email\none@zoom.example\n").unwrap();
    let done = console.run(&["seats", "import", "seats.csv"]);
    assert!(done.out.starts_with("1 seat added, 0 updated."), "{}", done.out);
    let greedy = console.run(&[&ADD_TENANT[..], &["--guarantee", "2"]].concat());
    assert!(greedy.err.contains("1 license can be promised"), "{}", greedy.err);
}

#[actix_web::test]
async fn licenses_set_below_what_was_accepted_tells_the_shortfall() {
    let (demo, folder) = crate::support::demo::demo().await;
    let database = format!("sqlite://{}", folder.path().join("duologue.db").display());
    let key = std::fs::read_to_string(folder.path().join("secret.key")).unwrap();
    let console = Console::bare().with("DATABASE_URL", &database).with("DUOLOGUE_SECRET_KEY", &key);

    let enough = console.run(&["licenses", "set", "40", "--json"]).json();
    assert_eq!((&enough["licenses"], &enough["shortfall"]), (&serde_json::json!(40), &serde_json::json!([])));

    // What the clinic is guaranteed would be in the way.
    SqliteConnection::establish(&folder.path().join("duologue.db").to_string_lossy())
        .unwrap()
        .batch_execute("PRAGMA busy_timeout = 10000; UPDATE tenants SET guarantee = 0")
        .unwrap();
    let told = console.run(&["licenses", "set", "0"]).out;
    let ahead = demo.app.ahead(&demo.console, None).await.unwrap();
    assert!(ahead.licenses == 0 && !ahead.short.is_empty(), "{ahead:?}");
    let most = ahead.short.iter().map(|stretch| stretch.licenses).max().unwrap();
    assert!(told.starts_with("The pool has 0 licenses. Meetings that were accepted"), "{told}");
    assert!(told.contains(&format!("need up to {most} at once")) && told.contains("UTC"), "{told}");

    let rows = console.run(&["licenses", "set", "0", "--json"]).json()["shortfall"].clone();
    assert_eq!(rows.as_array().unwrap().len(), ahead.short.len());
    assert_eq!(rows[0]["needed"], ahead.short[0].licenses);
    assert_eq!(rows[0]["until"], ahead.short[0].window.end().to_string());
}
