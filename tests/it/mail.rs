//! Letters over a real SMTP server: Debian's `python3-aiosmtpd`, started here, read back with Python's own mail parser.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use duologue::domain::ids::{LetterId, MeetingId};
use duologue::domain::names::{EmailAddress, PersonName, Topic, ZoneName};
use duologue::domain::time::{Instant, Span, Window};
use duologue::mail::letters::{MeetingFacts, invitation};
use duologue::mail::{Letter, Recipient, SendError, Sender, Smtp, Stamp};

/// Keeps what it accepts in a maildir, and has one unknown and one busy recipient.
const HANDLER: &str = r#"
from aiosmtpd.handlers import Mailbox

class Clinic(Mailbox):
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown@"):
            return f"550 5.1.1 <{address}> no such user"
        if address.startswith("busy@"):
            return f"451 4.7.1 <{address}> is greylisted"
        envelope.rcpt_tos.append(address)
        return "250 OK"
"#;

/// Prints what a mail program makes of the newest mail in a maildir.
const READER: &str = r#"
import email, email.policy, json, os, sys
new = os.path.join(sys.argv[1], "new")
names = sorted(os.listdir(new))
mail = email.message_from_binary_file(open(os.path.join(new, names[-1]), "rb"), policy=email.policy.default)
parts = [part for part in mail.walk() if not part.is_multipart()]
print(json.dumps({
    "count": len(names),
    "to": mail["to"].addresses[0].display_name + " " + mail["to"].addresses[0].addr_spec,
    "from": mail["from"].addresses[0].addr_spec,
    "reply_to": mail["reply-to"].addresses[0].addr_spec,
    "id": mail["message-id"], "subject": mail["subject"], "defects": len(mail.defects),
    "types": [part.get_content_type() for part in parts],
    "method": parts[2].get_param("method"), "file": parts[3].get_filename(),
    "text": parts[0].get_content(), "ics": parts[2].get_payload(decode=True).decode(),
    "attached": parts[3].get_payload(decode=True).decode(),
}))
"#;

/// A running mail server; ends with the test.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Python that has aiosmtpd.
fn python() -> &'static str {
    let has_it = |python: &&str| {
        let probe = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
        probe.is_ok_and(|status| status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has_it).expect("install python3-aiosmtpd: this test needs a mail server")
}

pub(crate) fn start(folder: &Path, port: u16) -> Server {
    std::fs::write(folder.join("clinic.py"), HANDLER).unwrap();
    let child = Command::new(python())
        .args(["-m", "aiosmtpd", "-n", "-l", &format!("127.0.0.1:{port}"), "-c", "clinic.Clinic"])
        .arg(folder.join("mail"))
        .env("PYTHONPATH", folder)
        .spawn();
    Server(child.unwrap())
}

