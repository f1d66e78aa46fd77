//! Zoom users as the rest of the product sees them.

use serde_json::Value;

use super::wire;
use crate::domain::seat::{License, SeatStatus};

/// A Zoom user of our account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoomUser {
    /// Zoom's id. A pending user may not have one yet; then it is the e-mail address, which Zoom takes in its place.
    pub id: String,
    /// Its e-mail address, in lower case.
    pub email: String,
    /// What it may do.
    pub license: License,
    /// Whether it can host.
    pub status: SeatStatus,
    /// The name shown in meetings.
    pub name: String,
}

/// How a Zoom user comes into being (`action` of `POST /users`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreateAction {
    /// Zoom mails an activation link; the user is pending until it is opened.
    Create,
    /// Active at once, with a password; needs a managed domain.
    AutoCreate,
    /// Active at once, without a password; needs an ISV contract.
    CustCreate,
}

impl CreateAction {
    /// Every way, the one that needs nothing first.
    pub const ALL: [Self; 3] = [Self::Create, Self::AutoCreate, Self::CustCreate];

    /// Zoom's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::AutoCreate => "autoCreate",
            Self::CustCreate => "custCreate",
        }
    }

    /// The way a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

/// A Zoom user to be created.
#[derive(Clone)]
pub struct NewZoomUser {
    /// Its e-mail address.
    pub email: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// For `autoCreate` only: see [`super::secrets::password`].
    pub password: Option<String>,
}

/// How many users there are of each kind (`GET /users/summary`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsersSummary {
    /// Users that hold a license.
    pub licensed: i64,
    /// Users without one.
    pub basic: i64,
    /// Invited users.
    pub pending: i64,
    /// All of them.
    pub total: i64,
}

/// How many licenses the account has (`GET /accounts/me/plans/usage`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanUsage {
    /// How many were bought.
    pub purchased: u32,
}

impl PlanUsage {
    /// `None` when no plan with hosts is told.
    pub(super) fn from_wire(usage: wire::PlanUsage) -> Option<Self> {
        let plans = [usage.plan_base, usage.plan_united].into_iter().flat_map(|plan| match plan {
            Value::Array(plans) => plans,
            plan => vec![plan],
        });
        let hosts: Vec<u32> =
            plans.filter_map(|plan| plan.get("hosts")?.as_u64()).filter_map(|hosts| u32::try_from(hosts).ok()).collect();
        (!hosts.is_empty()).then(|| Self { purchased: hosts.iter().sum() })
    }
}

impl ZoomUser {
    /// `None` when Zoom names neither an id nor an address.
    pub(super) fn from_wire(user: wire::User) -> Option<Self> {
        let email = user.email.map(|email| email.to_lowercase());
        let id = user.id.or_else(|| email.clone())?;
        let names: Vec<String> = [user.first_name, user.last_name].into_iter().flatten().collect();
        let name = user.display_name.unwrap_or_else(|| names.join(" "));
        Some(Self {
            id,
            email: email.unwrap_or_default(),
            license: license(user.r#type),
            status: status(user.status.as_deref()),
            name,
        })
    }
}

/// The number Zoom writes for a license; [`License::Other`] is nothing that we ever ask for.
pub(super) const fn type_number(license: License) -> Option<i64> {
    match license {
        License::Basic => Some(1),
        License::Licensed => Some(2),
        License::Other => None,
    }
}

fn license(number: Option<i64>) -> License {
    match number {
        Some(1) => License::Basic,
        Some(2) => License::Licensed,
        _ => License::Other,
    }
}

/// A user without a status is taken as active: replies about one user leave it out on old accounts.
fn status(word: Option<&str>) -> SeatStatus {
    match word {
        None | Some("active") => SeatStatus::Active,
        Some("pending") => SeatStatus::Pending,
        Some(_) => SeatStatus::Inactive,
    }
}

impl UsersSummary {
    /// `None` when the counts are missing.
    pub(super) fn from_wire(summary: wire::Summary) -> Option<Self> {
        let licensed = summary.licensed_users_count?;
        let basic = summary.basic_users_count?;
        let pending = summary.pending_users_count.unwrap_or_default();
        Some(Self { licensed, basic, pending, total: summary.total_users_count.unwrap_or(licensed + basic + pending) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_bought_is_read_in_each_of_its_shapes() {
        let bought = |json: &str| wire::read(json.as_bytes()).and_then(PlanUsage::from_wire).map(|usage| usage.purchased);
        assert_eq!(bought(r#"{"plan_base":[{"type":"monthly","hosts":3,"usage":2}],"plan_new":[1]}"#), Some(3));
        assert_eq!(bought(r#"{"plan_base":{"hosts":4}}"#), Some(4));
        assert_eq!(bought(r#"{"plan_base":[],"plan_united":{"name":"x","hosts":9}}"#), Some(9));
        assert_eq!(bought(r#"{"plan_base":[]}"#), None);
    }
}
