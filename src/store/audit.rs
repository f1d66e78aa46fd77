//! What happened, who did it and when. Rows are only ever added, in the transaction of what they tell of.

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;

use crate::domain::ids::{MeetingId, OperatorId, TenantId, UserId};
use crate::domain::time::Instant;

use super::convert::instant;
use super::error::StoreError;
use super::schema::{audit, operators, seats, tenants, users};
use super::scope::{OperatorPass, TenantScope};
use super::transaction::{ReadTx, WriteTx};

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user of a tenant.
    User(UserId),
    /// An operator.
    Operator(OperatorId),
    /// A client, by a join link.
    Client,
    /// The background work.
    Keeper,
    /// Zoom, by a webhook.
    Zoom,
    /// Somebody at the machine's console.
    Console,
}

impl Actor {
    /// Who holds the operator's pass.
    pub fn of(pass: &OperatorPass) -> Self {
        pass.operator().map_or(Self::Console, |operator| Self::Operator(operator.clone()))
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Operator(_) => "operator",
            Self::Client => "client",
            Self::Keeper => "keeper",
            Self::Zoom => "zoom",
            Self::Console => "console",
        }
    }

    fn id(&self) -> Option<&str> {
        match self {
            Self::User(id) => Some(id.as_str()),
            Self::Operator(id) => Some(id.as_str()),
            Self::Client | Self::Keeper | Self::Zoom | Self::Console => None,
        }
    }
}

/// One thing to be remembered. `detail` names no secret and no more personal data than an id.
#[derive(Clone, Debug)]
pub struct Entry {
    /// A new id; ids sort by time.
    pub id: String,
    /// When.
    pub at: Instant,
    /// Whose business it is; none: the operator's alone.
    pub tenant: Option<TenantId>,
    /// Who did it.
    pub actor: Actor,
    /// What was done, as `noun.verb`: `meeting.booked`.
    pub action: &'static str,
    /// Which meeting it concerns.
    pub meeting: Option<MeetingId>,
    /// More, in words.
    pub detail: String,
}

/// An entry as it is shown.
#[derive(Clone, Debug, Queryable)]
pub struct Shown {
    at: i64,
    /// The kind of actor.
    pub actor: String,
    actor_id: Option<String>,
    /// What was done.
    pub action: String,
    /// Which meeting it concerns.
    pub meeting_id: Option<String>,
    /// More, in words.
    pub detail: String,
}

impl Shown {
    /// An entry for tests of how it is told.
    #[cfg(test)]
    pub(crate) fn of(actor: &str, action: &str, detail: &str) -> Self {
        let (actor, action, detail) = (actor.to_owned(), action.to_owned(), detail.to_owned());
        Self { at: 0, actor, actor_id: None, action, meeting_id: None, detail }
    }

    /// When it happened.
    pub fn at(&self) -> Instant {
        instant(self.at)
    }

    /// The user who did it, if it was one.
    pub fn user(&self) -> Option<UserId> {
        self.actor_id.as_ref().filter(|_| self.actor == "user").map(UserId::new)
    }
}

