//! Signing in, choosing a password, and the links with which a first or forgotten one is chosen.
//!
//! What must stay true: unknown address and wrong password take the same time and give the same answer; guesses are counted
//! before they are heard, so that many at once count as many; a link works once; whoever changes a password ends every
//! other session of that account.

mod own;

use crate::domain::ids::{OperatorId, TenantId};
use crate::domain::names::{EmailAddress, NameError, Password, PersonName, Slug, ZoneName};
use crate::domain::time::{Instant, Span};
use crate::store::accounts::{self, Account, Failures, Operator};
use crate::store::audit::{self, Actor, Entry};
use crate::store::letters::NewLetter;
use crate::store::links::{self, OneTimeLink, Purpose};
use crate::store::scope::OperatorPass;
use crate::store::sessions::{self, Owner};
use crate::store::{StoreError, WriteTx};

use super::bell::Lane;
use super::letters::{AccountNews, AccountOwner, put};
use super::passwords::Check;
use super::{App, AppError, keys};

pub use own::Changed;

/// How long an invitation works.
pub const INVITATION: Span = Span::days(7);
/// How long a link for a forgotten password works.
pub const RESET: Span = Span::minutes(60);

/// From this many failures in a row on, the next guess has to wait.
const FREE_GUESSES: u32 = 5;
/// The longest wait.
const LONGEST_WAIT: Span = Span::minutes(15);

/// Where somebody signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Realm {
    /// At a tenant's page.
    Tenant(Slug),
    /// At the operator's page.
    Operator,
}

impl Realm {
    /// The path under which its pages lie.
    pub fn path(&self) -> String {
        match self {
            Self::Tenant(slug) => format!("/t/{slug}"),
            Self::Operator => "/operator".to_owned(),
        }
    }

    fn of(account: &Account) -> Self {
        account.tenant.as_ref().map_or(Self::Operator, |tenant| Self::Tenant(tenant.slug.clone()))
    }

    fn owns(&self, link: &OneTimeLink) -> bool {
        match (self, &link.tenant) {
            (Self::Tenant(slug), Some((_, of_link))) => slug.as_str() == of_link,
            (Self::Operator, None) => true,
            (Self::Tenant(_), None) | (Self::Operator, Some(_)) => false,
        }
    }
}

/// What came of trying to sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// Welcome.
    Accepted(Owner),
    /// The address or the password is wrong; which is not told.
    Refused,
    /// There were too many guesses; this one was not heard.
    NotHeard,
}

/// What came of choosing a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// It is the password now.
    Done,
    /// The link does not work, or no longer.
    LinkEnded,
    /// The password is not good enough.
    Unfit(NameError),
}

/// A link that is about to be sent.
pub(super) struct FreshLink {
    id: String,
    secret_hash: String,
    purpose: Purpose,
    expires_at: Instant,
}

impl App {
    /// Checks an address and a password.
    pub async fn sign_in(&self, realm: &Realm, address: &EmailAddress, password: Password) -> Result<SignIn, AppError> {
        let account = self.find_account(realm, address).await?;
        self.guess(realm, address, account, password, "account.signed_in").await
    }

    async fn find_account(&self, realm: &Realm, address: &EmailAddress) -> Result<Option<Account>, AppError> {
        let (realm, address) = (realm.clone(), address.clone());
        let found = self.store.read::<_, StoreError, _>(move |tx| match realm {
            Realm::Tenant(slug) => accounts::find_of_user(tx, &slug, &address),
            Realm::Operator => accounts::find_of_operator(tx, &address),
        });
        Ok(found.await?)
    }

