//! Scenario scripts: lines a person can read, each of which makes something happen. The same file is also the transcript:
//! a line that begins with `> ` is a line of the script, whatever else follows it is what came of it, and text before the
//! first such line is for the reader.

use crate::domain::time::{Instant, Span};
use crate::zoom::simulator::Fault;

use super::town::MORNING;

/// One line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// As it stands in the script.
    pub(super) text: String,
    /// When; none: now.
    pub(super) at: Option<Instant>,
    /// What.
    pub(super) act: Act,
}

/// What a line makes happen. Hosts and meetings go by names of the script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// `tenant acme: ana bo`, and at the end perhaps `, short meetings without a license`.
    Tenant { slug: String, hosts: Vec<String>, short: bool },
    /// `licenses 2`
    Licenses(u32),
    /// `strategy standing`, `release when_needed`, `spare 1` and so on.
    Set { what: String, value: String },
    /// `ana books one from 09:00 for 30`
    Books { host: String, meeting: String, start: Instant, length: Span },
    /// `ana asks for one now for 30`, perhaps `, or waits`
    Asks { host: String, meeting: String, length: Span, waits: bool },
    /// `ana starts one`, perhaps `anyway`
    Starts { host: String, meeting: String, anyway: bool },
    /// `ana waits for one`
    Waits { host: String, meeting: String },
    /// `ana ends one`
    Ends { host: String, meeting: String },
    /// `ana cancels one`
    Cancels { host: String, meeting: String },
    /// `ana moves one to 10:00 for 30`
    Moves { host: String, meeting: String, start: Instant, length: Span },
    /// `the client joins one`
    Joins { meeting: String },
    /// `the line of one drops`
    Drops { meeting: String },
    /// `zoom: webhook-lost next 2`, `zoom: license-freeze always`, `zoom: license-freeze never`
    Fault { fault: Fault, next: u32, per_mille: u32 },
    /// `somebody takes the license of ana`, `somebody gives a license to ana`
    Hand { host: String, gives: bool },
    /// `the process dies in 6 steps`: a write to the database and a call to Zoom are two steps each, before and after.
    Dies(u32),
    /// Time passes.
    Nothing,
}

/// A line that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {number} of the script means nothing: {text}")]
pub struct ScriptError {
    number: usize,
    text: String,
}

/// The reader's text at the beginning, and the lines of the script.
pub(super) fn parse(text: &str) -> Result<(String, Vec<Line>), ScriptError> {
    let introduction: Vec<&str> = text.lines().take_while(|line| !line.starts_with("> ")).collect();
    let lines = text.lines().enumerate().filter_map(|(index, line)| Some((index, line.strip_prefix("> ")?)));
    let lines = lines.map(|(index, line)| read(line).ok_or_else(|| ScriptError { number: index + 1, text: line.to_owned() }));
    Ok((introduction.join("\n"), lines.collect::<Result<_, _>>()?))
}

fn read(text: &str) -> Option<Line> {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let (at, act) = match time(first) {
        Some(at) => (Some(at), rest),
        None => (None, text),
    };
    Some(Line { text: text.to_owned(), at, act: act_of(act)? })
}

fn act_of(text: &str) -> Option<Act> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let own = |word: &str| word.to_owned();
    Some(match words.as_slice() {
        [] => Act::Nothing,
        ["tenant", slug, ..] if slug.ends_with(':') => {
            let (hosts, short) = match text.split_once(',') {
                Some((hosts, " short meetings without a license")) => (hosts, true),
                Some(_) => return None,
                None => (text, false),
            };
            let hosts = hosts.split_whitespace().skip(2).map(own).collect();
            Act::Tenant { slug: own(slug.trim_end_matches(':')), hosts, short }
        }
        ["licenses", count] => Act::Licenses(count.parse().ok()?),
        ["the", "process", "dies", "in", steps, "steps"] => Act::Dies(steps.parse().ok()?),
        ["the", "client", "joins", meeting] => Act::Joins { meeting: own(meeting) },
        ["the", "line", "of", meeting, "drops"] => Act::Drops { meeting: own(meeting) },
        ["somebody", "takes", "the", "license", "of", host] => Act::Hand { host: own(host), gives: false },
        ["somebody", "gives", "a", "license", "to", host] => Act::Hand { host: own(host), gives: true },
        ["zoom:", fault, "next", count] => {
            Act::Fault { fault: Fault::from_word(fault)?, next: count.parse().ok()?, per_mille: 0 }
        }
        ["zoom:", fault, "always"] => Act::Fault { fault: Fault::from_word(fault)?, next: 0, per_mille: 1000 },
        ["zoom:", fault, "never"] => Act::Fault { fault: Fault::from_word(fault)?, next: 0, per_mille: 0 },
        [host, "books", meeting, "from", start, "for", length] => {
            Act::Books { host: own(host), meeting: own(meeting), start: time(start)?, length: minutes(length)? }
        }
        [host, "asks", "for", meeting, "now", "for", length, rest @ ..] => {
            let waits = match rest {
                [] => false,
                ["or", "waits"] => true,
                _ => return None,
            };
            Act::Asks { host: own(host), meeting: own(meeting), length: minutes(length)?, waits }
        }
        [host, "starts", meeting] => Act::Starts { host: own(host), meeting: own(meeting), anyway: false },
        [host, "starts", meeting, "anyway"] => Act::Starts { host: own(host), meeting: own(meeting), anyway: true },
        [host, "waits", "for", meeting] => Act::Waits { host: own(host), meeting: own(meeting) },
        [host, "ends", meeting] => Act::Ends { host: own(host), meeting: own(meeting) },
        [host, "cancels", meeting] => Act::Cancels { host: own(host), meeting: own(meeting) },
        [host, "moves", meeting, "to", start, "for", length] => {
            Act::Moves { host: own(host), meeting: own(meeting), start: time(start)?, length: minutes(length)? }
        }
        [what @ ("strategy" | "release" | "spare" | "rejoin" | "lead" | "grace"), value] => {
            Act::Set { what: own(what), value: own(value) }
        }
        _ => return None,
    })
}

/// `09:30` or `09:30:15` on the day of the script.
fn time(text: &str) -> Option<Instant> {
    let mut parts = text.split(':').map(str::parse::<i64>);
    let (hours, minutes) = (parts.next()?.ok()?, parts.next()?.ok()?);
    let seconds = parts.next().unwrap_or(Ok(0)).ok()?;
    Some(MORNING + Span::hours(hours - 8) + Span::minutes(minutes) + Span::seconds(seconds))
}

fn minutes(text: &str) -> Option<Span> {
    text.parse().ok().map(Span::minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_time_and_an_act() {
        let line = read("09:05:30 ana starts one anyway").unwrap();
        assert_eq!(line.at, Some(MORNING + Span::minutes(65) + Span::seconds(30)));
        assert_eq!(line.act, Act::Starts { host: "ana".into(), meeting: "one".into(), anyway: true });
        assert_eq!(read("10:00").unwrap().act, Act::Nothing);
        let hosts = vec!["ana".to_owned(), "bo".to_owned()];
        let tenant = read("tenant acme: ana bo, short meetings without a license").unwrap();
        assert_eq!(tenant.act, Act::Tenant { slug: "acme".into(), hosts, short: true });
    }

    #[test]
    fn what_means_nothing_is_named_with_its_line() {
        let error = parse("Text.\n> licenses 1\n09:00 what happened\n> ana dances\n").unwrap_err();
        assert_eq!(error.to_string(), "line 4 of the script means nothing: ana dances");
    }
}
