//! The account's users: the calls about them, and what a person does to them in the admin console.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::events;
use super::faults::Fault;
use super::refusal::{Refusal, json_reply, no_content};
use super::world::World;
use crate::domain::seat::License;
use crate::domain::time::Instant;
use crate::zoom::transport::{Call, Reply};
use crate::zoom::user::{CreateAction, type_number};

/// How long the key in a start URL opens doors, in milliseconds; Zoom's two hours.
const ZAK_MILLIS: i64 = 2 * 3_600_000;
const DAY_MILLIS: i64 = 86_400_000;

/// Whether a user can host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserStatus {
    /// Can host.
    Active,
    /// Invited; the activation link was not opened yet.
    Pending,
    /// Switched off.
    Inactive,
}

/// A user of the account.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// Zoom's id.
    pub id: String,
    /// Its address, in lower case.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// 1 Basic, 2 Licensed, 99 none.
    pub kind: i64,
    /// Whether it can host.
    pub status: UserStatus,
    /// When it was created, in milliseconds.
    pub created_at: i64,
}

/// The key in a start URL.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Zak {
    pub(super) user: String,
    pub(super) until: i64,
}

impl User {
    /// The name shown in meetings.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    /// Whether one of the purchased licenses is on it.
    pub const fn is_licensed(&self) -> bool {
        self.kind == 2
    }

    fn json(&self) -> Value {
        json!({"id": self.id, "email": self.email, "first_name": self.first_name, "last_name": self.last_name,
            "display_name": self.name(), "type": self.kind, "status": self.status.word(), "verified": 1, "role_id": "2",
            "timezone": "UTC", "pmi": 6_589_310_093_i64, "plan_united_type": "1",
            "user_created_at": Instant::from_seconds(self.created_at.div_euclid(1000)).to_string()})
    }
}

impl UserStatus {
    /// Zoom's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Inactive => "inactive",
        }
    }

    /// The same for a person.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Pending => "Pending",
            Self::Inactive => "Inactive",
        }
    }
}

/// What Zoom says when every license is taken.
fn no_license() -> Refusal {
    Refusal::new(400, 200, "You can't add paid users.")
}

/// The text is what users report; code and status are not known. Code 200 is what a careless client mistakes for "none
/// left".
fn frozen() -> Refusal {
    Refusal::new(400, 200, "You have exceeded the limit of license assignments for your account.")
}

impl World {
    /// Adds a user, as a person in the admin console would; gives its id. A license count that is exceeded stays so.
    pub fn add_user(&mut self, now: i64, email: &str, first_name: &str, last_name: &str, license: License) -> String {
        let kind = type_number(license).unwrap_or(99);
        self.insert_user(now, email, [first_name, last_name], kind, UserStatus::Active)
    }