    /// One guess at a password: counted first, then heard, then the count is cleared if it was right.
    async fn guess(
        &self,
        realm: &Realm,
        address: &EmailAddress,
        account: Option<Account>,
        password: Password,
        action: &'static str,
    ) -> Result<SignIn, AppError> {
        let key = self.throttle_key(realm, address);
        if !self.count_guess(key.clone()).await? {
            tracing::warn!(key = &key[..12], "too many wrong passwords; a guess was not heard");
            return Ok(SignIn::NotHeard);
        }
        let known = account.as_ref().and_then(|account| account.password_hash.clone());
        let check = self.check_password(password, known).await?;
        let (Some(account), Check::Right | Check::RightButOld(_)) = (account, &check) else {
            tracing::warn!(key = &key[..12], "a sign-in was refused");
            return Ok(SignIn::Refused);
        };
        let entry = self.entry_of(&account, action);
        let (owner, now) = (account.owner.clone(), self.now());
        self.store
            .write::<_, StoreError, _>(move |tx| {
                accounts::set_failures(tx, &key, None, now)?;
                if let Check::RightButOld(hash) = check {
                    accounts::set_password_hash(tx, &account.owner, &hash)?;
                }
                audit::add(tx, &entry)
            })
            .await?;
        Ok(SignIn::Accepted(owner))
    }

    /// Counts a guess. `false`: it comes too soon after too many others.
    async fn count_guess(&self, key: String) -> Result<bool, AppError> {
        let now = self.now();
        Ok(self.store.write::<_, StoreError, _>(move |tx| count(tx, &key, now)).await?)
    }

    /// Sends a link to whoever forgot their password. Nothing tells whether the address is known: a known and an unknown
    /// one are looked up, counted and committed alike, and asking often is slowed down as guessing is.
    pub async fn forget_password(&self, realm: &Realm, address: &EmailAddress) -> Result<(), AppError> {
        let now = self.now();
        let key = self.reset_key(realm, address);
        let link = self.fresh_link(Purpose::Reset);
        let account = self.find_account(realm, address).await?;
        let known = account.map(|account| {
            let letter = self.letter_about(&account, link.news(None));
            let entry = self.entry_of(&account, "account.reset_asked");
            (account.owner, letter, entry)
        });
        let written = self.store.write::<_, StoreError, _>(move |tx| {
            let heard = count(tx, &key, now)?;
            let Some((owner, letter, entry)) = known.filter(|_| heard) else { return Ok(()) };
            link.insert(tx, &owner, now)?;
            put(tx, &[letter])?;
            audit::add(tx, &entry)
        });
        written.await?;
        self.bell.ring(Lane::Letters);
        Ok(())
    }

    /// Whose password a link lets choose; none: it does not work, or no longer, or elsewhere.
    pub async fn find_link(&self, realm: &Realm, secret: &str) -> Result<Option<OneTimeLink>, AppError> {
        let (hash, now) = (keys::hash(secret), self.now());
        let link = self.store.read::<_, StoreError, _>(move |tx| links::find(tx, &hash, now)).await?;
        Ok(link.filter(|link| realm.owns(link)))
    }

    /// Chooses a password by a link.
    pub async fn choose_password(&self, realm: &Realm, secret: &str, password: &str) -> Result<Chosen, AppError> {
        let Some(link) = self.find_link(realm, secret).await? else { return Ok(Chosen::LinkEnded) };
        let place = link.tenant.as_ref().map(|(name, _)| name.as_str()).unwrap_or_default();
        let password = match Password::chosen(password, &words_about(&link.name, &link.email, place)) {
            Ok(password) => password,
            Err(error) => return Ok(Chosen::Unfit(error)),
        };
        let hash = self.hash_password(password).await?;
        let owner = link.owner.clone();
        let Some(account) = self.store.read::<_, StoreError, _>(move |tx| accounts::find(tx, &owner)).await? else {
            return Ok(Chosen::LinkEnded);
        };
        let letter = (link.purpose == Purpose::Reset).then(|| self.letter_about(&account, AccountNews::PasswordChanged));
        let entry = self.entry_of(&account, "account.password_chosen");
        let throttled = [self.throttle_key(realm, &account.email), self.reset_key(realm, &account.email)];
        let (secret_hash, now) = (keys::hash(secret), self.now());
        let used = self.store.write::<_, StoreError, _>(move |tx| {
            if !links::use_up(tx, &secret_hash, now)? {
                return Ok(false);
            }
            set_password(tx, &account.owner, &hash, None, now)?;
            for key in &throttled {
                accounts::set_failures(tx, key, None, now)?;
            }
            put(tx, letter.as_slice())?;
            audit::add(tx, &entry)?;
            Ok(true)
        });
        if !used.await? {
            return Ok(Chosen::LinkEnded);
        }
        self.bell.ring(Lane::Letters);
        Ok(Chosen::Done)
    }

