//! The client of Zoom's API: one method for each thing the product asks of Zoom.
//!
//! It sends every call once; only an expired token is renewed and the call repeated, and a call that met a write of somebody
//! else to the same Zoom user is repeated a moment later. Any other retrying is left to the caller, who looks at the state
//! again before each step. Writes to one Zoom user and to the meetings it hosts go one after the other, because Zoom refuses
//! concurrent ones. Nothing of what is sent or received is logged but the call's name, its status and Zoom's tracking id.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::json;

use super::error::ZoomError;
use super::meeting::{MeetingChange, NewMeeting, PastMeeting, ZoomMeeting};
use super::scopes::{self, Need};
use super::token::Tokens;
use super::transport::{Call, Method, Reply, Transport, TransportError, encoded};
use super::turns::{Hosts, Turns};
use super::user::{CreateAction, NewZoomUser, PlanUsage, UsersSummary, ZoomUser, type_number};
use super::wire;
use crate::clock::Clock;
use crate::domain::seat::License;

/// The most users Zoom gives in one page.
const PAGE: &str = "300";
/// More pages than any account has; ends the loop if Zoom should never stop.
const MOST_PAGES: usize = 200;
/// How long another's write to the same user is waited for, and how often; Zoom names no time.
const MOMENT: Duration = Duration::from_secs(1);
const MOST_MOMENTS: usize = 3;

/// What the Server-to-Server OAuth app signs in with.
#[derive(Clone)]
pub struct Credentials {
    /// The account that owns the app.
    pub account_id: String,
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret.
    pub client_secret: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}

/// Zoom's API. Share it in an `Arc`.
pub struct Client {
    transport: Arc<dyn Transport>,
    tokens: Tokens,
    clock: Clock,
    turns: Turns,
    hosts: Hosts,
}

impl Client {
    /// A client that has asked nothing yet.
    pub fn new(transport: Arc<dyn Transport>, credentials: Credentials, clock: Clock) -> Self {
        let tokens = Tokens::new(transport.clone(), credentials, clock.clone());
        Self { transport, tokens, clock, turns: Turns::default(), hosts: Hosts::default() }
    }

    /// Creates a meeting hosted by this Zoom user.
    pub async fn create_meeting(&self, zoom_user_id: &str, meeting: &NewMeeting) -> Result<ZoomMeeting, ZoomError> {
        let call = Call::api(Method::Post, &["users", zoom_user_id, "meetings"]).json(meeting.body());
        let reply = self.write(zoom_user_id, "create meeting", call).await?;
        understood(&reply, ZoomMeeting::from_wire).inspect(|meeting| self.hosts.note(meeting.number, &meeting.host_id))
    }

    /// A meeting with a fresh start URL.
    pub async fn meeting(&self, number: i64) -> Result<ZoomMeeting, ZoomError> {
        let reply = self.ask("get meeting", Call::api(Method::Get, &["meetings", &number.to_string()])).await?;
        understood(&reply, ZoomMeeting::from_wire).inspect(|meeting| self.hosts.note(meeting.number, &meeting.host_id))
    }

    /// Changes a meeting.
    pub async fn update_meeting(&self, number: i64, change: &MeetingChange) -> Result<(), ZoomError> {
        let call = Call::api(Method::Patch, &["meetings", &number.to_string()]).json(change.body());
        self.write_to_meeting(number, "update meeting", call).await
    }

