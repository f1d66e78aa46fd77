//! The scopes that the Server-to-Server OAuth app must have, in both of Zoom's spellings: granular scopes of newer apps,
//! classic ones of older apps (developers.zoom.us, OAuth scopes).

/// One thing the product does at Zoom and the scope it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The scope of a newer app.
    pub granular: &'static str,
    /// The scope of an older app that covers it.
    pub classic: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
}

const fn need(granular: &'static str, classic: &'static str, purpose: &'static str) -> Need {
    Need { granular, classic, purpose }
}

/// Everything that the product does at Zoom.
pub const NEEDS: &[Need] = &[
    need("user:read:list_users:admin", "user:read:admin", "find the seats"),
    need("user:read:user:admin", "user:read:admin", "see whether a seat holds a license"),
    need("user:read:summary:admin", "user:read:admin", "count the licenses in use"),
    need("user:write:user:admin", "user:write:admin", "create seats"),
    need("user:update:user:admin", "user:write:admin", "attach and detach licenses"),
    need("meeting:write:meeting:admin", "meeting:write:admin", "create meetings"),
    need("meeting:read:meeting:admin", "meeting:read:admin", "start meetings and see whether they run"),
    need("meeting:read:list_meetings:admin", "meeting:read:admin", "see that nobody meets before a license is taken off"),
    need("meeting:update:meeting:admin", "meeting:write:admin", "reschedule meetings"),
    need("meeting:delete:meeting:admin", "meeting:write:admin", "cancel meetings"),
    need("meeting:update:status:admin", "meeting:write:admin", "end meetings"),
    need("meeting:read:past_meeting:admin", "meeting:read:admin", "learn when a meeting ended"),
    need("billing:read:plan_usage:admin", "account:read:admin", "see how many licenses were bought"),
];

/// The needs that a token with these scopes (one string, separated by spaces) does not meet.
pub fn missing(granted: &str) -> Vec<Need> {
    let granted: Vec<&str> = granted.split_whitespace().collect();
    let met = |need: &&Need| granted.contains(&need.granular) || granted.contains(&need.classic);
    NEEDS.iter().filter(|need| !met(need)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classic_and_granular_scopes_both_serve() {
        assert!(missing("user:read:admin user:write:admin meeting:read:admin meeting:write:admin account:read:admin").is_empty());
        let granular: Vec<&str> = NEEDS.iter().map(|need| need.granular).collect();
        assert!(missing(&granular.join(" ")).is_empty());
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = missing("user:read:admin user:write:admin meeting:read:admin account:read:admin");
        assert_eq!(missing.len(), 4);
        assert!(missing.iter().all(|need| need.classic == "meeting:write:admin"));
    }
}
