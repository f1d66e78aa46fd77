//! The meetings of a tenant: booking them, seeing them, starting, moving and calling them off.
//!
//! What must stay true: users see their own meetings and admins all of the tenant's, anything else does not exist; every
//! time that is shown names its zone; what was typed is never lost.

mod book;
mod cancel;
mod ends;
mod form;
mod history;
mod invite;
pub(super) mod license;
pub(super) mod line;
mod list;
mod now;
mod offers;
mod reschedule;
pub(super) mod show;
mod start;
mod time;
pub(super) mod words;

#[cfg(test)]
mod tests;

use actix_web::HttpRequest;

use crate::domain::ids::MeetingId;

use super::body::id_in;
use super::page::WebError;
use super::routes::RouteRow;
use super::scope::Staff;

pub(super) fn rows() -> Vec<RouteRow> {
    [
        list::rows(),
        book::rows(),
        now::rows(),
        show::rows(),
        start::rows(),
        line::rows(),
        ends::rows(),
        reschedule::rows(),
        cancel::rows(),
        invite::rows(),
    ]
    .concat()
}

/// The meeting that the path names, if it can be one at all.
fn meeting_id(request: &HttpRequest) -> Result<MeetingId, WebError> {
    id_in(request)
}

/// A meeting's page, or a page below it.
fn path(staff: &Staff, id: &MeetingId, below: &str) -> String {
    staff.path(&format!("/meetings/{id}{below}"))
}
