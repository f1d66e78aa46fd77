//! Where Zoom tells us what happened. An event is in the database before Zoom hears 200; nothing else happens here.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::inbox::Received;

use super::body::Body;
use super::guard::WEBHOOK_PATH;
use super::page::Answer;
use super::routes::{Access, RouteRow};
use super::server::Site;

pub(super) fn rows() -> Vec<RouteRow> {
    vec![RouteRow::post(WEBHOOK_PATH, Access::Zoom, || web::to(receive))]
}

/// A webhook of a meeting that is not ours is answered 200 too: anything else would make Zoom send it again.
async fn receive(request: HttpRequest, site: web::Data<Site>, Body(body): Body) -> Answer {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let received = site.app.receive_webhook(text("x-zm-request-timestamp"), text("x-zm-signature"), &body).await?;
    Ok(match received {
        Received::Stored => HttpResponse::Ok().finish(),
        Received::Proof(json) => HttpResponse::Ok().content_type(ContentType::json()).body(json),
        Received::Unsigned => HttpResponse::Unauthorized().finish(),
        Received::Unreadable => HttpResponse::BadRequest().finish(),
    })
}
