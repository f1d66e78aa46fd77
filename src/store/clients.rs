//! Clients: the other sides of a tenant's meetings.

use diesel::prelude::*;

use crate::domain::ids::ClientId;
use crate::domain::names::{EmailAddress, PersonName, ZoneName};
use crate::domain::time::Instant;

use super::convert::{email, person, zone};
use super::error::StoreError;
use super::schema::clients;
use super::scope::TenantScope;
use super::transaction::{ReadTx, WriteTx};

/// The other side of a meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Their id.
    pub id: ClientId,
    /// Where letters reach them.
    pub email: EmailAddress,
    /// Their name.
    pub name: PersonName,
    /// Their zone, as far as it is known.
    pub zone: Option<ZoneName>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = clients)]
pub(super) struct ClientRow {
    id: String,
    email: String,
    name: String,
    zone: Option<String>,
}

impl ClientRow {
    pub(super) fn into_domain(self) -> Result<Client, StoreError> {
        Ok(Client {
            id: ClientId::new(self.id),
            email: email(&self.email)?,
            name: person(&self.name)?,
            zone: self.zone.as_deref().map(zone).transpose()?,
        })
    }
}

/// One client.
pub fn find(tx: &mut ReadTx<'_>, scope: &TenantScope, id: &ClientId) -> Result<Option<Client>, StoreError> {
    let row: Option<ClientRow> = clients::table
        .filter(clients::tenant_id.eq(scope.tenant().as_str()))
        .filter(clients::id.eq(id.as_str()))
        .select(ClientRow::as_select())
        .first(tx.of(scope))
        .optional()?;
    row.map(ClientRow::into_domain).transpose()
}

/// The clients a user may mean while typing a new meeting, by name.
pub fn list(tx: &mut ReadTx<'_>, scope: &TenantScope, limit: i64) -> Result<Vec<Client>, StoreError> {
    let rows: Vec<ClientRow> = clients::table
        .filter(clients::tenant_id.eq(scope.tenant().as_str()))
        .order((clients::name, clients::id))
        .select(ClientRow::as_select())
        .limit(limit)
        .load(tx.of(scope))?;
    rows.into_iter().map(ClientRow::into_domain).collect()
}

/// The tenant's client with this address: found and brought up to date, or made with the id of `client`.
pub fn remember(tx: &mut WriteTx<'_>, scope: &TenantScope, client: &Client, now: Instant) -> Result<ClientId, StoreError> {
    let known =
        clients::table.filter(clients::tenant_id.eq(scope.tenant().as_str())).filter(clients::email.eq(client.email.as_str()));
    let id: Option<String> = known.select(clients::id).first(tx.of(scope)).optional()?;
    if let Some(id) = id {
        let row = clients::table.filter(clients::id.eq(&id));
        diesel::update(row).set(clients::name.eq(client.name.as_str())).execute(tx.of(scope))?;
        if let Some(zone) = &client.zone {
            diesel::update(row).set(clients::zone.eq(zone.as_str())).execute(tx.of(scope))?;
        }
        return Ok(ClientId::new(id));
    }
    diesel::insert_into(clients::table)
        .values((
            clients::id.eq(client.id.as_str()),
            clients::tenant_id.eq(scope.tenant().as_str()),
            clients::email.eq(client.email.as_str()),
            clients::name.eq(client.name.as_str()),
            clients::zone.eq(client.zone.as_ref().map(ZoneName::as_str)),
            clients::created_at.eq(now.seconds()),
        ))
        .execute(tx.of(scope))?;
    Ok(client.id.clone())
}
