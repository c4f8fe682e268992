//! Texts that would like to be more than text.

use proptest::prelude::*;

/// Each breaks something out of somewhere, if it is let.
pub const HOSTILE: [&str; 40] = [
    "x'; DROP TABLE t; --",
    "x' OR '1'='1",
    "x\\' OR TRUE --",
    "x\\",
    "x\\\\' --",
    "''",
    "'''",
    "\"",
    "\"\"\"",
    "r'\\'",
    "`",
    "a`b",
    "a` WHERE TRUE --",
    "a.b` AS x, `c",
    "--",
    "a -- b",
    "# c",
    "/* c",
    "*/ c",
    "/* a */",
    "a\nb",
    "a\rb",
    "a\r\nb",
    "a\tb",
    "a\0b",
    "\u{1b}[2J\u{1b}]0;x\u{7}",
    "\u{2019} OR \u{2019}1\u{2019}=\u{2019}1",
    "\u{ff07} OR 1=1",
    "\u{201c}x\u{201d}",
    "a\u{200b}b",
    "\u{202e}evil",
    "\u{2066}a\u{2069}",
    "a\u{2028}b",
    "{{ 1 + 1 }}",
    "{% raw %}",
    "@cutoff",
    "$$ x $$",
    "a) OVER (PARTITION BY b",
    "a, b",
    "ünïcode_日本",
];

/// Each would like to be an element, an attribute, a link, or a call to somebody.
pub const MARKUP: [&str; 16] = [
    "<b>evil</b>",
    "<script>evil()</script>",
    "\"><img src=x onerror=evil()>",
    "x' onmouseover='evil()",
    "x onclick=evil()",
    "</td></tr></table><h1>evil",
    "</title></style><b>evil",
    "<!-- evil",
    "]]><evil/>",
    "&lt;evil&gt; &#60;b>",
    "[evil](https://evil.example)",
    "![evil](javascript:evil())",
    "@evil and #1 and **evil**",
    "` @evil `` | evil |",
    "javascript:evil()",
    "x|evil\\|y",
];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static str> {
    HOSTILE.into_iter().chain(MARKUP)
}

/// One of them, several in a row, any text, or one that is very long.
pub fn hostile() -> impl Strategy<Value = String> {
    let one = prop::sample::select(all().collect::<Vec<_>>()).prop_map(str::to_owned);
    let several = prop::collection::vec(one.clone(), 2..5).prop_map(|texts| texts.concat());
    let long = (one.clone(), 100..3000_usize).prop_map(|(text, times)| text.repeat(times));
    let looks_good = "[a-z_]{1,6}";
    let mixed =
        (looks_good, one.clone(), looks_good).prop_map(|(a, text, b)| format!("{a}{text}{b}"));
    prop_oneof![3 => one, 3 => several, 1 => long, 3 => mixed, 2 => any::<String>()]
}

/// The text as a TOML string.
pub fn toml(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            c if c.is_control() => format!("\\u{:04X}", c as u32),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}
