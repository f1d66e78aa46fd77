//! For machines: is the process alive, can it work, and how much has it done.
//!
//! `/metrics` answers only a direct connection from this machine: with a proxy in front every request comes from this
//! machine, so one that was forwarded is refused. No number here is about a person.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::store::{Store, StoreError, events, heartbeats, letters, licenses};

use super::page::{Answer, WebError};
use super::routes::{Access, RouteRow};
use super::server::Site;

const FORWARDED: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/healthz", Access::Machine, || web::to(alive)),
        RouteRow::get("/readyz", Access::Machine, || web::to(ready)),
        RouteRow::get("/metrics", Access::Machine, || web::to(metrics)),
    ]
}

async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "alive": true }))
}

/// Whether the database answers and knows our tables; with the age of each part of the background work, in seconds.
async fn ready(site: web::Data<Site>) -> HttpResponse {
    let now = site.app.now();
    match site.app.store.read::<_, StoreError, _>(heartbeats::list).await {
        Ok(beats) => {
            let ages: serde_json::Map<_, _> =
                beats.into_iter().map(|(name, at, _)| (name, json!((now - at).as_seconds()))).collect();
            HttpResponse::Ok().json(json!({ "ready": true, "seconds_since": ages }))
        }
        Err(error) => {
            tracing::warn!(%error, "not ready");
            HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE).json(json!({ "ready": false }))
        }
    }
}

async fn metrics(request: HttpRequest, site: web::Data<Site>) -> Answer {
    let direct = request.peer_addr().is_some_and(|peer| peer.ip().is_loopback())
        && FORWARDED.iter().all(|name| !request.headers().contains_key(*name));
    if !direct {
        return Err(WebError::not_found());
    }
    let (places, letters, events) = site
        .app
        .store
        .read::<_, StoreError, _>(|tx| {
            Ok((licenses::count_by_place(tx)?, letters::count_by_state(tx)?, events::count_by_state(tx)?))
        })
        .await?;
    let answered = site.answered.iter().enumerate().skip(1);
    let answered = answered.map(|(class, count)| (format!("{class}xx"), count.load(Ordering::Relaxed).cast_signed())).collect();
    let statements = Store::statements().cast_signed();
    let text = [
        family("duologue_responses_total", "counter", "class", answered),
        family("duologue_sql_statements_total", "counter", "", vec![(String::new(), statements)]),
        family("duologue_licenses", "gauge", "place", places),
        family("duologue_letters", "gauge", "state", letters),
        family("duologue_zoom_events", "gauge", "state", events),
    ];
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text.concat()))
}

/// One family of the Prometheus text format.
fn family(name: &str, kind: &str, label: &str, samples: Vec<(String, i64)>) -> String {
    let mut text = format!("# TYPE {name} {kind}\n");
    for (value, count) in samples {
        let labels = if label.is_empty() { String::new() } else { format!("{{{label}=\"{value}\"}}") };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name}{labels} {count}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_one_type_line_and_one_line_per_sample() {
        let text = family("x_total", "counter", "class", vec![("2xx".to_owned(), 3)]);
        assert_eq!(text, "# TYPE x_total counter\nx_total{class=\"2xx\"} 3\n");
        assert!(family("x", "gauge", "", vec![(String::new(), 1)]).ends_with("\nx 1\n"));
    }
}
