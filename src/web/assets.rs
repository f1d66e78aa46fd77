//! The style sheet, the script and the icon, built into the binary. Their names hold a fingerprint of their content, so a
//! browser keeps them for good and a new version is a new name.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};

use super::page::{Answer, WebError};
use super::routes::{Access, RouteRow};

const CSS: &str =
    concat!(include_str!("../../static/vendor/modern-normalize/modern-normalize.css"), include_str!("../../static/duologue.css"));
const JS: &str = include_str!("../../static/duologue.js");
const ICON: &str = include_str!("../../static/icon.svg");

/// One file.
#[derive(Debug)]
pub struct Asset {
    name: String,
    kind: &'static str,
    body: &'static str,
}

impl Asset {
    fn new(stem: &str, ending: &str, kind: &'static str, body: &'static str) -> Self {
        let fingerprint = &crate::app::keys::hash(body)[..10];
        Self { name: format!("{stem}.{fingerprint}.{ending}"), kind, body }
    }

    /// Where it is.
    pub fn path(&self) -> String {
        format!("/assets/{}", self.name)
    }

    fn response(&self) -> HttpResponse {
        HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, self.kind))
            .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .body(self.body)
    }
}

/// Every file.
#[derive(Debug)]
pub struct Assets {
    /// The style sheet.
    pub css: Asset,
    /// The script.
    pub js: Asset,
    /// The icon.
    pub icon: Asset,
}

impl Assets {
    /// The files of this build.
    pub fn get() -> &'static Self {
        static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
            css: Asset::new("duologue", "css", "text/css; charset=utf-8", CSS),
            js: Asset::new("duologue", "js", "text/javascript; charset=utf-8", JS),
            icon: Asset::new("icon", "svg", "image/svg+xml", ICON),
        });
        &ASSETS
    }
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/assets/{name}", Access::Machine, || web::to(show)),
        RouteRow::get("/favicon.ico", Access::Machine, || web::to(favicon)),
        RouteRow::get("/robots.txt", Access::Machine, || web::to(robots)),
    ]
}

async fn show(name: web::Path<String>) -> Answer {
    let assets = Assets::get();
    let found = [&assets.css, &assets.js, &assets.icon].into_iter().find(|asset| asset.name == *name);
    found.map(Asset::response).ok_or_else(WebError::not_found)
}

async fn favicon() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/svg+xml"))
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body(ICON)
}

async fn robots() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("User-agent: *\nDisallow: /\n")
}
