//! The list of all messages: each text of the program that people read, as it stands in the source.
//! A reworded message is a line of this list's diff.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The texts of one file, in the order of the source.
#[derive(Default)]
struct Texts {
    all: Vec<String>,
    /// Files that it declares as modules for tests.
    for_tests: Vec<String>,
}

impl<'ast> Visit<'ast> for Texts {
    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.all.push(literal.value());
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(called.tokens.clone());
    }

    /// Documentation is an attribute; what `--help` shows of it has snapshots of its own.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        match is_for_tests(&module.attrs) {
            true => self.for_tests.push(module.ident.to_string()),
            false => visit::visit_item_mod(self, module),
        }
    }
}

impl Texts {
    /// The arguments of a macro such as `format!` are not parsed: any literal of theirs is a text.
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                        self.all.push(text.value());
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => {
            let only = ["test", "fuzzing", "any (test , fuzzing)"];
            list.path.is_ident("cfg") && only.contains(&list.tokens.to_string().as_str())
        }
        _ => false,
    })
}

/// What statements begin with.
const SQL: [&str; 9] =
    ["SELECT", "INSERT", "CREATE", "UPDATE", "DELETE", "MERGE", "FROM", "WITH", "DROP"];

/// Whether people read it: two words of small letters, and no SQL and no markup.
fn is_prose(text: &str) -> bool {
    let is_word = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase());
    let words = text.split(|c: char| c.is_whitespace() || ",;:()".contains(c));
    let first = text.split_whitespace().next().unwrap_or_default();
    let is_code = SQL.contains(&first) || first.starts_with('<') || first.starts_with("--");
    words.filter(is_word).count() >= 2 && !is_code
}

/// The texts of a module's file and of the files that it declares, each under the file's name.
fn add(file: &Path, root: &Path, all: &mut BTreeMap<String, Vec<String>>) {
    let mut texts = Texts::default();
    texts.visit_file(&syn::parse_file(&std::fs::read_to_string(file).unwrap()).unwrap());
    let folder = match file.file_stem().unwrap().to_str().unwrap() {
        "lib" | "mod" => file.parent().unwrap().to_owned(),
        stem => file.with_file_name(stem),
    };
    let modules = walkdir::WalkDir::new(&folder).min_depth(1).max_depth(2).sort_by_file_name();
    for entry in modules.into_iter().filter_map(Result::ok) {
        let path = entry.path();
        let is_mod = entry.depth() == 2 && path.ends_with("mod.rs");
        let name = if is_mod { path.parent().unwrap() } else { path };
        let name = name.file_stem().unwrap().to_str().unwrap();
        let is_file = entry.depth() == 1 && path.extension().is_some_and(|end| end == "rs");
        let is_own = ["lib", "mod", "main"].contains(&name);
        if (is_mod || is_file) && !is_own && !texts.for_tests.iter().any(|module| module == name) {
            add(path, root, all);
        }
    }
    let prose = texts.all.into_iter().filter(|text| is_prose(text)).collect();
    all.insert(file.strip_prefix(root).unwrap().display().to_string(), prose);
}

fn list(root: &Path) -> String {
    let mut all = BTreeMap::new();
    for crate_root in ["src/lib.rs", "crates/googlesql-sqlite/src/lib.rs"] {
        add(&root.join(crate_root), root, &mut all);
    }
    let mut list = String::new();
    for (file, texts) in all.iter().filter(|(_, texts)| !texts.is_empty()) {
        writeln!(list, "{file}").unwrap();
        for text in texts {
            writeln!(list, "  {}", text.replace('\n', "\\n")).unwrap();
        }
    }
    list
}

#[test]
fn every_message_is_in_the_list() {
    let root = std::env::var("ONEROW_MESSAGES_OF").unwrap_or(env!("CARGO_MANIFEST_DIR").to_owned());
    insta::with_settings!({ snapshot_path => "messages", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("all", list(Path::new(&root)));
    });
}

#[test]
fn the_record_of_the_rewording_has_the_texts_of_today() {
    let all = include_str!("messages/all.snap");
    let today: BTreeSet<&str> = all.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let record = include_str!("../docs/wording.md").lines();
    let reworded: Vec<&str> = record.filter_map(|line| line.strip_prefix("+ ")).collect();
    assert!(reworded.len() > 100, "{reworded:?}");
    let gone: Vec<&str> = reworded.into_iter().filter(|text| !today.contains(text)).collect();
    assert_eq!(gone, Vec::<&str>::new(), "docs/wording.md has a text that is no message any more");
}
