//! API keys: given as text or as hashes, stored as hashes, compared in constant time.

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, Kind, Result, read_utf8};

/// The minimum length: 20 characters are about 120 bits, because whoever guesses a key can change tables.
const SHORTEST: usize = 20;

/// The permissions of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Read, and dry-run.
    Read,
    /// Apply too.
    Apply,
}

/// The SHA-256 of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }

    /// Parses a key, or `sha256:` and the hash of one in hexadecimal. Errors: the key is too short or not
    /// valid in a header, or the hash is invalid. The error does not repeat the text.
    fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| Error::new(Kind::Service, what.to_owned());
        if let Some(hex) = text.strip_prefix("sha256:") {
            return Self::of_hex(hex).ok_or_else(|| {
                wrong("what follows `sha256:` is not a hash")
                    .help("write the 64 hexadecimal digits that `printf %s KEY | sha256sum` prints")
            });
        }
        if text.len() < SHORTEST {
            return Err(wrong(&format!("a key has fewer than {SHORTEST} characters"))
                .help("make one with `openssl rand -base64 32`"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(wrong("a key has characters other than visible ASCII")
                .help("make one with `openssl rand -base64 32`"));
        }
        Ok(Self::of(text))
    }

    fn of_hex(hex: &str) -> Option<Self> {
        let mut hash = [0; 32];
        if hex.len() != 64 || !hex.is_ascii() {
            return None;
        }
        for (i, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).ok()?;
        }
        Some(Self(hash))
    }

    /// The hash itself.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The start of the hash, which identifies the key in the ledger and the log.
    pub fn short(&self) -> String {
        self.0[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({}…)", self.short())
    }
}

/// The configured keys.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<(KeyHash, Right)>);

impl Keys {
    /// Adds the keys of a text, separated by commas or white space.
    ///
    /// # Errors
    /// A key is invalid.
    pub fn add_list(&mut self, text: &str, right: Right) -> Result<()> {
        let keys = text.split(|c: char| c == ',' || c.is_whitespace());
        let mut keys = keys.filter(|key| !key.is_empty()).peekable();
        has_any(keys.peek())?;
        keys.try_for_each(|key| self.add(key, right))
    }

    /// Adds the keys of a file, one per line; empty lines and those that start with `#` are skipped.
    ///
    /// # Errors
    /// The file cannot be read, or a key is invalid.
    pub fn add_file(&mut self, path: &Path, right: Right) -> Result<()> {
        let text = read_utf8(path)?;
        let lines = text.lines().map(str::trim).enumerate();
        let mut keys =
            lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).peekable();
        has_any(keys.peek())
            .map_err(|error| error.while_doing(format!("reading `{}`", path.display())))?;
        for (i, line) in keys {
            self.add(line, right).map_err(|error| {
                error.while_doing(format!("reading line {} of `{}`", i + 1, path.display()))
            })?;
        }
        Ok(())
    }

    fn add(&mut self, text: &str, right: Right) -> Result<()> {
        let hash = KeyHash::parse(text)?;
        match self.0.iter().find(|(known, _)| *known == hash) {
            Some((_, known)) if *known != right => Err(Error::new(
                Kind::Service,
                format!(
                    "the key {} is given both as one that may apply and as read-only",
                    hash.short()
                ),
            )
            .help("leave one of the two out")),
            Some(_) => Ok(()),
            None => {
                self.0.push((hash, right));
                Ok(())
            }
        }
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of keys with this permission.
    pub fn count(&self, right: Right) -> usize {
        self.0.iter().filter(|(_, known)| *known == right).count()
    }

    /// The key that satisfies this predicate.
    pub fn find(&self, is_it: impl Fn(&KeyHash) -> bool) -> Option<&KeyHash> {
        self.0.iter().map(|(hash, _)| hash).find(|hash| is_it(hash))
    }

    /// The permission of the key with this hash. Takes the same time for every key.
    pub fn right_of(&self, presented: &KeyHash) -> Option<Right> {
        let mut right = None;
        for (known, its) in &self.0 {
            if bool::from(known.0.ct_eq(&presented.0)) {
                right = Some(*its);
            }
        }
        right
    }
}

