//! For machines: is the process alive, can it work, and how much has it done.
//!
//! `/healthz` says that the process answers; restart it when it does not. `/readyz` says that it can answer people: the
//! database answers in time and has every migration of this binary; send it no requests while it does not. That the
//! background work is late shows there too and in `/metrics`, but turns nobody away: another node may do it, and people can
//! still read, book and join.
//!
//! `/metrics` answers only a direct connection from this machine: with a proxy in front every request comes from this
//! machine, so one that was forwarded is refused. No number here is about a person.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::app::bell::Lane;
use crate::domain::time::{Instant, Span};
use crate::store::{Store, StoreError, events, heartbeats, letters, licenses};

use super::page::{Answer, WebError};
use super::routes::{Access, RouteRow};
use super::server::Site;

/// How long the database may take before this counts as no answer; probes give up soon after.
const PATIENCE: Duration = Duration::from_secs(3);
/// A part of the background work that has been silent for so long is late: it says that it lives every minute at least, but
/// for the sweeps, which nobody waits for.
const LATE: Span = Span::minutes(3);

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

/// Whether the database answers and is up to date; with the age of each part of the background work, in seconds, and
/// whether one of them is late.
async fn ready(site: web::Data<Site>) -> HttpResponse {
    let store = &site.app.store;
    let asked = async { Ok::<_, StoreError>((store.is_up_to_date().await?, store.read(heartbeats::list).await?)) };
    let why = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok((true, beats))) => return HttpResponse::Ok().json(background(site.app.now(), beats)),
        Ok(Ok((false, _))) => "the database is not up to date".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "the database does not answer".to_owned(),
    };
    tracing::warn!(why, "not ready");
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE).json(json!({ "ready": false }))
}

fn background(now: Instant, beats: Vec<(String, Instant, String)>) -> serde_json::Value {
    let ages: BTreeMap<String, i64> = beats.into_iter().map(|(name, at, _)| (name, (now - at).as_seconds())).collect();
    let late = ages.iter().any(|(name, age)| *name != Lane::Sweeps.name() && *age > LATE.as_seconds());
    json!({ "ready": true, "background_late": late, "seconds_since": ages })
}

async fn metrics(request: HttpRequest, site: web::Data<Site>) -> Answer {
    let direct = request.peer_addr().is_some_and(|peer| peer.ip().is_loopback())
        && FORWARDED.iter().all(|name| !request.headers().contains_key(*name));
    if !direct {
        return Err(WebError::not_found());
    }
    let now = site.app.now();
    let (places, letters, events, beats) = site
        .app
        .store
        .read::<_, StoreError, _>(|tx| {
            Ok((licenses::count_by_place(tx)?, letters::count_by_state(tx)?, events::count_by_state(tx)?, heartbeats::list(tx)?))
        })
        .await?;
    let answered = site.answered.iter().enumerate().skip(1);
    let answered = answered.map(|(class, count)| (format!("{class}xx"), count.load(Ordering::Relaxed).cast_signed())).collect();
    let ages = beats.into_iter().map(|(name, at, _)| (name, (now - at).as_seconds())).collect();
    let statements = Store::statements().cast_signed();
    let text = [
        family("duologue_responses_total", "counter", "class", answered),
        family("duologue_sql_statements_total", "counter", "", vec![(String::new(), statements)]),
        family("duologue_licenses", "gauge", "place", places),
        family("duologue_letters", "gauge", "state", letters),
        family("duologue_zoom_events", "gauge", "state", events),
        family("duologue_background_seconds_since", "gauge", "part", ages),
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
