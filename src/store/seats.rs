//! Seats: the Zoom users of our account that can host.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use crate::domain::ids::{SeatId, TenantId, UserId};
use crate::domain::names::EmailAddress;
use crate::domain::pool::Place;
use crate::domain::seat::{License, Seat, SeatStatus};
use crate::domain::time::Instant;

use super::convert::{count, email, instant, word};
use super::error::StoreError;
use super::schema::{licenses, seats, tenants};
use super::scope::{KeeperPass, OperatorPass, TenantScope};
use super::transaction::{ReadTx, WriteTx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = seats)]
struct Row {
    id: String,
    zoom_user_id: Option<String>,
    email: String,
    name: String,
    tenant_id: Option<String>,
    user_id: Option<String>,
    status: String,
    observed: String,
    observed_at: Option<i64>,
}

impl Row {
    fn into_domain(self) -> Result<Seat, StoreError> {
        Ok(Seat {
            id: SeatId::new(self.id),
            zoom_user_id: self.zoom_user_id,
            email: email(&self.email)?,
            name: self.name,
            tenant: self.tenant_id.map(TenantId::new),
            user: self.user_id.map(UserId::new),
            status: word(SeatStatus::from_word(&self.status), "seat status", &self.status)?,
            observed: word(License::from_word(&self.observed), "license type", &self.observed)?,
            observed_at: self.observed_at.map(instant),
        })
    }
}

fn load(rows: Vec<Row>) -> Result<Vec<Seat>, StoreError> {
    rows.into_iter().map(Row::into_domain).collect()
}

/// The seats on which this user may host, in the order of design rule 3.1.11: their own, then the tenant's shared ones.
pub fn candidates(tx: &mut ReadTx<'_>, scope: &TenantScope, host: &UserId, shared: bool) -> Result<Vec<Seat>, StoreError> {
    let rows: Vec<Row> = seats::table
        .filter(seats::tenant_id.eq(scope.tenant().as_str()))
        .filter(seats::user_id.eq(host.as_str()).or(seats::user_id.is_null()))
        .order((seats::email, seats::id))
        .select(Row::as_select())
        .load(tx.of(scope))?;
    let mut candidates: Vec<Seat> =
        load(rows)?.into_iter().filter(|seat| seat.can_host() && (shared || seat.user.is_some())).collect();
    candidates.sort_by_key(|seat| seat.user.is_none());
    Ok(candidates)
}

/// The seats that have a license and may serve any tenant, in the `standing` strategy: the pool's own, after the tenant's.
pub fn standing_candidates(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    host: &UserId,
    shared: bool,
) -> Result<Vec<Seat>, StoreError> {
    let attached = licenses::table
        .filter(licenses::place.eq(Place::Attached.word()))
        .filter(licenses::seat_id.is_not_null())
        .select(licenses::seat_id.assume_not_null());
    let rows: Vec<Row> = seats::table
        .filter(seats::tenant_id.is_null())
        .filter(seats::id.eq_any(attached))
        .order((seats::email, seats::id))
        .select(Row::as_select())
        .load(tx.of(scope))?;
    let pool = load(rows)?.into_iter().filter(Seat::can_host);
    let licensed = super::demand::licensed_seats(tx)?;
    let own = candidates(tx, scope, host, shared)?.into_iter().filter(|seat| licensed.contains(&seat.id));
    Ok(own.chain(pool).collect())
}

/// The seats that should have a license for good in the `standing` strategy, in order: the pool's own, those that the users of a
/// tenant share, then those of single users. Where a tenant lets nobody share, a seat without an owner serves nobody.
pub fn standing(tx: &mut ReadTx<'_>, _: &KeeperPass) -> Result<Vec<SeatId>, StoreError> {
    let rows: Vec<Row> = seats::table.order((seats::email, seats::id)).select(Row::as_select()).load(tx.db())?;
    let sharing: Vec<String> = tenants::table.filter(tenants::shared_seats.eq(true)).select(tenants::id).load(tx.db())?;
    let serves = |seat: &Seat| {
        let is_shared = seat.tenant.as_ref().is_none_or(|tenant| sharing.iter().any(|id| id == tenant.as_str()));
        seat.can_host() && (seat.user.is_some() || is_shared)
    };
    let mut able: Vec<Seat> = load(rows)?.into_iter().filter(serves).collect();
    able.sort_by_key(|seat| (seat.tenant.is_some(), seat.user.is_some()));
    Ok(able.into_iter().map(|seat| seat.id).collect())
}

