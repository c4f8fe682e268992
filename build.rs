//! Tells `onerow --version` the commit that it is built from, where that is known.
//!
//! Only releases are told: otherwise each commit would have everything built and linked again.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("PROFILE").is_ok_and(|profile| profile == "release")
        && let Some(commit) = commit()
        && let Ok(version) = env::var("CARGO_PKG_VERSION")
    {
        println!("cargo::rustc-env=ONEROW_VERSION={version} ({commit})");
    }
}

/// The commit and its date: `817e253 2026-11-29`; `None` in a package, in a folder of another repository, and
/// without git.
fn commit() -> Option<String> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?).canonicalize().ok()?;
    if here.join(".cargo_vcs_info.json").exists() {
        return None;
    }
    let top = git(&here, &["rev-parse", "--show-toplevel"])?;
    if Path::new(&top).canonicalize().ok()? != here {
        return None;
    }
    // HEAD names a branch, whose commit is in a file of its own or in `packed-refs`; each commit is a line of
    // `logs/HEAD`.
    let branch = git(&here, &["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "logs/HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        let path = here.join(git(&here, &["rev-parse", "--git-path", name])?);
        // What is not there would have the build begin anew each time.
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
    git(&here, &["log", "-1", "--no-show-signature", "--format=%h %cd", "--date=format:%Y-%m-%d"])
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    // A hook of git has it set, for another repository maybe.
    git.arg("-C").arg(folder).args(arguments).env_remove("GIT_DIR");
    let output = git.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned()).filter(|text| !text.is_empty())
}
