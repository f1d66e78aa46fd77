//! Text that people type, parsed once at the edge into types whose private field proves that it is safe to use.
//!
//! Every parser trims, limits the length and refuses control characters, so that no value can break out of a mail
//! header, a calendar line, a CSV cell or a log line (design rule 3.4.5).

use std::fmt;

/// Why a text was refused; the words are shown beside the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    before: String,
    /// What the text was to be; empty where the words do not speak of it.
    noun: &'static str,
    after: &'static str,
}

impl NameError {
    fn new(text: impl Into<String>) -> Self {
        Self::about(text, "", "")
    }

    fn about(before: impl Into<String>, noun: &'static str, after: &'static str) -> Self {
        Self { before: before.into(), noun, after }
    }

    /// The words with the field's own noun, such as `the client's name`: a form may have several names.
    pub fn of(&self, noun: &str) -> String {
        let noun = if self.noun.is_empty() { "" } else { noun };
        let text = format!("{}{noun}{}", self.before, self.after);
        let mut letters = text.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.of(self.noun))
    }
}

impl std::error::Error for NameError {}

macro_rules! text_types {
    ($($(#[$doc:meta])* $name:ident = $parse:path),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Parses what a person typed; the error says what to do about it.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                $parse(text).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )+};
}

text_types! {
    /// An e-mail address: one `@`, a domain with a dot, ASCII, lower case, at most 254 characters (RFC 5321 §4.5.3.1).
    EmailAddress = parse_email,
    /// The name of a person or an organization, 1 to 100 characters.
    PersonName = parse_person,
    /// What a meeting is about, 1 to 200 characters (Zoom's limit for `topic`).
    Topic = parse_topic,
    /// A tenant's part of the URL: 2 to 40 lower-case letters, digits and inner hyphens.
    Slug = parse_slug,
    /// An IANA time-zone name that this build's time-zone database knows.
    ZoneName = parse_zone,
    /// A key that a form carries so that posting it twice does the thing once; 16 to 64 URL-safe characters.
    IdempotencyKey = parse_key,
}

impl ZoneName {
    /// Coordinated Universal Time, when nothing better is known.
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }
}

/// A password exactly as typed; never shown, logged or compared with `==`.
pub struct Password(String);

impl Password {
    /// The fewest characters when the password is the only factor (NIST SP 800-63B-4 §3.1.1.2).
    pub const SHORTEST: usize = 15;
    /// The most characters; bounds the cost of hashing.
    pub const LONGEST: usize = 256;

    /// A password that somebody offers in order to sign in: any text short enough to hash.
    pub fn offered(text: &str) -> Option<Self> {
        (text.chars().count() <= Self::LONGEST).then(|| Self(text.to_owned()))
    }

    /// A new password. Long enough, and none of the words that belong to this person or product.
    pub fn chosen(text: &str, about_them: &[&str]) -> Result<Self, NameError> {
        let length = text.chars().count();
        if length < Self::SHORTEST {
            return Err(NameError::new(format!("Use at least {} characters. A few unrelated words work well.", Self::SHORTEST)));
        }
        if length > Self::LONGEST {
            return Err(NameError::new(format!("Use at most {} characters.", Self::LONGEST)));
        }
        let lower = text.to_lowercase();
        let distinct = lower.chars().collect::<std::collections::BTreeSet<_>>().len();
        if distinct < 6 {
            return Err(NameError::new("This password repeats too few characters. Use a few unrelated words."));
        }
        if WELL_KNOWN.iter().any(|known| lower.contains(known)) {
            return Err(NameError::new("This password is on the lists that attackers try first. Use a few unrelated words."));
        }
        let personal =
            about_them.iter().map(|word| word.trim().to_lowercase()).any(|word| word.len() >= 4 && lower.contains(&word));
        if personal {
            return Err(NameError::new("Leave your name, your e-mail address and your organization out of the password."));
        }
        Ok(Self(text.to_owned()))
    }

    /// The password's bytes, for the hash function only.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(hidden)")
    }
}

/// What makes a long password guessable after all. The length rule already refuses nearly all of the published lists.
const WELL_KNOWN: [&str; 9] = [
    "passwordpassword",
    "password1234",
    "1234567890",
    "qwertyuiop",
    "correcthorsebatterystaple",
    "abcdefghij",
    "letmeinletmein",
    "iloveyou",
    "duologueduologue",
];

fn parse_email(text: &str) -> Result<String, NameError> {
    let text = text.trim().to_ascii_lowercase();
    let wrong = || NameError::about("Enter ", "an e-mail address", " in the form name@example.com.");
    if text.is_empty() {
        return Err(NameError::about("Enter ", "an e-mail address", "."));
    }
    let (local, domain) = text.split_once('@').ok_or_else(wrong)?;
    let local_ok = (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b));
    let labels_ok = domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    if text.len() <= 254 && local_ok && labels_ok && domain.contains('.') { Ok(text) } else { Err(wrong()) }
}