/// The seats that cannot be given a license at `now`: Zoom does not let them host, or refused them one a moment ago.
pub fn barred(tx: &mut ReadTx<'_>, _: &KeeperPass, now: Instant) -> Result<BTreeSet<SeatId>, StoreError> {
    let unable = seats::status.ne(SeatStatus::Active.word()).or(seats::zoom_user_id.is_null());
    let resting = seats::license_retry_at.gt(now.seconds()).assume_not_null();
    let ids: Vec<String> = seats::table.filter(unable.or(resting)).select(seats::id).load(tx.db())?;
    Ok(ids.into_iter().map(SeatId::new).collect())
}

/// How often in a row Zoom has refused this seat a license.
pub fn license_failures(tx: &mut ReadTx<'_>, id: &SeatId) -> Result<u32, StoreError> {
    Ok(seats::table.find(id.as_str()).select(seats::license_failures).get_result(tx.db()).map(count)?)
}

/// Whether this seat is left alone for now, because Zoom has refused it a license.
pub fn rests(tx: &mut ReadTx<'_>, id: &SeatId, now: Instant) -> Result<bool, StoreError> {
    let until: Option<i64> = seats::table.find(id.as_str()).select(seats::license_retry_at).get_result(tx.db())?;
    Ok(until.is_some_and(|until| until > now.seconds()))
}

