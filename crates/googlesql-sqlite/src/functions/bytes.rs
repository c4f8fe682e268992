//! BYTES, which are values of expressions but not of columns: digests, and bytes as text.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use md5::{Digest, Md5};
use rusqlite::types::Value;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::{Arguments, Entry, Outcome, unknown};

pub(super) const TABLE: &[Entry] = &[
    ("onerow_md5", 1, |a| digest::<Md5>(a)),
    ("onerow_sha1", 1, |a| digest::<Sha1>(a)),
    ("onerow_sha256", 1, |a| digest::<Sha256>(a)),
    ("onerow_sha512", 1, |a| digest::<Sha512>(a)),
    ("onerow_farm_fingerprint", 1, |a| {
        Ok(Value::Integer(farmhash::fingerprint64(a.bytes(0)?).cast_signed()))
    }),
    ("onerow_to_hex", 1, |a| Ok(Value::Text(hex::encode(a.bytes(0)?)))),
    ("onerow_from_hex", 1, |a| from_hex(a.text(0)?)),
    ("onerow_to_base64", 1, |a| Ok(Value::Text(base64(a.bytes(0)?)))),
    ("onerow_from_base64", 1, |a| from_base64(a.text(0)?)),
    ("onerow_bytes_to_text", 1, |a| {
        let text = str::from_utf8(a.bytes(0)?).map_err(|_| "the BYTES are not UTF-8".to_owned())?;
        Ok(Value::Text(text.to_owned()))
    }),
];

/// Base64, as BigQuery prints BYTES as text: in JSON and in answers.
pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn digest<D: Digest>(arguments: &Arguments<'_>) -> Outcome {
    Ok(Value::Blob(D::digest(arguments.bytes(0)?).to_vec()))
}

/// An odd number of digits is read with a leading 0.
fn from_hex(text: &str) -> Outcome {
    let even = if text.len() % 2 == 1 { format!("0{text}") } else { text.to_owned() };
    hex::decode(even).map(Value::Blob).map_err(|_| format!("FROM_HEX: `{text}` is not hexadecimal"))
}

/// With and without its padding.
const EITHER: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// BigQuery also accepts looser texts, such as ones with spaces.
fn from_base64(text: &str) -> Outcome {
    EITHER.decode(text).map(Value::Blob).map_err(|_| unknown(&format!("FROM_BASE64('{text}')")))
}
