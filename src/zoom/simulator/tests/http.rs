//! The same client and the pages over real HTTP, on a free port.

use std::time::Duration;

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::future::{join, join_all, join4};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::zoom::http::{HttpTransport, Patience, http_client};

/// Longer than any of these tests takes; only reached when one fails.
const LONG: Duration = Duration::from_secs(20);

struct Served {
    stage: Stage,
    url: String,
    server: actix_web::dev::ServerHandle,
}

impl Served {
    /// A simulator on a free port, and a client that reaches it over HTTP.
    fn new(licenses: u32, total: Duration, webhook_url: Option<String>) -> Self {
        let mut stage = Stage::new(licenses);
        stage.clock = Clock::System;
        if webhook_url.is_some() {
            stage.act(World::webhooks_go_out_from);
        }
        let bind = "127.0.0.1:0".parse().unwrap();
        let config = SimulatorConfig { bind, public_url: None, webhook_url, clock: Clock::System };
        let extra = |app: &mut web::ServiceConfig| {
            app.route("/mailbox", web::get().to(async || HttpResponse::Ok().body("letters")));
        };
        let (server, address) = start(config, stage.world.clone(), extra).unwrap();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let url = format!("http://{address}");
        stage.client = client(&url, total);
        Self { stage, url, server: handle }
    }

    /// Another client, as another process has one.
    fn client(&self) -> Client {
        client(&self.url, LONG)
    }

    /// What came of the first try to deliver the first webhook.
    async fn first_try(&self) -> Option<u16> {
        let mut pause = tokio::time::interval(Duration::from_millis(5));
        let tried = async {
            loop {
                pause.tick().await;
                let first = self.stage.act(|world, _| world.webhooks().first().and_then(|first| first.tries.first().copied()));
                if let Some(first) = first {
                    return first.answer;
                }
            }
        };
        tokio::time::timeout(LONG, tried).await.unwrap()
    }

    async fn get(&self, path: &str) -> (u16, String, String) {
        let path = path.strip_prefix(&self.url).unwrap_or(path);
        read(browser().get(format!("{}{path}", self.url))).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, String, String) {
        read(browser().post(format!("{}{path}", self.url)).header("sec-fetch-site", "same-origin").form(fields)).await
    }
}

fn client(url: &str, total: Duration) -> Client {
    let patience = Patience { connect: total, total };
    let transport = HttpTransport::with_patience(&format!("{url}/v2"), &format!("{url}/oauth/token"), patience).unwrap();
    Client::new(Arc::new(transport), credentials(), Clock::System)
}

fn browser() -> reqwest::Client {
    http_client(Patience::default(), false).unwrap()
}

/// Status, `Location` and body.
async fn read(request: reqwest::RequestBuilder) -> (u16, String, String) {
    let response = request.send().await.unwrap();
    let location = response.headers().get("location").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    (response.status().as_u16(), location, response.text().await.unwrap())
}

#[actix_web::test]
async fn the_client_does_its_work_over_http() {
    let Served { stage, server, .. } = Served::new(1, LONG, None);
    assert_eq!(stage.client.check().await.unwrap(), []);
    let host = stage.user("seat+1@x.org");
    stage.client.set_license("seat+1@x.org", License::Licensed).await.unwrap();
    assert_eq!(stage.client.users().await.unwrap()[0].license, License::Licensed);
    let meeting = stage.meeting(&host).await;
    assert!(meeting.join_url.starts_with("http://127.0.0.1:"));
    let mut hard = false;
    for _ in 0..20 {
        stage.start(meeting.number).await.unwrap();
        let uuid = stage.client.meeting(meeting.number).await.unwrap().uuid;
        stage.client.end_meeting(meeting.number).await.unwrap();
        assert_eq!(stage.client.past_meeting(&uuid).await.unwrap().uuid, uuid);
        hard |= uuid.starts_with('/') || uuid.contains("//");
        // A second holds 30 light calls, and this test is faster than that.
        stage.act(|world, _| world.limits = Limits::default());
    }
    assert!(hard, "a uuid that must be encoded twice was among them");
    stage.client.delete_meeting(meeting.number).await.unwrap();
    assert_eq!(stage.client.meeting(meeting.number).await, Err(ZoomError::Gone));
    server.stop(false).await;
}

#[actix_web::test]
async fn an_answer_that_breaks_or_never_comes_is_unclear_and_was_carried_out() {
    for fault in [Fault::BrokenAnswer, Fault::NoAnswer] {
        let Served { stage, server, .. } = Served::new(1, Duration::from_secs(2), None);
        let host = stage.user("a@x.org");
        stage.client.check().await.unwrap();
        stage.fault(fault);
        let answer = stage.client.set_license(&host, License::Licensed).await;
        assert!(answer.is_err_and(|error| error.is_unclear()), "{fault:?}");
        assert_eq!(stage.act(|world, _| world.licenses_in_use()), 1, "{fault:?}");
        server.stop(false).await;
    }
}