/// Refuses a source of keys that has none, usually because a secret is missing: the service would let everyone in.
fn has_any<K>(first: Option<K>) -> Result<()> {
    match first {
        Some(_) => Ok(()),
        None => {
            Err(Error::new(Kind::Service, "it holds no key")
                .help("put a key into it, or leave it out"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Fingerprint;

    const KEY: &str = "0123456789abcdefghij";

    #[test]
    fn keys_are_found_as_text_and_as_hashes() {
        let mut keys = Keys::default();
        let hash = Fingerprint::of("another-key-of-some-length");
        keys.add_list(&format!("{KEY}, \n sha256:{hash}"), Right::Apply).unwrap();
        keys.add_list("a-key-that-may-only-read", Right::Read).unwrap();
        let right = |key: &str| keys.right_of(&KeyHash::of(key));
        assert_eq!(right(KEY), Some(Right::Apply));
        assert_eq!(right("another-key-of-some-length"), Some(Right::Apply));
        assert_eq!(right("a-key-that-may-only-read"), Some(Right::Read));
        assert_eq!(right(hash.as_str()), None);
        assert_eq!(right(""), None);
        assert_eq!((keys.count(Right::Apply), keys.count(Right::Read)), (2, 1));
    }

    /// The comparison that a measured process makes, and how often.
    const COUNTED: &str = "ONEROW_COUNTED_KEY";

    #[test]
    #[ignore = "what the process does that is counted"]
    fn compared() {
        let asked = std::env::var(COUNTED).unwrap();
        let (guess, times) = asked.split_once(' ').unwrap();
        let mut keys = Keys::default();
        keys.add_list("another-key-of-some-length a-key-that-may-only-read", Right::Read).unwrap();
        keys.add_list(KEY, Right::Apply).unwrap();
        for _ in 0..times.parse().unwrap() {
            std::hint::black_box(keys.right_of(&KeyHash::of(std::hint::black_box(guess))));
        }
    }

    /// Instruction counts are reproducible, unlike times, so a difference of one instruction per comparison
    /// is visible.
    #[test]
    fn a_guess_that_begins_like_a_key_takes_no_longer_than_another() {
        if std::env::var_os("ONEROW_VALGRIND").is_none() {
            eprintln!("skipped: this test needs Valgrind; `tests/run` finds it");
            return;
        }
        let counted = |guess: &str, times: u64| -> u64 {
            let mut valgrind = std::process::Command::new("valgrind");
            valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
            valgrind.arg(std::env::current_exe().unwrap());
            valgrind.args(["--exact", "serve::keys::tests::compared", "--ignored"]);
            let output = valgrind.env(COUNTED, format!("{guess} {times}")).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{said}");
            let line = said.lines().find(|line| line.contains("Collected : ")).expect("a count");
            line.rsplit(' ').next().unwrap().parse().unwrap()
        };
        // One-time work cancels out in the difference.
        let (few, more) = (500, 2_000);
        let each =
            |guess| (counted(guess, more) - counted(guess, few)) as f64 / (more - few) as f64;
        let [far, near, nearest, right] =
            ["zzzzzzzzzzzzzzzzzzzz", "0zzzzzzzzzzzzzzzzzzz", "0123456789abcdefghiz", KEY].map(each);
        assert!(far > 1_000.0, "something is compared: {far}");
        for guess in [near, nearest] {
            assert!((guess - far).abs() < 4.0, "{far}, {near}, {nearest}");
        }
        // The right key's right is noted, which is an assignment.
        assert!((right - far).abs() < 20.0, "{far}, {right}");
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_repeated() {
        for bad in ["short", "sha256:12", "a key with ümlauts, surely", "sha256:é"] {
            let error = KeyHash::parse(bad).unwrap_err().to_string();
            assert!(!error.contains(bad), "{error}");
        }
        let mut keys = Keys::default();
        keys.add_list(KEY, Right::Read).unwrap();
        keys.add_list(KEY, Right::Read).unwrap();
        let error = keys.add_list(KEY, Right::Apply).unwrap_err().to_string();
        assert!(error.contains("both") && !error.contains(KEY), "{error}");
        assert!(!format!("{keys:?}").contains(KEY));
    }

    #[test]
    fn a_file_without_a_key_is_refused_since_the_service_would_be_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        for empty in ["", "\n \n", "# none yet\n"] {
            std::fs::write(&path, empty).unwrap();
            let error = Keys::default().add_file(&path, Right::Apply).unwrap_err();
            assert_eq!(error.kind(), Kind::Service, "{empty:?}");
            assert!(error.to_string().contains("it holds no key"), "{error}");
        }
    }

    #[test]
    fn a_file_has_a_key_a_line_and_comments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        std::fs::write(&path, format!("# rotated 2026-01\n{KEY}\n\nshort\n")).unwrap();
        let error = Keys::default().add_file(&path, Right::Apply).unwrap_err();
        let report = error.render(&annotate_snippets::Renderer::plain());
        assert!(report.contains("line 4"), "{report}");
        std::fs::write(&path, format!("# rotated 2026-01\n{KEY}\n")).unwrap();
        let mut keys = Keys::default();
        keys.add_file(&path, Right::Apply).unwrap();
        assert_eq!(keys.count(Right::Apply), 1);
    }
}
