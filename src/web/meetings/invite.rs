//! Sending a meeting's invitation again.

use actix_web::web;
use serde::Deserialize;

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
    if !site.app.resend_invitation(&staff.scope(), &staff.user, &id).await? {
        return Ok(staff.not_done(&page, "The meeting is over or cancelled, so there is nothing to invite to."));
    }
    Ok(staff.done(&page, "The invitation is on its way to the client again."))
}