type Heard = (String, String, Bytes);

/// A portal that proves with this secret, refuses the first event and takes the rest; tells what it heard.
async fn hear(
    request: HttpRequest,
    body: Bytes,
    heard: Data<UnboundedSender<Heard>>,
    first: Data<Mutex<bool>>,
    secret: Data<&'static str>,
) -> HttpResponse {
    let header = |name: &str| request.headers().get(name).unwrap().to_str().unwrap().to_owned();
    heard.send((header("x-zm-request-timestamp"), header("x-zm-signature"), body.clone())).unwrap();
    if let EventKind::UrlValidation { plain_token } = Event::parse(&body).unwrap().kind {
        return HttpResponse::Ok().body(signature::url_validation_reply(&secret, &plain_token));
    }
    let refuse = std::mem::take(&mut *first.lock().unwrap());
    if refuse { HttpResponse::InternalServerError().finish() } else { HttpResponse::Ok().finish() }
}

/// Starts such a portal.
fn portal(secret: &'static str) -> (UnboundedReceiver<Heard>, String, actix_web::dev::ServerHandle) {
    let (sender, heard) = unbounded_channel::<Heard>();
    let first = Data::new(Mutex::new(true));
    let portal = HttpServer::new(move || {
        let app = App::new().app_data(Data::new(sender.clone())).app_data(first.clone()).app_data(Data::new(secret));
        app.route("/hook", web::post().to(hear))
    });
    let portal = portal.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let hook = format!("http://{}/hook", portal.addrs()[0]);
    let portal = portal.run();
    let handle = portal.handle();
    actix_web::rt::spawn(portal);
    (heard, hook, handle)
}

#[actix_web::test]
async fn an_address_that_does_not_hold_the_secret_fails_its_validation() {
    let (_heard, hook, portal) = portal("another secret");
    let served = Served::new(1, LONG, Some(hook));
    assert_eq!(served.first_try().await, None, "a 200 without the proof is no answer");
    served.server.stop(false).await;
    portal.stop(false).await;
}

/// A second write that comes while one is carried out is refused by the simulator; the client never sends one, whatever the
/// calls are and whichever process made the meeting.
#[actix_web::test]
async fn the_client_never_has_two_writes_to_one_user_under_way() {
    let served = Served::new(1, LONG, None);
    let host = served.stage.user("a@x.org");
    let made = served.stage.meeting(&host).await;
    served.stage.act(|world, _| world.settings_mut().write_millis = 20);
    let another_process = served.client();
    for client in [&served.stage.client, &another_process] {
        let change = MeetingChange { minutes: Some(30), ..Default::default() };
        let new = served.stage.new_meeting();
        let meetings = join_all((0..4).map(|_| client.create_meeting(&host, &new))).await;
        let kinds = join4(
            join_all((0..3).map(|_| client.update_meeting(made.number, &change))),
            join_all((0..3).map(|_| client.set_license(&host, License::Licensed))),
            join_all(meetings.iter().map(|meeting| client.delete_meeting(meeting.as_ref().unwrap().number))),
            client.end_meeting(made.number),
        )
        .await;
        assert!(kinds.0.iter().chain(&kinds.1).chain(&kinds.2).all(Result::is_ok), "{kinds:?}");
        assert!(matches!(kinds.3, Err(ZoomError::Refused { code: 3063, .. })), "it does not run: {:?}", kinds.3);
        served.stage.act(|world, _| world.limits = Limits::default());
    }
    assert_eq!(served.stage.act(|world, _| world.conflicts()), 0);

    // The planted fault: as many writes without anybody's turn.
    let (one, other) = (served.client(), served.client());
    // Both are signed in and know the host, so that nothing but the two writes is sent; long enough for a slow machine.
    join(one.meeting(made.number), other.meeting(made.number)).await.0.unwrap();
    served.stage.act(|world, _| world.settings_mut().write_millis = 900);
    let change = MeetingChange { minutes: Some(20), ..Default::default() };
    let together = join(one.set_license(&host, License::Basic), other.update_meeting(made.number, &change)).await;
    assert_eq!(together, (Ok(()), Ok(())), "whoever was refused came again a moment later");
    assert!(served.stage.act(|world, _| world.conflicts()) > 0, "this test would have noticed");
    served.server.stop(false).await;
}

