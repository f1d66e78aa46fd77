//! Everything that is derived from the server's one key. A token that lets somebody in is never stored: the database holds
//! its hash, and it can be written again only by who holds the key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::config::Secret;
use crate::domain::ids::MeetingId;

/// Bytes in a token that lets somebody in: 192 bits.
const TOKEN_BYTES: usize = 24;

/// The keys for each purpose; a key for one purpose is of no use for another.
#[derive(Clone)]
pub struct Keys {
    join: [u8; 32],
    one_time: [u8; 32],
    csrf: [u8; 32],
    throttle: [u8; 32],
    cookie: [u8; 64],
}

impl Keys {
    /// Derives them from `DUOLOGUE_SECRET_KEY`.
    pub fn derive(secret: &Secret) -> Self {
        let master = secret.reveal().as_bytes();
        let part = |purpose: &str| mac(master, &[purpose]);
        let mut cookie = [0; 64];
        cookie[..32].copy_from_slice(&part("cookie 1"));
        cookie[32..].copy_from_slice(&part("cookie 2"));
        Self { join: part("join link"), one_time: part("one-time link"), csrf: part("csrf"), throttle: part("throttle"), cookie }
    }

    /// The token of a meeting's join link. A higher version is another token, so that an old link stops working.
    pub fn join_token(&self, meeting: &MeetingId, version: u32) -> String {
        token(&mac(&self.join, &[meeting.as_str(), &version.to_string()]))
    }

    /// The secret of the one-time link with this id.
    pub fn one_time_secret(&self, link_id: &str) -> String {
        token(&mac(&self.one_time, &[link_id]))
    }

    /// What a form of this session must carry.
    pub fn csrf_token(&self, session: &str) -> String {
        token(&mac(&self.csrf, &[session]))
    }

    /// Under what failed sign-ins are counted: says nothing about the address to who reads the database.
    pub fn throttle_key(&self, realm: &str, address: &str) -> String {
        hex::encode(mac(&self.throttle, &[realm, address]))
    }

    /// The key that signs session cookies.
    pub const fn cookie(&self) -> &[u8; 64] {
        &self.cookie
    }
}

/// How a token is stored: 192 random bits need no slow hash.
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// Whether two texts are equal, in a time that does not tell where they differ.
pub fn equal(a: &str, b: &str) -> bool {
    use subtle::ConstantTimeEq as _;
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

fn mac(key: &[u8], parts: &[&str]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    mac.finalize().into_bytes().into()
}

fn token(mac: &[u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(&mac[..TOKEN_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::derive(&Secret::new("0123456789012345678901234567890123456789"))
    }

    #[test]
    fn a_new_version_of_a_join_link_is_another_token_of_192_bits() {
        let meeting = MeetingId::new("m");
        assert_ne!(keys().join_token(&meeting, 1), keys().join_token(&meeting, 2));
        assert_eq!(keys().join_token(&meeting, 1).len(), 32);
    }

    #[test]
    fn one_purpose_does_not_serve_another() {
        assert_ne!(keys().one_time_secret("x"), keys().csrf_token("x"));
    }

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        assert_ne!(keys().throttle_key("ab", "c"), keys().throttle_key("a", "bc"));
    }
}
