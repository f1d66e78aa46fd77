//! What people do with their own account.

use crate::domain::names::{NameError, Password, PersonName, ZoneName};
use crate::store::accounts::{self, Account};
use crate::store::audit;
use crate::store::sessions::{self, Owner};
use crate::store::{StoreError, users};

use super::super::bell::Lane;
use super::super::letters::{AccountNews, put};
use super::super::{App, AppError};
use super::{Realm, SignIn, set_password, words_about};

/// What came of changing one's own password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is the password now, and every other session has ended.
    Done,
    /// The present password is another.
    Wrong,
    /// There were too many guesses; this one was not heard.
    NotHeard,
    /// The new password is not good enough.
    Unfit(NameError),
}

impl App {
    /// Changes one's own password; every session but `session`, the one this is asked from, ends.
    pub async fn change_password(&self, owner: &Owner, current: &str, new: &str, session: &str) -> Result<Changed, AppError> {
        let account = self.account(owner).await?;
        let realm = Realm::of(&account);
        let Some(current) = Password::offered(current) else { return Ok(Changed::Wrong) };
        let place = account.tenant.as_ref().map(|tenant| tenant.name.as_str()).unwrap_or_default();
        let new = match Password::chosen(new, &words_about(account.name.as_str(), account.email.as_str(), place)) {
            Ok(new) => new,
            Err(error) => return Ok(Changed::Unfit(error)),
        };
        match self.guess(&realm, &account.email, Some(account.clone()), current, "account.password_confirmed").await? {
            SignIn::Refused => return Ok(Changed::Wrong),
            SignIn::NotHeard => return Ok(Changed::NotHeard),
            SignIn::Accepted(_) => {}
        }
        let hash = self.hash_password(new).await?;
        let letter = self.letter_about(&account, AccountNews::PasswordChanged);
        let entry = self.entry_of(&account, "account.password_changed");
        let (keep, now) = (session.to_owned(), self.now());
        let written = self.store.write::<_, StoreError, _>(move |tx| {
            set_password(tx, &account.owner, &hash, Some(&keep), now)?;
            put(tx, &[letter])?;
            audit::add(tx, &entry)
        });
        written.await?;
        self.bell.ring(Lane::Letters);
        Ok(Changed::Done)
    }

    /// Ends every session of this person.
    pub async fn sign_out_everywhere(&self, owner: &Owner) -> Result<(), AppError> {
        let account = self.account(owner).await?;
        let entry = self.entry_of(&account, "account.signed_out_everywhere");
        let written = self.store.write::<_, StoreError, _>(move |tx| {
            sessions::delete_of(tx, &account.owner, None)?;
            audit::add(tx, &entry)
        });
        Ok(written.await?)
    }

    /// Notes that somebody signed out; the session itself is ended by who holds its cookie.
    pub async fn note_sign_out(&self, owner: &Owner) -> Result<(), AppError> {
        let entry = self.entry_of(&self.account(owner).await?, "account.signed_out");
        Ok(self.store.write::<_, StoreError, _>(move |tx| audit::add(tx, &entry)).await?)
    }

    /// Changes one's own name, and for a user the zone in which they are told times; none: the tenant's.
    pub async fn set_profile(&self, owner: &Owner, name: PersonName, zone: Option<ZoneName>) -> Result<(), AppError> {
        let account = self.account(owner).await?;
        let entry = self.entry_of(&account, "account.profile_changed");
        let scope = account.tenant.as_ref().map(|tenant| self.pass.scope(&tenant.id));
        let written = self.store.write::<_, StoreError, _>(move |tx| {
            match (&account.owner, &scope) {
                (Owner::User(user), Some(scope)) => users::set_profile(tx, scope, user, &name, zone.as_ref())?,
                (Owner::Operator(operator), _) => accounts::set_operator_name(tx, operator, &name)?,
                (Owner::User(_), None) => return Err(StoreError::NotFound("tenant")),
            }
            audit::add(tx, &entry)
        });
        Ok(written.await?)
    }

    /// Somebody's own account.
    pub async fn account(&self, owner: &Owner) -> Result<Account, AppError> {
        let owner = owner.clone();
        let account = self.store.read::<_, StoreError, _>(move |tx| accounts::find(tx, &owner)).await?;
        account.ok_or(AppError::NotFound("account"))
    }
}
