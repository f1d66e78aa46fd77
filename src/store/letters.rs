//! The outbox: a letter is written in the transaction of what it tells of, and sent afterwards.
//!
//! A letter is sent by whoever moves its `send_after` first, so two senders never take the same one; if the sender dies, the
//! letter becomes due again by itself. What is stored are facts and ids: no text, and no link that lets somebody in.

use diesel::prelude::*;

use crate::domain::ids::{LetterId, MeetingId, TenantId};
use crate::domain::names::EmailAddress;
use crate::domain::time::Instant;

use super::convert::{count, instant};
use super::error::StoreError;
use super::schema::letters;
use super::scope::{KeeperPass, OperatorPass, TenantScope};
use super::transaction::{ReadTx, WriteTx};

/// A letter as it is put into the outbox: the facts it will be written from, addressed to one person.
#[derive(Clone, Debug)]
pub struct NewLetter {
    /// Its id; becomes its Message-ID.
    pub id: LetterId,
    /// One letter per key, however often it is put: `meeting:kind:recipient:sequence`.
    pub dedupe_key: String,
    /// Whose letter it is; none: the operator's.
    pub tenant: Option<TenantId>,
    /// What it is about.
    pub meeting: Option<MeetingId>,
    /// Its kind, such as `invitation`.
    pub kind: &'static str,
    /// The recipient's address.
    pub recipient: EmailAddress,
    /// The facts, as `app` writes and reads them.
    pub payload: String,
    /// When it was written.
    pub created_at: Instant,
}

/// Where a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetterState {
    /// Waits to be sent, or to be tried again.
    Queued,
    /// The mail server has it.
    Sent,
    /// Given up.
    Failed,
}

crate::domain::stored_as! {
    LetterState { Queued = "queued", Sent = "sent", Failed = "failed" }
}

/// A letter that is being sent.
#[derive(Clone, Debug)]
pub struct Due {
    /// Its id.
    pub id: LetterId,
    /// Its kind.
    pub kind: String,
    /// How often it was tried before.
    pub tries: u32,
    /// The recipient's address as it is stored: whoever cannot read it gives up this letter and no other.
    pub recipient: String,
    /// The facts it is written from.
    pub payload: String,
    /// When it was put into the outbox.
    pub created_at: Instant,
}

/// A letter as the operator sees it: never its text.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its id.
    pub id: LetterId,
    /// Its kind.
    pub kind: String,
    /// The recipient's address.
    pub recipient: String,
    /// Where it is.
    pub state: LetterState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub send_after: Instant,
    /// When the mail server took it.
    pub sent_at: Option<Instant>,
    /// Why it could not be sent.
    pub problem: Option<String>,
    /// When it was written.
    pub created_at: Instant,
}

/// Puts a letter into the outbox. `false`: one with the same key is there already.
pub fn put(tx: &mut WriteTx<'_>, letter: &NewLetter) -> Result<bool, StoreError> {
    let known: i64 = letters::table.filter(letters::dedupe_key.eq(&letter.dedupe_key)).count().get_result(tx.db())?;
    if known > 0 {
        return Ok(false);
    }
    diesel::insert_into(letters::table)
        .values((
            letters::id.eq(letter.id.as_str()),
            letters::dedupe_key.eq(&letter.dedupe_key),
            letters::tenant_id.eq(letter.tenant.as_ref().map(TenantId::as_str)),
            letters::meeting_id.eq(letter.meeting.as_ref().map(MeetingId::as_str)),
            letters::kind.eq(letter.kind),
            letters::recipient.eq(letter.recipient.as_str()),
            letters::payload.eq(&letter.payload),
            letters::state.eq(LetterState::Queued.word()),
            letters::tries.eq(0),
            letters::send_after.eq(letter.created_at.seconds()),
            letters::created_at.eq(letter.created_at.seconds()),
        ))
        .execute(tx.db())?;
    Ok(true)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = letters)]
struct DueRow {
    id: String,
    kind: String,
    tries: i32,
    recipient: String,
    payload: String,
    created_at: i64,
}

/// Takes the letter that has waited longest, for whoever sends it before `until`.
pub fn claim(tx: &mut WriteTx<'_>, _: &KeeperPass, now: Instant, until: Instant) -> Result<Option<Due>, StoreError> {
    let row: Option<DueRow> = letters::table
        .filter(letters::state.eq(LetterState::Queued.word()))
        .filter(letters::send_after.le(now.seconds()))
        .order((letters::send_after, letters::id))
        .select(DueRow::as_select())
        .first(tx.db())
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    diesel::update(letters::table.find(&row.id))
        .set((letters::send_after.eq(until.seconds()), letters::tries.eq(letters::tries + 1)))
        .execute(tx.db())?;
    Ok(Some(Due {
        id: LetterId::new(row.id),
        kind: row.kind,
        tries: count(row.tries),
        recipient: row.recipient,
        payload: row.payload,
        created_at: instant(row.created_at),
    }))
}

