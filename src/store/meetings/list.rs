//! Lists of meetings for pages: what is to come, and what is past.

use diesel::prelude::*;

use crate::domain::ids::UserId;
use crate::domain::meeting::Stage;
use crate::domain::time::Instant;

use super::super::error::StoreError;
use super::super::schema::{clients, licenses, meetings, users};
use super::super::scope::TenantScope;
use super::super::transaction::ReadTx;
use super::row::MeetingRow;
use super::{ClientRow, MeetingView, ViewRow, view, views};

/// Which meetings a list shows.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only this host's; none: the whole tenant's.
    pub host: Option<UserId>,
    /// Words of the topic, or of the client's name or address.
    pub search: String,
    /// Whether what is to come is listed, or what is past.
    pub past: bool,
    /// What counts as past.
    pub now: Instant,
    /// How many to pass over.
    pub offset: i64,
    /// How many to give.
    pub limit: i64,
}

diesel::define_sql_function! {
    /// The text in lower case.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// The meetings that a list shows: to come by start, past ones newest first.
pub fn list(tx: &mut ReadTx<'_>, scope: &TenantScope, filter: &Filter) -> Result<Vec<MeetingView>, StoreError> {
    let mut query = views!(scope).into_boxed();
    if let Some(host) = &filter.host {
        query = query.filter(meetings::host_id.eq(host.as_str()));
    }
    if !filter.search.is_empty() {
        let pattern = contains(&filter.search);
        query = query.filter(
            lower(meetings::topic)
                .like(pattern.clone())
                .escape('\\')
                .or(lower(clients::name).like(pattern.clone()).escape('\\'))
                .or(lower(clients::email).like(pattern).escape('\\')),
        );
    }
    // A host may have looked into the room before the time.
    let met = meetings::closed_at.ge(meetings::starts_at.nullable()).or(meetings::ends_at.nullable().le(filter.now.seconds()));
    let ended = meetings::stage.eq(Stage::Ended.word()).and(met.assume_not_null());
    let over = meetings::stage.eq_any([Stage::Cancelled.word(), Stage::Missed.word()]).or(ended);
    let passed = meetings::stage.eq(Stage::Booked.word()).and(meetings::ends_at.le(filter.now.seconds()));
    // Whoever waits in line has not met yet, whatever the time.
    let past = over.or(passed.and(meetings::queued_at.is_null()));
    query = if filter.past {
        query.filter(past).order((meetings::starts_at.desc(), meetings::id.desc()))
    } else {
        query.filter(diesel::dsl::not(past)).order((meetings::starts_at.asc(), meetings::id.asc()))
    };
    let rows: Vec<ViewRow> = query.offset(filter.offset).limit(filter.limit).load(tx.of(scope))?;
    rows.into_iter().map(view).collect()
}

/// A `LIKE` pattern that finds `text` anywhere, taking its own wildcards literally.
fn contains(text: &str) -> String {
    let escaped = text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    format!("%{escaped}%")
}
