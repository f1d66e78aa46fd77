//! The seats: every Zoom user that can host, what Zoom says of it and whom it serves.

use std::collections::BTreeMap;

use actix_web::web;
use askama::Template;
use serde::Deserialize;

use crate::app::AppError;
use crate::app::drift::Synced;
use crate::app::seats::ZoomError;
use crate::domain::ids::{SeatId, TenantId, UserId};
use crate::domain::pool::PoolRow;
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::domain::tenant::Tenant;
use crate::store::scope::OperatorPass;
use crate::store::{ReadTx, StoreError, licenses, seats, tenants, users};
use crate::web::forms::{Bare, Choice, Form};
use crate::web::page::{Answer, Chrome, WebError, page};
use crate::web::routes::{Access, RouteRow};
use crate::web::scope::Operator;
use crate::web::server::Site;

use super::paging::{Pager, Position};
use super::words::{Badge, Moment, counted};

const PATH: &str = "/operator/seats";

/// Which seats are listed.
#[derive(Default, Deserialize)]
struct Filter {
    #[serde(default)]
    q: String,
    /// `unassigned`, `problem`, `licensed`; else all.
    #[serde(default)]
    show: String,
    /// A tenant's id.
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    page: String,
}

#[derive(Template)]
#[template(path = "operator/seats/list.html")]
struct ListPage {
    chrome: Chrome,
    filter: Filter,
    shows: Vec<Choice>,
    tenants: Vec<Choice>,
    lines: Vec<Line>,
    /// Whether there is any seat, listed or not.
    any: bool,
    total: String,
    pager: Pager,
}

/// A seat as the list shows it.
pub(super) struct Line {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) status: Badge,
    pub(super) license: Badge,
    pub(super) asked: Option<Moment>,
    pub(super) tenant: String,
    pub(super) user: String,
    pub(super) row: String,
}

/// Everything the lists of seats are made from, read at once.
pub(super) struct Everything {
    pub(super) seats: Vec<Seat>,
    pub(super) tenants: Vec<Tenant>,
    owners: BTreeMap<UserId, String>,
    rows: BTreeMap<SeatId, PoolRow>,
}

pub(super) fn rows() -> Vec<RouteRow> {
    vec![
        RouteRow::get(PATH, Access::Operator, || web::to(list)),
        RouteRow::post("/operator/seats/sync", Access::Operator, || web::to(sync)),
    ]
}

async fn list(operator: Operator, site: web::Data<Site>, filter: web::Query<Filter>) -> Answer {
    let filter = filter.into_inner();
    let position = Position::parse(&filter.page)?;
    let all = everything(&operator, &site).await?;
    let found: Vec<&Seat> = all.seats.iter().filter(|seat| filter.lets_in(seat, &all)).collect();
    let total = counted(i64::try_from(found.len()).unwrap_or(i64::MAX), "seat");
    let mut shown = position.cut(found);
    let pager = position.pager(&mut shown, PATH, &[("q", &filter.q), ("show", &filter.show), ("tenant", &filter.tenant)]);
    page(&ListPage {
        chrome: operator.chrome(),
        shows: vec![
            Choice::new("", "All seats"),
            Choice::new("unassigned", "Without a tenant"),
            Choice::new("problem", "With a problem"),
            Choice::new("licensed", "With a license"),
        ],
        tenants: tenant_choices("Every tenant", &all.tenants),
        lines: shown.into_iter().map(|seat| all.line(seat)).collect(),
        any: !all.seats.is_empty(),
        total,
        filter,
        pager,
    })
}

async fn sync(operator: Operator, site: web::Data<Site>, _: Form<Bare>) -> Answer {
    match site.app.sync_seats(&operator.pass).await {
        Ok(synced) => Ok(operator.done(PATH, &synced_words(&synced))),
        Err(AppError::Zoom(error)) => Ok(operator.not_done(PATH, &zoom_words(&error))),
        Err(error) => Err(error.into()),
    }
}

/// What a sync found, as a sentence or two.
pub(super) fn synced_words(synced: &Synced) -> String {
    let count = |count: usize, noun: &str| counted(i64::try_from(count).unwrap_or(i64::MAX), noun);
    let missing = if synced.missing == 0 { String::new() } else { format!(", {} unknown to Zoom", synced.missing) };
    format!(
        "Zoom was asked: {} found{missing}. The account has {} that {} no seat here, and {} in use.",
        count(synced.found, "seat"),
        count(synced.others, "other user"),
        if synced.others == 1 { "is" } else { "are" },
        count(synced.licensed, "license"),
    )
}