/// The mail server has it.
pub fn mark_sent(tx: &mut WriteTx<'_>, id: &LetterId, at: Instant) -> Result<(), StoreError> {
    diesel::update(letters::table.find(id.as_str()))
        .set((
            letters::state.eq(LetterState::Sent.word()),
            letters::sent_at.eq(Some(at.seconds())),
            letters::problem.eq(None::<String>),
        ))
        .execute(tx.db())?;
    Ok(())
}

/// It could not be sent now; it is tried again at `at`.
pub fn mark_delayed(tx: &mut WriteTx<'_>, id: &LetterId, at: Instant, problem: &str) -> Result<(), StoreError> {
    diesel::update(letters::table.find(id.as_str()))
        .set((letters::send_after.eq(at.seconds()), letters::problem.eq(Some(problem))))
        .execute(tx.db())?;
    Ok(())
}

/// It cannot be sent at all.
pub fn mark_failed(tx: &mut WriteTx<'_>, id: &LetterId, problem: &str) -> Result<(), StoreError> {
    diesel::update(letters::table.find(id.as_str()))
        .set((letters::state.eq(LetterState::Failed.word()), letters::problem.eq(Some(problem))))
        .execute(tx.db())?;
    Ok(())
}

/// Puts a letter that was given up, or waits for its next try, back to the front of the queue. `false`: it was sent.
pub fn requeue(tx: &mut WriteTx<'_>, _: &OperatorPass, id: &LetterId, now: Instant) -> Result<bool, StoreError> {
    let queued = diesel::update(letters::table.find(id.as_str()).filter(letters::state.ne(LetterState::Sent.word())))
        .set((letters::state.eq(LetterState::Queued.word()), letters::tries.eq(0), letters::send_after.eq(now.seconds())))
        .execute(tx.db())?;
    Ok(queued == 1)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = letters)]
struct ShownRow {
    id: String,
    kind: String,
    recipient: String,
    state: String,
    tries: i32,
    send_after: i64,
    sent_at: Option<i64>,
    problem: Option<String>,
    created_at: i64,
}

impl ShownRow {
    fn into_shown(self) -> Result<Shown, StoreError> {
        let state = LetterState::from_word(&self.state).ok_or_else(|| StoreError::corrupt("an unknown letter state"))?;
        Ok(Shown {
            id: LetterId::new(self.id),
            kind: self.kind,
            recipient: self.recipient,
            state,
            tries: count(self.tries),
            send_after: instant(self.send_after),
            sent_at: self.sent_at.map(instant),
            problem: self.problem,
            created_at: instant(self.created_at),
        })
    }
}

/// The outbox, newest first; only one state if one is named.
pub fn list(
    tx: &mut ReadTx<'_>,
    _: &OperatorPass,
    state: Option<LetterState>,
    offset: i64,
    limit: i64,
) -> Result<Vec<Shown>, StoreError> {
    let mut query =
        letters::table.order((letters::created_at.desc(), letters::id.desc())).select(ShownRow::as_select()).into_boxed();
    if let Some(state) = state {
        query = query.filter(letters::state.eq(state.word()));
    }
    let rows: Vec<ShownRow> = query.offset(offset).limit(limit).load(tx.db())?;
    rows.into_iter().map(ShownRow::into_shown).collect()
}

/// A meeting's letters, oldest first.
pub fn list_for_meeting(tx: &mut ReadTx<'_>, scope: &TenantScope, meeting: &MeetingId) -> Result<Vec<Shown>, StoreError> {
    let rows: Vec<ShownRow> = letters::table
        .filter(letters::tenant_id.eq(scope.tenant().as_str()))
        .filter(letters::meeting_id.eq(meeting.as_str()))
        .order((letters::created_at, letters::id))
        .select(ShownRow::as_select())
        .limit(100)
        .load(tx.of(scope))?;
    rows.into_iter().map(ShownRow::into_shown).collect()
}

/// How many letters are in each state.
pub fn count_by_state(tx: &mut ReadTx<'_>) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(letters::table.group_by(letters::state).select((letters::state, diesel::dsl::count_star())).load(tx.db())?)
}
