//! Removes secrets from quoted responses: a server or a proxy may repeat the token.

/// Shorter words are not tokens: `invalid bearer token` is kept.
const SHORTEST: usize = 16;
const HIDDEN: &str = "(token)";

/// The text without tokens: words after `Bearer`, and words with the prefix of Google's tokens or of JWTs.
pub(super) fn without_tokens(text: &str) -> String {
    let is_of_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    let (mut clean, mut rest, mut follows) = (String::new(), text, false);
    while let Some(begins) = rest.find(is_of_token) {
        clean.push_str(&rest[..begins]);
        rest = &rest[begins..];
        let (run, after) = rest.split_at(rest.find(|c| !is_of_token(c)).unwrap_or(rest.len()));
        let looks = ["eyJ", "ya29."].iter().find_map(|beginning| run.find(beginning));
        match (follows, looks) {
            _ if run.len() < SHORTEST => clean.push_str(run),
            (true, _) => clean.push_str(HIDDEN),
            (false, Some(at)) => {
                clean.push_str(&run[..at]);
                clean.push_str(HIDDEN);
            }
            (false, None) => clean.push_str(run),
        }
        follows = run.to_ascii_lowercase().ends_with("bearer");
        rest = after;
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_left_out_and_other_words_stay() {
        for (text, clean) in [
            (
                "head: authorization: Bearer abcdefgh12345678 x",
                "head: authorization: Bearer (token) x",
            ),
            ("\"Bearer eyJhbGciOi.eyJpc3MiOi.c2ln\"", "\"Bearer (token)\""),
            ("token=ya29.a0AfH6SMBx-y_z1234 was sent", "token=(token) was sent"),
            ("{\"t\":\"eyJhbGciOiJSUzI1NiJ9.e30.c2ln\"}", "{\"t\":\"(token)\"}"),
            ("invalid bearer token", "invalid bearer token"),
            (
                "Not found: Table demo:nba.predictions_of_2026",
                "Not found: Table demo:nba.predictions_of_2026",
            ),
            ("é Bearer\u{a0}abcdefgh12345678 ü", "é Bearer\u{a0}(token) ü"),
        ] {
            assert_eq!(without_tokens(text), clean);
        }
    }
}