    /// Gives a user a license or takes it, as a person in the admin console would. Refused when none is left.
    pub fn set_license_by_hand(&mut self, now: i64, id: &str, license: License) -> Result<(), &'static str> {
        let kind = type_number(license).unwrap_or(99);
        let user = self.users.get(id).ok_or("There is no such user.")?;
        if kind == 2 && !user.is_licensed() {
            if self.licenses_in_use() >= self.settings.licenses {
                return Err("Every license is in use.");
            }
            if self.assignments_are_used_up(now) {
                return Err("Zoom has stopped license assignments for now.");
            }
        }
        self.set_kind(now, id, kind);
        Ok(())
    }

    /// Opens the activation link, or switches a user on again.
    pub fn activate_user(&mut self, now: i64, id: &str) {
        self.set_status(now, id, UserStatus::Active, "user.activated");
    }

    /// Makes it a user who has yet to open the activation link.
    pub fn await_activation(&mut self, id: &str) {
        if let Some(user) = self.users.get_mut(id) {
            user.status = UserStatus::Pending;
        }
    }

    /// Switches a user off; its license is free again.
    pub fn deactivate_user(&mut self, now: i64, id: &str) {
        if let Some(user) = self.users.get_mut(id) {
            user.kind = 1;
        }
        self.set_status(now, id, UserStatus::Inactive, "user.deactivated");
    }

    /// Deletes a user with everything that it hosts.
    pub fn delete_user(&mut self, now: i64, id: &str) {
        let hosted: Vec<i64> = self.meetings.values().filter(|m| m.host_id == id).map(|m| m.number).collect();
        for number in hosted {
            self.end(now, number, "Host account was deleted");
            self.meetings.remove(&number);
        }
        if let Some(user) = self.users.remove(id) {
            let payload = events::user(&self.settings, &user);
            self.emit(now, "user.deleted", payload);
        }
    }

    /// A user by id or by e-mail address.
    pub fn find_user(&self, key: &str) -> Option<&User> {
        let email = key.to_lowercase();
        self.users.get(key).or_else(|| self.users.values().find(|user| user.email == email))
    }

    pub(super) fn user_of(&self, key: &str) -> Result<&User, Refusal> {
        self.find_user(key).ok_or_else(|| Refusal::no_such_user(key))
    }

    /// A fresh key for a start URL.
    pub(super) fn draw_zak(&mut self, now: i64, user: &str) -> String {
        self.zaks.retain(|_, zak| zak.until > now);
        let zak = URL_SAFE_NO_PAD.encode(self.ids.bytes::<24>());
        self.zaks.insert(zak.clone(), Zak { user: user.to_owned(), until: now + ZAK_MILLIS });
        zak
    }

    pub(super) fn list_users(&self, call: &Call) -> Result<Reply, Refusal> {
        let asked = |name: &str| call.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let status = asked("status").unwrap_or("active");
        let size =
            asked("page_size").map_or(Ok(30), str::parse::<usize>).map_err(|_| Refusal::field("page_size", "Invalid field."))?;
        let size = size.clamp(1, 300);
        let from = asked("next_page_token").unwrap_or("p0").strip_prefix('p').and_then(|text| text.parse::<usize>().ok());
        let from = from.ok_or_else(|| Refusal::new(400, 300, "The next page token is invalid or expired."))?;
        let found: Vec<Value> = self.users.values().filter(|user| user.status.word() == status).map(User::json).collect();
        let until = from.saturating_add(size).min(found.len());
        let next = if until < found.len() { format!("p{until}") } else { String::new() };
        let page = found.get(from..until).unwrap_or_default();
        Ok(json_reply(200, &json!({"page_size": size, "total_records": found.len(), "next_page_token": next, "users": page})))
    }

    pub(super) fn get_user(&self, key: &str) -> Result<Reply, Refusal> {
        self.user_of(key).map(|user| json_reply(200, &user.json()))
    }

    pub(super) fn create_user(&mut self, now: i64, body: &Value) -> Result<Reply, Refusal> {
        let action = body["action"].as_str().and_then(CreateAction::from_word);
        let action = action.ok_or_else(|| Refusal::field("action", "Invalid field."))?;
        let info = &body["user_info"];
        let email = info["email"].as_str().unwrap_or_default().to_lowercase();
        if !email.contains('@') {
            return Err(Refusal::field("user_info.email", "Invalid field."));
        }
        let kind = info["type"].as_i64().ok_or_else(|| Refusal::field("user_info.type", "Invalid field."))?;
        if !self.settings.creates.contains(&action) {
            return Err(Refusal::new(400, 200, "No privilege."));
        }
        if action == CreateAction::CustCreate && kind != 2 {
            return Err(Refusal::field("user_info.type", "Invalid field."));
        }
        let password = info["password"].as_str().unwrap_or_default();
        if action == CreateAction::AutoCreate && !(8..=32).contains(&password.len()) {
            return Err(Refusal::field("user_info.password", "Invalid field."));
        }
        if self.find_user(&email).is_some() {
            return Err(Refusal::new(409, 1005, format!("User already in the account: {email}")));
        }
        if kind == 2 {
            self.may_assign(now)?;
        }
        if action == CreateAction::Create {
            self.limits.take_creation(now)?;
        }
        let status = if action == CreateAction::Create { UserStatus::Pending } else { UserStatus::Active };
        let names = ["first_name", "last_name"].map(|name| info[name].as_str().unwrap_or_default());
        let id = self.insert_user(now, &email, names, kind, status);
        let reply = json!({"id": id, "email": email, "first_name": names[0], "last_name": names[1], "type": kind});
        Ok(json_reply(201, &reply))
    }

    pub(super) fn patch_user(&mut self, now: i64, key: &str, body: &Value) -> Result<Reply, Refusal> {
        let user = self.user_of(key)?.clone();
        let Some(body) = body.as_object() else {
            return Err(Refusal::new(400, 300, "Request Body should be a valid JSON object."));
        };
        // Zoom says yes to a change of a pending user and does nothing.
        if user.status == UserStatus::Pending {
            return Ok(no_content());
        }
        if let Some(kind) = body.get("type") {
            let kind =
                kind.as_i64().filter(|kind| matches!(kind, 1 | 2)).ok_or_else(|| Refusal::field("type", "Invalid field."))?;
            if kind == 2 && !user.is_licensed() {
                self.may_assign(now)?;
            }
            self.set_kind(now, &user.id, kind);
        }
        if let Some(user) = self.users.get_mut(&user.id) {
            rename(user, body);
        }
        Ok(no_content())
    }

    pub(super) fn put_user_status(&mut self, now: i64, key: &str, body: &Value) -> Result<Reply, Refusal> {
        let id = self.user_of(key)?.id.clone();
        match body["action"].as_str() {
            Some("activate") => self.activate_user(now, &id),
            Some("deactivate") => self.deactivate_user(now, &id),
            _ => return Err(Refusal::field("action", "Invalid field.")),
        }
        Ok(no_content())
    }

    pub(super) fn delete_user_by_call(&mut self, now: i64, key: &str) -> Result<Reply, Refusal> {
        let id = self.user_of(key)?.id.clone();
        self.delete_user(now, &id);
        Ok(no_content())
    }

    pub(super) fn users_summary(&self) -> Reply {
        let count = |wanted: &dyn Fn(&User) -> bool| self.users.values().filter(|user| wanted(user)).count();
        let pending = count(&|user| user.status == UserStatus::Pending);
        let basic = count(&|user| user.kind == 1 && user.status != UserStatus::Pending);
        json_reply(
            200,
            &json!({"licensed_users_count": self.licenses_in_use(), "basic_users_count": basic,
            "on_prem_users_count": 0, "room_users_count": 0, "pending_users_count": pending, "join_only_users_count": 0,
            "total_users_count": self.users.len()}),
        )
    }

    pub(super) fn plan_usage(&self) -> Reply {
        let base = json!({"type": "monthly", "hosts": self.settings.licenses, "usage": self.licenses_in_use()});
        json_reply(200, &json!({"plan_base": [base], "plan_zoom_rooms": [], "plan_webinar": [], "plan_large_meeting": []}))
    }

    fn insert_user(&mut self, now: i64, email: &str, names: [&str; 2], kind: i64, status: UserStatus) -> String {
        let id = URL_SAFE_NO_PAD.encode(self.ids.bytes::<16>());
        let [first_name, last_name] = names.map(str::to_owned);
        let user = User { id: id.clone(), email: email.to_lowercase(), first_name, last_name, kind, status, created_at: now };
        self.users.insert(id.clone(), user);
        if kind == 2 {
            self.assigned.push_back(now);
        }
        id
    }

    /// Whether one more license may be given to somebody, whoever had it before.
    fn may_assign(&mut self, now: i64) -> Result<(), Refusal> {
        if self.faults.strikes(Fault::LicenseFreeze, &self.ids) || self.assignments_are_used_up(now) {
            return Err(frozen());
        }
        if self.licenses_in_use() >= self.settings.licenses { Err(no_license()) } else { Ok(()) }
    }

    /// Whether licenses were given as often as Zoom allows (zoom.md §0.1 and §0.2): then none is given to anybody for now,
    /// not even back to who had it. Zoom names no period; here it is the last 24 hours.
    fn assignments_are_used_up(&mut self, now: i64) -> bool {
        while self.assigned.front().is_some_and(|at| at + DAY_MILLIS <= now) {
            self.assigned.pop_front();
        }
        let most = self.settings.assignments_per_license.map(|each| u64::from(each) * u64::from(self.settings.licenses));
        most.is_some_and(|most| self.assigned.len() as u64 >= most)
    }

    fn set_kind(&mut self, now: i64, id: &str, kind: i64) {
        let Some(user) = self.users.get_mut(id) else { return };
        let old = user.kind;
        if old == kind {
            return;
        }
        user.kind = kind;
        if kind == 2 {
            self.assigned.push_back(now);
            self.lift_cut(id);
        }
        let payload = events::user_type(&self.settings, id, old, kind, now);
        self.emit(now, "user.updated", payload);
    }

    fn set_status(&mut self, now: i64, id: &str, status: UserStatus, event: &str) {
        let Some(user) = self.users.get_mut(id) else { return };
        user.status = status;
        let payload = events::user(&self.settings, user);
        self.emit(now, event, payload);
    }
}

fn rename(user: &mut User, body: &Map<String, Value>) {
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(first_name) = text("first_name") {
        user.first_name = first_name;
    }
    if let Some(last_name) = text("last_name") {
        user.last_name = last_name;
    }
}
