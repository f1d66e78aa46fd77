use actix_web::App;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use proptest::prelude::*;

use super::*;
use crate::domain::ids::LetterId;
use crate::domain::names::PersonName;
use crate::domain::time::Instant;
use crate::mail::{CalendarPart, Letter, Recipient, Subject};

fn letter(to: &str, text: &str) -> Letter {
    Letter {
        id: LetterId::new("l-1"),
        written_at: Instant::from_seconds(1_793_700_000),
        to: Recipient { address: EmailAddress::parse(to).unwrap(), name: PersonName::parse("Bo <i>Lee").unwrap() },
        reply_to: None,
        subject: Subject::new("<b>Hello</b>"),
        text: text.to_owned(),
        html: "<p>the HTML part</p>".to_owned(),
        calendar: Some(CalendarPart { method: Method::Request, ics: "BEGIN:VCALENDAR\r\n".to_owned() }),
    }
}

/// Sends the letters and gets a page: its status, its policy and its text.
async fn get_page(letters: &[Letter], uri: &str) -> (u16, String, String) {
    let mailbox = Mailbox::new(Sender::parse("North <meet@example.com>").unwrap());
    for letter in letters {
        mailbox.send(letter).unwrap();
    }
    let app = init_service(App::new().configure(configure(mailbox))).await;
    let response = call_service(&app, TestRequest::get().uri(uri).to_request()).await;
    let policy = response.headers().get(CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    (status, policy, String::from_utf8(read_body(response).await.to_vec()).unwrap())
}

#[actix_web::test]
async fn the_list_is_newest_first_and_searches_by_recipient() {
    let letters = [letter("ana@example.com", "one"), letter("bo@example.com", "two")];
    let (_, _, page) = get_page(&letters, "/mailbox").await;
    let place = |what: &str| page.find(what).unwrap_or_else(|| panic!("{what} is missing from {page}"));
    assert!(place("bo@example.com") < place("ana@example.com"));
    assert!(!page.contains("<b>") && !page.contains("<i>"), "{page}");

    let (_, _, page) = get_page(&letters, "/mailbox?to=ANA@").await;
    assert!(page.contains("ana@example.com") && !page.contains("bo@example.com"), "{page}");
    let (status, _, page) = get_page(&letters, "/mailbox?to=%22%3E%3Cscript%3E").await;
    assert!(status == 200 && !page.contains("<script"), "{page}");
}

#[actix_web::test]
async fn a_letter_shows_its_text_with_links_and_its_calendar_entry() {
    let letters = [letter("bo@example.com", "Join here: https://meet.example.com/j/a?b=1&c=2 or javascript:alert(1) <b>")];
    let (status, policy, page) = get_page(&letters, "/mailbox/1").await;
    assert_eq!(status, 200);
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"));
    assert!(page.contains("href=\"https://meet.example.com/j/a?b=1&#38;c=2\""), "{page}");
    assert!(!page.contains("href=\"javascript") && !page.contains("<b>"), "{page}");
    assert!(page.contains("BEGIN:VCALENDAR") && page.contains("sandbox="), "{page}");
}

#[actix_web::test]
async fn the_html_part_can_do_nothing_but_look() {
    let (status, policy, page) = get_page(&[letter("bo@example.com", "x")], "/mailbox/1/html").await;
    assert_eq!((status, page.as_str()), (200, "<p>the HTML part</p>"));
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';") && policy.contains("; sandbox"), "{policy}");
}

#[actix_web::test]
async fn a_letter_that_is_not_there_is_not_found() {
    for uri in ["/mailbox/2", "/mailbox/x", "/mailbox/-1", "/mailbox/99999999999999999999/html"] {
        assert_eq!(get_page(&[letter("bo@example.com", "x")], uri).await.0, 404, "{uri}");
    }
}

#[test]
fn the_end_of_a_sentence_is_no_part_of_a_link() {
    assert_eq!(
        pieces("See https://a.example/b. Or http://c.example"),
        [Piece::Text("See "), Piece::Link("https://a.example/b"), Piece::Text(". Or "), Piece::Link("http://c.example")]
    );
}

proptest! {
    #[test]
    fn the_pieces_are_the_text(text in "(https?://|[a-z.<>\" ]|\\PC){0,60}") {
        let together: String = pieces(&text).iter().map(|piece| match piece { Piece::Text(t) | Piece::Link(t) => *t }).collect();
        prop_assert_eq!(together, text);
    }
}
