//! Access to files whose names come from a project. Nothing is read, written or removed through a symbolic
//! link that leads out of the given folder.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use crate::error::{Error, Kind, Result, utf8};

/// A folder that the user named, and its contents. The folder itself may be a symbolic link, since the user
/// chose it. Links below it belong to the project and may not lead out of it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    dir: Dir,
}

impl Folder {
    /// Opens an existing folder.
    ///
    /// # Errors
    /// The folder cannot be opened.
    pub fn open(path: &Path) -> Result<Self> {
        let dir = ambient(path).map_err(|cause| {
            Error::io(format!("cannot open the folder `{}`", path.display()), cause)
        })?;
        Ok(Self { path: path.to_owned(), dir })
    }

    /// Opens a folder, creating it if necessary.
    ///
    /// # Errors
    /// The folder cannot be created or opened.
    pub fn create(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(here(path)).map_err(|cause| {
            Error::io(format!("cannot create the folder `{}`", path.display()), cause)
        })?;
        Self::open(path)
    }

    /// The path of a file below the folder, as shown in messages.
    pub fn path_of(&self, below: &Path) -> PathBuf {
        self.path.join(below)
    }

    /// Whether the path is a file, following links that stay in the folder.
    ///
    /// # Errors
    /// The path is a link that leads out of the folder.
    pub fn is_file(&self, below: &Path) -> Result<bool> {
        Ok(self.metadata(below)?.is_some_and(|metadata| metadata.is_file()))
    }

    /// Whether the path is a folder, following links that stay in this folder.
    ///
    /// # Errors
    /// The path is a link that leads out of the folder.
    pub fn is_folder(&self, below: &Path) -> Result<bool> {
        Ok(self.metadata(below)?.is_some_and(|metadata| metadata.is_dir()))
    }

    /// `None` if nothing exists there or its metadata cannot be read; opening it gives the reason.
    fn metadata(&self, below: &Path) -> Result<Option<cap_std::fs::Metadata>> {
        match self.dir.metadata(below) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(cause) if is_escape(&cause) => Err(self.failed("read", below)(cause)),
            Err(_) => Ok(None),
        }
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// The file cannot be opened, or leads out of the folder.
    pub fn file(&self, below: &Path) -> Result<File> {
        let opened = self.dir.open(below).map_err(self.failed("read", below))?;
        Ok(opened.into_std())
    }

    /// Reads a file as UTF-8.
    ///
    /// # Errors
    /// The file cannot be read, is not UTF-8, or leads out of the folder.
    pub fn text(&self, below: &Path) -> Result<String> {
        let mut bytes = Vec::new();
        self.file(below)?.read_to_end(&mut bytes).map_err(self.failed("read", below))?;
        utf8(bytes, &self.path_of(below))
    }

