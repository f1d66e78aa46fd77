//! The answer in words, with a table.

use std::fmt::Write as _;

use super::answer::{Answer, Line};

/// The answer as a person reads it. `source` says which days it is about.
pub(super) fn text(answer: &Answer, source: &str) -> String {
    let mut text = first_lines(answer, source);
    text.push('\n');
    text.push_str(&table(answer));
    text.push('\n');
    text.push_str(&formulas(answer));
    text
}

fn first_lines(answer: &Answer, source: &str) -> String {
    let mut text = String::new();
    let Some(enough) = of(answer, answer.licenses) else { return text };
    let spare = if enough.spare > 0 { format!(", {} of them kept back against overruns,", enough.spare) } else { String::new() };
    let target = percent(answer.target);
    let _ = writeln!(
        text,
        "{}{spare} are enough for no more than {target} of the meetings to be refused for want of one.",
        licenses(answer.licenses)
    );
    let _ = match answer.hosts.checked_sub(answer.licenses) {
        Some(saved @ 1..) => writeln!(text, "A license for each of the {} hosts would be {saved} more.", answer.hosts),
        _ => writeln!(text, "That is no fewer than one for each of the {} hosts.", answer.hosts),
    };
    let mut told = vec![answer.licenses, answer.licenses + 1];
    for licenses in answer.licenses.checked_sub(1).into_iter().chain([answer.around]) {
        if !told.contains(&licenses) {
            told.push(licenses);
        }
    }
    for line in told.into_iter().filter_map(|licenses| of(answer, licenses)) {
        let (share, low, high) = (percent(line.rate.share), percent(line.rate.low), percent(line.rate.high));
        let _ = writeln!(text, "With {}: {share} refused ({low} to {high}).", line.licenses);
    }
    let _ = writeln!(text, "Counted on {} wishes for a license on {} days: {source}.", enough.asked, answer.days);
    if enough.rate.high > answer.target {
        text.push_str(
            "The interval reaches beyond the target: more days would make it surer, one license more would make it safe.\n",
        );
    }
    if enough.capped > 0 {
        let _ = writeln!(
            text,
            "{} more wishes were refused by a tenant's own ceiling; more licenses do not help these, a higher ceiling does.",
            enough.capped
        );
    }
    text
}

fn table(answer: &Answer) -> String {
    let mut text = String::from("  licenses  spare  refused       share  95 of 100 times within  at once  in use\n");
    for line in &answer.lines {
        let mark = if line.licenses == answer.licenses { '>' } else { ' ' };
        let within = format!("{} to {}", percent(line.rate.low), percent(line.rate.high));
        let _ = writeln!(
            text,
            "{mark} {:>8}  {:>5}  {:>7}  {:>10}  {within:>22}  {:>7}  {:>6}",
            line.licenses,
            line.spare,
            line.refused,
            percent(line.rate.share),
            line.peak,
            format!("{:.0}%", line.utilization * 100.0)
        );
    }
    text
}

fn formulas(answer: &Answer) -> String {
    format!(
        "In the busiest hour {:.1} licenses would be in use on the average if nobody were refused. For that, Erlang's formula says \
         {} licenses, and Engset's, which knows that there are {} hosts, {}; the spare is counted in both.\n",
        answer.busiest_hour, answer.erlang_b, answer.hosts, answer.engset
    )
}

fn of(answer: &Answer, licenses: u32) -> Option<&Line> {
    answer.lines.iter().find(|line| line.licenses == licenses)
}

fn licenses(count: u32) -> String {
    if count == 1 { "1 license".to_owned() } else { format!("{count} licenses") }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = if percent >= 10.0 || percent == 0.0 { 0 } else { 2 };
    format!("{percent:.digits$}%")
}

#[cfg(test)]
mod tests {
    use super::super::interval::rate;
    use super::*;

    fn line(licenses: u32, refused: u32) -> Line {
        let rate = rate(&[(refused, 100); 10]);
        Line { licenses, spare: 1, asked: 1000, refused, rate, capped: 3, moved: 0, peak: 8, utilization: 0.5 }
    }

    #[test]
    fn the_first_lines_say_it_in_words() {
        let lines = vec![line(8, 2), line(9, 1), line(10, 0)];
        let answer = Answer {
            hosts: 20,
            days: 10,
            target: 0.01,
            licenses: 9,
            around: 9,
            busiest_hour: 4.2,
            erlang_b: 11,
            engset: 10,
            busy: 0,
            lines,
        };
        let text = text(&answer, "days of a test");
        for words in [
            "9 licenses, 1 of them kept back against overruns, are enough for no more than 1.00% ",
            "each of the 20 hosts would be 11 more.",
            "With 9: 1.00% refused (1.00% to 1.00%).\nWith 10: 0% refused (0% to 0.30%).\nWith 8: 2.00% refused",
            "on 1000 wishes for a license on 10 days: days of a test.",
            "3 more wishes were refused by a tenant's own ceiling",
            "\n>        9 ",
            "4.2 licenses would be in use",
        ] {
            assert!(text.contains(words), "{words:?} is missing in\n{text}");
        }
    }
}
