//! `demo --folder`: a demo that was stopped goes on where it was, with its letters and its rooms, however it was stopped.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use duologue::store::DatabaseUrl;

use super::Console;
use super::starting::Running;
use crate::support::database::Raw;
use crate::support::demo::{From, Visitor};
use crate::support::html::{Form, attributes};
use crate::support::until;

/// A demo's folder and its two addresses, which stay the same from one run to the next.
struct Theater {
    console: Console,
    portal: String,
    zoom: String,
}

impl Theater {
    fn new() -> Self {
        // Held together, so that they are two.
        let held = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let [portal, zoom] = held.each_ref().map(|listener| listener.local_addr().unwrap().to_string());
        Self { console: Console::bare(), portal, zoom }
    }

    fn start(&self) -> Running {
        let flags = ["demo", "--folder", "played", "--bind", &self.portal, "--simulator-bind", &self.zoom];
        Running::start(self.console.command(&flags))
    }

    /// Starts it and waits until it can be used.
    fn open(&self) -> Running {
        let mut running = self.start();
        running.line_after("Portal", true);
        running
    }

    fn in_portal(&self) -> Visitor {
        Visitor::nobody(&format!("http://{}", self.portal))
    }

    fn at_zoom(&self) -> Visitor {
        Visitor::nobody(&format!("http://{}", self.zoom))
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.console.path().join("played").join(name)
    }

    /// The path of the client's link in the letter.
    async fn link_of(&self, address: &str) -> Option<String> {
        let list = self.at_zoom().get(&format!("/mailbox?to={address}")).await;
        let letter = attributes(&list.body, "th a", "href").into_iter().next()?;
        let links = attributes(&self.at_zoom().get(&letter).await.body, "a", "href");
        Some(path(links.iter().find(|link| link.contains("/j/"))?).to_owned())
    }

    fn licenses_on_seats(&self) -> String {
        let rows = Raw::open(&DatabaseUrl::Sqlite(self.file("duologue.db")))
            .rows("SELECT CAST(COUNT(*) AS TEXT) AS a, NULL AS b, NULL AS c FROM licenses WHERE seat_id IS NOT NULL");
        rows[0][0].clone().unwrap()
    }
}

/// What comes after the host.
fn path(url: &str) -> &str {
    url.splitn(4, '/').nth(3).map_or("/", |rest| &url[url.len() - rest.len() - 1..])
}

/// A live meeting of the clinic with its client in it.
struct Live {
    host: Visitor,
    /// The meeting's page.
    page: String,
    /// The client's link.
    link: String,
    host_room: String,
    client_room: String,
}

async fn meet(theater: &Theater) -> Live {
    let host = Visitor::signed_in(&format!("http://{}", theater.portal), "/t/north-clinic", "ben@north-clinic.example").await;
    let form = Form::on(&host.get("/t/north-clinic/meetings/now").await.body, "#booking");
    let form = form.fill("client_name", "Paula Vance").fill("client_email", "paula@mail.example");
    let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let page = host.post(&form.action, &fields, From::OwnPage).await.location;
    until("the letter", || async { theater.link_of("paula@mail.example").await.is_some() }).await;
    let link = theater.link_of("paula@mail.example").await.unwrap();
    let start = host.post(&format!("{page}/start"), &[("csrf", &host.csrf)], From::OwnPage).await;
    let host_room = theater.at_zoom().get(path(&start.location)).await.location;
    until("the meeting is live", || async { host.get(&page).await.body.contains("Live") }).await;
    let client_room = join(theater, &link).await;
    Live { host, page, link, host_room, client_room }
}

/// Follows the client's link into the room; gives the room's page.
async fn join(theater: &Theater, link: &str) -> String {
    let entry = theater.in_portal().post(&format!("{link}/entry"), &[], From::OwnPage).await;
    let door = theater.at_zoom().get(path(&entry.location)).await;
    assert_eq!(door.status, 200, "{} leads to {}", link, entry.location);
    let form = Form::on(&door.body, "form.form").fill("name", "Paula Vance");
    let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    theater.at_zoom().post(&form.action, &fields, From::OwnPage).await.location
}

async fn is_in_the_meeting(theater: &Theater, room: &str) -> bool {
    theater.at_zoom().get(room).await.body.contains("In the meeting")
}

#[actix_web::test]
async fn a_live_meeting_outlives_a_stop_and_a_kill_and_gives_its_license_back() {
    let theater = Theater::new();
    let running = theater.open();
    // Else a license waits for twenty seconds after the end, in case that somebody comes back.
    SqliteConnection::establish(&theater.file("duologue.db").to_string_lossy())
        .unwrap()
        .batch_execute("PRAGMA busy_timeout = 10000; UPDATE pool SET rejoin_seconds = 0")
        .unwrap();
    let live = meet(&theater).await;
    let letters = attributes(&theater.at_zoom().get("/mailbox").await.body, "th a", "href").len();
    running.interrupt();

    let running = theater.open();
    assert_eq!(attributes(&theater.at_zoom().get("/mailbox").await.body, "th a", "href").len(), letters, "every letter is there");
    for room in [&live.host_room, &live.client_room] {
        assert!(is_in_the_meeting(&theater, room).await, "{room}");
    }
    assert_eq!(theater.link_of("paula@mail.example").await.as_ref(), Some(&live.link));
    let again = join(&theater, &live.link).await;
    assert!(is_in_the_meeting(&theater, &again).await && again != live.client_room);

    // Killed as soon as the newcomer is written down, within about a second.
    let key = again.rsplit('/').next().unwrap();
    until("it is written down", || async { std::fs::read_to_string(theater.file("zoom.json")).unwrap().contains(key) }).await;
    drop(running);

    let running = theater.open();
    assert!(is_in_the_meeting(&theater, &again).await);
    assert_eq!(theater.licenses_on_seats(), "1");
    theater.at_zoom().post(&format!("{}/end", live.host_room), &[], From::OwnPage).await;
    until("the meeting's page says that it is over", || async { live.host.get(&live.page).await.body.contains("Ended") }).await;
    until("the license came off", || async { theater.licenses_on_seats() == "0" }).await;
    drop(running);
}

#[actix_web::test]
async fn a_demo_that_is_killed_at_any_moment_starts_again_and_tells_what_begins_anew() {
    let theater = Theater::new();
    drop(theater.open());
    for (name, what) in [("letters.json", "the mailbox begins anew"), ("zoom.json", "the simulated Zoom begins anew")] {
        // Half of it, as if it had been written in place; and what a kill between writing and renaming leaves behind.
        let whole = std::fs::read(theater.file(name)).unwrap();
        std::fs::write(theater.file(name), &whole[..whole.len() / 2]).unwrap();
        std::fs::write(theater.file(&format!("{name}.new")), &whole[..9]).unwrap();
        let mut running = theater.start();
        running.line_after(what, false);
        running.line_after("Portal", true);
        assert!(is_whole(&theater.file(name)), "what begins anew is kept from then on");
        assert_eq!(theater.in_portal().get("/healthz").await.status, 200);
    }
}

fn is_whole(file: &std::path::Path) -> bool {
    serde_json::from_slice::<serde_json::Value>(&std::fs::read(file).unwrap()).is_ok()
}