    /// Adds an operator and gives the one-time link with which they choose a password; the same link is mailed.
    /// [`StoreError::Duplicate`] when the address is an operator's already.
    pub async fn add_operator(&self, pass: &OperatorPass, email: EmailAddress, name: PersonName) -> Result<String, AppError> {
        let operator = Operator { id: OperatorId::new(self.id()), email, name };
        let link = self.fresh_link(Purpose::Invitation);
        let url = self.password_link(&Realm::Operator.path(), &link.id);
        let letter = self.account_letter(link.news(None), &operator_owner(&operator.email, &operator.name), None);
        let entry = self.entry(None, Actor::of(pass), "operator.added", None, operator.id.as_str());
        let (pass, now) = (pass.clone(), self.now());
        let written = self.store.write::<_, StoreError, _>(move |tx| {
            accounts::insert_operator(tx, &pass, &operator, now)?;
            link.insert(tx, &Owner::Operator(operator.id.clone()), now)?;
            put(tx, &[letter])?;
            audit::add(tx, &entry)
        });
        written.await?;
        self.bell.ring(Lane::Letters);
        Ok(url)
    }

    pub(super) fn fresh_link(&self, purpose: Purpose) -> FreshLink {
        let id = hex::encode(self.ids.bytes::<16>());
        let life = match purpose {
            Purpose::Invitation => INVITATION,
            Purpose::Reset => RESET,
        };
        FreshLink { secret_hash: keys::hash(&self.keys.one_time_secret(&id)), id, purpose, expires_at: self.now() + life }
    }

    fn throttle_key(&self, realm: &Realm, address: &EmailAddress) -> String {
        self.keys.throttle_key(&realm.path(), address.as_str())
    }

    fn reset_key(&self, realm: &Realm, address: &EmailAddress) -> String {
        self.keys.throttle_key(&format!("{}/forgotten", realm.path()), address.as_str())
    }

    fn entry_of(&self, account: &Account, action: &'static str) -> Entry {
        let tenant: Option<&TenantId> = account.tenant.as_ref().map(|tenant| &tenant.id);
        let actor = match &account.owner {
            Owner::User(user) => Actor::User(user.clone()),
            Owner::Operator(operator) => Actor::Operator(operator.clone()),
        };
        self.entry(tenant, actor, action, None, "")
    }

    fn letter_about(&self, account: &Account, news: AccountNews) -> NewLetter {
        let Some(tenant) = &account.tenant else {
            return self.account_letter(news, &operator_owner(&account.email, &account.name), None);
        };
        let owner = AccountOwner {
            email: account.email.clone(),
            name: account.name.clone(),
            place: tenant.name.to_string(),
            zone: account.zone.clone().unwrap_or_else(|| tenant.zone.clone()),
            path: Realm::of(account).path(),
        };
        self.account_letter(news, &owner, Some(&self.pass.scope(&tenant.id)))
    }
}

impl FreshLink {
    /// Its secret is derived from this.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Makes it work.
    pub(super) fn insert(&self, tx: &mut WriteTx<'_>, owner: &Owner, now: Instant) -> Result<(), StoreError> {
        links::insert(tx, &self.secret_hash, owner, self.purpose, now, self.expires_at)
    }

    /// What the letter that carries it says.
    pub(super) fn news(&self, invited_by: Option<PersonName>) -> AccountNews {
        let (link_id, expires_at) = (self.id.clone(), self.expires_at);
        match self.purpose {
            Purpose::Invitation => AccountNews::Invited { link_id, expires_at, invited_by },
            Purpose::Reset => AccountNews::Reset { link_id, expires_at },
        }
    }
}