    /// Deletes a meeting; one that is gone already is fine. Zoom sends no mail about it.
    pub async fn delete_meeting(&self, number: i64) -> Result<(), ZoomError> {
        let call = Call::api(Method::Delete, &["meetings", &number.to_string()]).query("schedule_for_reminder", "false");
        match self.write_to_meeting(number, "delete meeting", call).await {
            Ok(()) | Err(ZoomError::Gone) => {
                self.hosts.forget(number);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Ends a running meeting for everybody in it.
    pub async fn end_meeting(&self, number: i64) -> Result<(), ZoomError> {
        let call = Call::api(Method::Put, &["meetings", &number.to_string(), "status"]).json(json!({"action": "end"}));
        self.write_to_meeting(number, "end meeting", call).await
    }

    /// An instance that is over. [`ZoomError::Gone`] means that it still runs or was never known.
    pub async fn past_meeting(&self, uuid: &str) -> Result<PastMeeting, ZoomError> {
        // Zoom decodes such a uuid twice, because a slash would otherwise split the path.
        let twice = uuid.starts_with('/') || uuid.contains("//");
        let uuid = if twice { encoded(uuid) } else { uuid.to_owned() };
        let reply = self.ask("get past meeting", Call::api(Method::Get, &["past_meetings", &uuid])).await?;
        understood(&reply, PastMeeting::from_wire)
    }

    /// What this user hosts at this moment: the number and the instance of each meeting that runs. Instant meetings, which
    /// are not planned, are not listed by Zoom.
    pub async fn live_meetings(&self, zoom_user_id: &str) -> Result<Vec<(i64, String)>, ZoomError> {
        let call = Call::api(Method::Get, &["users", zoom_user_id, "meetings"]).query("type", "live").query("page_size", PAGE);
        let reply = self.ask("list live meetings", call).await?;
        understood(&reply, |page: wire::Meetings| Some(page.meetings))
            .map(|meetings| meetings.into_iter().filter_map(|meeting| Some((meeting.id?, meeting.uuid?))).collect())
    }

    /// A user by Zoom's id or by e-mail address.
    pub async fn user(&self, id_or_email: &str) -> Result<ZoomUser, ZoomError> {
        let reply = self.ask("get user", Call::api(Method::Get, &["users", id_or_email])).await?;
        understood(&reply, ZoomUser::from_wire)
    }

    /// Every user of the account, also pending and inactive ones.
    pub async fn users(&self) -> Result<Vec<ZoomUser>, ZoomError> {
        let mut users = Vec::new();
        for status in ["active", "pending", "inactive"] {
            self.users_with(status, &mut users).await?;
        }
        Ok(users)
    }

    /// Creates a Basic user (a Licensed one by `custCreate`, which Zoom demands there).
    pub async fn create_user(&self, action: CreateAction, user: &NewZoomUser) -> Result<ZoomUser, ZoomError> {
        let email = user.email.to_lowercase();
        let kind = if action == CreateAction::CustCreate { 2 } else { 1 };
        let mut info = json!({"email": email, "type": kind, "first_name": user.first_name, "last_name": user.last_name});
        if let (CreateAction::AutoCreate, Some(password)) = (action, &user.password) {
            info["password"] = password.as_str().into();
        }
        let call = Call::api(Method::Post, &["users"]).json(json!({"action": action.word(), "user_info": info}));
        let reply = self.write(&email, "create user", call).await.map_err(|error| match error {
            ZoomError::Refused { code, message } => ZoomError::NotCreated { action, code, message },
            other => other,
        })?;
        // The reply has no status: only `create` leaves the user pending.
        let pending = action == CreateAction::Create;
        understood(&reply, |mut user: wire::User| {
            user.status.get_or_insert_with(|| if pending { "pending" } else { "active" }.to_owned());
            ZoomUser::from_wire(user)
        })
    }

    /// Gives a user a license or takes it. Zoom says yes to a pending user and changes nothing: read it back.
    pub async fn set_license(&self, zoom_user_id: &str, license: License) -> Result<(), ZoomError> {
        let Some(kind) = type_number(license) else {
            return Err(ZoomError::Refused { code: 0, message: "only Basic and Licensed can be set".into() });
        };
        let call = Call::api(Method::Patch, &["users", zoom_user_id]).json(json!({"type": kind}));
        self.write(zoom_user_id, "set license", call).await.map(drop)
    }

    /// How many users hold a license: the cheapest way to count.
    pub async fn users_summary(&self) -> Result<UsersSummary, ZoomError> {
        let reply = self.ask("get users summary", Call::api(Method::Get, &["users", "summary"])).await?;
        understood(&reply, UsersSummary::from_wire)
    }

    /// How many licenses were bought. Zoom's heaviest call: ask once an hour at most.
    pub async fn plan_usage(&self) -> Result<PlanUsage, ZoomError> {
        let reply = self.ask("get plan usage", Call::api(Method::Get, &["accounts", "me", "plans", "usage"])).await?;
        understood(&reply, PlanUsage::from_wire)
    }

    /// Signs in and names what the app at Zoom is not allowed to do; an empty list is as it should be.
    pub async fn check(&self) -> Result<Vec<Need>, ZoomError> {
        self.tokens.forget().await;
        let token = self.tokens.good().await?;
        let scopes = token.scopes.ok_or_else(|| ZoomError::Unclear("the token names no scopes".into()))?;
        Ok(scopes::missing(&scopes))
    }

    async fn users_with(&self, status: &str, users: &mut Vec<ZoomUser>) -> Result<(), ZoomError> {
        let mut next = String::new();
        for _ in 0..MOST_PAGES {
            let call = Call::api(Method::Get, &["users"]).query("status", status).query("page_size", PAGE);
            let call = if next.is_empty() { call } else { call.query("next_page_token", &next) };
            let reply = self.ask("list users", call).await?;
            let page: wire::Users = understood(&reply, Some)?;
            users.extend(page.users.into_iter().filter_map(|mut user| {
                user.status.get_or_insert_with(|| status.to_owned());
                ZoomUser::from_wire(user)
            }));
            match page.next_page_token {
                Some(token) if token != next => next = token,
                _ => return Ok(()),
            }
        }
        Err(ZoomError::Unclear("the list of users does not end".into()))
    }

    /// Sends a call that changes a meeting, when it is the turn of its host. Who that is may have to be asked: for a meeting
    /// that another process has made.
    async fn write_to_meeting(&self, number: i64, name: &'static str, call: Call) -> Result<(), ZoomError> {
        let host = match self.hosts.of(number) {
            Some(host) => host,
            None => self.meeting(number).await?.host_id,
        };
        self.write(&host, name, call).await.map(drop)
    }

    /// Sends a call that changes something, after every earlier one that changes the same user.
    async fn write(&self, user: &str, name: &'static str, call: Call) -> Result<Reply, ZoomError> {
        let turn = self.turns.of(user);
        let _mine = turn.lock().await;
        self.ask(name, call).await
    }

    async fn ask(&self, name: &'static str, call: Call) -> Result<Reply, ZoomError> {
        let token = self.tokens.good().await?;
        let mut answer = self.ask_with(name, call.clone(), &token.bearer).await;
        if matches!(answer, Err(ZoomError::Unauthorized(_))) {
            let token = self.tokens.other_than(&token).await?;
            answer = self.ask_with(name, call, &token.bearer).await;
        }
        if matches!(answer, Err(ZoomError::MissingScope(_))) {
            self.tokens.forget().await;
        }
        answer
    }

    async fn ask_with(&self, name: &'static str, call: Call, token: &str) -> Result<Reply, ZoomError> {
        let mut sent = self.transport.send(call.clone().bearer(token)).await;
        for _ in 0..MOST_MOMENTS {
            if !sent.as_ref().is_ok_and(ZoomError::is_conflict) {
                break;
            }
            told(name, &sent, &Err(ZoomError::Unclear("another write to this user is under way".into())));
            self.clock.sleep(MOMENT).await;
            sent = self.transport.send(call.clone().bearer(token)).await;
        }
        let answer = sent.clone().map_err(ZoomError::no_reply).and_then(|reply| ZoomError::in_reply(reply, self.clock.now()));
        told(name, &sent, &answer);
        answer
    }
}

/// Writes down how a call ended, with the id by which Zoom's support finds it (zoom.md §1).
pub(super) fn told(name: &'static str, sent: &Result<Reply, TransportError>, answer: &Result<Reply, ZoomError>) {
    let tracking = sent.as_ref().ok().and_then(|reply| reply.header("x-zm-trackingid")).unwrap_or_default();
    match answer {
        Ok(reply) => tracing::debug!(call = name, status = reply.status, tracking, "asked Zoom"),
        Err(error) => tracing::info!(call = name, %error, tracking, "Zoom did not do it"),
    }
}

/// Reads a reply that should hold a `W`; anything else is no clear answer.
fn understood<W: DeserializeOwned, T>(reply: &Reply, read: impl FnOnce(W) -> Option<T>) -> Result<T, ZoomError> {
    let unclear = || ZoomError::Unclear(format!("status {} with an unexpected body", reply.status));
    wire::read(&reply.body).and_then(read).ok_or_else(unclear)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;

    use super::*;
    use crate::domain::time::Instant;
    use crate::zoom::transport::{Sending, Site};

    /// A Zoom that says yes to everything, slowly, and remembers how many calls it had at once.
    #[derive(Default)]
    struct Slow {
        tokens: AtomicUsize,
        now: AtomicUsize,
        most: AtomicUsize,
    }

    impl Transport for Slow {
        fn send(&self, call: Call) -> Sending<'_> {
            Box::pin(async move {
                if call.site == Site::OAuth {
                    self.tokens.fetch_add(1, Ordering::SeqCst);
                } else {
                    let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
                    self.most.fetch_max(now, Ordering::SeqCst);
                }
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                if call.site == Site::Api {
                    self.now.fetch_sub(1, Ordering::SeqCst);
                }
                Ok(Reply {
                    status: 200,
                    headers: Vec::new(),
                    body: br#"{"access_token":"t","expires_in":3600,"scope":""}"#.to_vec(),
                })
            })
        }
    }

    fn client() -> (Arc<Slow>, Client) {
        let slow = Arc::new(Slow::default());
        let credentials = Credentials { account_id: "a".into(), client_id: "b".into(), client_secret: "c".into() };
        let clock = Clock::manual(Instant::from_seconds(1_790_000_000));
        (slow.clone(), Client::new(slow, credentials, clock))
    }

    #[actix_web::test]
    async fn everybody_waits_for_the_same_token() {
        let (slow, client) = client();
        join_all((0..20).map(|_| client.set_license("u", License::Basic))).await;
        assert_eq!(slow.tokens.load(Ordering::SeqCst), 1);
    }

    #[actix_web::test]
    async fn writes_to_one_user_go_one_after_the_other_and_to_others_side_by_side() {
        let (slow, client) = client();
        join_all((0..8).map(|_| client.set_license("u", License::Basic))).await;
        assert_eq!(slow.most.load(Ordering::SeqCst), 1);
        let users: Vec<String> = (0..8).map(|index| format!("u{index}")).collect();
        join_all(users.iter().map(|user| client.set_license(user, License::Basic))).await;
        assert_eq!(slow.most.load(Ordering::SeqCst), 8);
        client.set_license("last", License::Basic).await.unwrap();
        assert_eq!(client.turns.count(), 1, "old turns are forgotten");
    }

    #[actix_web::test]
    async fn an_answer_that_cannot_be_read_is_unclear() {
        let (_, client) = client();
        assert!(client.meeting(1).await.is_err_and(|error| error.is_unclear()));
        assert!(client.users_summary().await.is_err_and(|error| error.is_unclear()));
        assert!(client.users().await.is_err_and(|error| error.is_unclear()));
    }

    #[actix_web::test]
    async fn a_license_we_cannot_set_is_not_asked_for() {
        let (slow, client) = client();
        assert!(client.set_license("u", License::Other).await.is_err());
        assert_eq!(slow.tokens.load(Ordering::SeqCst), 0);
    }
}
