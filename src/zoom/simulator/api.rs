//! The API's front door: the token endpoint, access tokens, scopes, rate limits, and which call is which.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::refusal::{Refusal, json_reply};
use super::world::World;
use crate::zoom::label::Label;
use crate::zoom::scopes;
use crate::zoom::transport::{Auth, Body, Call, Method, Reply, Site};

/// How long a token lives, in seconds.
const TOKEN_SECONDS: i64 = 3600;

impl World {
    /// Carries out a call, which takes so many milliseconds.
    pub(super) fn reply(&mut self, now: i64, call: &Call, takes: u64) -> Reply {
        let reply = match call.site {
            Site::OAuth => self.give_token(now, call),
            Site::Api => self.admit(now, call).and_then(|()| self.begin_write(now, call, takes)).and_then(|()| {
                let mut reply = self.route(now, call)?;
                reply.headers.extend(Label::of(call).map(|label| self.limits.left(label)).unwrap_or_default());
                Ok(reply)
            }),
        };
        reply.unwrap_or_else(Refusal::into_reply)
    }

    /// Every answer has an id of its own, which Zoom's support asks for (zoom.md §1); a refusal too.
    pub(super) fn tracked(&mut self, mut reply: Reply) -> Reply {
        let tracking = format!("sim_{}", hex::encode(self.ids.bytes::<6>()));
        reply.headers.push(("x-zm-trackingid".to_owned(), tracking));
        reply
    }

    fn give_token(&mut self, now: i64, call: &Call) -> Result<Reply, Refusal> {
        let known = &self.settings.credentials;
        let Auth::Basic { id, secret } = &call.auth else {
            return Err(Refusal::new(400, 4706, "The client id, client secret or grant type is missing."));
        };
        if *id != known.client_id || *secret != known.client_secret {
            return Err(Refusal::oauth(401, "Invalid client_id or client_secret", "invalid_client"));
        }
        let Body::Form(fields) = &call.body else {
            return Err(Refusal::oauth(400, "unsupported grant type", "unsupported_grant_type"));
        };
        let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        if field("grant_type") != Some("account_credentials") {
            return Err(Refusal::oauth(400, "unsupported grant type", "unsupported_grant_type"));
        }
        if field("account_id") != Some(known.account_id.as_str()) {
            return Err(Refusal::oauth(400, "Bad Request", "invalid_request"));
        }
        let token = URL_SAFE_NO_PAD.encode(self.ids.bytes::<24>());
        self.tokens.retain(|_, until| *until > now);
        self.tokens.insert(token.clone(), now + TOKEN_SECONDS * 1000);
        let body = json!({"access_token": token, "token_type": "bearer", "expires_in": TOKEN_SECONDS,
            "scope": self.settings.scopes, "api_url": self.settings.base_url});
        Ok(json_reply(200, &body))
    }

    /// Every token dies at once, as when the app is deactivated and activated again.
    pub fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    fn admit(&mut self, now: i64, call: &Call) -> Result<(), Refusal> {
        let good = matches!(&call.auth, Auth::Bearer(token) if self.tokens.get(token).is_some_and(|until| *until > now));
        if !good {
            return Err(Refusal::new(401, 124, "Invalid access token."));
        }
        if let Some(scope) = scope_of(call)
            && scopes::missing(&self.settings.scopes).iter().any(|need| need.granular == scope)
        {
            let message = format!("Invalid access token, does not contain scopes:[{scope}].");
            return Err(Refusal::new(400, 4711, message));
        }
        Label::of(call).map_or(Ok(()), |label| self.limits.take(label, now))
    }

    fn route(&mut self, now: i64, call: &Call) -> Result<Reply, Refusal> {
        let segments = segments(call);
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let body = match &call.body {
            Body::Json(body) => body,
            _ => &Value::Null,
        };
        match (call.method, segments.as_slice()) {
            (Method::Get, ["users"]) => self.list_users(call),
            (Method::Post, ["users"]) => self.create_user(now, body),
            (Method::Get, ["users", "summary"]) => Ok(self.users_summary()),
            (Method::Get, ["users", key]) => self.get_user(key),
            (Method::Patch, ["users", key]) => self.patch_user(now, key, body),
            (Method::Delete, ["users", key]) => self.delete_user_by_call(now, key),
            (Method::Put, ["users", key, "status"]) => self.put_user_status(now, key, body),
            (Method::Get, ["users", key, "meetings"]) => self.list_meetings(call, key),
            (Method::Post, ["users", key, "meetings"]) => self.create_meeting(now, key, body),
            (Method::Get, ["meetings", number]) => self.get_meeting(now, number),
            (Method::Patch, ["meetings", number]) => self.patch_meeting(now, number, body),
            (Method::Delete, ["meetings", number]) => self.delete_meeting(now, number),
            (Method::Put, ["meetings", number, "status"]) => self.put_meeting_status(now, number, body),
            (Method::Get, ["past_meetings", key]) => self.past_meeting(key),
            (Method::Get, ["past_meetings", number, "instances"]) => self.past_instances(number),
            (Method::Get, ["accounts", _, "plans", "usage"]) => Ok(self.plan_usage()),
            _ => Err(Refusal::new(404, 2300, "This API endpoint is not recognized.")),
        }
    }
}

/// The decoded segments of the path.
pub(super) fn segments(call: &Call) -> Vec<String> {
    let decoded = |segment: &str| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    call.path.split('/').skip(1).map(decoded).collect()
}

/// The granular scope that a call needs, for the calls our product makes.
fn scope_of(call: &Call) -> Option<&'static str> {
    let segments = segments(call);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    Some(match (call.method, segments.as_slice()) {
        (Method::Get, ["users"]) => "user:read:list_users:admin",
        (Method::Post, ["users"]) => "user:write:user:admin",
        (Method::Get, ["users", "summary"]) => "user:read:summary:admin",
        (Method::Get, ["users", _]) => "user:read:user:admin",
        (Method::Get, ["users", _, "meetings"]) => "meeting:read:list_meetings:admin",
        (Method::Patch, ["users", _]) => "user:update:user:admin",
        (Method::Post, ["users", _, "meetings"]) => "meeting:write:meeting:admin",
        (Method::Get, ["meetings", _]) => "meeting:read:meeting:admin",
        (Method::Patch, ["meetings", _]) => "meeting:update:meeting:admin",
        (Method::Delete, ["meetings", _]) => "meeting:delete:meeting:admin",
        (Method::Put, ["meetings", _, "status"]) => "meeting:update:status:admin",
        (Method::Get, ["past_meetings", ..]) => "meeting:read:past_meeting:admin",
        (Method::Get, ["accounts", _, "plans", "usage"]) => "billing:read:plan_usage:admin",
        _ => return None,
    })
}