/// Counts one more try under a key. `false`: it comes too soon after too many others, and was not counted.
fn count(tx: &mut WriteTx<'_>, key: &str, now: Instant) -> Result<bool, StoreError> {
    let before = accounts::failures(tx, key)?;
    if before.is_some_and(|failures| now < failures.blocked_until) {
        return Ok(false);
    }
    let count = before.map_or(0, |failures| failures.count).saturating_add(1);
    accounts::set_failures(tx, key, Some(Failures { count, blocked_until: now + wait_after(count) }), now)?;
    Ok(true)
}

/// A new password ends the other sessions and every link.
fn set_password(tx: &mut WriteTx<'_>, owner: &Owner, hash: &str, keep: Option<&str>, now: Instant) -> Result<(), StoreError> {
    accounts::set_password_hash(tx, owner, hash)?;
    links::end_all(tx, owner, now)?;
    sessions::delete_of(tx, owner, keep)
}

fn operator_owner(email: &EmailAddress, name: &PersonName) -> AccountOwner {
    AccountOwner {
        email: email.clone(),
        name: name.clone(),
        place: "Duologue".to_owned(),
        zone: ZoneName::utc(),
        path: Realm::Operator.path(),
    }
}

/// What a password must not contain: each word of a name, and the address up to its `@`.
fn words_about<'a>(name: &'a str, email: &'a str, place: &'a str) -> Vec<&'a str> {
    let local = email.split('@').next().unwrap_or_default();
    name.split_whitespace().chain([local]).chain(place.split_whitespace()).collect()
}

/// How long the next guess waits after so many in a row: not at all, then a second, doubling.
fn wait_after(count: u32) -> Span {
    match count.checked_sub(FREE_GUESSES) {
        None => Span::ZERO,
        Some(beyond) => Span::seconds(1 << beyond.min(20)).min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_wait_longer_and_longer_up_to_a_quarter_of_an_hour() {
        assert_eq!(wait_after(4), Span::ZERO);
        assert_eq!(wait_after(5), Span::seconds(1));
        assert_eq!(wait_after(6), Span::seconds(2));
        assert_eq!(wait_after(14), Span::seconds(512));
        assert_eq!(wait_after(15), LONGEST_WAIT);
        assert_eq!(wait_after(u32::MAX), LONGEST_WAIT);
    }

    /// Who guesses must not learn from the work done for them whether an address, or a tenant, exists.
    #[tokio::test]
    async fn every_refused_guess_costs_the_same_work() {
        let (app, pass) = super::super::testing::portal();
        let email = |text: &str| EmailAddress::parse(text).unwrap();
        let name = || PersonName::parse("Olga Petrova").unwrap();
        let link = app.add_operator(&pass, email("olga@ops.example"), name()).await.unwrap();
        app.add_operator(&pass, email("invited@ops.example"), name()).await.unwrap();
        let secret = link.rsplit('/').next().unwrap();
        let chosen = app.choose_password(&Realm::Operator, secret, "seven green umbrellas").await.unwrap();
        assert_eq!(chosen, Chosen::Done);
        let nowhere = Realm::Tenant(Slug::parse("nowhere").unwrap());
        let mut works = Vec::new();
        for (realm, address, password, expected) in [
            (&Realm::Operator, "olga@ops.example", "a wrong password", SignIn::Refused),
            (&Realm::Operator, "nobody@ops.example", "a wrong password", SignIn::Refused),
            (&Realm::Operator, "invited@ops.example", "a wrong password", SignIn::Refused),
            (&nowhere, "olga@ops.example", "a wrong password", SignIn::Refused),
        ] {
            let before = app.hashing_work().await;
            let answer = app.sign_in(realm, &email(address), Password::offered(password).unwrap()).await.unwrap();
            assert_eq!(answer, expected, "{address}");
            works.push(app.hashing_work().await - before);
        }
        assert!(works[0] > 0 && works.iter().all(|work| *work == works[0]), "{works:?}");
    }
}
