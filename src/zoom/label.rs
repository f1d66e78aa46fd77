//! Zoom's rate-limit labels: each is one bucket that all calls of the account with that label share
//! (developers.zoom.us, rate limits; reference of the API's labels as of November 2026).

use super::transport::{Call, Method, Site};

/// How dear a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Label {
    /// One user or one meeting.
    Light,
    /// Lists, and creating meetings.
    Medium,
    /// Reports of the account.
    Heavy,
    /// Live measurements of the account.
    ResourceIntensive,
}

/// The kind of account, which decides how many calls Zoom takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plan {
    /// Without licenses: for trying things out only.
    Free,
    /// The smallest plan that has licenses.
    #[default]
    Pro,
    /// Business and above.
    Business,
}

/// How many calls of a label Zoom takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So many calls …
    pub calls: u32,
    /// … in so many milliseconds.
    pub per_millis: i64,
    /// The most in a UTC day, where one is documented.
    pub per_day: Option<u32>,
}

impl Label {
    /// Every label, cheapest first.
    pub const ALL: [Self; 4] = [Self::Light, Self::Medium, Self::Heavy, Self::ResourceIntensive];

    /// The label of a call; `None` for the token endpoint, which has no bucket. The label of the users' summary is not
    /// documented and taken as Medium, like the list of users.
    pub fn of(call: &Call) -> Option<Self> {
        if call.site == Site::OAuth {
            return None;
        }
        let segments: Vec<&str> = call.path.split('/').skip(1).collect();
        Some(match (call.method, segments.as_slice()) {
            (Method::Get, ["users"] | ["users", "summary"] | ["users", _, "meetings"] | ["past_meetings", _, _])
            | (Method::Post, ["users", _, "meetings"] | ["users", "features"]) => Self::Medium,
            (_, ["accounts" | "report", ..]) => Self::Heavy,
            (_, ["metrics", ..]) => Self::ResourceIntensive,
            _ => Self::Light,
        })
    }

    /// The name Zoom gives it in `X-RateLimit-Category`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "Light",
            Self::Medium => "Medium",
            Self::Heavy => "Heavy",
            Self::ResourceIntensive => "Resource-intensive",
        }
    }
}

impl Plan {
    /// How many calls of this label Zoom takes. On paid plans heavy and resource-intensive calls share one number for the day;
    /// of the latter the product makes none.
    pub const fn limit(self, label: Label) -> Limit {
        let (calls, per_millis, per_day) = match (self, label) {
            (Self::Free, Label::Light) => (4, 1000, Some(6_000)),
            (Self::Free, Label::Medium) => (2, 1000, Some(2_000)),
            (Self::Free, Label::Heavy) => (1, 1000, Some(1_000)),
            (Self::Pro, Label::Light) => (30, 1000, None),
            (Self::Pro, Label::Medium) => (20, 1000, None),
            (Self::Pro, Label::Heavy) => (10, 1000, Some(30_000)),
            (Self::Free | Self::Pro, Label::ResourceIntensive) => (10, 60_000, Some(30_000)),
            (Self::Business, Label::Light) => (80, 1000, None),
            (Self::Business, Label::Medium) => (60, 1000, None),
            (Self::Business, Label::Heavy) => (40, 1000, Some(60_000)),
            (Self::Business, Label::ResourceIntensive) => (20, 60_000, Some(60_000)),
        };
        Limit { calls, per_millis, per_day }
    }

    /// The word for it in the settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Business => "business",
        }
    }

    /// The plan that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Free, Self::Pro, Self::Business].into_iter().find(|plan| plan.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_labelled_as_documented() {
        let label = |method, segments: &[&str]| Label::of(&Call::api(method, segments));
        assert_eq!(label(Method::Patch, &["users", "u"]), Some(Label::Light));
        assert_eq!(label(Method::Post, &["users"]), Some(Label::Light));
        assert_eq!(label(Method::Get, &["users"]), Some(Label::Medium));
        assert_eq!(label(Method::Post, &["users", "u", "meetings"]), Some(Label::Medium));
        assert_eq!(label(Method::Delete, &["meetings", "1"]), Some(Label::Light));
        assert_eq!(label(Method::Get, &["accounts", "me", "plans", "usage"]), Some(Label::Heavy));
    }
}
