//! The access token: fetched once for everybody who waits for it, kept until shortly before it expires.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::client::{Credentials, told};
use super::error::{ZoomError, cleaned};
use super::transport::{Auth, Call, Reply, Transport};
use super::wire;
use crate::clock::Clock;
use crate::domain::time::{Instant, Span};

/// A token is not used any more this long before it expires, so that no call outlives it on the way.
const MARGIN: Span = Span::seconds(60);
/// What Zoom documents; used when a reply does not say.
const USUAL_LIFE: Span = Span::hours(1);

/// A token as Zoom gave it.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) bearer: String,
    /// `None` when Zoom did not name the scopes.
    pub(super) scopes: Option<String>,
    good_until: Instant,
}

pub(super) struct Tokens {
    transport: Arc<dyn Transport>,
    credentials: Credentials,
    clock: Clock,
    // Held while a token is fetched: whoever comes meanwhile waits for that one instead of fetching another.
    current: Mutex<Option<Token>>,
}

impl Tokens {
    pub(super) fn new(transport: Arc<dyn Transport>, credentials: Credentials, clock: Clock) -> Self {
        Self { transport, credentials, clock, current: Mutex::new(None) }
    }

    /// A token that is good now.
    pub(super) async fn good(&self) -> Result<Token, ZoomError> {
        let mut current = self.current.lock().await;
        match current.as_ref().filter(|token| self.clock.now() < token.good_until) {
            Some(token) => Ok(token.clone()),
            None => self.fetch_into(&mut current).await,
        }
    }

    /// A token other than `refused`; one that somebody else has renewed meanwhile will do.
    pub(super) async fn other_than(&self, refused: &Token) -> Result<Token, ZoomError> {
        let mut current = self.current.lock().await;
        match current.as_ref().filter(|token| token.bearer != refused.bearer) {
            Some(token) => Ok(token.clone()),
            None => self.fetch_into(&mut current).await,
        }
    }

    /// Forgets the token: scopes that are added at Zoom show only in a new one.
    pub(super) async fn forget(&self) {
        *self.current.lock().await = None;
    }

    async fn fetch_into(&self, current: &mut Option<Token>) -> Result<Token, ZoomError> {
        *current = None;
        let token = self.fetch().await?;
        *current = Some(token.clone());
        Ok(token)
    }

    /// Parameters go in the body; in the query string Zoom refuses them for some apps.
    async fn fetch(&self) -> Result<Token, ZoomError> {
        let Credentials { account_id, client_id, client_secret } = &self.credentials;
        let auth = Auth::Basic { id: client_id.clone(), secret: client_secret.clone() };
        let call = Call::oauth(&[("grant_type", "account_credentials"), ("account_id", account_id)], auth);
        let sent = self.transport.send(call).await;
        let now = self.clock.now();
        let answer = sent.clone().map_err(ZoomError::no_reply).and_then(|reply| match reply.status {
            404 => Err(ZoomError::Unreachable("there is no token endpoint at this address".into())),
            _ => ZoomError::in_reply(reply, now).map_err(refused),
        });
        told("get token", &sent, &answer);
        let reply = answer?;
        read(&reply, now).ok_or_else(|| ZoomError::Unclear("the token endpoint answered without a token".into()))
    }
}

/// This endpoint's refusals have other shapes and codes than the API's; all of them are about the credentials.
fn refused(error: ZoomError) -> ZoomError {
    match error {
        ZoomError::Refused { code, message } => ZoomError::Unauthorized(cleaned(&format!("{message} (code {code})"))),
        other => other,
    }
}

fn read(reply: &Reply, now: Instant) -> Option<Token> {
    let token: wire::Token = wire::read(&reply.body)?;
    let life = token.expires_in.map_or(USUAL_LIFE, Span::seconds);
    Some(Token { bearer: token.access_token?, scopes: token.scope, good_until: now + life - MARGIN })
}
