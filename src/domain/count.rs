//! How many of a thing, in words.

/// `1 seat`, `2 seats`.
pub fn counted(count: i64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The same for what a program counted itself, which is never more than it has memory for.
pub fn counted_things(count: usize, noun: &str) -> String {
    counted(i64::try_from(count).unwrap_or(i64::MAX), noun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_one_and_none_are_many() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "license")), ["0 licenses", "1 license", "2 licenses"]);
        assert_eq!(counted_things(1, "line"), "1 line");
    }
}
