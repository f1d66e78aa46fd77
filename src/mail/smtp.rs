//! Sending over SMTP, by lettre.
//!
//! What must stay true: no error text holds an address, since the reply of a mail server often repeats it and the text ends
//! in logs and on pages. A password never crosses a network in the clear.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lettre::transport::smtp::{self, AsyncSmtpTransportBuilder, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::runtime::Handle;
use tokio::time::timeout;
use url::{Host, Url};

use super::letter::Letter;
use super::mime;
use super::sender::Sender;
use super::transport::SendError;

/// How long one letter, or one check, may take in all.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many connections are kept open between letters.
const KEPT_CONNECTIONS: u32 = 2;

/// A mail server and who we are to it. Cloning shares the connections.
#[derive(Clone, Debug)]
pub struct Smtp {
    server: Arc<Server>,
    sender: Sender,
}

/// lettre's pool of connections starts a task when it is made and another when it is dropped, and panics where no runtime
/// can run them. So it is made at the first letter, and left to the end of the process where it cannot be dropped.
#[derive(Debug)]
struct Server {
    plan: AsyncSmtpTransportBuilder,
    connections: OnceLock<Transport>,
}

type Transport = AsyncSmtpTransport<Tokio1Executor>;

impl Drop for Server {
    fn drop(&mut self) {
        if Handle::try_current().is_err() {
            std::mem::forget(self.connections.take());
        }
    }
}

/// An `SMTP_URL` that cannot be used; the words never repeat the URL, which holds a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SmtpUrlError {
    /// It is not a URL of a mail server.
    #[error(
        "must be smtps://user:password@host, smtp://user:password@host:587?tls=required, \
         or smtp://localhost:25 for a mail server on this machine"
    )]
    Form,
    /// It would send the password unencrypted.
    #[error("sends a password without encryption: use smtps://, or add ?tls=required")]
    PasswordInTheClear,
}

impl Smtp {
    /// Reads `SMTP_URL`. Connects to nothing yet.
    pub fn new(url: &str, sender: Sender) -> Result<Self, SmtpUrlError> {
        refuse_open_password(url)?;
        let plan = Transport::from_url(url).map_err(|_| SmtpUrlError::Form)?;
        let pool = PoolConfig::new().max_size(KEPT_CONNECTIONS);
        let plan = plan.timeout(Some(PATIENCE)).pool_config(pool);
        Ok(Self { server: Arc::new(Server { plan, connections: OnceLock::new() }), sender })
    }

    /// The sender of every letter.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Hands one letter to the mail server. After [`SendError::Later`] it may have gone out all the same; the Message-ID
    /// then shows the repetition as one mail.
    pub async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        let message = mime::message(letter, &self.sender).map_err(|error| SendError::Never(error.to_string()))?;
        within(self.transport().send(message)).await.map(|_| ())
    }

    /// Connects and signs in, and sends nothing.
    pub async fn check(&self) -> Result<(), SendError> {
        let alive = within(self.transport().test_connection()).await?;
        alive.then_some(()).ok_or_else(|| SendError::Later("the mail server closed the connection".to_owned()))
    }

    fn transport(&self) -> &Transport {
        self.server.connections.get_or_init(|| self.server.plan.clone().build())
    }
}

async fn within<T>(work: impl Future<Output = Result<T, smtp::Error>>) -> Result<T, SendError> {
    match timeout(PATIENCE, work).await {
        Ok(outcome) => outcome.map_err(|error| sorted(&error)),
        Err(_) => Err(SendError::Later(format!("the mail server did not answer within {} s", PATIENCE.as_secs()))),
    }
}

fn refuse_open_password(url: &str) -> Result<(), SmtpUrlError> {
    let url = Url::parse(url).map_err(|_| SmtpUrlError::Form)?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(SmtpUrlError::Form),
    };
    let encrypted = url.scheme() == "smtps" || url.query_pairs().any(|(key, value)| key == "tls" && value == "required");
    if url.password().is_some() && !encrypted && !local { Err(SmtpUrlError::PasswordInTheClear) } else { Ok(()) }
}

/// Whether trying again can help. A 5xx about our sign-in is ours to mend and says nothing about the recipient.
fn sorted(error: &smtp::Error) -> SendError {
    let Some(code) = error.status() else { return SendError::Later(trouble(error).to_owned()) };
    let code = u16::from(code);
    match code {
        530 | 534 | 535 | 538 => SendError::Later(format!("the mail server refused our sign-in ({code})")),
        500.. => SendError::Never(format!("the mail server refused the letter ({code}{})", detail(error))),
        _ => SendError::Later(format!("the mail server asks to try later ({code}{})", detail(error))),
    }
}

/// What went wrong before the server gave a code.
fn trouble(error: &smtp::Error) -> &'static str {
    if error.is_timeout() {
        "the mail server did not answer in time"
    } else if error.is_tls() {
        "no encrypted connection to the mail server could be made"
    } else if error.is_client() {
        "the mail server does not offer the encryption or the sign-in that SMTP_URL asks for"
    } else if error.is_response() {
        "the mail server answered in a way that could not be understood"
    } else {
        "the mail server could not be reached"
    }
}

/// The enhanced status code of the reply, such as `, 5.1.1` (RFC 3463): the one part of it that names nobody.
fn detail(error: &smtp::Error) -> String {
    let text = error.to_string();
    let enhanced = |word: &&str| {
        let parts: Vec<_> = word.split('.').collect();
        parts.len() == 3
            && matches!(parts[0], "4" | "5")
            && parts[1..].iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    };
    text.split_whitespace().find(enhanced).map(|code| format!(", {code}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(url: &str) -> Result<Smtp, SmtpUrlError> {
        Smtp::new(url, Sender::parse("meet@example.com").unwrap())
    }

    #[test]
    fn every_documented_form_of_the_url_is_taken() {
        for url in [
            "smtp://localhost:25",
            "smtp://127.0.0.1:2525",
            "smtp://ana:secret@localhost:2525",
            "smtps://ana:secret@mail.example.com",
            "smtp://ana:secret@mail.example.com:587?tls=required",
        ] {
            let smtp = smtp(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert!(!format!("{smtp:?}").contains("secret"), "{smtp:?}");
        }
    }

    #[test]
    fn a_wrong_url_is_answered_with_right_ones_and_never_with_the_password() {
        for url in ["", "mail.example.com", "https://ana:secret@mail.example.com", "smtp://ana:secret@h?tls=maybe", "smtp:"] {
            let error = smtp(url).unwrap_err().to_string();
            assert!(error.contains("smtps://") && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn a_server_that_is_not_there_is_a_reason_to_try_later_and_outlives_its_runtime() {
        let smtp = smtp("smtp://127.0.0.1:1").unwrap();
        let outcome = actix_web::rt::System::new().block_on(smtp.check());
        assert_eq!(outcome, Err(SendError::Later("the mail server could not be reached".to_owned())));
        drop(smtp);
    }

    #[test]
    fn a_password_is_not_sent_in_the_clear() {
        for url in ["smtp://ana:secret@mail.example.com", "smtp://ana:secret@mail.example.com?tls=opportunistic"] {
            assert_eq!(smtp(url).unwrap_err(), SmtpUrlError::PasswordInTheClear, "{url}");
        }
    }
}
