//! Passcodes and passwords in the alphabets that Zoom takes.

use crate::clock::Ids;

const LOWER: &[u8] = b"abcdefghijkmnpqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ";
const DIGITS: &[u8] = b"23456789";
/// The only signs Zoom allows in a meeting's passcode.
const SIGNS: &[u8] = b"@_*-";

/// A meeting's passcode: 10 characters, the most Zoom takes, of every kind that an account's policy may ask for.
/// Letters and digits that look alike are left out, because a client may have to type it.
pub fn passcode(ids: &Ids) -> String {
    drawn(ids, 10)
}

/// A password for `autoCreate`: 20 characters with every kind that Zoom asks for (it takes 8 to 32).
pub fn password(ids: &Ids) -> String {
    drawn(ids, 20)
}

fn drawn(ids: &Ids, length: usize) -> String {
    let kinds = [LOWER, UPPER, DIGITS, SIGNS];
    let any: Vec<u8> = kinds.concat();
    // One of each kind, the rest from all of them, then shuffled so that no place tells the kind.
    let mut letters: Vec<u8> = kinds.iter().map(|kind| one_of(kind, ids)).collect();
    letters.extend((letters.len()..length).map(|_| one_of(&any, ids)));
    for last in (1..letters.len()).rev() {
        letters.swap(last, ids.below(last as u64 + 1) as usize);
    }
    letters.into_iter().map(char::from).collect()
}

fn one_of(letters: &[u8], ids: &Ids) -> u8 {
    letters[ids.below(letters.len() as u64) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passcode_is_within_what_zoom_takes() {
        let ids = Ids::seeded(1);
        for _ in 0..200 {
            let passcode = passcode(&ids);
            assert_eq!(passcode.len(), 10);
            assert!(passcode.bytes().all(|b| b.is_ascii_alphanumeric() || SIGNS.contains(&b)), "{passcode}");
            for kind in [LOWER, UPPER, DIGITS, SIGNS] {
                assert!(passcode.bytes().any(|b| kind.contains(&b)), "{passcode}");
            }
        }
    }

    #[test]
    fn no_two_passwords_are_alike() {
        let ids = Ids::seeded(2);
        assert_ne!(password(&ids), password(&ids));
        assert_eq!(password(&ids).len(), 20);
    }
}