/// What went wrong at Zoom, and the way out.
pub(super) fn zoom_words(error: &ZoomError) -> String {
    format!("{error}. {}", error.what_to_do())
}

/// A drop-down of tenants with a first choice that is none of them.
pub(super) fn tenant_choices(none: &str, tenants: &[Tenant]) -> Vec<Choice> {
    let tenants = tenants.iter().map(|tenant| Choice::new(tenant.id.as_str(), tenant.name.as_str()));
    std::iter::once(Choice::new("", none)).chain(tenants).collect()
}

/// Reads all that the lists of seats are made from.
pub(super) async fn everything(operator: &Operator, site: &Site) -> Result<Everything, WebError> {
    let pass = operator.pass();
    Ok(site.app.store.read::<_, StoreError, _>(move |tx| Everything::read(tx, &pass)).await?)
}

impl Everything {
    fn read(tx: &mut ReadTx<'_>, pass: &OperatorPass) -> Result<Self, StoreError> {
        let rows = licenses::list(tx)?.into_iter().map(|(row, _)| row);
        Ok(Self {
            seats: seats::list(tx, pass)?,
            tenants: tenants::list(tx, pass)?,
            owners: users::names_of_seat_owners(tx, pass)?,
            rows: rows.filter_map(|row| Some((row.slot.claim()?.seat.clone(), row))).collect(),
        })
    }

    pub(super) fn tenant(&self, id: &TenantId) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.id == *id)
    }

    pub(super) fn line(&self, seat: &Seat) -> Line {
        Line {
            id: seat.id.to_string(),
            email: seat.email.to_string(),
            status: Badge::of_status(seat.status),
            license: Badge::of_license(seat.observed),
            asked: seat.observed_at.map(Moment::of),
            tenant: seat.tenant.as_ref().and_then(|id| self.tenant(id)).map(|tenant| tenant.name.to_string()).unwrap_or_default(),
            user: self.user_of(seat),
            row: self
                .rows
                .get(&seat.id)
                .map(|row| format!("License {}: {}", row.number, row.slot.place().label()))
                .unwrap_or_default(),
        }
    }

    /// The seat's user; a tenant's seat without one is shared.
    fn user_of(&self, seat: &Seat) -> String {
        let own = seat.user.as_ref().and_then(|user| self.owners.get(user)).cloned();
        own.unwrap_or_else(|| if seat.tenant.is_some() { "Shared".to_owned() } else { String::new() })
    }

    /// What is wrong with a seat, in words; empty: nothing.
    pub(super) fn troubles(&self, seat: &Seat) -> Vec<String> {
        let row = self.rows.get(&seat.id);
        let of_status = match seat.status {
            SeatStatus::Active => None,
            SeatStatus::Pending if seat.observed_at.is_none() => Some("Zoom was not asked about this seat yet. Sync with Zoom."),
            SeatStatus::Pending => {
                Some("Zoom has mailed an activation link to this address. The seat can host once it was opened; sync afterwards.")
            }
            SeatStatus::Inactive => Some("The user is switched off at Zoom. Switch it on in Zoom's admin console, then sync."),
            SeatStatus::Missing => Some("Zoom does not know this user. It was deleted, or belongs to another account."),
        };
        let of_license = match seat.observed {
            License::Licensed if row.is_none() => Some(
                "It holds a license at Zoom that Duologue did not give. Take it away in Zoom's admin console, or do not count it.",
            ),
            License::Other => Some("Zoom gives it another kind of license. Duologue neither uses nor changes such a user."),
            License::Licensed | License::Basic => None,
        };
        let of_row = row.and_then(|row| row.problem.clone());
        [of_status, of_license].into_iter().flatten().map(str::to_owned).chain(of_row).collect()
    }
}

impl Filter {
    fn lets_in(&self, seat: &Seat, all: &Everything) -> bool {
        let query = self.q.trim().to_lowercase();
        let said = |text: &str| text.to_lowercase().contains(&query);
        let shown = match self.show.as_str() {
            "unassigned" => seat.tenant.is_none(),
            "problem" => !all.troubles(seat).is_empty(),
            "licensed" => seat.observed == License::Licensed || all.rows.contains_key(&seat.id),
            _ => true,
        };
        let theirs = self.tenant.is_empty() || seat.tenant.as_ref().is_some_and(|tenant| tenant.as_str() == self.tenant);
        shown && theirs && (query.is_empty() || said(seat.email.as_str()) || said(&seat.name) || said(&all.user_of(seat)))
    }
}
