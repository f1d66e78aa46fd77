//! The first page: what this is, and the way to one's own organization.

use actix_web::{HttpRequest, web};
use askama::Template;
use serde::Deserialize;

use crate::domain::names::Slug;

use super::forms::Errors;
use super::page::{Answer, Chrome, invalid, page, see_other};
use super::routes::{Access, RouteRow};
use super::server::{Demo, Site};

#[derive(Deserialize)]
struct Search {
    organization: Option<String>,
}

#[derive(Template)]
#[template(path = "home/show.html")]
struct HomePage {
    chrome: Chrome,
    organization: String,
    errors: Errors,
    demo: Option<Demo>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![RouteRow::get("/", Access::Anyone, || web::to(show))]
}

/// A search leads to the organization's sign-in page whether there is one or not: that page says so.
async fn show(request: HttpRequest, site: web::Data<Site>, search: web::Query<Search>) -> Answer {
    let blank =
        |organization, errors| HomePage { chrome: Chrome::of(&request), organization, errors, demo: site.options.demo.clone() };
    let Some(organization) = search.into_inner().organization else {
        return page(&blank(String::new(), Errors::default()));
    };
    match Slug::parse(last_part(&organization)) {
        Ok(slug) => Ok(see_other(&format!("/t/{slug}/sign-in"))),
        Err(error) => invalid(&blank(organization.clone(), Errors::one("organization", error.to_string()))),
    }
}

/// People paste the whole link as often as they type its end.
fn last_part(text: &str) -> &str {
    text.split_once("/t/").map_or(text, |(_, rest)| rest).split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_link_names_its_organization() {
        assert_eq!(last_part("https://meet.example.com/t/north/sign-in"), "north");
        assert_eq!(last_part("north"), "north");
    }
}
