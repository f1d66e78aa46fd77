//! The host's place in line for a license: in words, and getting in and out.

use actix_web::web;

use crate::app::line::{Queued, Wait};
use crate::domain::admission::Refusal;
use crate::domain::line::LONGEST_WAIT;
use crate::domain::meeting::Meeting;
use crate::domain::time::Span;

use super::super::forms::{Bare, Form};
use super::super::page::Answer;
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;
use super::words::span;

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::post("/t/{slug}/meetings/{id}/wait", Access::Staff, || web::to(wait)),
        RouteRow::post("/t/{slug}/meetings/{id}/wait/end", Access::Staff, || web::to(leave)),
    ]
}

async fn wait(staff: Staff, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let page = super::path(&staff, &id, "");
    Ok(match site.app.wait_in_line(&staff.scope(), &staff.user, &id).await? {
        Queued::Waiting => staff.done(&page, IN_LINE),
        Queued::NoNeed => {
            staff.not_done(&page, "There is nothing to wait for: the meeting has its license promised, runs, or was cancelled.")
        }
    })
}

async fn leave(staff: Staff, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let page = super::path(&staff, &id, "");
    let before = site.app.meeting_for(&staff.scope(), &staff.user, &id).await?.meeting;
    site.app.leave_line(&staff.scope(), &staff.user, &id).await?;
    Ok(if before.waits_to_begin() {
        staff.done(&page, "You have left the line, and the meeting is called off. The client was not told of it.")
    } else if before.queued_at.is_some() {
        staff.done(&page, "You have left the line. The meeting itself has not changed.")
    } else {
        staff.not_done(&page, "You are not in line any more.")
    })
}

/// What the page says to somebody who has just got in line.
pub(super) const IN_LINE: &str = "You are in line. This page says when your license is ready.";

/// When a meeting is that has no time before its license is there; none: it has one.
pub(in crate::web) fn no_time_yet(meeting: &Meeting) -> Option<String> {
    meeting.waits_to_begin().then(|| format!("as soon as a license is there, for {}", span(meeting.window.length())))
}

/// What to know while one waits.
pub(super) fn advice(meeting: &Meeting) -> &'static str {
    if meeting.waits_to_begin() {
        "Keep this page open, or come back to it within the hour: it says when your license is ready. Your client is invited then, \
         and does not know of the meeting before."
    } else {
        "Keep this page open, or come back to it within the hour: it says when your license is ready. Your client sees that you \
         are not there yet."
    }
}

/// Whether a license is what the refused meeting lacks, so that waiting for one helps.
pub(super) const fn helps(refusal: Refusal) -> bool {
    matches!(refusal, Refusal::TenantCap | Refusal::PoolFull | Refusal::LicenseFrozen)
}

/// What waiting would mean to somebody who is not in line yet.
pub(super) fn offer(refusal: Refusal, wait: &Wait) -> String {
    let place = format!("Wait in line: you would be number {}", wait.position);
    match (refusal, wait.about) {
        (Refusal::LicenseFrozen, None) => {
            format!("{place}. When Zoom lets licenses move again is not known; it is asked every 15 minutes.")
        }
        (_, None) => format!("{place}. As meetings are planned, none comes free for this one in the next hours."),
        (_, Some(about)) if about > LONGEST_WAIT => format!(
            "{place}; as meetings are planned, a license is free in about {}, and nobody stays in line for longer than an hour.",
            span(about)
        ),
        (_, Some(Span::ZERO)) => format!("{place}; as meetings are planned, a license is free at any moment."),
        (_, Some(about)) => format!("{place}; as meetings are planned, a license is free in about {}.", span(about)),
    }
}

/// Where somebody is in line: `Number 2 in line, about 10 minutes`.
pub(in crate::web) fn place(wait: &Wait) -> String {
    let number = format!("Number {} in line", wait.position);
    match wait.about {
        None => number,
        Some(Span::ZERO) => format!("{number}, at any moment"),
        Some(about) => format!("{number}, about {}", span(about)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(position: usize, minutes: Option<i64>) -> Wait {
        Wait { position, about: minutes.map(Span::minutes) }
    }

    #[test]
    fn a_place_in_line_has_a_number_and_about_a_time() {
        assert_eq!(place(&wait(2, Some(10))), "Number 2 in line, about 10 minutes");
        assert_eq!(place(&wait(1, Some(0))), "Number 1 in line, at any moment");
        assert_eq!(place(&wait(3, None)), "Number 3 in line");
    }

    #[test]
    fn an_offer_to_wait_promises_no_more_than_is_known() {
        let said = |refusal, minutes| offer(refusal, &wait(2, minutes));
        assert_eq!(
            said(Refusal::PoolFull, Some(10)),
            "Wait in line: you would be number 2; as meetings are planned, a license is free in about 10 minutes."
        );
        assert!(said(Refusal::TenantCap, Some(0)).ends_with("a license is free at any moment."));
        assert!(
            said(Refusal::PoolFull, Some(90)).contains("1 hour 30 minutes, and nobody stays in line for longer than an hour")
        );
        assert!(said(Refusal::PoolFull, None).contains("none comes free"));
        assert!(said(Refusal::LicenseFrozen, None).contains("asked every 15 minutes"));
    }
}
