//! The contents of the book have each page once, and every link leads to a file and a heading that are there.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{Page, pages, root};

/// The targets of a line's links and pictures.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).map(|rest| rest.split(')').next().unwrap())
}

/// A heading's anchor, as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let plain = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = plain.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().replace(' ', "-")
}

/// `docs/` and `../deploy` make `deploy`.
fn joined(folder: &Path, target: &str) -> PathBuf {
    let mut path = folder.to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => assert!(path.pop(), "{target} leads out of the repository"),
            Component::Normal(name) => path.push(name),
            _ => panic!("{target}"),
        }
    }
    path
}

/// What is wrong with the links of a page.
fn broken(page: &Page) -> Vec<String> {
    let folder = page.path.parent().unwrap();
    let mut broken = Vec::new();
    for (number, line) in page.prose() {
        for target in targets(line).filter(|target| !target.contains("://")) {
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.path.clone() } else { joined(folder, file) };
            let is_there = root().join(&path).exists();
            let has_place = || {
                let led_to = Page::read(path.to_str().unwrap());
                let headings = led_to.prose().filter(|(_, line)| line.starts_with('#'));
                headings.into_iter().any(|(_, heading)| anchor(heading) == place)
            };
            if !is_there || !(place.is_empty() || has_place()) {
                broken.push(format!("{}:{number}: {target}", page.name()));
            }
        }
    }
    broken
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let mut all = pages();
    all.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/SUMMARY.md"].map(Page::read));
    let broken: Vec<String> = all.iter().flat_map(broken).collect();
    assert!(broken.is_empty(), "these links lead nowhere:\n{}", broken.join("\n"));
}

/// The book has the pages of `docs/` and nothing else.
#[test]
fn no_link_of_a_page_leads_out_of_the_book() {
    let out = |page: &Page| -> Vec<String> {
        let lines = page.prose();
        let links = lines.flat_map(|(number, line)| targets(line).map(move |to| (number, to)));
        let out = links.filter(|(_, target)| target.starts_with("../"));
        out.map(|(number, target)| format!("{}:{number}: {target}", page.name())).collect()
    };
    let found: Vec<String> = pages().iter().flat_map(out).collect();
    assert!(found.is_empty(), "name the file by its path:\n{}", found.join("\n"));
    let text = "[a](rules.md) [b](../deploy/Dockerfile)".to_owned();
    let page = Page { path: "docs/index.md".into(), text };
    assert_eq!(out(&page), ["docs/index.md:1: ../deploy/Dockerfile"], "else this tests nothing");
}

/// Without this, the test above would say nothing of a link that leads nowhere.
#[test]
fn a_link_that_leads_nowhere_is_found() {
    let text = "[a](rules.md#no-such-place) [b](no-such-page.md) [c](rules.md#rulename)".to_owned();
    let page = Page { path: "docs/index.md".into(), text };
    let nowhere = ["rules.md#no-such-place", "no-such-page.md"];
    assert_eq!(broken(&page), nowhere.map(|target| format!("docs/index.md:1: {target}")));
}

#[test]
fn the_contents_have_each_page_once() {
    let contents = Page::read("docs/SUMMARY.md");
    let mut listed: Vec<&str> = contents.prose().flat_map(|(_, line)| targets(line)).collect();
    listed.sort_unstable();
    let pages: Vec<String> = pages()
        .iter()
        .map(|page| page.path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, pages);
}

/// A page that a message of the program names, and a place on it.
#[test]
fn the_places_that_the_program_and_its_configuration_name_are_there() {
    let mut named = BTreeSet::new();
    for folder in ["src", "deploy", "action", "presets", "sql"] {
        for file in walkdir::WalkDir::new(root().join(folder)) {
            let Ok(text) = std::fs::read_to_string(file.unwrap().path()) else { continue };
            let is_name = |c: char| c.is_ascii_alphanumeric() || "-_#.".contains(c);
            for (at, _) in text.match_indices(" docs/") {
                let rest = &text[at + " docs/".len()..];
                let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                named.insert(rest[..end].trim_end_matches('.').to_owned());
            }
        }
    }
    named.retain(|name| name.contains(".md"));
    assert!(named.len() > 3, "{named:?}");
    let text: String = named.iter().map(|name| format!("[]({name})\n")).collect();
    assert_eq!(broken(&Page { path: "docs/named.md".into(), text }), [""; 0]);
}