/// Zoom has refused this seat a license: it is left alone until `retry_at`.
pub fn mark_refused(tx: &mut WriteTx<'_>, id: &SeatId, retry_at: Instant, problem: &str) -> Result<(), StoreError> {
    diesel::update(seats::table.find(id.as_str()))
        .set((
            seats::license_failures.eq(seats::license_failures + 1),
            seats::license_retry_at.eq(Some(retry_at.seconds())),
            seats::license_problem.eq(Some(problem)),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// A seat that Zoom refuses a license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub seat: SeatId,
    /// How often in a row.
    pub failures: u32,
    /// When it is tried again.
    pub retry_at: Option<Instant>,
    /// Why, in words an operator understands.
    pub problem: String,
}

/// The seats that Zoom refuses a license, by address.
pub fn refused(tx: &mut ReadTx<'_>, _: &OperatorPass) -> Result<Vec<Refused>, StoreError> {
    let rows: Vec<(String, i32, Option<i64>, String)> = seats::table
        .filter(seats::license_problem.is_not_null())
        .order((seats::email, seats::id))
        .select((seats::id, seats::license_failures, seats::license_retry_at, seats::license_problem.assume_not_null()))
        .load(tx.db())?;
    Ok(rows
        .into_iter()
        .map(|(id, failures, retry_at, problem)| Refused {
            seat: SeatId::new(id),
            failures: count(failures),
            retry_at: retry_at.map(instant),
            problem,
        })
        .collect())
}

/// A tenant's seats.
pub fn list_of_tenant(tx: &mut ReadTx<'_>, scope: &TenantScope) -> Result<Vec<Seat>, StoreError> {
    let rows: Vec<Row> = seats::table
        .filter(seats::tenant_id.eq(scope.tenant().as_str()))
        .order((seats::email, seats::id))
        .select(Row::as_select())
        .load(tx.of(scope))?;
    load(rows)
}

/// Every seat, by address.
pub fn list(tx: &mut ReadTx<'_>, _: &OperatorPass) -> Result<Vec<Seat>, StoreError> {
    load(seats::table.order((seats::email, seats::id)).select(Row::as_select()).load(tx.db())?)
}

/// The Zoom addresses of these seats, whoever has them now: for what was done on them before.
pub fn addresses(tx: &mut ReadTx<'_>, ids: &BTreeSet<SeatId>) -> Result<BTreeMap<SeatId, EmailAddress>, StoreError> {
    let ids = ids.iter().map(SeatId::as_str);
    let rows: Vec<Row> = seats::table.filter(seats::id.eq_any(ids)).select(Row::as_select()).load(tx.db())?;
    Ok(load(rows)?.into_iter().map(|seat| (seat.id, seat.email)).collect())
}

/// One seat, for whoever runs the pool.
pub fn find(tx: &mut ReadTx<'_>, id: &SeatId) -> Result<Option<Seat>, StoreError> {
    let row: Option<Row> = seats::table.find(id.as_str()).select(Row::as_select()).get_result(tx.db()).optional()?;
    row.map(Row::into_domain).transpose()
}

/// One seat, by its address.
pub fn find_by_email(tx: &mut ReadTx<'_>, _: &OperatorPass, address: &EmailAddress) -> Result<Option<Seat>, StoreError> {
    let row: Option<Row> =
        seats::table.filter(seats::email.eq(address.as_str())).select(Row::as_select()).get_result(tx.db()).optional()?;
    row.map(Row::into_domain).transpose()
}

/// A new seat. [`StoreError::Duplicate`] when its address or its Zoom user is known already.
pub fn insert(tx: &mut WriteTx<'_>, _: &OperatorPass, seat: &Seat, now: Instant) -> Result<(), StoreError> {
    diesel::insert_into(seats::table)
        .values((
            seats::id.eq(seat.id.as_str()),
            seats::zoom_user_id.eq(seat.zoom_user_id.as_deref()),
            seats::email.eq(seat.email.as_str()),
            seats::name.eq(&seat.name),
            seats::tenant_id.eq(seat.tenant.as_ref().map(TenantId::as_str)),
            seats::user_id.eq(seat.user.as_ref().map(UserId::as_str)),
            seats::status.eq(seat.status.word()),
            seats::observed.eq(seat.observed.word()),
            seats::observed_at.eq(seat.observed_at.map(Instant::seconds)),
            seats::created_at.eq(now.seconds()),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// What Zoom says of a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Zoom's id of the user; none: the one that is known stays.
    pub zoom_user_id: Option<String>,
    /// Whether Zoom lets it host.
    pub status: SeatStatus,
    /// Its license.
    pub license: License,
    /// When Zoom said so.
    pub at: Instant,
}

/// Notes what Zoom says of a seat.
pub fn observe(tx: &mut WriteTx<'_>, id: &SeatId, observation: &Observation) -> Result<(), StoreError> {
    diesel::update(seats::table.find(id.as_str()))
        .set((
            // An id that is known is kept: a user who cannot be found now may be found again.
            observation.zoom_user_id.as_deref().map(|id| seats::zoom_user_id.eq(Some(id))),
            seats::status.eq(observation.status.word()),
            seats::observed.eq(observation.license.word()),
            seats::observed_at.eq(Some(observation.at.seconds())),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// Zoom reported a change of this seat's user: what we know of it is stale, and the account is read again soon.
pub fn mark_stale(tx: &mut WriteTx<'_>, id: &SeatId) -> Result<(), StoreError> {
    diesel::update(seats::table.find(id.as_str())).set(seats::observed_at.eq(None::<i64>)).execute(tx.db())?;
    Ok(())
}

/// Whether what we know of some seat is stale.
pub fn any_stale(tx: &mut ReadTx<'_>, _: &KeeperPass) -> Result<bool, StoreError> {
    let stale = seats::table.filter(seats::observed_at.is_null()).filter(seats::zoom_user_id.is_not_null()).select(seats::id);
    Ok(diesel::select(diesel::dsl::exists(stale)).get_result(tx.db())?)
}

/// Notes only the license of a seat, read back after a change that went as it should.
pub fn observe_license(tx: &mut WriteTx<'_>, id: &SeatId, license: License, at: Instant) -> Result<(), StoreError> {
    diesel::update(seats::table.find(id.as_str()))
        .set((
            seats::observed.eq(license.word()),
            seats::observed_at.eq(Some(at.seconds())),
            seats::license_failures.eq(0),
            seats::license_retry_at.eq(None::<i64>),
            seats::license_problem.eq(None::<String>),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// The seat of this Zoom user, if it is one of ours.
pub fn find_by_zoom_user(tx: &mut ReadTx<'_>, _: &KeeperPass, zoom_user_id: &str) -> Result<Option<Seat>, StoreError> {
    let row: Option<Row> =
        seats::table.filter(seats::zoom_user_id.eq(zoom_user_id)).select(Row::as_select()).get_result(tx.db()).optional()?;
    row.map(Row::into_domain).transpose()
}

/// Gives a seat to a tenant, and to one of its users or to all of them; or takes it back.
pub fn assign(
    tx: &mut WriteTx<'_>,
    _: &OperatorPass,
    id: &SeatId,
    tenant: Option<&TenantId>,
    user: Option<&UserId>,
) -> Result<(), StoreError> {
    diesel::update(seats::table.find(id.as_str()))
        .set((seats::tenant_id.eq(tenant.map(TenantId::as_str)), seats::user_id.eq(user.map(UserId::as_str))))
        .execute(tx.db())?;
    Ok(())
}

/// Takes every seat from a user who no longer hosts; the seats stay with the tenant.
pub fn release_of_user(tx: &mut WriteTx<'_>, scope: &TenantScope, user: &UserId) -> Result<(), StoreError> {
    diesel::update(seats::table.filter(seats::tenant_id.eq(scope.tenant().as_str())).filter(seats::user_id.eq(user.as_str())))
        .set(seats::user_id.eq(None::<String>))
        .execute(tx.of(scope))?;
    Ok(())
}
