//! A project at a git revision. The work tree is not changed; git only prints files.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Kind, Result};
use crate::project::{Project, RULE_FILE, is_template};
use crate::template::Template;

/// A revision that exists.
#[derive(Debug, Clone)]
pub struct Revision {
    folder: PathBuf,
    /// The name as given.
    pub name: String,
    /// Its full hash.
    pub commit: String,
    /// The project's folder, as seen from the repository's root; ends in `/` unless it is the root.
    prefix: String,
}

impl Revision {
    /// Finds a revision of the folder's repository.
    ///
    /// # Errors
    /// There is no git, no repository or no such revision.
    pub fn find(folder: &Path, name: &str) -> Result<Self> {
        let prefix = git(folder, &["rev-parse", "--show-prefix"])?.trim_end().to_owned();
        // `--end-of-options`: a name may begin with a dash.
        let wanted = format!("{name}^{{commit}}");
        let commit =
            git(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
                .map_err(|_| {
                    Error::new(
                        Kind::UnknownName,
                        format!("git knows no revision `{}`", name.escape_debug()),
                    )
                    .help("in CI, fetch it first: a shallow clone has no other branches")
                })?;
        let commit = commit.trim_end().to_owned();
        Ok(Self { folder: folder.to_owned(), name: name.to_owned(), commit, prefix })
    }

    /// The project at this revision; `None` if it had no rule file.
    ///
    /// # Errors
    /// git failed, or the project has a mistake.
    pub fn project(&self) -> Result<Option<Project>> {
        let list = git(
            &self.folder,
            &["ls-tree", "-r", "-z", "--name-only", "--full-tree", &self.commit],
        )?;
        let inside = list.split('\0').filter_map(|path| path.strip_prefix(&self.prefix));
        let (mut rules, mut sql) = (None, Vec::new());
        for path in inside {
            if path == RULE_FILE {
                rules = Some(self.file(path)?);
            } else if let Some(below) = path.strip_prefix("sql/").map(Path::new)
                && is_template(below)
                && below.components().count() <= 2
                && !below.iter().any(|part| part.to_string_lossy().starts_with('.'))
            {
                sql.push((below.to_owned(), self.file(path)?));
            }
        }
        let project = rules.map(|rules| Project::of(&self.folder, &rules, sql));
        project
            .transpose()
            .map_err(|error| error.while_doing(format!("reading the project at {}", self.name)))
    }

    fn file(&self, path: &str) -> Result<Template> {
        let object = format!("{}:{}{path}", self.commit, self.prefix);
        let text = git(&self.folder, &["cat-file", "blob", &object])?;
        Ok(Template { path: format!("{path} at {}", self.name), text })
    }
}

fn git(folder: &Path, arguments: &[&str]) -> Result<String> {
    let output =
        Command::new("git").env("LC_ALL", "C").arg("-C").arg(folder).args(arguments).output();
    let output = output.map_err(|cause| {
        Error::io("cannot run git", cause)
            .help("review reads the base revision with git; install it")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("not a git repository") {
            let message = format!("`{}` is not in a git repository", folder.display());
            return Err(Error::new(Kind::Usage, message).help(
                "review compares the project with an earlier revision: run it in a clone of the repository",
            ));
        }
        let said = said.lines().next().unwrap_or("it gave no reason").to_owned();
        return Err(Error::new(Kind::Usage, format!("git: {said}")));
    }
    String::from_utf8(output.stdout).map_err(|_| {
        Error::new(Kind::DataFile, format!("git {} is not UTF-8", arguments.join(" ")))
    })
}
