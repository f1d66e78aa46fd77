//! Bodies that are broken, slow or too large, as bytes on a connection: they are the sender's mistake, and are answered.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Browser, portal};

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n";
const PLACES: [&str; 3] = ["/webhooks/zoom", "/operator/sign-in", "/j/nobody/entry"];
/// Longer than any answer takes, and much longer than the test portal's patience.
const GIVE_UP: Duration = Duration::from_secs(30);

/// Sends these bytes and nothing more, and gives the status that comes back.
async fn status_of(browser: &Browser, bytes: &str) -> u16 {
    let address = browser.url("").trim_start_matches("http://").to_owned();
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(bytes.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = tokio::time::timeout(GIVE_UP, connection.read_exact(&mut answer)).await;
    read.expect("it is answered").expect("with a status line");
    String::from_utf8_lossy(&answer).rsplit(' ').next().unwrap().parse().unwrap()
}

fn post(place: &str, headers: &str, body: &str) -> String {
    format!("POST {place} HTTP/1.1\r\nhost: x\r\n{FORM}{headers}\r\n{body}")
}

/// Whether anything but the body itself decides the answer: some places do not read one.
fn is_expected(place: &str, status: u16, expected: u16) -> bool {
    status == expected || place.starts_with("/j/") && status == 404
}

#[actix_web::test]
async fn a_broken_body_is_400() {
    let app = portal();
    let browser = Browser::of(&app);
    for place in PLACES {
        for chunks in
            ["zz\r\nabc\r\n0\r\n\r\n", "3\r\nabcdef\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n", "-1\r\n\r\n"]
        {
            let status = status_of(&browser, &post(place, "transfer-encoding: chunked\r\n", chunks)).await;
            assert!(is_expected(place, status, 400), "{place} answered {chunks:?} with {status}");
        }
        let squeezed = post(place, "content-encoding: gzip\r\ncontent-length: 3\r\n", "abc");
        let status = status_of(&browser, &squeezed).await;
        assert!(is_expected(place, status, 400) || place == "/webhooks/zoom" && status == 401, "{place}: {status}");
    }
    assert_eq!(status_of(&browser, &post(PLACES[1], "content-length: 4\r\n", "a=%0")).await, 422, "what is whole is read");
}

#[actix_web::test]
async fn a_body_that_does_not_come_is_408_and_ties_up_nothing() {
    let app = portal();
    let browser = Browser::with_patience(&app, Duration::from_millis(200));
    for place in PLACES {
        for (headers, part) in [("content-length: 10\r\n", "abc"), ("transfer-encoding: chunked\r\n", "5\r\nabc")] {
            let status = status_of(&browser, &post(place, headers, part)).await;
            assert!(is_expected(place, status, 408), "{place} answered {status}");
        }
    }
    let head = status_of(&browser, "GET / HTTP/1.1\r\nhost: x\r\n").await;
    assert_eq!(head, 408, "a head that does not end");
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_413() {
    let app = portal();
    let browser = Browser::of(&app);
    let large = "a".repeat(300 * 1024);
    for (place, body) in [("/webhooks/zoom", &*large), ("/operator/sign-in", &large[..65 * 1024])] {
        let status = status_of(&browser, &post(place, &format!("content-length: {}\r\n", body.len()), body)).await;
        assert_eq!(status, 413, "{place}");
    }
}