fn parse_person(text: &str) -> Result<String, NameError> {
    parse_line(text, 100, "a name", "the name")
}

fn parse_topic(text: &str) -> Result<String, NameError> {
    parse_line(text, 200, "a topic", "the topic")
}

fn parse_line(text: &str, longest: usize, any: &'static str, this: &'static str) -> Result<String, NameError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(NameError::about("Enter ", any, "."));
    }
    if text.chars().count() > longest {
        return Err(NameError::about(format!("Use at most {longest} characters for "), this, "."));
    }
    if text.chars().any(is_unsafe) {
        return Err(NameError::about("", this, " contains a character that cannot be shown. Type it again."));
    }
    Ok(text.to_owned())
}

/// Control characters, line and paragraph separators, and the marks that reverse the direction of text.
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn parse_slug(text: &str) -> Result<String, NameError> {
    let text = text.trim().to_ascii_lowercase();
    let ok = (2..=40).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let letters = "Use 2 to 40 lower-case letters, digits and hyphens, such as north-clinic, for ";
    if ok { Ok(text) } else { Err(NameError::about(letters, "the part of the address", ".")) }
}

fn parse_zone(text: &str) -> Result<String, NameError> {
    let text = text.trim();
    let zone = jiff::tz::TimeZone::get(text).ok();
    zone.and_then(|zone| zone.iana_name().map(str::to_owned))
        .ok_or_else(|| NameError::about("Choose ", "a time zone", " from the list, such as Europe/Madrid."))
}

fn parse_key(text: &str) -> Result<String, NameError> {
    let ok = (16..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if ok {
        Ok(text.to_owned())
    } else {
        Err(NameError::new("This form is incomplete. Open the page again and repeat your entry."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_people_really_have_are_accepted() {
        for good in ["ana@acme.example", " Ana.Ruiz+clinic@Mail.Acme.example ", "o'neil@a-b.example"] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn addresses_that_could_break_a_header_are_refused() {
        for bad in [
            "",
            "ana",
            "ana@acme",
            "a@b@c.example",
            "ana@acme.example\r\nBcc: x@y.example",
            "a b@c.example",
            ".a@c.example",
            "a@-c.example",
            "a@c..example",
            "\"a\"@c.example",
        ] {
            assert!(EmailAddress::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_is_wrong_can_be_told_of_the_field_it_was_typed_into() {
        let empty = PersonName::parse(" ").unwrap_err();
        assert_eq!(
            (empty.to_string(), empty.of("the client's name")),
            ("Enter a name.".into(), "Enter the client's name.".into())
        );
        let unsafe_ = PersonName::parse("a\u{202e}b").unwrap_err();
        assert!(unsafe_.to_string().starts_with("The name contains"), "{unsafe_}");
        assert!(unsafe_.of("the admin's name").starts_with("The admin's name contains a character"));
        let long = Topic::parse(&"x".repeat(201)).unwrap_err();
        assert_eq!(long.to_string(), "Use at most 200 characters for the topic.");
        let key = IdempotencyKey::parse("x").unwrap_err();
        assert_eq!(key.of("the key"), key.to_string(), "words that speak of no field stay as they are");
    }

    #[test]
    fn a_zone_is_one_that_the_database_knows() {
        assert_eq!(ZoneName::parse("europe/madrid").unwrap().as_str(), "Europe/Madrid");
        assert!(ZoneName::parse("Mars/Olympus").is_err());
        assert!(ZoneName::parse("../../etc/passwd").is_err());
    }

    #[test]
    fn a_new_password_is_long_and_not_about_its_owner() {
        assert!(Password::chosen("short", &[]).is_err());
        assert!(Password::chosen("aaaaaaaaaaaaaaaaaaaa", &[]).is_err());
        assert!(Password::chosen("1234567890123456", &[]).is_err());
        assert!(Password::chosen("annabel likes tea", &["Annabel"]).is_err());
        assert!(Password::chosen("seven green umbrellas", &["Annabel"]).is_ok());
    }

    #[test]
    fn a_password_never_shows_in_debug_output() {
        assert!(!format!("{:?}", Password::offered("seven green umbrellas")).contains("green"));
    }

    #[test]
    fn slugs_stay_inside_one_path_segment() {
        assert!(Slug::parse("north-clinic2").is_ok());
        for bad in ["a", "-ab", "ab-", "a/b", "a b", "ünder", ".."] {
            assert!(Slug::parse(bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_accepted_name_holds_a_control_character(text in ".{0,120}") {
            if let Ok(name) = PersonName::parse(&text) {
                prop_assert!(!name.as_str().chars().any(char::is_control));
                prop_assert!(name.as_str().chars().count() <= 100);
            }
        }

        #[test]
        fn an_accepted_address_is_plain_ascii_without_spaces(text in ".{0,60}@.{0,60}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert!(address.as_str().bytes().all(|b| b.is_ascii_graphic()));
            }
        }
    }
}
