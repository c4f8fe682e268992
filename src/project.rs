//! A project: a folder with a rule file and optional templates.

use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result, did_you_mean};
use crate::files::Folder;
use crate::rule::{RuleFile, RuleName};
use crate::statement::StepName;
use crate::template::{Template, Templates};

/// The name of the rule file.
pub(crate) const RULE_FILE: &str = "onerow.toml";

/// The rule file and the templates of a folder.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder.
    pub folder: PathBuf,
    /// Its rule file.
    pub file: RuleFile,
    /// The shipped and the project's own templates.
    pub templates: Templates,
}

impl Project {
    /// Reads a project.
    ///
    /// # Errors
    /// There is no rule file or it has a mistake, a template is not UTF-8, or a folder in `sql/` matches no
    /// rule.
    pub fn open(folder: &Path) -> Result<Self> {
        let files = folder_of(folder)?;
        let rules = configuration(&files, Path::new(RULE_FILE))?;
        Self::of(folder, &rules, read_templates(&files)?)
    }

    /// The given folder; otherwise the nearest one with a rule file, from the current folder upward. If there
    /// is none, the current folder; opening it then fails.
    pub fn folder(given: Option<&Path>) -> PathBuf {
        if let Some(folder) = given {
            return folder.to_owned();
        }
        let here = PathBuf::from(".");
        let depth = std::env::current_dir().map_or(0, |folder| folder.ancestors().count() - 1);
        let upward = (1..=depth).map(|up| std::iter::repeat_n("..", up).collect());
        let mut folders = std::iter::once(here.clone()).chain(upward);
        folders.find(|folder: &PathBuf| folder.join(RULE_FILE).is_file()).unwrap_or(here)
    }

    /// A project of these texts: the rule file, and templates with their paths below `sql/`.
    ///
    /// # Errors
    /// The texts have a mistake.
    pub fn of(folder: &Path, rules: &Template, sql: Vec<(PathBuf, Template)>) -> Result<Self> {
        let file = RuleFile::parse(&rules.path, &rules.text)?;
        let mut templates = Templates::shipped();
        for (below, source) in sql {
            let name = below.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let rule = match below.parent().filter(|parent| *parent != Path::new("")) {
                Some(parent) => Some(rule_of(parent, &source, &file)?),
                None => None,
            };
            refuse_shipped_only(name, &source)?;
            templates = templates.with(rule, name, source);
        }
        Ok(Self { folder: folder.to_owned(), file, templates })
    }

    /// A project of a rule file that may have no rules yet, without templates of its own.
    ///
    /// # Errors
    /// The text has a mistake.
    pub fn started(folder: &Path, rules: &Template) -> Result<Self> {
        let file = RuleFile::started(&rules.path, &rules.text)?;
        Ok(Self { folder: folder.to_owned(), file, templates: Templates::shipped() })
    }

    /// The project's test files, `tests/*.toml`, sorted by name: path and text.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn test_files(&self) -> Result<Vec<(PathBuf, String)>> {
        let folder = Folder::open(&self.folder)?;
        let files = test_paths(&folder)?;
        files.into_iter().map(|path| Ok((folder.path_of(&path), folder.text(&path)?))).collect()
    }
}

/// The folder of a project. Errors: it has no rule file.
pub(crate) fn folder_of(folder: &Path) -> Result<Folder> {
    let missing = || {
        Error::new(
            Kind::NoProject,
            match folder == Path::new(".") {
                true => format!("there is no {RULE_FILE} here or in a folder above"),
                false => format!("there is no {RULE_FILE} in `{}`", folder.display()),
            },
        )
        .help("name the folder with --project-dir, or start a project with `onerow init`")
    };
    let files = Folder::open(folder).map_err(|_| missing())?;
    match files.is_file(Path::new(RULE_FILE))? {
        true => Ok(files),
        false => Err(missing()),
    }
}

/// The test files of a project's folder, `tests/*.toml`, sorted by name.
pub(crate) fn test_paths(folder: &Folder) -> Result<Vec<PathBuf>> {
    let mut paths = folder.entries(Path::new("tests"))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    Ok(paths)
}

/// The templates in `sql/` and its subfolders.
fn read_templates(folder: &Folder) -> Result<Vec<(PathBuf, Template)>> {
    let sql = Path::new("sql");
    let mut templates = Vec::new();
    for path in folder.entries(sql)? {
        let paths = if folder.is_folder(&path)? { folder.entries(&path)? } else { vec![path] };
        for path in paths.into_iter().filter(|path| is_template(path)) {
            let below = path.strip_prefix(sql).unwrap_or(&path).to_owned();
            templates.push((below, configuration(folder, &path)?));
        }
    }
    Ok(templates)
}

/// Whether a file in `sql/` is a template.
pub(crate) fn is_template(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "sql")
}

/// Refuses a project's template for a step whose text is always the shipped one.
fn refuse_shipped_only(file: &str, source: &Template) -> Result<()> {
    let step = file.strip_suffix(".sql").and_then(|name| StepName::parse(name).ok());
    let Some(step) = step.filter(StepName::is_shipped_only) else { return Ok(()) };
    let message = format!(
        "`{}` would replace the step {step}, which is always the shipped text",
        source.path
    );
    Err(Error::new(Kind::RuleFile, message).help(format!(
        "what is removed is decided by it; to see the result of a query of your own beside it, make it \
         a custom step: rename the file, for example to my_{step}.sql, and name it in the rule's `steps`"
    )))
}

fn rule_of(folder: &Path, source: &Template, file: &RuleFile) -> Result<RuleName> {
    let name = folder.display().to_string();
    let rules = || file.rules.iter().map(|rule| &rule.name);
    rules().find(|rule| rule.as_str() == name).cloned().ok_or_else(|| {
        Error::new(
            Kind::RuleFile,
            format!(
                "`{}` is in a folder that matches no rule, so it would never be used",
                source.path
            ),
        )
        .help(did_you_mean(&name, rules().map(RuleName::as_str)))
    })
}

/// A file of the configuration, whose errors are configuration errors.
fn configuration(folder: &Folder, path: &Path) -> Result<Template> {
    let text = folder.text(path).map_err(|error| match error.kind() {
        Kind::DataFile => Error::new(Kind::RuleFile, error.headline())
            .help("save the file as UTF-8 and run the command again"),
        _ => error,
    })?;
    Ok(Template { path: folder.path_of(path).display().to_string(), text })
}
