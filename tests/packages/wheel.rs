//! `pip install onerow`

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::{builder, cleans_the_first_table, empty, program, root, succeeds, version};

/// A cargo that has built the program already: maturin asks it to, and takes what it names. All else is real. The
/// real build would compile the program again, with the features of a build without tests.
fn stand_in(folder: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let output = cargo.current_dir(root()).output().unwrap();
    let metadata: Json = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "onerow").unwrap();
    let targets = package["targets"].as_array().unwrap();
    let target = targets.iter().find(|target| target["kind"] == json!(["bin"])).unwrap();
    let built = json!({
        "reason": "compiler-artifact", "package_id": package["id"], "target": target,
        "manifest_path": package["manifest_path"],
        "profile": { "opt_level": "3", "debuginfo": 0, "debug_assertions": false, "overflow_checks": false, "test": false },
        "features": [], "filenames": [program()], "executable": program(), "fresh": true,
    });
    std::fs::write(
        folder.join("built.json"),
        format!("{built}\n{}\n", json!({ "reason": "build-finished", "success": true })),
    )
    .unwrap();
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in\n  rustc|build) exec cat '{}' ;;\n  *) exec '{}' \"$@\" ;;\nesac\n",
        folder.join("built.json").display(),
        env!("CARGO"),
    );
    let path = folder.join("cargo");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn the_wheel_installs_the_program_and_needs_nothing_else() {
    let Some(maturin) = builder("ONEROW_MATURIN", 2) else { return };
    let home = tempfile::tempdir().unwrap();
    let bin = home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    stand_in(&bin);
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut build = Command::new(maturin);
    build.args(["build", "--release", "--locked", "--compatibility", "linux"]);
    build.arg("--out").arg(home.path()).env("PATH", path).env("CARGO", bin.join("cargo"));
    // What would be written beside the wheel has no place in the target folder of the tests.
    build.env("CARGO_TARGET_DIR", home.path().join("target"));
    succeeds(build.current_dir(root()));
    let files = std::fs::read_dir(home.path()).unwrap().map(|file| file.unwrap().path());
    let wheels: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|e| e == "whl")).collect();
    let [wheel] = &wheels[..] else { panic!("{wheels:?}") };
    let name = wheel.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&format!("onerow-{}-py3-none-linux_", version())), "{name}");

    let environment = home.path().join("environment");
    let python = Path::new(&std::env::var_os("ONEROW_MATURIN").unwrap()).with_file_name("python");
    succeeds(Command::new(python).args(["-m", "venv"]).arg(&environment));
    let mut install = Command::new(environment.join("bin/python"));
    empty(&mut install, home.path());
    succeeds(install.args(["-m", "pip", "install", "--no-index", "--quiet"]).arg(wheel));
    let onerow = environment.join("bin/onerow");
    cleans_the_first_table(home.path(), &[onerow.to_str().unwrap()]);

    let mut show = Command::new(environment.join("bin/python"));
    let script = "import importlib.metadata, json\n\
                  m = importlib.metadata.metadata('onerow')\n\
                  print(json.dumps([m['Summary'], m['License-Expression'], m['Requires-Dist'], len(m.get_payload()) > 500]))";
    let said = succeeds(show.args(["-c", script]));
    let manifest = super::manifest();
    assert_eq!(
        serde_json::from_str::<Json>(&said).unwrap(),
        json!([manifest["description"].as_str(), manifest["license"].as_str(), null, true])
    );
}
