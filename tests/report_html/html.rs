//! What must be true of every page, found in its text.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

const VOID: [&str; 4] = ["meta", "link", "input", "br"];

/// An opening or closing tag: its name, whether it closes, and its attributes.
pub struct Tag<'a> {
    pub name: &'a str,
    pub closes: bool,
    pub ends_itself: bool,
    pub attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// The tags of a page, without its style.
pub fn tags(html: &str) -> Vec<Tag<'_>> {
    let pieces = html.split('<').skip(1).filter(|piece| !piece.starts_with('!'));
    pieces.map(|piece| tag(piece.split_once('>').expect("a tag that ends").0)).collect()
}

fn tag(text: &str) -> Tag<'_> {
    let (closes, text) = text.strip_prefix('/').map_or((false, text), |rest| (true, rest));
    let (ends_itself, text) = text.strip_suffix('/').map_or((false, text), |rest| (true, rest));
    let (name, mut rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut attributes = Vec::new();
    while let Some((name, after)) = rest.split_once('=') {
        for word in name.split_whitespace().rev().skip(1) {
            attributes.push((word, ""));
        }
        let after = after.strip_prefix('"').expect("every value is quoted");
        let (value, after) = after.split_once('"').expect("every value ends");
        attributes.push((name.split_whitespace().last().unwrap(), value));
        rest = after;
    }
    attributes.extend(rest.split_whitespace().map(|word| (word, "")));
    Tag { name, closes, ends_itself, attributes }
}

/// A slash needs no escape, and is easier to read without.
pub fn plain(html: &str) -> String {
    html.replace("&#x2f;", "/")
}

/// The style, as a browser sees it.
pub fn style(html: &str) -> &str {
    html.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0
}

/// Everything that must be true of every page.
pub fn assert_is_sound(html: &str) {
    let hash = hash(style(html));
    let policy = onerow::report::html::content_security_policy();
    assert!(policy.contains(&format!("style-src 'sha256-{hash}'")), "{policy}");
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"), "{}", &html[..80]);
    let without_style = html.replace(style(html), "");
    let tags = tags(&without_style);
    is_balanced(&tags);
    loads_nothing(&tags, style(html));
    is_in_order(&tags);
    refers_to_what_is_there(&tags);
}

fn hash(style: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style.as_bytes()))
}

fn is_balanced(tags: &[Tag<'_>]) {
    let mut open = Vec::new();
    for tag in tags.iter().filter(|tag| !VOID.contains(&tag.name) && !tag.ends_itself) {
        match tag.closes {
            false => open.push(tag.name),
            true => assert_eq!(open.pop(), Some(tag.name), "inside {open:?}"),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

fn loads_nothing(tags: &[Tag<'_>], style: &str) {
    assert!(!style.contains("@import") && !style.contains("http"), "the style loads something");
    for (_, address) in style.match_indices("url(").map(|(i, _)| style[i..].split_at(4)) {
        assert!(address.starts_with('#'), "{}", &address[..20]);
    }
    for tag in tags {
        assert!(!["script", "img", "iframe", "object", "base"].contains(&tag.name), "{}", tag.name);
        for (name, value) in &tag.attributes {
            assert!(*name != "style" && !name.starts_with("on"), "{} {name}", tag.name);
            if ["src", "href", "action", "xlink:href"].contains(name) {
                let value = plain(value);
                let local = value.starts_with('#') || value == "data:,";
                let own = value.starts_with('/') && !value.starts_with("//");
                assert!(local || own, "{} {name}={value}", tag.name);
            }
        }
    }
}

/// One `h1`, no level of heading left out, and the landmarks.
fn is_in_order(tags: &[Tag<'_>]) {
    let opened = |name: &str| tags.iter().filter(|tag| !tag.closes && tag.name == name).count();
    let landmarks = ["h1", "main", "header", "footer", "html", "body"];
    assert_eq!(landmarks.map(opened), [1; 6]);
    assert!(opened("title") >= 1);
    let mut last = 0;
    for tag in tags.iter().filter(|tag| !tag.closes) {
        let level = tag.name.strip_prefix('h').and_then(|level| level.parse::<u32>().ok());
        if let Some(level) = level {
            assert!(level <= last + 1, "an h{level} after an h{last}");
            last = level;
        }
    }
    assert_eq!(opened("table"), opened("caption"), "every table has a caption");
    assert!(
        tags.iter()
            .filter(|tag| !tag.closes && tag.name == "th")
            .all(|th| th.get("scope").is_some())
    );
}

fn refers_to_what_is_there(tags: &[Tag<'_>]) {
    let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.get("id")).collect();
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), known.len(), "an id occurs twice: {ids:?}");
    for tag in tags {
        for name in ["aria-labelledby", "aria-describedby", "for"] {
            for id in tag.get(name).into_iter().flat_map(str::split_whitespace) {
                assert!(known.contains(id), "{} {name}={id}", tag.name);
            }
        }
        if let Some(id) = tag.get("href").and_then(|href| href.strip_prefix('#')) {
            assert!(known.contains(id), "a link to {id} leads nowhere");
        }
        let asks = ["input", "select"].contains(&tag.name) && !tag.closes;
        // Chrome wants a name beside a password, for password managers; nobody sees it.
        let seen = tag.get("type") != Some("hidden") && tag.get("autocomplete") != Some("username");
        if asks && seen {
            let id = tag.get("id").expect("an input has an id");
            assert!(tags.iter().any(|label| label.get("for") == Some(id)), "{id} has no label");
        }
    }
}