fn read(folder: &Path) -> serde_json::Value {
    let output = Command::new(python()).args(["-c", READER]).arg(folder.join("mail")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn letter(to: &str, sender: &Sender) -> Letter {
    let client =
        Recipient { address: EmailAddress::parse(to).unwrap(), name: PersonName::parse("Lee, \"Bo\" 李\u{1f642}").unwrap() };
    let facts = MeetingFacts {
        meeting: &MeetingId::new("0192-meeting"),
        sequence: 1,
        topic: &Topic::parse("Grüße; \"quotes\", commas\\ 診察 診察 診察 診察 診察 診察 診察").unwrap(),
        window: Window::lasting(Instant::from_seconds(1_793_710_800), Span::minutes(45)),
        host: &PersonName::parse("Ana Muñoz").unwrap(),
        host_zone: &ZoneName::parse("Europe/Madrid").unwrap(),
        tenant: &PersonName::parse("North Clinic").unwrap(),
        reply_to: Some(&EmailAddress::parse("desk@north.example").unwrap()),
        client: &client,
        client_zone: &ZoneName::parse("America/Lima").unwrap(),
        join_link: "https://meet.example.com/j/abc",
        sender,
    };
    let stamp = Stamp { id: LetterId::new("0192-letter"), at: Instant::from_seconds(1_793_700_000) };
    invitation(stamp, &facts).unwrap()
}

/// Waits until the server answers. Asks again rather than sleeping for a fixed time; gives up after 10 s.
pub(crate) async fn until_up(smtp: &Smtp) {
    let mut tries = tokio::time::interval(Duration::from_millis(50));
    for _ in 0..200 {
        tries.tick().await;
        if smtp.check().await.is_ok() {
            return;
        }
    }
    panic!("the mail server never answered");
}

#[actix_web::test]
async fn a_letter_arrives_whole_and_refusals_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sender = Sender::parse("North Clinic <meet@mail.example.com>").unwrap();
    let smtp = Smtp::new(&format!("smtp://127.0.0.1:{port}"), sender.clone()).unwrap();
    let down = smtp.check().await;
    assert!(matches!(down, Err(SendError::Later(_))), "nobody listens yet: {down:?}");

    let server = start(folder.path(), port);
    until_up(&smtp).await;

    let sent = letter("bo@example.com", &sender);
    smtp.send(&sent).await.unwrap();
    let mail = read(folder.path());
    assert_eq!(mail["count"], 1);
    assert_eq!(mail["defects"], 0);
    assert_eq!(mail["to"], "Lee, \"Bo\" 李\u{1f642} bo@example.com");
    assert_eq!(mail["from"], "meet@mail.example.com");
    assert_eq!(mail["reply_to"], "desk@north.example");
    assert_eq!(mail["id"], "<0192-letter@mail.example.com>");
    assert_eq!(mail["subject"], sent.subject.as_str());
    assert_eq!(mail["types"], serde_json::json!(["text/plain", "text/html", "text/calendar", "application/ics"]));
    assert_eq!(mail["method"], "REQUEST");
    assert_eq!(mail["file"], "invite.ics");
    assert_eq!(mail["text"].as_str().unwrap().replace("\r\n", "\n").trim_end(), sent.text.trim_end());
    // A maildir keeps its lines without carriage returns.
    let ics = sent.calendar.as_ref().unwrap().ics.replace("\r\n", "\n");
    assert_eq!(mail["ics"], ics);
    assert_eq!(mail["attached"], ics);

    for (to, code, later) in [("unknown@example.com", "(550, 5.1.1)", false), ("busy@example.com", "(451, 4.7.1)", true)] {
        let error = smtp.send(&letter(to, &sender)).await.unwrap_err();
        assert_eq!(matches!(error, SendError::Later(_)), later, "{error:?}");
        assert!(error.to_string().contains(code) && !error.to_string().contains('@'), "{error}");
    }
    smtp.send(&sent).await.unwrap();
    assert_eq!(read(folder.path())["count"], 2, "a refusal spoils no connection");

    drop(server);
    let gone = smtp.send(&sent).await;
    assert!(matches!(gone, Err(SendError::Later(_))), "{gone:?}");
}

/// A mail server that answers `reply` where `verb` comes (or in its greeting) and says yes to everything else. Gives its URL.
fn server_that_refuses(verb: &'static str, reply: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://ana:secret@{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let Ok((stream, _)) = listener.accept() else { return };
        let mut say = stream.try_clone().unwrap();
        let mut answer = |line: &str| write!(say, "{line}\r\n");
        let mut content = false;
        if answer(if verb == "greeting" { reply } else { "220 ready" }).is_err() {
            return;
        }
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { return };
            let word = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
            let answered = match word.as_str() {
                "." => {
                    content = false;
                    answer(if verb == "." { reply } else { "250 taken" })
                }
                _ if content => continue,
                word if word == verb => answer(reply),
                "EHLO" => answer("250-here\r\n250-8BITMIME\r\n250 AUTH PLAIN"),
                "AUTH" => answer("235 welcome"),
                "DATA" => {
                    content = true;
                    answer("354 go on")
                }
                _ => answer("250 fine"),
            };
            if answered.is_err() {
                return;
            }
        }
    });
    url
}

#[actix_web::test]
async fn a_letter_is_given_up_only_for_what_is_said_of_its_recipient() {
    let sender = Sender::parse("North Clinic <meet@mail.example.com>").unwrap();
    let cases = [
        ("greeting", "554 no service here", false),
        ("AUTH", "535 5.7.8 wrong password", false),
        ("MAIL", "530 5.7.0 sign in first", false),
        ("MAIL", "550 <meet@mail.example.com> may not send", false),
        ("RCPT", "554 5.7.1 <bo@example.com>: relay access denied", false),
        ("RCPT", "451 4.7.1 greylisted", false),
        ("RCPT", "550 <bo@example.com> no such user", true),
        ("RCPT", "550 5.1.1 <bo@example.com> no such user", true),
        (".", "554 looks like spam", false),
        (".", "550 5.1.1 no such user", true),
    ];
    for (verb, reply, never) in cases {
        let smtp = Smtp::new(&server_that_refuses(verb, reply), sender.clone()).unwrap();
        let error = smtp.send(&letter("bo@example.com", &sender)).await.unwrap_err();
        assert_eq!(matches!(error, SendError::Never(_)), never, "{verb} {reply}: {error:?}");
        assert!(error.to_string().contains(&reply[..3]) && !error.to_string().contains('@'), "{error}");
    }
    let smtp = Smtp::new(&server_that_refuses("", ""), sender.clone()).unwrap();
    for _ in 0..3 {
        smtp.send(&letter("bo@example.com", &sender)).await.unwrap();
    }
}
