//! Reads back what `calendar` writes with a reader of its own, strict where a lenient one would hide a mistake.

use proptest::prelude::*;

use super::*;
use crate::domain::time::Span;

fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn write(summary: &str, description: &str, name: &str) -> String {
    request(&Entry {
        uid: "0192@meet.example.com",
        sequence: 3,
        stamp: Instant::from_seconds(1_793_700_000),
        window: Window::lasting(Instant::from_seconds(1_793_710_800), Span::minutes(45)),
        summary,
        description,
        link: Some("https://meet.example.com/j/abc"),
        organizer: (name, &address("meet@example.com")),
        attendee: (name, &address("client@example.com")),
    })
    .ics
}

/// The logical lines. Panics on a bare CR or LF and on a line of more than 75 octets.
fn unfold(ics: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in ics.strip_suffix("\r\n").expect("the last line ends").split("\r\n") {
        assert!(!line.contains(['\r', '\n']), "a bare line break in {line:?}");
        assert!(line.len() <= 75, "{} octets in {line:?}", line.len());
        match line.strip_prefix(' ') {
            Some(rest) => lines.last_mut().expect("a first line").push_str(rest),
            None => lines.push(line.to_owned()),
        }
    }
    lines
}

/// The value of the only line with that property.
fn only<'a>(lines: &'a [String], name: &str) -> &'a str {
    let mut found = lines.iter().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.starts_with([':', ';']).then_some(rest)
    });
    let value = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert_eq!(found.next(), None, "a second {name}");
    value
}

fn unescape(text: &str) -> String {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(c) = chars.next() {
        out.push(match c {
            '\\' => match chars.next().expect("something is escaped") {
                'n' => '\n',
                c @ ('\\' | ';' | ',') => c,
                other => panic!("\\{other} is no escape"),
            },
            ';' | ',' => panic!("an unescaped {c}"),
            c => c,
        });
    }
    out
}

/// What is left of a hostile text: line breaks are line feeds, other control characters are gone.
fn cleaned(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| *c == '\n' || !c.is_control()).collect()
}

fn common_name(value: &str) -> String {
    let inside = value.strip_prefix(";CN=\"").and_then(|rest| rest.split_once('"')).expect("a quoted name").0;
    let (mut out, mut chars) = (String::new(), inside.chars());
    while let Some(c) = chars.next() {
        out.push(match c {
            '^' => match chars.next() {
                Some('\'') => '"',
                Some('n') => '\n',
                Some('^') => '^',
                other => panic!("^{other:?} is no escape"),
            },
            c => c,
        });
    }
    out
}

#[test]
fn an_invitation_says_when_where_and_who() {
    let ics = write("Check-up", "Join here: https://meet.example.com/j/abc", "Ana Ruiz");
    let lines = unfold(&ics);
    let expected = [
        ("METHOD", ":REQUEST"),
        ("UID", ":0192@meet.example.com"),
        ("SEQUENCE", ":3"),
        ("DTSTAMP", ":20261103T100000Z"),
        ("DTSTART", ":20261103T130000Z"),
        ("DTEND", ":20261103T134500Z"),
        ("STATUS", ":CONFIRMED"),
        ("SUMMARY", ":Check-up"),
        ("URL", ":https://meet.example.com/j/abc"),
        ("LOCATION", ":https://meet.example.com/j/abc"),
        ("ORGANIZER", ";CN=\"Ana Ruiz\":mailto:meet@example.com"),
    ];
    for (name, value) in expected {
        assert_eq!(only(&lines, name), value, "{name}");
    }
    assert!(only(&lines, "ATTENDEE").ends_with(";PARTSTAT=NEEDS-ACTION;RSVP=FALSE:mailto:client@example.com"));
}

#[test]
fn a_cancellation_takes_the_same_entry_out() {
    let entry = Entry {
        uid: &uid(&MeetingId::new("0192")),
        sequence: 4,
        stamp: Instant::from_seconds(0),
        window: Window::lasting(Instant::from_seconds(300), Span::minutes(5)),
        summary: "Check-up",
        description: "Called off.",
        link: None,
        organizer: ("Ana", &address("meet@example.com")),
        attendee: ("Bo", &address("client@example.com")),
    };
    let part = cancel(&entry);
    let lines = unfold(&part.ics);
    assert_eq!(part.method, Method::Cancel);
    assert_eq!(only(&lines, "METHOD"), ":CANCEL");
    assert_eq!(only(&lines, "STATUS"), ":CANCELLED");
    assert_eq!(only(&lines, "UID"), ":0192@duologue");
    assert_eq!(only(&lines, "SEQUENCE"), ":4");
    assert!(!part.ics.contains("URL"));
}

#[test]
fn a_long_title_folds_between_characters() {
    let title = "診察🙂".repeat(40);
    assert_eq!(unescape(&only(&unfold(&write(&title, "", "A")), "SUMMARY")[1..]), title);
}

fn hostile() -> impl Strategy<Value = String> {
    let bits = prop_oneof![
        Just("\r\nATTENDEE:mailto:x@y.example".to_owned()),
        Just("\r\nEND:VEVENT\r\nBEGIN:VEVENT".to_owned()),
        Just("\n ".to_owned()),
        Just("\r".to_owned()),
        Just("\\n".to_owned()),
        Just("\"".to_owned()),
        Just("\";X=\"".to_owned()),
        Just("^n^'".to_owned()),
        Just(";,:\\".to_owned()),
        Just("🙂\u{2028}\u{85}\0".to_owned()),
        "\\PC{0,40}",
        any::<String>(),
    ];
    proptest::collection::vec(bits, 0..8).prop_map(|bits| bits.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_breaks_out_of_its_place(summary in hostile(), description in hostile(), name in hostile()) {
        let lines = unfold(&write(&summary, &description, &name));
        for frame in ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR"] {
            prop_assert_eq!(lines.iter().filter(|line| *line == frame).count(), 1);
        }
        prop_assert_eq!(lines.len(), 20);
        prop_assert_eq!(unescape(&only(&lines, "SUMMARY")[1..]), cleaned(&summary));
        prop_assert_eq!(unescape(&only(&lines, "DESCRIPTION")[1..]), cleaned(&description));
        prop_assert_eq!(common_name(only(&lines, "ATTENDEE")), cleaned(&name));
        prop_assert_eq!(common_name(only(&lines, "ORGANIZER")), cleaned(&name));
    }
}
