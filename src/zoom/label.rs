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
}

impl Label {
    /// Every label, cheapest first.
    pub const ALL: [Self; 3] = [Self::Light, Self::Medium, Self::Heavy];

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
            (_, ["accounts" | "report" | "metrics", ..]) => Self::Heavy,
            _ => Self::Light,
        })
    }

    /// The name Zoom gives it in `X-RateLimit-Category`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Light => "Light",
            Self::Medium => "Medium",
            Self::Heavy => "Heavy",
        }
    }

    /// How many calls Zoom takes in one second on a Pro account.
    pub const fn per_second(self) -> u32 {
        match self {
            Self::Light => 30,
            Self::Medium => 20,
            Self::Heavy => 10,
        }
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
