//! Sending over SMTP, by lettre's connection: one step of the protocol after the other, since what a refusal means depends on
//! what was refused.
//!
//! What must stay true: a letter is given up only for what the server says of this recipient; whatever it has against us, our
//! sign-in or our sender, is ours to mend, and the letter waits. No error text holds an address, since the reply of a mail
//! server often repeats it and the text ends in logs and on pages. A password never crosses a network in the clear.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::{self, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT};
use percent_encoding::percent_decode_str;
use tokio::sync::Mutex;
use tokio::time::timeout;
use url::{Host, Url};

use super::letter::Letter;
use super::mime;
use super::sender::Sender;
use super::transport::SendError;

/// How long one letter, or one check, may take in all.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail server and who we are to it. Cloning shares the connection.
#[derive(Clone, Debug)]
pub struct Smtp {
    server: Arc<Server>,
    sender: Sender,
}

/// Where the mail server is, and the connection that is kept open between letters.
struct Server {
    host: String,
    port: u16,
    tls: Tls,
    hello: ClientId,
    credentials: Option<Credentials>,
    kept: Mutex<Option<AsyncSmtpConnection>>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({}:{})", self.host, self.port)
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

/// How far the protocol had come when the server said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Greeting,
    SignIn,
    Sender,
    Recipient,
    Content,
}

impl Smtp {
    /// Reads `SMTP_URL`. Connects to nothing yet.
    pub fn new(url: &str, sender: Sender) -> Result<Self, SmtpUrlError> {
        let url = Url::parse(url).map_err(|_| SmtpUrlError::Form)?;
        refuse_open_password(&url)?;
        Ok(Self { server: Arc::new(Server::read(&url).ok_or(SmtpUrlError::Form)?), sender })
    }

    /// The sender of every letter.
    pub fn sender(&self) -> &Sender {
        &self.sender
    }

    /// Hands one letter to the mail server. After [`SendError::Later`] it may have gone out all the same; the Message-ID
    /// then shows the repetition as one mail.
    pub async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        let message = mime::message(letter, &self.sender).map_err(|error| SendError::Never(error.to_string()))?;
        within(self.server.hand_over(message.envelope(), &message.formatted())).await
    }

    /// Connects and signs in, and sends nothing.
    pub async fn check(&self) -> Result<(), SendError> {
        within(async {
            let mut kept = self.server.kept.lock().await;
            *kept = Some(self.server.connected(kept.take()).await?);
            Ok(())
        })
        .await
    }
}

impl Server {
    /// The parts of a URL; none when it is not one of a mail server.
    fn read(url: &Url) -> Option<Self> {
        let host = url.host_str()?.to_owned();
        let tls = url.query_pairs().find(|(key, _)| key == "tls").map(|(_, value)| value.into_owned());
        let encrypted = || TlsParameters::new(host.clone()).ok();
        let (port, tls) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => (SMTP_PORT, Tls::None),
            ("smtp", Some("required")) => (SUBMISSION_PORT, Tls::Required(encrypted()?)),
            ("smtp", Some("opportunistic")) => (SUBMISSION_PORT, Tls::Opportunistic(encrypted()?)),
            ("smtps", _) => (SUBMISSIONS_PORT, Tls::Wrapper(encrypted()?)),
            _ => return None,
        };
        let plain = |text: &str| Some(percent_decode_str(text).decode_utf8().ok()?.into_owned());
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(plain(url.username())?, plain(password)?)),
            None => None,
        };
        let name = url.path().trim_matches('/');
        let hello = if name.is_empty() { ClientId::default() } else { ClientId::Domain(name.to_owned()) };
        Some(Self { port: url.port().unwrap_or(port), host, tls, hello, credentials, kept: Mutex::default() })
    }

    /// Sends one mail; a connection on which all went well is kept for the next one.
    async fn hand_over(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), SendError> {
        let mut kept = self.kept.lock().await;
        let mut connection = self.connected(kept.take()).await?;
        match send(&mut connection, envelope, mail).await {
            Ok(()) => {
                *kept = Some(connection);
                Ok(())
            }
            Err((step, error)) => {
                connection.abort().await;
                Err(sorted(step, &error))
            }
        }
    }

    /// The connection that was kept, if the server still answers on it, or a new one.
    async fn connected(&self, kept: Option<AsyncSmtpConnection>) -> Result<AsyncSmtpConnection, SendError> {
        if let Some(mut kept) = kept {
            if kept.test_connected().await {
                return Ok(kept);
            }
            kept.abort().await;
        }
        let mut connection = self.greeted().await.map_err(|error| sorted(Step::Greeting, &error))?;
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await.map_err(|error| sorted(Step::SignIn, &error))?;
        }
        Ok(connection)
    }

    async fn greeted(&self) -> Result<AsyncSmtpConnection, smtp::Error> {
        let wrapper = if let Tls::Wrapper(parameters) = &self.tls { Some(parameters.clone()) } else { None };
        let address = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(address, Some(PATIENCE), &self.hello, wrapper, None).await?;
        match &self.tls {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), &self.hello).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => {
                connection.starttls(parameters.clone(), &self.hello).await?;
            }
            Tls::None | Tls::Opportunistic(_) | Tls::Wrapper(_) => {}
        }
        Ok(connection)
    }
}

