//! The list of all messages: each text of the program that people read, as it stands in the source.
//! A reworded message is a line of this list's diff.

use std::fmt::Write;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The texts of one file, in the order of the source.
#[derive(Default)]
struct Texts(Vec<String>);

impl<'ast> Visit<'ast> for Texts {
    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        self.0.push(literal.value());
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.tokens(called.tokens.clone());
    }

    /// Documentation is an attribute; what `--help` shows of it has snapshots of its own.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit::visit_item_mod(self, module);
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
                        self.0.push(text.value());
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
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

fn list(root: &Path) -> String {
    let mut all = String::new();
    let folders = ["src", "crates/googlesql-sqlite/src"].map(|folder| root.join(folder));
    let files = folders.iter().flat_map(|folder| walkdir::WalkDir::new(folder).sort_by_file_name());
    for file in files.map(Result::unwrap) {
        let path = file.path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.ends_with(".rs") || name == "tests.rs" || path.ends_with("fuzzed.rs") {
            continue;
        }
        let mut texts = Texts::default();
        let source = std::fs::read_to_string(path).unwrap();
        texts.visit_file(&syn::parse_file(&source).unwrap());
        let prose: Vec<&String> = texts.0.iter().filter(|text| is_prose(text)).collect();
        if !prose.is_empty() {
            writeln!(all, "{}", path.strip_prefix(root).unwrap().display()).unwrap();
            for text in prose {
                writeln!(all, "  {}", text.replace('\n', "\\n")).unwrap();
            }
        }
    }
    all
}

#[test]
fn every_message_is_in_the_list() {
    let root = std::env::var("ONEROW_MESSAGES_OF").unwrap_or(env!("CARGO_MANIFEST_DIR").to_owned());
    insta::with_settings!({ snapshot_path => "messages", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("all", list(Path::new(&root)));
    });
}