#[actix_web::test]
async fn webhooks_are_posted_with_good_signatures_and_tried_again() {
    let (mut heard, hook, portal_handle) = portal(SECRET);
    let served = Served::new(1, LONG, Some(hook));
    let (timestamp, signature, body) = tokio::time::timeout(LONG, heard.recv()).await.unwrap().unwrap();
    assert_eq!(signature::verify(SECRET, Some(&timestamp), &body, Some(&signature), Clock::System.now()), Ok(()));
    assert!(matches!(Event::parse(&body).unwrap().kind, EventKind::UrlValidation { .. }), "the address proves itself first");
    assert_eq!(served.first_try().await, Some(200));
    served.stage.act(|world, _| world.settings_mut().minute_millis = 10);
    let host = served.stage.user("a@x.org");
    served.stage.client.set_license(&host, License::Licensed).await.unwrap();
    let mut bodies = Vec::new();
    for _ in 0..2 {
        let (timestamp, signature, body) = tokio::time::timeout(LONG, heard.recv()).await.unwrap().unwrap();
        let now = Clock::System.now();
        assert_eq!(signature::verify(SECRET, Some(&timestamp), &body, Some(&signature), now), Ok(()));
        assert!(signature::verify("another", Some(&timestamp), &body, Some(&signature), now).is_err());
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[1], "the second try says the same");
    assert_eq!(Event::parse(&bodies[0]).unwrap().kind, EventKind::UserUpdated { zoom_user_id: host });
    served.server.stop(false).await;
    portal_handle.stop(false).await;
}

#[actix_web::test]
async fn host_and_client_meet_on_the_room_pages() {
    let served = Served::new(1, LONG, None);
    let host = served.stage.user("a@x.org");
    let meeting = served.stage.meeting(&host).await;
    let (status, _, form) = served.get(&meeting.join_url).await;
    assert!(status == 200 && form.contains("Enter the room") && form.contains("This is a simulation, not Zoom"), "{form}");
    let passcode = served.stage.act(|world, _| world.find_meeting(meeting.number).unwrap().passcode.clone());
    let join = format!("/j/{}", meeting.number);
    let (status, _, page) = served.post(&join, &[("pwd", &passcode), ("name", " ")]).await;
    assert!(status == 422 && page.contains("Enter your name"), "{page}");
    let (status, client, _) = served.post(&join, &[("pwd", &passcode), ("name", "<b>Ana</b>")]).await;
    assert_eq!(status, 303);
    assert!(served.get(&client).await.2.contains("Waiting for the host"));

    let fresh = served.stage.client.meeting(meeting.number).await.unwrap();
    let (status, room, _) = served.get(fresh.start_url.as_ref().unwrap().reveal()).await;
    assert_eq!(status, 303, "opening the start URL starts the meeting");
    let (_, _, page) = served.get(&room).await;
    assert!(
        page.contains("2 people are here") && page.contains("&#60;b&#62;Ana") && page.contains("End meeting for all"),
        "{page}"
    );
    assert!(page.contains("Zoom ends this meeting in 40 min") || page.contains("Zoom ends this meeting in 39 min"), "{page}");
    let (_, _, page) = served.get(&client).await;
    assert!(page.contains("In the meeting") && !page.contains("End meeting for all"), "a client cannot end it");

    served.post(&format!("{client}/end"), &[]).await;
    assert!(served.stage.running(meeting.number), "even by asking for it");
    served.post(&format!("{client}/leave"), &[]).await;
    assert!(served.get(&client).await.2.contains("You have left"));
    served.post(&format!("{room}/end"), &[]).await;
    assert!(!served.stage.running(meeting.number));
    assert!(served.get(&room).await.2.contains("The meeting has ended"), "looking again does not start it again");
    served.server.stop(false).await;
}