/// One mail on an open connection (RFC 5321 §3.3).
async fn send(connection: &mut AsyncSmtpConnection, envelope: &Envelope, mail: &[u8]) -> Result<(), (Step, smtp::Error)> {
    let mut options = Vec::new();
    if envelope.to().iter().chain(envelope.from()).any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        options.push(MailParameter::SmtpUtfEight);
    }
    if !mail.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let sender = Mail::new(envelope.from().cloned(), options);
    connection.command(sender).await.map_err(|error| (Step::Sender, error))?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        connection.command(recipient).await.map_err(|error| (Step::Recipient, error))?;
    }
    connection.command(Data).await.map_err(|error| (Step::Content, error))?;
    connection.message(mail).await.map_err(|error| (Step::Content, error))?;
    Ok(())
}

async fn within<T>(work: impl Future<Output = Result<T, SendError>>) -> Result<T, SendError> {
    let late = |_| Err(SendError::Later(format!("the mail server did not answer within {} s", PATIENCE.as_secs())));
    // A conversation with a server is large, and whoever sends a letter should not be.
    timeout(PATIENCE, Box::pin(work)).await.unwrap_or_else(late)
}

fn refuse_open_password(url: &Url) -> Result<(), SmtpUrlError> {
    let local = match url.host() {
        // An IPv4 address is a name, too, where a URL's scheme is not one of the web's.
        Some(Host::Domain(name)) => name == "localhost" || name.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback()),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(SmtpUrlError::Form),
    };
    let encrypted = url.scheme() == "smtps" || url.query_pairs().any(|(key, value)| key == "tls" && value == "required");
    if url.password().is_some() && !encrypted && !local { Err(SmtpUrlError::PasswordInTheClear) } else { Ok(()) }
}

/// Whether trying again can help.
fn sorted(step: Step, error: &smtp::Error) -> SendError {
    let Some(code) = error.status().map(u16::from) else { return SendError::Later(trouble(error).to_owned()) };
    let enhanced = enhanced_code(&error.to_string());
    let detail = enhanced.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
    if code < 500 {
        return SendError::Later(format!("the mail server asks to try later ({code}{detail})"));
    }
    if is_about_the_recipient(step, code, enhanced.as_deref()) {
        return SendError::Never(format!("the mail server refused the recipient ({code}{detail})"));
    }
    let refused = match (step, code) {
        (Step::SignIn, _) | (_, 530 | 534 | 535 | 538) => "our sign-in",
        (Step::Greeting, _) => "to talk to us",
        (Step::Sender, _) => "our sender address",
        (Step::Recipient | Step::Content, _) => "the letter",
    };
    SendError::Later(format!("the mail server refused {refused} ({code}{detail})"))
}

/// Whether a 5xx says that this address takes no mail. The enhanced code decides where there is one (RFC 3463 §3.2: 5.1 is
/// about addresses, 5.2 about mailboxes; 5.1.7 and 5.1.8 are about the sender's); many servers say no only after the content.
fn is_about_the_recipient(step: Step, code: u16, enhanced: Option<&str>) -> bool {
    match (step, enhanced) {
        (Step::Greeting | Step::SignIn | Step::Sender, _) | (_, Some("5.1.7" | "5.1.8")) => false,
        (_, Some(enhanced)) if enhanced.starts_with("5.1.") || enhanced.starts_with("5.2.") => true,
        (Step::Recipient, None) => matches!(code, 550 | 551 | 553 | 556),
        (Step::Recipient, Some(enhanced)) => enhanced.starts_with("5.0.") && matches!(code, 550 | 551 | 553 | 556),
        (Step::Content, _) => false,
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

/// The enhanced status code of the reply, such as `5.1.1` (RFC 3463): the one part of it that names nobody.
fn enhanced_code(text: &str) -> Option<String> {
    let is_one = |word: &&str| {
        let parts: Vec<_> = word.split('.').collect();
        parts.len() == 3
            && matches!(parts[0], "4" | "5")
            && parts[1..].iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
    };
    text.split_whitespace().find(is_one).map(str::to_owned)
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
            "smtp://ana:secret@127.0.0.1:2525",
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
    fn only_what_is_said_of_the_recipient_is_final() {
        use Step::{Content, Greeting, Recipient, Sender, SignIn};
        let final_ones = [
            (Recipient, 550, None),
            (Recipient, 550, Some("5.1.1")),
            (Recipient, 553, None),
            (Recipient, 550, Some("5.0.0")),
            (Recipient, 552, Some("5.2.2")),
            (Content, 550, Some("5.1.1")),
        ];
        for (step, code, enhanced) in final_ones {
            assert!(is_about_the_recipient(step, code, enhanced), "{step:?} {code} {enhanced:?}");
        }
        let ours = [
            (Greeting, 554, None),
            (SignIn, 535, Some("5.7.8")),
            (SignIn, 550, None),
            (Sender, 530, None),
            (Sender, 550, None),
            (Sender, 550, Some("5.1.8")),
            (Recipient, 530, Some("5.7.0")),
            (Recipient, 535, None),
            (Recipient, 550, Some("5.1.7")),
            (Recipient, 554, Some("5.7.1")),
            (Content, 554, None),
            (Content, 550, None),
        ];
        for (step, code, enhanced) in ours {
            assert!(!is_about_the_recipient(step, code, enhanced), "{step:?} {code} {enhanced:?}");
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