    /// The visible entries of a subfolder, sorted by name; empty if the subfolder does not exist.
    ///
    /// # Errors
    /// The subfolder cannot be read, or leads out of the folder.
    pub fn entries(&self, below: &Path) -> Result<Vec<PathBuf>> {
        if !self.is_folder(below)? {
            return Ok(Vec::new());
        }
        let failed = self.failed("read the folder", below);
        let mut paths = Vec::new();
        for entry in self.dir.read_dir(below).map_err(&failed)? {
            let name = entry.map_err(&failed)?.file_name();
            if !name.to_string_lossy().starts_with('.') {
                paths.push(below.join(name));
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// Writes a file atomically, through a temporary file that is removed on failure. A link in its place is
    /// replaced, not followed.
    ///
    /// # Errors
    /// The file cannot be written, or its folder leads out of this one.
    pub fn write(&self, below: &Path, text: &str) -> Result<()> {
        self.prepare(below)?;
        let mut beside = below.as_os_str().to_owned();
        beside.push(".partial");
        let written = self
            .unlink(Path::new(&beside))
            .and_then(|()| self.write_new(Path::new(&beside), text))
            .and_then(|()| self.dir.rename(&beside, &self.dir, below));
        written.map_err(|cause| {
            // The temporary file may not exist.
            let _ = self.dir.remove_file(&beside);
            self.failed("write", below)(cause)
        })
    }

    /// Writes a new file.
    ///
    /// # Errors
    /// The path exists, cannot be written, or its folder leads out of this one.
    pub fn write_first(&self, below: &Path, text: &str) -> Result<()> {
        self.prepare(below)?;
        self.write_new(below, text).map_err(self.failed("write", below))
    }

    /// Creates the folder of a file.
    fn prepare(&self, below: &Path) -> Result<()> {
        match below.parent().filter(|parent| *parent != Path::new("")) {
            Some(parent) if self.is_folder(parent)? => Ok(()),
            Some(parent) => self.dir.create_dir_all(parent).map_err(self.failed("write", below)),
            None => Ok(()),
        }
    }

    /// Creating a new file cannot follow a link.
    fn write_new(&self, below: &Path, text: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        self.dir.open_with(below, &options)?.write_all(text.as_bytes())
    }

    /// Removes a file, or a link but not its target; then the file's folder, if empty.
    ///
    /// # Errors
    /// The file cannot be removed, or its folder leads out of this one.
    pub fn remove(&self, below: &Path) -> Result<()> {
        self.unlink(below).map_err(self.failed("remove", below))?;
        if let Some(parent) = below.parent().filter(|parent| *parent != Path::new("")) {
            // A folder that is not empty stays.
            let _ = self.dir.remove_dir(parent);
        }
        Ok(())
    }

    fn unlink(&self, below: &Path) -> io::Result<()> {
        match self.dir.remove_file(below) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn failed<'a>(&'a self, doing: &'a str, below: &'a Path) -> impl Fn(io::Error) -> Error + 'a {
        move |cause| match is_escape(&cause) {
            true => leads_out(&self.path_of(below)),
            false => {
                Error::io(format!("cannot {doing} `{}`", self.path_of(below).display()), cause)
            }
        }
    }
}

/// Writes a file that the user named, atomically.
///
/// # Errors
/// The file cannot be written.
pub fn write_named(path: &Path, text: &str) -> Result<()> {
    let failed = |cause| Error::io(format!("cannot write `{}`", path.display()), cause);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(failed(io::ErrorKind::InvalidFilename.into()));
    };
    let dir = ambient(folder).map_err(failed)?;
    Folder { path: folder.to_owned(), dir }.write(Path::new(name), text)
}

/// Resolves a path from a project's file, relative to the folder. A path that starts in the folder must end
/// there; an absolute path, or one that goes upward, is visible in the rule file and allowed.
///
/// # Errors
/// A symbolic link of the project leads out of the folder.
pub fn named(folder: &Path, path: &Path) -> Result<PathBuf> {
    let whole = folder.join(path);
    if stays_below(path)
        && let Ok(dir) = ambient(folder)
    {
        let leads_elsewhere =
            |part: &Path| dir.metadata(part).is_err_and(|cause| is_escape(&cause));
        let parts = path.ancestors().filter(|part| *part != Path::new(""));
        if parts.into_iter().any(leads_elsewhere) {
            return Err(leads_out(&whole));
        }
    }
    Ok(whole)
}

/// Whether a path only goes downward, before links are resolved.
fn stays_below(path: &Path) -> bool {
    let mut depth = 0_usize;
    path.components().all(|part| match part {
        Component::Normal(_) => {
            depth += 1;
            true
        }
        Component::CurDir => true,
        Component::ParentDir => match depth.checked_sub(1) {
            Some(less) => {
                depth = less;
                true
            }
            None => false,
        },
        Component::RootDir | Component::Prefix(_) => false,
    })
}

/// Creates a file that only this user can access, and its folders.
///
/// # Errors
/// The file or a folder cannot be created.
pub fn create_private(path: &Path) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(here(folder)).map_err(|cause| {
        Error::io(format!("cannot create the folder `{}`", folder.display()), cause)
    })?;
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(cause) if cause.kind() != io::ErrorKind::AlreadyExists => {
            Err(Error::io(format!("cannot create `{}`", path.display()), cause))
        }
        _ => Ok(()),
    }
}

