//! README.md and the pages of `docs/`: the contents, the links, and every block of code.

mod blocks;
mod commands;
mod links;
pub mod session;

use std::path::{Path, PathBuf};

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A page, by its path in the repository.
pub struct Page {
    path: PathBuf,
    text: String,
}

/// A block of code. `text` is what stands between the fences.
struct Block<'p> {
    /// The number of the line with the opening fence.
    line: usize,
    language: &'p str,
    mark: Mark<'p>,
    text: String,
}

/// What the opening fence says after the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark<'p> {
    None,
    /// `not-run: REASON`
    NotRun(&'p str),
    /// `run-by: tests/FILE`: the test that runs it.
    RunBy(&'p str),
    /// `file: NAME`: what the page's project has under this name.
    File(&'p str),
    /// `in: NAME`: which rule file it is a part of.
    In(&'p str),
    Unknown(&'p str),
}

impl<'p> Mark<'p> {
    fn read(mark: &'p str) -> Self {
        match mark.split_once(": ") {
            _ if mark.is_empty() => Self::None,
            Some(("not-run", reason)) => Self::NotRun(reason),
            Some(("run-by", test)) => Self::RunBy(test),
            Some(("file", name)) => Self::File(name),
            Some(("in", name)) => Self::In(name),
            _ => Self::Unknown(mark),
        }
    }
}

impl Page {
    pub fn read(path: &str) -> Self {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        Self { path: path.into(), text }
    }

    fn name(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Its lines, each with its number and whether it is in a block of code; the fences are.
    fn lines(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        let mut in_block = false;
        self.text.lines().enumerate().map(move |(at, line)| {
            let is_fence = line.starts_with("```");
            in_block ^= is_fence;
            (at + 1, line, in_block || is_fence)
        })
    }

    /// Its lines, without those of blocks of code.
    fn prose(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, _, in_block)| !in_block).map(|(number, line, _)| (number, line))
    }

    /// Its blocks of code, but for those in a section that another test writes and compares.
    fn blocks(&self) -> Vec<Block<'_>> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let (mut is_open, mut is_made) = (false, false);
        for (line, text, in_block) in self.lines() {
            match (text.strip_prefix("```"), is_open) {
                _ if text == "<!-- end -->" => is_made = false,
                _ if !in_block => is_made |= text.starts_with("<!-- "),
                _ if is_made => {}
                (Some(info), false) => {
                    let (language, mark) = info.split_once(' ').unwrap_or((info, ""));
                    blocks.push(Block {
                        line,
                        language,
                        mark: Mark::read(mark),
                        text: String::new(),
                    });
                    is_open = true;
                }
                (Some(_), true) => is_open = false,
                (None, _) => blocks.last_mut().unwrap().text.extend([text, "\n"]),
            }
        }
        blocks
    }

    /// The text of the blocks of this language, whatever their marks.
    pub fn texts(&self, language: &str) -> Vec<String> {
        let blocks = self.blocks().into_iter().filter(|block| block.language == language);
        blocks.map(|block| block.text).collect()
    }
}

/// The pages of `docs/`, without the contents.
fn pages() -> Vec<Page> {
    let files = std::fs::read_dir(root().join("docs")).unwrap();
    let mut names: Vec<String> =
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".md") && name != "SUMMARY.md");
    names.sort();
    assert!(names.len() > 20, "{names:?}");
    names.iter().map(|name| Page::read(&format!("docs/{name}"))).collect()
}