#[actix_web::test]
async fn the_switchboard_shows_and_changes_the_account() {
    let served = Served::new(1, LONG, None);
    let (a, b) = (served.stage.user("a@x.org"), served.stage.user("b@x.org"));
    assert_eq!(served.post(&format!("/users/{a}/license"), &[("license", "licensed")]).await.1, "/");
    let (status, _, refused) = served.post(&format!("/users/{b}/license"), &[("license", "licensed")]).await;
    assert!(status == 409 && refused.contains("Every license is in use"), "{refused}");
    served.post("/licenses", &[("licenses", "2")]).await;
    served.post(&format!("/users/{b}/license"), &[("license", "licensed")]).await;
    assert_eq!(served.stage.act(|world, _| world.licenses_in_use()), 2);
    served.post("/faults", &[("fault", "server-error"), ("next", "1"), ("per_mille", "0")]).await;
    assert!(served.stage.client.users_summary().await.is_err());
    served.post("/clock", &[("seconds", "0.5")]).await;
    assert_eq!(served.stage.act(|world, _| world.settings().minute_millis), 500);
    served.post("/assignments", &[("each", "1")]).await;
    for license in ["basic", "licensed"] {
        served.post(&format!("/users/{b}/license"), &[("license", license)]).await;
    }
    assert_eq!(served.stage.act(|world, _| world.licenses_in_use()), 1, "two licenses, two assignments");
    served.post("/assignments", &[("each", "0")]).await;
    served.post(&format!("/users/{b}/license"), &[("license", "licensed")]).await;
    assert_eq!(served.stage.act(|world, _| world.licenses_in_use()), 2);
    served.post(&format!("/users/{b}/deactivation"), &[]).await;
    let (_, _, page) = served.get("/").await;
    for expected in ["This is a simulation, not Zoom", "a@x.org", "Inactive", "user.updated", "Rate limits"] {
        assert!(page.contains(expected), "{expected}");
    }
    let response = browser().get(format!("{}/", served.url)).send().await.unwrap();
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    for needed in ["script-src 'self'", "connect-src 'self'", "default-src 'none'"] {
        assert!(policy.contains(needed), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for path in ["/now", "/assets/duologue.css", "/assets/duologue.js", "/assets/icon.svg", "/mailbox"] {
        assert_eq!(served.get(path).await.0, 200, "{path}");
    }
    served.server.stop(false).await;
}

/// What a form sends.
type Fields<'a> = &'a [(&'a str, &'a str)];

#[actix_web::test]
async fn wrong_values_and_forms_of_other_sites_are_refused_with_4xx() {
    let served = Served::new(1, LONG, None);
    let user = served.stage.user("a@x.org");
    let (license, deletion) = (format!("/users/{user}/license"), format!("/users/{user}/nowhere"));
    let wrong: [(&str, Fields<'_>, u16, &str); 16] = [
        ("/licenses", &[("licenses", "-1")], 422, "whole number of licenses"),
        ("/licenses", &[("licenses", "many")], 422, "whole number of licenses"),
        ("/licenses", &[("licenses", "10001")], 422, "whole number of licenses"),
        ("/licenses", &[], 422, "whole number of licenses"),
        ("/assignments", &[("each", "-1")], 422, "number of assignments"),
        ("/clock", &[("seconds", "0")], 422, "number of seconds"),
        ("/clock", &[("seconds", "NaN")], 422, "number of seconds"),
        ("/faults", &[("fault", "x"), ("next", "1"), ("per_mille", "0")], 422, "from the list"),
        ("/faults", &[("fault", "server-error"), ("next", "1001"), ("per_mille", "0")], 422, "0 to 1000"),
        ("/users", &[("email", "nobody")], 422, "e-mail address"),
        ("/users/x/license", &[("license", "licensed")], 404, "no such user"),
        (&license, &[("license", "gold")], 422, "licensed or basic"),
        ("/users/x/deletion", &[], 404, "no such user"),
        (&deletion, &[], 404, "no page here"),
        ("/meetings/1/end", &[], 404, "no such meeting"),
        ("/rooms/1/x/leave", &[], 404, "does not exist"),
    ];
    for (path, fields, status, words) in wrong {
        let seen = served.post(path, fields).await;
        assert!(seen.0 == status && seen.2.contains(words), "{path} {fields:?}: {seen:?}");
        assert!(seen.2.contains("This is a simulation, not Zoom"), "{path}: in words, on a page");
    }
    let unreadable = browser().post(format!("{}/licenses", served.url)).body("licenses=%FF");
    let unreadable = read(unreadable).await;
    assert!(unreadable.0 == 400 && unreadable.2.contains("arrived incomplete"), "{unreadable:?}");
    for path in ["/licenses", "/s/1?zak=x", "/s/1?zak=x&zak=y", "/s/abc", "/j/1", "/j/abc", "/rooms/1/x", "/nowhere"] {
        let seen = served.get(path).await;
        assert!((400..500).contains(&seen.0) && seen.2.contains("<h1>"), "{path}: {seen:?}");
    }
    assert!((400..500).contains(&served.get("/s/99999999999999999999").await.0));
    for (header, value) in
        [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "http://evil.example"), ("origin", "null")]
    {
        let foreign = browser().post(format!("{}/licenses", served.url)).header(header, value).form(&[("licenses", "9")]);
        let refused = read(foreign).await;
        assert!(refused.0 == 403 && refused.2.contains("came from another site"), "{header}: {value}: {refused:?}");
    }
    assert_eq!(served.stage.act(|world, _| world.settings().licenses), 1);
    let own = browser().post(format!("{}/licenses", served.url)).header("origin", &served.url).form(&[("licenses", "9")]);
    assert_eq!(read(own).await.0, 303);
    served.server.stop(false).await;
}
