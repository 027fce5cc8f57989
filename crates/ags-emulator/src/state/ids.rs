//! Ids in the forms that the service's samples show.

use base64::Engine as _;
use uuid::Uuid;

/// Gives sequence numbers and ids.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: u64,
}

const LETTERS_AND_DIGITS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";

impl Ids {
    /// The next number in the order of creation.
    pub(crate) fn sequence(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(crate) fn tool(&self) -> String {
        format!("sdt-{}", letters(LETTERS_AND_DIGITS, 8))
    }

    /// 40 letters, so that `{port}-{id}` is still one label of a host name.
    pub(crate) fn instance(&self) -> String {
        letters(BASE32, 40)
    }

    pub(crate) fn image(&self) -> String {
        format!("pcimg-{}", letters(LETTERS_AND_DIGITS, 8))
    }

    pub(crate) fn snapshot(&self) -> String {
        format!("snapshot-{}", Uuid::new_v4())
    }

    pub(crate) fn api_key(&self) -> String {
        format!("ark-{}", letters(LETTERS_AND_DIGITS, 8))
    }
}

/// `prefix` and 43 characters that cannot be guessed.
pub(crate) fn secret(prefix: &str) -> String {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    format!(
        "{prefix}{}",
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    )
}

fn letters(alphabet: &[u8], count: usize) -> String {
    (0..count)
        .map(|_| char::from(alphabet[fastrand::usize(..alphabet.len())]))
        .collect()
}
