//! The rooms: where a start URL and a join URL lead. Opening a start URL starts the meeting, as at Zoom; from there
//! everybody has a page of their own, which only shows, so that loading it again changes nothing.

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Form, Path, Query, ServiceConfig};
use askama::Template;
use serde::Deserialize;

use super::pages::{Refused, Shown, page, refuse, see};
use super::rooms::{RoomRefusal, Whereabouts};
use super::server::Shared;
use super::views::{self, Room};

/// The longest name shown, in characters.
const LONGEST_NAME: usize = 60;
/// What is said above why somebody is kept out.
const NO_ENTRY: &str = "You cannot enter";

pub(super) fn routes(app: &mut ServiceConfig) {
    app.route("/s/{number}", web::get().to(start))
        .route("/s/{number}", web::post().to(start_instead))
        .route("/j/{number}", web::get().to(join_form))
        .route("/j/{number}", web::post().to(join))
        .route("/rooms/{number}/{key}", web::get().to(room))
        .route("/rooms/{number}/{key}/now", web::get().to(room_now))
        .route("/rooms/{number}/{key}/leave", web::post().to(leave))
        .route("/rooms/{number}/{key}/end", web::post().to(end));
}

#[derive(Template)]
#[template(path = "simulator/join.html")]
struct Join {
    number: i64,
    topic: String,
    passcode: String,
    name: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "simulator/room.html")]
struct RoomPage {
    room: Room,
}

#[derive(Template)]
#[template(path = "simulator/room_now.html")]
struct RoomNow {
    room: Room,
}

#[derive(Deserialize)]
struct HostKey {
    #[serde(default)]
    zak: String,
}

async fn start(shared: Data<Shared>, number: Path<i64>, key: Query<HostKey>) -> Shown {
    enter_as_host(&shared, *number, &key.zak, false)
}

async fn start_instead(shared: Data<Shared>, number: Path<i64>, key: Form<HostKey>) -> Shown {
    enter_as_host(&shared, *number, &key.zak, true)
}

fn enter_as_host(shared: &Shared, number: i64, zak: &str, end_other: bool) -> Shown {
    match shared.act(|world, now| world.host_arrives(now, number, zak, end_other)) {
        Ok(key) => Ok(see(&format!("/rooms/{number}/{key}"))),
        Err(refusal) => {
            let instead = matches!(refusal, RoomRefusal::HostBusy { .. }).then(|| (number, zak.to_owned()));
            page(status(&refusal), &Refused { title: NO_ENTRY, reason: refusal.to_string(), instead })
        }
    }
}

#[derive(Deserialize)]
struct ClientKey {
    #[serde(default)]
    pwd: String,
    #[serde(default, alias = "uname")]
    name: String,
}

async fn join_form(shared: Data<Shared>, number: Path<i64>, key: Query<ClientKey>) -> Shown {
    show_join(&shared, *number, &key, None)
}

async fn join(shared: Data<Shared>, number: Path<i64>, form: Form<ClientKey>) -> Shown {
    let name: String = form.name.trim().chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
    if name.is_empty() {
        return show_join(&shared, *number, &form, Some("Enter your name".to_owned()));
    }
    match shared.act(|world, now| world.client_arrives(now, *number, &form.pwd, &name)) {
        Ok(key) => Ok(see(&format!("/rooms/{number}/{key}"))),
        Err(refusal) => refuse(status(&refusal), NO_ENTRY, &refusal.to_string()),
    }
}

fn show_join(shared: &Shared, number: i64, key: &ClientKey, problem: Option<String>) -> Shown {
    let topic = shared.world().find_meeting(number).map(|meeting| meeting.topic.clone());
    let Some(topic) = topic else {
        return refuse(404, NO_ENTRY, &RoomRefusal::NoMeeting.to_string());
    };
    let status = if problem.is_some() { 422 } else { 200 };
    page(status, &Join { number, topic, passcode: key.pwd.clone(), name: key.name.clone(), problem })
}

async fn room(shared: Data<Shared>, path: Path<(i64, String)>) -> Shown {
    match view(&shared, &path) {
        Some(room) => page(200, &RoomPage { room }),
        None => refuse(404, NO_ENTRY, &RoomRefusal::NoMeeting.to_string()),
    }
}

async fn room_now(shared: Data<Shared>, path: Path<(i64, String)>) -> Shown {
    match view(&shared, &path) {
        Some(room) => page(200, &RoomNow { room }),
        None => Ok(HttpResponse::NoContent().finish()),
    }
}

fn view(shared: &Shared, (number, key): &(i64, String)) -> Option<Room> {
    // Looking is also noticing that the time is up.
    shared.act(|world, now| {
        world.cut_what_is_over(now);
        views::room(world, now, *number, key)
    })
}

async fn leave(shared: Data<Shared>, path: Path<(i64, String)>) -> Shown {
    if view(&shared, &path).is_none() {
        return refuse(404, NO_ENTRY, &RoomRefusal::NoMeeting.to_string());
    }
    let (number, key) = path.into_inner();
    shared.act(|world, now| world.leave(now, number, &key));
    Ok(see(&format!("/rooms/{number}/{key}")))
}

async fn end(shared: Data<Shared>, path: Path<(i64, String)>) -> Shown {
    match view(&shared, &path) {
        None => refuse(404, NO_ENTRY, &RoomRefusal::NoMeeting.to_string()),
        Some(room) if !room.is_host => refuse(403, "Only the host can end it", "You can leave the meeting."),
        Some(_) => {
            let (number, key) = path.into_inner();
            shared.act(|world, now| world.end(now, number, "Host ended the meeting"));
            Ok(see(&format!("/rooms/{number}/{key}")))
        }
    }
}

fn status(refusal: &RoomRefusal) -> u16 {
    match refusal {
        RoomRefusal::NoMeeting => 404,
        RoomRefusal::HostBusy { .. } | RoomRefusal::Full => 409,
        RoomRefusal::BadKey | RoomRefusal::BadPasscode | RoomRefusal::HostInactive => 403,
    }
}
