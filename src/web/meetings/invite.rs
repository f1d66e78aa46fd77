//! Sending a meeting's invitation again.

use actix_web::web;
use serde::Deserialize;

use crate::app::bookings::Invitation;

use super::super::forms::Form;
use super::super::page::Answer;
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;

#[derive(Deserialize)]
struct Bare {}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![RouteRow::post("/t/{slug}/meetings/{id}/invitations", Access::Staff, || web::to(invite))]
}

async fn invite(staff: Staff, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let page = super::path(&staff, &id, "");
    Ok(match site.app.resend_invitation(&staff.scope(), &staff.user, &id).await? {
        Invitation::Sent => staff.done(&page, "The invitation is on its way to the client again."),
        Invitation::JustSent => {
            staff.not_done(&page, "The invitation was sent a moment ago. Wait a minute before you send it again.")
        }
        Invitation::TooLate => staff.not_done(&page, "The meeting is over or cancelled, so there is nothing to invite to."),
    })
}
