use super::*;
use crate::domain::ids::{LetterId, MeetingId};
use crate::domain::names::{EmailAddress, PersonName, Topic, ZoneName};
use crate::domain::time::{Instant, Span, Window};
use crate::mail::{Letter, Method, Recipient, Sender, Stamp};

const LINK: &str = "https://meet.example.com/j/abc";

fn name(text: &str) -> PersonName {
    PersonName::parse(text).unwrap()
}

fn stamp() -> Stamp {
    Stamp { id: LetterId::new("l-1"), at: Instant::from_seconds(1_793_700_000) }
}

/// Tuesday 3 November 2026, 13:00 to 13:45 UTC.
fn window() -> Window {
    Window::lasting(Instant::from_seconds(1_793_710_800), Span::minutes(45))
}

/// Writes a letter about the same meeting, with the topic, the reply address and the client's zone of the case.
fn about(
    topic: &str,
    reply_to: Option<&str>,
    client_zone: &str,
    write: impl Fn(Stamp, &MeetingFacts<'_>) -> Result<Letter, LetterError>,
) -> Letter {
    about_at(LINK, topic, reply_to, client_zone, write)
}

/// The same from a portal that lives elsewhere.
fn about_at(
    join_link: &str,
    topic: &str,
    reply_to: Option<&str>,
    client_zone: &str,
    write: impl Fn(Stamp, &MeetingFacts<'_>) -> Result<Letter, LetterError>,
) -> Letter {
    let reply_to = reply_to.map(|text| EmailAddress::parse(text).unwrap());
    let client = Recipient { address: EmailAddress::parse("bo@example.com").unwrap(), name: name("Bo <b>Lee") };
    let facts = MeetingFacts {
        meeting: &MeetingId::new("m-1"),
        sequence: 2,
        topic: &Topic::parse(topic).unwrap(),
        window: window(),
        host: &name("Ana Ruiz"),
        host_zone: &ZoneName::parse("Europe/Madrid").unwrap(),
        tenant: &name("North & Clinic"),
        reply_to: reply_to.as_ref(),
        client: &client,
        client_zone: &ZoneName::parse(client_zone).unwrap(),
        join_link,
        sender: &Sender::parse("Duologue <meet@example.com>").unwrap(),
    };
    write(stamp(), &facts).unwrap()
}

#[test]
fn a_portal_that_moves_to_another_host_still_means_the_same_calendar_entry() {
    let uid = |letter: Letter| {
        let ics = letter.calendar.unwrap().ics;
        ics.lines().find(|line| line.starts_with("UID:")).unwrap().to_owned()
    };
    let invited = about_at("https://old.example/j/abc", "Check-up", None, "UTC", invitation);
    assert!(invited.calendar.as_ref().unwrap().ics.contains("old.example"), "its link is the old one");
    let moved = about_at("https://new.example/j/abc", "Check-up", None, "UTC", invitation);
    let called_off = about_at("https://new.example/j/abc", "Check-up", None, "UTC", |stamp, facts| cancelled(stamp, facts, true));
    assert_eq!(uid(invited), "UID:m-1@duologue");
    assert_eq!([uid(moved), uid(called_off)], ["UID:m-1@duologue", "UID:m-1@duologue"]);
}

#[test]
fn an_invitation_holds_everything_in_text_and_in_html() {
    let letter = about("Check-up", Some("desk@north.example"), "America/Lima", invitation);
    assert_eq!(letter.subject.as_str(), "Your meeting on Tuesday 3 November 2026 with Ana Ruiz");
    let facts = [
        "Ana Ruiz",
        "Check-up",
        LINK,
        "Tuesday 3 November 2026, 08:00–08:45 (Lima, UTC-5)",
        "Tuesday 3 November 2026, 14:00–14:45 (Madrid, UTC+1)",
        "reply to this message",
    ];
    for fact in facts {
        assert!(letter.text.contains(fact), "text lacks {fact}: {}", letter.text);
        assert!(letter.html.contains(fact), "html lacks {fact}: {}", letter.html);
    }
    assert!(letter.text.contains("of North & Clinic"), "{}", letter.text);
    assert_eq!(letter.reply_to.unwrap().as_str(), "desk@north.example");
    let calendar = letter.calendar.unwrap();
    assert_eq!(calendar.method, Method::Request);
    assert!(calendar.ics.contains("UID:m-1@duologue\r\n") && calendar.ics.contains("SEQUENCE:2\r\n"));
}

#[test]
fn what_people_typed_is_text_in_html() {
    let letter = about("<script>alert(1)</script>", None, "Europe/Madrid", invitation);
    assert!(!letter.html.contains("<script") && !letter.html.contains("<b>"), "{}", letter.html);
    assert!(letter.text.contains("<script>alert(1)</script>") && letter.text.contains("Bo <b>Lee"));
}

#[test]
fn without_a_reply_address_the_letter_says_that_replies_are_not_read() {
    let letter = about("Check-up", None, "Europe/Madrid", invitation);
    assert!(letter.text.contains("Replies to this message are not read"), "{}", letter.text);
    assert_eq!(letter.text.matches("Madrid").count(), 1, "one zone is named once");
}

#[test]
fn a_change_shows_both_times_and_a_cancellation_no_link() {
    let before = window().moved_to(Instant::from_seconds(1_793_624_400));
    let letter = about("Check-up", None, "Europe/Madrid", |stamp, facts| rescheduled(stamp, facts, before));
    assert!(letter.text.contains("Tuesday 3 November 2026, 14:00") && letter.text.contains("Monday 2 November 2026, 14:00"));
    assert_eq!(letter.calendar.unwrap().method, Method::Request);

    let letter = about("Check-up", None, "Europe/Madrid", |stamp, facts| cancelled(stamp, facts, true));
    assert!(letter.subject.as_str().starts_with("Cancelled:"));
    assert_eq!(letter.calendar.as_ref().unwrap().method, Method::Cancel);
    let everything = letter.text + &letter.html + &letter.calendar.unwrap().ics;
    assert!(!everything.contains(LINK));
}

#[test]
fn a_change_of_the_topic_alone_says_that_the_time_stays() {
    let letter = about("Second opinion", None, "Europe/Madrid", |stamp, facts| changed(stamp, facts, true));
    assert_eq!(letter.subject.as_str(), "Changed: your meeting on Tuesday 3 November 2026 with Ana Ruiz");
    for part in [&letter.text, &letter.html] {
        for fact in ["Second opinion", "The time stays as it was", "Tuesday 3 November 2026, 14:00–14:45 (Madrid, UTC+1)", LINK]
        {
            assert!(part.contains(fact), "lacks {fact}: {part}");
        }
        assert!(!part.contains("new time") && !part.contains("New time"), "{part}");
    }
    assert_eq!(letter.calendar.unwrap().method, Method::Request);

    let letter = about("Second opinion", None, "Europe/Madrid", |stamp, facts| changed(stamp, facts, false));
    assert!(!letter.text.contains("stays") && letter.text.contains("This is how it is now"), "{}", letter.text);
}

#[test]
fn a_cancellation_of_what_nobody_was_invited_to_speaks_of_no_link_they_had() {
    let letter = about("Check-up", None, "Europe/Madrid", |stamp, facts| cancelled(stamp, facts, false));
    assert!(
        !letter.text.contains("you were sent") && letter.text.contains("If an invitation has reached you"),
        "{}",
        letter.text
    );
}

#[test]
fn a_letter_written_again_is_the_same_letter() {
    let write = || about("Check-up", None, "Europe/Madrid", invitation);
    assert_eq!(write(), write());
}

#[test]
fn account_letters_name_the_place_the_link_and_the_time() {
    let person = Recipient { address: EmailAddress::parse("ana@example.com").unwrap(), name: name("Ana Ruiz") };
    let account = Account { person: &person, place: "North Clinic", zone: &ZoneName::utc() };
    let link = "https://meet.example.com/password/abc";
    let until = window().start();
    let letters = [
        account_invitation(stamp(), &account, Some(&name("Cy Admin")), link, until).unwrap(),
        account_invitation(stamp(), &account, None, link, until).unwrap(),
        password_reset(stamp(), &account, link, until).unwrap(),
        password_changed(stamp(), &account, link, until).unwrap(),
    ];
    for letter in &letters {
        assert!(letter.subject.as_str().contains("North Clinic"));
        for part in [&letter.text, &letter.html] {
            for fact in ["Ana Ruiz", "North Clinic", link, "Tuesday 3 November 2026, 13:00 (UTC)"] {
                assert!(part.contains(fact), "lacks {fact}: {part}");
            }
        }
        assert_eq!(letter.calendar, None);
    }
    assert!(letters[0].text.contains("Cy Admin invites you to North Clinic."));
    assert!(letters[1].text.contains("You are invited to North Clinic."));
}
