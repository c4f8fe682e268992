//! Findings that a template allows, with a reason: `-- onerow: allow cross-join: one row of settings`.

use sqlparser::tokenizer::{Token, TokenWithSpan, Whitespace};

use super::{Code, Finding, Text};
use crate::error::did_you_mean;

/// One `allow` comment.
struct Allow {
    code: Code,
    place: (u64, u64),
    used: bool,
}

/// The `allow` comments of a statement.
pub(super) struct Allows(Vec<Allow>);

impl Allows {
    /// Reads them from the statement's own comments; one inside a literal is no comment.
    pub fn read(text: &Text<'_>, tokens: &[TokenWithSpan], findings: &mut Vec<Finding>) -> Self {
        let mut allows = Vec::new();
        for token in tokens {
            let Token::Whitespace(Whitespace::SingleLineComment { comment, .. }) = &token.token
            else {
                continue;
            };
            let Some(words) = comment.trim().strip_prefix("onerow: allow ") else { continue };
            let place = (token.span.start.line, token.span.start.column);
            match allowed(words) {
                Ok(code) => allows.push(Allow { code, place, used: false }),
                Err((reason, help)) => {
                    findings.push(text.finding_at(Code::BadAllow, place, reason, help));
                }
            }
        }
        Self(allows)
    }

    /// Whether findings of this code are allowed.
    pub fn has(&self, code: Code) -> bool {
        self.0.iter().any(|allow| allow.code == code)
    }

    /// Removes the allowed findings, and adds a finding for each unused `allow`. Returns the number removed.
    pub fn apply(mut self, text: &Text<'_>, findings: &mut Vec<Finding>) -> usize {
        let before = findings.len();
        findings.retain(|finding| {
            let mut allowed = false;
            for allow in self.0.iter_mut().filter(|allow| allow.code == finding.code) {
                allow.used = true;
                allowed = true;
            }
            !allowed
        });
        let count = before - findings.len();
        findings.extend(self.0.iter().filter(|allow| !allow.used).map(|allow| {
            text.finding_at(
                Code::UnusedAllow,
                allow.place,
                format!("it allows {}, which is not found here", allow.code),
                "remove the comment, so that it does not hide a later finding",
            )
        }));
        count
    }
}

/// The code of `<code>: <reason>`, or what is wrong and how to fix it.
fn allowed(words: &str) -> Result<Code, (String, String)> {
    let (name, reason) = words.split_once(':').unwrap_or((words, ""));
    let name = name.trim();
    let Some(code) = Code::parse(name) else {
        let known = Code::ALL.into_iter().filter(|code| code.may_be_allowed());
        let help = did_you_mean(name, known.map(Code::as_str));
        return Err((format!("there is no check `{}`", name.escape_debug()), help));
    };
    if !code.may_be_allowed() {
        return Err((
            format!("{code} is a safety check and cannot be allowed"),
            "fix the finding, and remove the comment".to_owned(),
        ));
    }
    if reason.trim().is_empty() {
        return Err((
            format!("it allows {code} without a reason"),
            format!("write -- onerow: allow {code}: and why that is right here"),
        ));
    }
    Ok(code)
}
