//! Many seats at once, from lines of CSV.

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::AppError;
use crate::app::seats::Imported;
use crate::web::forms::{Errors, Form};
use crate::web::page::{Answer, Chrome, invalid, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::seats::{synced_words, zoom_words};
use super::words::counted;

/// How many wrong lines are named; the others are counted.
const NAMED: usize = 30;

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    csv: String,
}

#[derive(Template)]
#[template(path = "operator/seats/import.html")]
struct ImportPage {
    chrome: Chrome,
    form: Fields,
    errors: Errors,
    problems: Vec<String>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get("/operator/seats/import", Access::Operator, || web::to(show)),
        RouteRow::post("/operator/seats/import", Access::Operator, || web::to(import)),
    ]
}

async fn show(operator: Operator) -> Answer {
    page(&ImportPage { chrome: operator.chrome(), form: Fields::default(), errors: Errors::default(), problems: Vec::new() })
}

async fn import(operator: Operator, site: web::Data<Site>, Form(form): Form<Fields>) -> Answer {
    let imported = site.app.import_seats(&operator.pass, &form.csv).await?;
    if !imported.problems.is_empty() {
        let (errors, problems) = (Errors::one("csv", summary(&imported)), problems(&imported));
        return invalid(&ImportPage { chrome: operator.chrome(), form, errors, problems });
    }
    let done =
        format!("{} added, {} updated.", counted(i64::try_from(imported.added).unwrap_or(i64::MAX), "seat"), imported.updated);
    // New seats host nothing before Zoom has been asked about them.
    match site.app.sync_seats(&operator.pass).await {
        Ok(synced) => Ok(operator.done("/operator/seats", &format!("{done} {}", synced_words(&synced)))),
        Err(AppError::Zoom(error)) => {
            let words = format!("{done} But Zoom could not be asked about them: {} Then sync with Zoom.", zoom_words(&error));
            Ok(operator.not_done("/operator/seats", &words))
        }
        Err(error) => Err(error.into()),
    }
}

fn summary(imported: &Imported) -> String {
    let wrong = counted(i64::try_from(imported.problems.len()).unwrap_or(i64::MAX), "line");
    format!("Nothing was imported: {wrong} cannot be used. Correct them and import again.")
}

fn problems(imported: &Imported) -> Vec<String> {
    let mut lines: Vec<String> =
        imported.problems.iter().take(NAMED).map(|(line, problem)| format!("Line {line}: {problem}")).collect();
    if imported.problems.len() > NAMED {
        lines.push(format!("and {} more", imported.problems.len() - NAMED));
    }
    lines
}
