//! Sessions for `actix-session`, kept in our store.
//!
//! What must stay true: the key is 256 random bits and is stored only as its hash; a session lives 12 hours without a
//! request and 7 days in all; being used costs at most one write in five minutes; nobody who is not signed in has one.

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Key, SameSite};

use crate::app::{App, keys};
use crate::domain::ids::{OperatorId, UserId};
use crate::domain::time::{Instant, Span};
use crate::store::StoreError;
use crate::store::sessions::{self, Owner, Stored};

/// How long a session lives without a request.
const IDLE: Span = Span::hours(12);
/// How long a session lives at most.
const LIFE: Span = Span::days(7);
/// How much later a session must end for that to be worth a write.
const WORTH_A_WRITE: Span = Span::minutes(5);

/// Where the loaded state holds the hash of the session's key; never stored.
const KEY_HASH: &str = "@key";
/// Set in the loaded state when the database did not answer; never stored.
const UNKNOWN: &str = "@unknown";
const USER: &str = "user";
const OPERATOR: &str = "operator";

type State = HashMap<String, String>;

/// The sessions in our store.
#[derive(Clone)]
pub struct Sessions(Arc<App>);

impl Sessions {
    /// Sessions of this portal.
    pub const fn new(app: Arc<App>) -> Self {
        Self(app)
    }

    /// The middleware that reads and writes the cookie.
    pub fn middleware(&self) -> SessionMiddleware<Self> {
        let secure = is_secure(&self.0);
        let lifecycle = PersistentSession::default()
            .session_ttl(Duration::seconds(LIFE.as_seconds()))
            .session_ttl_extension_policy(TtlExtensionPolicy::OnStateChanges);
        SessionMiddleware::builder(self.clone(), Key::from(self.0.keys.cookie()))
            .cookie_name(cookie_name("duologue", secure))
            .cookie_secure(secure)
            .cookie_http_only(true)
            .cookie_same_site(SameSite::Lax)
            .cookie_content_security(CookieContentSecurity::Signed)
            .session_lifecycle(lifecycle)
            .build()
    }

    async fn find(&self, key_hash: String) -> Result<Option<State>, StoreError> {
        let now = self.0.now();
        let hash = key_hash.clone();
        let stored = self.0.store.read(move |tx| sessions::load(tx, &hash, now)).await?;
        let Some(stored) = stored else { return Ok(None) };
        // Whoever reads is not turned away because the database cannot be written at this moment.
        if let Err(error) = self.keep_alive(&key_hash, &stored, now).await {
            tracing::warn!(%error, "a session could not be kept alive");
        }
        // A state that cannot be read belongs to a version we no longer know: its person signs in again.
        let Ok(mut state) = serde_json::from_str::<State>(&stored.state) else { return Ok(None) };
        state.insert(KEY_HASH.to_owned(), json(&key_hash));
        Ok(Some(state))
    }

    async fn keep_alive(&self, key_hash: &str, stored: &Stored, now: Instant) -> Result<(), StoreError> {
        let until = (now + IDLE).min(stored.created_at + LIFE);
        if until - stored.expires_at < WORTH_A_WRITE {
            return Ok(());
        }
        let hash = key_hash.to_owned();
        self.0.store.write(move |tx| sessions::extend(tx, &hash, until)).await
    }
}

impl SessionStore for Sessions {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        match self.find(keys::hash(key.as_ref())).await {
            Ok(state) => Ok(state),
            Err(error) => {
                tracing::error!(%error, "a session could not be looked up");
                Ok(Some(State::from([(UNKNOWN.to_owned(), json(""))])))
            }
        }
    }

    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        let key = hex::encode(self.0.ids.bytes::<32>());
        let (hash, now) = (keys::hash(&key), self.0.now());
        let (owner, state) = (owner_in(&state), stored_form(state));
        let saved = self.0.store.write(move |tx| sessions::save(tx, &hash, owner.as_ref(), &state, now, now + IDLE)).await;
        saved.map_err(|error: StoreError| SaveError::Other(error.into()))?;
        SessionKey::try_from(key).map_err(|error| SaveError::Other(error.into()))
    }

    async fn update(&self, key: SessionKey, state: State, _: &Duration) -> Result<SessionKey, UpdateError> {
        let (hash, state) = (keys::hash(key.as_ref()), stored_form(state));
        let update = self.0.store.write(move |tx| sessions::set_state(tx, &hash, &state)).await;
        update.map_err(|error: StoreError| UpdateError::Other(error.into()))?;
        Ok(key)
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        // `load` does it, and not at every request.
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        let hash = keys::hash(key.as_ref());
        Ok(self.0.store.write::<_, StoreError, _>(move |tx| sessions::delete(tx, &hash)).await?)
    }
}

/// Begins a session of this person, under a new key: whatever session there was before ends.
pub fn begin(session: &Session, owner: &Owner) {
    let (kind, id) = match owner {
        Owner::User(id) => (USER, id.as_str()),
        Owner::Operator(id) => (OPERATOR, id.as_str()),
    };
    session.clear();
    session.renew();
    if let Err(error) = session.insert(kind, id) {
        tracing::error!(%error, "a session could not be begun");
    }
}

/// The hash under which this request's session is stored; none: nobody is signed in.
pub fn key_hash(session: &Session) -> Option<String> {
    session.get(KEY_HASH).ok().flatten()
}

/// Whether there is a session cookie of which we cannot tell now whose it is.
pub fn is_unknown(session: &Session) -> bool {
    session.contains_key(UNKNOWN)
}

/// Whose session this is, as it says itself; that the person may still come in is for [`sessions::resume_user`] to say.
pub fn owner(session: &Session) -> Option<Owner> {
    let id = |kind: &str| session.get::<String>(kind).ok().flatten();
    owner_named(id)
}

/// Whether browsers talk to us over HTTPS.
pub(super) fn is_secure(app: &App) -> bool {
    app.base_url.scheme() == "https"
}

/// A cookie's name; the prefix makes browsers insist that no other host and no plain connection has set it.
pub(super) fn cookie_name(name: &str, secure: bool) -> String {
    if secure { format!("__Host-{name}") } else { name.to_owned() }
}

fn owner_in(state: &State) -> Option<Owner> {
    let id = |kind: &str| state.get(kind).and_then(|value| serde_json::from_str::<String>(value).ok());
    owner_named(id)
}

fn owner_named(id: impl Fn(&str) -> Option<String>) -> Option<Owner> {
    let user = id(USER).and_then(|id| id.parse::<UserId>().ok()).map(Owner::User);
    user.or_else(|| id(OPERATOR).and_then(|id| id.parse::<OperatorId>().ok()).map(Owner::Operator))
}

fn stored_form(mut state: State) -> String {
    state.remove(KEY_HASH);
    state.remove(UNKNOWN);
    serde_json::to_string(&state).unwrap_or_default()
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