/// Opens a lock file; a new one is created for this user only. A link is followed within its folder.
///
/// # Errors
/// The file cannot be opened, or leads out of its folder.
pub fn lock_file(path: &Path) -> Result<File> {
    let failed = |cause: io::Error| match is_escape(&cause) {
        true => leads_out(path),
        false => Error::io(format!("cannot open `{}`", path.display()), cause),
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    cap_std::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let dir = ambient(path.parent().unwrap_or(Path::new(""))).map_err(failed)?;
    let name = path.file_name().unwrap_or(OsStr::new(""));
    Ok(dir.open_with(name, &options).map_err(failed)?.into_std())
}

fn ambient(path: &Path) -> io::Result<Dir> {
    Dir::open_ambient_dir(here(path), ambient_authority())
}

/// The parent of `page.html` is the empty path, which cannot be opened.
fn here(path: &Path) -> &Path {
    if path == Path::new("") { Path::new(".") } else { path }
}

/// Whether the path led outside: the only refusal that cap-std itself reports.
fn is_escape(cause: &io::Error) -> bool {
    cause.kind() == io::ErrorKind::PermissionDenied && cause.raw_os_error().is_none()
}

fn leads_out(path: &Path) -> Error {
    let message = format!("`{}` goes through a link that leads out of its folder", path.display());
    Error::new(Kind::Link, message)
        .help("put the file itself in the place of the link: such links are never followed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_where_it_never_goes_above_its_beginning() {
        for (path, stays) in [
            (".onerow/local.db", true),
            ("./a/../b", true),
            ("a/..", true),
            ("../a", false),
            ("a/../../b", false),
            ("/a", false),
        ] {
            assert_eq!(stays_below(Path::new(path)), stays, "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_within_the_folder_and_never_out_of_it() {
        use std::os::unix::fs::symlink;
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = outside.path().join("secret");
        std::fs::write(&secret, "SECRET").unwrap();
        std::fs::write(inside.path().join("real"), "here").unwrap();
        let link = |to: &Path, name: &str| symlink(to, inside.path().join(name)).unwrap();
        link(Path::new("real"), "within");
        link(&secret, "absolute");
        link(outside.path(), "folder");
        let up = format!("../{}/secret", outside.path().file_name().unwrap().display());
        link(Path::new(&up), "relative");
        let folder = Folder::open(inside.path()).unwrap();
        assert_eq!(folder.text(Path::new("within")).unwrap(), "here");
        for name in ["absolute", "relative", "folder/secret"] {
            let error = folder.text(Path::new(name)).unwrap_err().to_string();
            assert!(error.contains("leads out of its folder"), "{name}: {error}");
            let error = named(inside.path(), Path::new(name)).unwrap_err().to_string();
            assert!(error.contains("leads out of its folder"), "{name}: {error}");
        }
        assert!(named(inside.path(), Path::new("folder/new/file")).is_err());
        for name in ["folder/new", "folder/secret"] {
            assert!(folder.write(Path::new(name), "x").is_err());
            assert!(folder.write_first(Path::new(name), "x").is_err());
            assert!(folder.remove(Path::new(name)).is_err());
        }
        link(&secret, "page.partial");
        folder.write(Path::new("page"), "x").unwrap();
        folder.write(Path::new("absolute"), "x").unwrap();
        folder.remove(Path::new("relative")).unwrap();
        assert_eq!(std::fs::read_to_string(&secret).unwrap(), "SECRET");
        assert!(lock_file(&inside.path().join("real")).is_ok());
        link(&outside.path().join("lock"), "lock");
        assert!(lock_file(&inside.path().join("lock")).is_err());
        assert!(!outside.path().join("lock").exists());
    }
}
