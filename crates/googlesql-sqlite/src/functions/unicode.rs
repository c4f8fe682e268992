//! Unicode normalization.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use rusqlite::types::Value;

use super::{Arguments, Entry, Outcome, unknown};

pub(super) const TABLE: &[Entry] = &[
    ("onerow_normalize", 2, |a| Ok(Value::Text(normalized(a)?))),
    ("onerow_normalize_and_casefold", 2, casefolded),
];

/// `onerow_normalize(text, mode)`
fn normalized(arguments: &Arguments<'_>) -> Result<String, String> {
    let text = arguments.text(0)?;
    Ok(match arguments.text(1)? {
        "NFC" => ComposingNormalizer::new_nfc().normalize(text).into_owned(),
        "NFD" => DecomposingNormalizer::new_nfd().normalize(text).into_owned(),
        mode => return Err(unknown(&format!("the normalization mode {mode}"))),
    })
}

/// GoogleSQL normalizes before it folds case, and does not normalize the result again.
fn casefolded(arguments: &Arguments<'_>) -> Outcome {
    let text = normalized(arguments)?;
    Ok(Value::Text(CaseMapper::new().fold_string(&text).into_owned()))
}