/// Remembers it.
pub fn add(tx: &mut WriteTx<'_>, entry: &Entry) -> Result<(), StoreError> {
    diesel::insert_into(audit::table)
        .values((
            audit::id.eq(&entry.id),
            audit::at.eq(entry.at.seconds()),
            audit::tenant_id.eq(entry.tenant.as_ref().map(TenantId::as_str)),
            audit::actor.eq(entry.actor.word()),
            audit::actor_id.eq(entry.actor.id()),
            audit::action.eq(entry.action),
            audit::meeting_id.eq(entry.meeting.as_ref().map(MeetingId::as_str)),
            audit::detail.eq(&entry.detail),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// What happened to one meeting, oldest first, each entry with the name of the user who did it, if it was one.
pub fn list_for_meeting(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    meeting: &MeetingId,
) -> Result<Vec<(Shown, Option<String>)>, StoreError> {
    Ok(audit::table
        .left_join(users::table.on(audit::actor_id.eq(users::id.nullable()).and(users::tenant_id.eq(scope.tenant().as_str()))))
        .filter(audit::tenant_id.eq(scope.tenant().as_str()))
        .filter(audit::meeting_id.eq(meeting.as_str()))
        .order((audit::at.asc(), audit::id.asc()))
        .select((
            (audit::at, audit::actor, audit::actor_id, audit::action, audit::meeting_id, audit::detail),
            users::name.nullable(),
        ))
        .limit(200)
        .load(tx.of(scope))?)
}

/// What happened in a tenant, newest first, from `offset`.
pub fn list(tx: &mut ReadTx<'_>, scope: &TenantScope, offset: i64, limit: i64) -> Result<Vec<Shown>, StoreError> {
    Ok(audit::table
        .filter(audit::tenant_id.eq(scope.tenant().as_str()))
        .order((audit::at.desc(), audit::id.desc()))
        .select((audit::at, audit::actor, audit::actor_id, audit::action, audit::meeting_id, audit::detail))
        .offset(offset)
        .limit(limit)
        .load(tx.of(scope))?)
}

/// What happened in a tenant, oldest first, each entry with its id; those that come `after` one, when it is given.
pub fn list_from(
    tx: &mut ReadTx<'_>,
    scope: &TenantScope,
    after: Option<&(Instant, String)>,
    limit: i64,
) -> Result<Vec<(String, Shown)>, StoreError> {
    // Before everything: no entry is so old.
    let (at, id) = after.map_or((i64::MIN, ""), |(at, id)| (at.seconds(), id.as_str()));
    Ok(audit::table
        .filter(audit::tenant_id.eq(scope.tenant().as_str()))
        .filter(audit::at.ge(at))
        .filter(audit::at.gt(at).or(audit::id.gt(id)))
        .order((audit::at.asc(), audit::id.asc()))
        .select((audit::id, (audit::at, audit::actor, audit::actor_id, audit::action, audit::meeting_id, audit::detail)))
        .limit(limit)
        .load(tx.of(scope))?)
}

/// An entry as the operator sees it: whose business it is and who did it, by name.
#[derive(Clone, Debug, Queryable)]
pub struct ShownAnywhere {
    /// The entry.
    pub entry: Shown,
    /// The tenant's name; none: the operator's own business.
    pub tenant: Option<String>,
    operator: Option<String>,
    user: Option<String>,
}

impl ShownAnywhere {
    /// The name of whoever did it, when it was a person we know.
    pub fn by(&self) -> Option<&str> {
        self.operator.as_deref().or(self.user.as_deref())
    }
}

/// What the ids in these texts stand for: the names of users and operators, the addresses of seats.
pub fn names_in<'a>(
    tx: &mut ReadTx<'_>,
    _: &OperatorPass,
    texts: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, String>, StoreError> {
    let words: BTreeSet<&str> = texts.flat_map(|text| text.split(' ')).collect();
    let mut names: Vec<(String, String)> =
        users::table.filter(users::id.eq_any(&words)).select((users::id, users::name)).load(tx.db())?;
    let operators: Vec<(String, String)> =
        operators::table.filter(operators::id.eq_any(&words)).select((operators::id, operators::name)).load(tx.db())?;
    let seats: Vec<(String, String)> =
        seats::table.filter(seats::id.eq_any(&words)).select((seats::id, seats::email)).load(tx.db())?;
    names.extend(operators.into_iter().chain(seats));
    Ok(names.into_iter().collect())
}

/// The newest entries with one of these actions: when and what.
pub fn latest(tx: &mut ReadTx<'_>, _: &OperatorPass, actions: &[&str], limit: i64) -> Result<Vec<(Instant, String)>, StoreError> {
    let rows: Vec<(i64, String)> = audit::table
        .filter(audit::action.eq_any(actions))
        .order(audit::id.desc())
        .select((audit::at, audit::detail))
        .limit(limit)
        .load(tx.db())?;
    Ok(rows.into_iter().map(|(at, detail)| (Instant::from_seconds(at), detail)).collect())
}

/// What happened anywhere, newest first, from `offset`.
pub fn list_all(tx: &mut ReadTx<'_>, _: &OperatorPass, offset: i64, limit: i64) -> Result<Vec<ShownAnywhere>, StoreError> {
    Ok(audit::table
        .left_join(tenants::table.on(audit::tenant_id.eq(tenants::id.nullable())))
        .left_join(operators::table.on(audit::actor_id.eq(operators::id.nullable())))
        .left_join(users::table.on(audit::actor_id.eq(users::id.nullable())))
        // Ids sort by time, and the primary key is an index.
        .order(audit::id.desc())
        .select((
            (audit::at, audit::actor, audit::actor_id, audit::action, audit::meeting_id, audit::detail),
            tenants::name.nullable(),
            operators::name.nullable(),
            users::name.nullable(),
        ))
        .offset(offset)
        .limit(limit)
        .load(tx.db())?)
}
