//! The host ends a running meeting for everybody.

use actix_web::web;
use serde::Deserialize;

use crate::app::AppError;

use super::super::forms::Form;
use super::super::page::Answer;
use super::super::routes::{Access, RouteRow};
use super::super::scope::Staff;
use super::super::server::Site;

#[derive(Deserialize)]
struct Bare {}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![RouteRow::post("/t/{slug}/meetings/{id}/end", Access::Staff, || web::to(end))]
}

async fn end(staff: Staff, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    let id = super::meeting_id(staff.request())?;
    let page = super::path(&staff, &id, "");
    Ok(match site.app.end(&staff.scope(), &staff.user, &id).await {
        Ok(true) => staff.done(&page, "The meeting is being ended for everybody. This page says so as soon as Zoom confirms it."),
        Ok(false) => staff.not_done(&page, "The meeting is not running, so there is nothing to end."),
        Err(AppError::Zoom(error)) => {
            tracing::warn!(meeting = %id, %error, "a meeting could not be ended at Zoom");
            staff.not_done(&page, "Zoom did not end the meeting. Try again in a moment, or end it in Zoom itself.")
        }
        Err(error) => return Err(error.into()),
    })
}
