//! `deploy/deploy.sh`, run with a stand-in for gcloud.

use std::collections::BTreeSet;
use std::process::Command;

use super::{copied, root};
use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};
use crate::standin::{Bin, ran};

/// A project with data and a key beside what belongs into the image.
fn warehouse() -> Project {
    let project = Project::new(RULE);
    project.write("sql/predictions/own.sql", "SELECT 1\n");
    project.write(".onerow/local.db", "rows of somebody\n");
    project.write("key.json", "{}\n");
    project
}

/// A stand-in that knows the project's number and the repository, unless told otherwise, and writes
/// down which files are uploaded.
fn gcloud(repository: &str, project: &Project) -> Bin {
    let bin = Bin::new();
    let files = project.path("uploaded").display().to_string();
    bin.add(
        "gcloud",
        &format!(
            "case \"$1 $2 $3\" in\n  'projects describe '*) echo 123456 ;;\n  \
             'artifacts repositories describe') {repository} ;;\n  \
             'builds submit '*) (cd \"$3\" && find . -type f | sort) > '{files}' ;;\nesac"
        ),
    );
    bin
}

fn deploy(bin: &Bin, project: &Project, arguments: &[&str]) -> (bool, String) {
    let mut command = bin.bash(&root().join("deploy/deploy.sh"));
    command.args(arguments).env("PROJECT", "my-project").env("REGION", "us-west2");
    command.env("PROJECT_DIR", project.path(".")).env("TAG", "t1");
    ran(&mut command)
}

const IMAGE: &str = "us-west2-docker.pkg.dev/my-project/onerow/onerow:t1";

#[test]
fn the_script_builds_pushes_and_deploys_and_wipes_nothing() {
    let project = warehouse();
    let bin = gcloud("false", &project);
    let (done, said) = deploy(&bin, &project, &[]);
    assert!(done, "{said}");
    let asked = bin.asked();
    let commands: Vec<String> = asked.iter().map(|words| words[1..4].join(" ")).collect();
    assert_eq!(
        commands.iter().map(|c| c.split(" /").next().unwrap()).collect::<Vec<_>>(),
        [
            "artifacts repositories describe",
            "artifacts repositories create",
            "builds submit",
            "projects describe my-project",
            "run deploy onerow",
        ]
    );
    assert!(asked[1].contains(&"--repository-format=docker".to_owned()));
    assert!(asked[2].contains(&format!("--substitutions=_IMAGE={IMAGE},_PROJECT=project")));
    let flags = [
        "--project=my-project",
        "--region=us-west2",
        &format!("--image={IMAGE}"),
        "--service-account=onerow@my-project.iam.gserviceaccount.com",
        "--args=serve,--listen,0.0.0.0:8080,--warehouse,prod",
        "--update-env-vars=ONEROW_OIDC_AUDIENCE=https://onerow-123456.us-west2.run.app,\
         ONEROW_OIDC_APPLY=onerow-scheduler@my-project.iam.gserviceaccount.com",
        "--update-secrets=ONEROW_APPLY_KEYS=onerow-apply-keys:latest",
        "--port=8080",
        "--cpu=1",
        "--memory=512Mi",
        "--concurrency=80",
        "--min-instances=0",
        "--max-instances=1",
        "--no-cpu-throttling",
        "--cpu-boost",
        "--execution-environment=gen2",
        "--timeout=1800",
        "--startup-probe=httpGet.path=/readyz,httpGet.port=8080,periodSeconds=3,\
         timeoutSeconds=2,failureThreshold=20",
        "--liveness-probe=httpGet.path=/healthz,httpGet.port=8080,periodSeconds=30,\
         timeoutSeconds=5,failureThreshold=3",
        "--no-invoker-iam-check",
        "--quiet",
    ];
    assert_eq!(asked[4][4..], flags);
}

#[test]
fn nothing_but_source_and_project_is_uploaded() {
    let project = warehouse();
    let bin = gcloud("true", &project);
    assert!(deploy(&bin, &project, &[]).0);
    let uploaded = std::fs::read_to_string(project.path("uploaded")).unwrap();
    let files: Vec<&str> = uploaded.lines().collect();
    for file in ["./Cargo.lock", "./deploy/Dockerfile", "./project/onerow.toml", "./src/main.rs"] {
        assert!(files.contains(&file), "{file}");
    }
    let of_the_project: Vec<&str> =
        files.iter().copied().filter(|file| file.starts_with("./project/")).collect();
    assert_eq!(of_the_project, ["./project/onerow.toml", "./project/sql/predictions/own.sql"]);
    let tops: BTreeSet<&str> = files.iter().map(|file| file.split('/').nth(1).unwrap()).collect();
    let expected =
        ".dockerignore Cargo.lock Cargo.toml build.rs crates deploy presets project sql src";
    assert_eq!(tops, expected.split(' ').collect());
    for source in copied() {
        let source = format!("./{}", source.replace("${PROJECT}", "project"));
        let there = files.iter().any(|file| {
            file.strip_prefix(&source).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        assert!(there, "the image copies {source}");
    }
}

#[test]
fn a_second_time_nothing_is_created_again() {
    let project = warehouse();
    let bin = gcloud("true", &project);
    assert!(deploy(&bin, &project, &[]).0);
    assert!(!bin.asked().iter().any(|words| words.contains(&"create".to_owned())));
}

#[test]
fn no_command_of_ours_replaces_what_somebody_else_set() {
    let folder = walkdir::WalkDir::new(root().join("deploy")).into_iter();
    let files = folder.map(|entry| entry.unwrap()).filter(|entry| entry.file_type().is_file());
    for entry in files {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let commands = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for wiping in ["--set-env-vars", "--set-secrets", "--clear-env-vars", "--env-vars-file"] {
            let mut commands = commands.clone();
            assert!(!commands.any(|line| line.contains(wiping)), "{}", entry.path().display());
        }
    }
}

#[test]
fn a_rehearsal_prints_what_would_be_run_and_runs_nothing() {
    let project = warehouse();
    let bin = gcloud("false", &project);
    let (done, said) = deploy(&bin, &project, &["--dry-run"]);
    assert!(done, "{said}");
    assert_eq!(bin.asked(), Vec::<Vec<String>>::new());
    assert!(!project.path("uploaded").exists());
    let real = gcloud("false", &project);
    assert!(deploy(&real, &project, &[]).0);
    // Every command that changes something is printed, word by word.
    for words in real.asked().into_iter().filter(|words| words[2] != "describe") {
        if words[3] == "describe" {
            continue;
        }
        let printed = said
            .lines()
            .filter_map(shlex::split)
            .find(|line| line.len() == words.len() && line[..3] == words[..3]);
        let printed = printed.unwrap_or_else(|| panic!("{words:?} is not in {said}"));
        let same = printed.iter().zip(&words).filter(|(a, b)| a == b).count();
        // The upload's folder, and the project's number in the audience, are known only later.
        assert!(same + 1 >= words.len(), "{printed:?} {words:?}");
    }
}

#[test]
fn an_image_that_is_there_is_deployed_without_building() {
    let project = warehouse();
    let bin = gcloud("true", &project);
    let (done, said) = deploy(&bin, &project, &["--image", "r/onerow:old"]);
    assert!(done, "{said}");
    let asked = bin.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].contains(&"--image=r/onerow:old".to_owned()));
}

#[test]
fn what_is_missing_is_named_before_anything_happens() {
    let project = warehouse();
    let bin = gcloud("true", &project);
    let empty = tempfile::tempdir().unwrap();
    let mut told = Transcript::default();
    for (name, value) in [
        ("PROJECT", ""),
        ("REGION", ""),
        ("PROJECT_DIR", ""),
        ("PROJECT_DIR", empty.path().to_str().unwrap()),
    ] {
        let mut command = bin.bash(&root().join("deploy/deploy.sh"));
        command.env("PROJECT", "p").env("REGION", "r").env("PROJECT_DIR", project.path("."));
        told.case(&format!("{name}={value}"), ran(command.env(name, value)));
    }
    told.case("--force", deploy(&bin, &project, &["--force"]));
    whole!(told, @"
    # PROJECT=
    failed
    error: PROJECT is not set; see [REPOSITORY]/deploy/deploy.sh --help

    # REGION=
    failed
    error: REGION is not set; see [REPOSITORY]/deploy/deploy.sh --help

    # PROJECT_DIR=
    failed
    error: PROJECT_DIR is not set; see [REPOSITORY]/deploy/deploy.sh --help

    # PROJECT_DIR=[DIR]
    failed
    error: there is no onerow.toml in PROJECT_DIR, [DIR]

    # --force
    failed
    error: unknown argument --force; see [REPOSITORY]/deploy/deploy.sh --help
    ");
    assert_eq!(bin.asked().len(), 0);
}

#[test]
fn a_build_that_fails_deploys_nothing() {
    let project = warehouse();
    let bin = Bin::new();
    bin.add("gcloud", "case \"$1\" in builds) exit 1 ;; projects) echo 123456 ;; esac");
    assert!(!deploy(&bin, &project, &[]).0);
    assert!(!bin.asked().iter().any(|words| words[1] == "run"));
}

/// Every image that is built on gets the digest that docker says, and a pin that is there is moved.
#[test]
fn images_are_pinned_to_the_digest_of_their_tag_and_pins_are_moved() {
    let place = Project::new("");
    for file in ["Dockerfile", "cloudbuild.yaml"] {
        place.write(file, std::fs::read(root().join("deploy").join(file)).unwrap());
    }
    let read = |file: &str| std::fs::read_to_string(place.path(file)).unwrap();
    let before = [read("Dockerfile"), read("cloudbuild.yaml")];
    for digit in ["1", "2"] {
        let bin = Bin::new();
        let digest = format!("sha256:{}", digit.repeat(64));
        bin.add("docker", &format!("echo {digest}"));
        let mut command = bin.bash(&root().join("deploy/pin-images.sh"));
        let (done, said) = ran(command.arg(place.path(".")));
        assert!(done, "{said}");
        let pin = format!("@{digest}");
        let [dockerfile, build] = [read("Dockerfile"), read("cloudbuild.yaml")];
        assert_eq!(dockerfile.matches(&pin).count(), 2, "{dockerfile}");
        assert_eq!(build.matches(&pin).count(), 1, "{build}");
        let unpinned = |text: &str| {
            let mut parts = text.split("@sha256:");
            let first = parts.next().unwrap().to_owned();
            parts.fold(first, |all, part| all + &part[64..])
        };
        assert_eq!(
            [&dockerfile, &build].map(|text| unpinned(text)),
            before.each_ref().map(|text| unpinned(text))
        );
        assert_eq!(bin.asked().len(), 3);
    }
    let bin = Bin::new();
    bin.add("docker", "echo '<html>'");
    let mut command = bin.bash(&root().join("deploy/pin-images.sh"));
    let now = read("Dockerfile");
    whole!(ran(command.arg(place.path("."))), @"
    failed
    error: rust:1.90-slim-bookworm has no digest: <html>
    ");
    assert_eq!(read("Dockerfile"), now);
}

#[test]
fn the_script_is_shell() {
    let script = root().join("deploy/deploy.sh");
    let (good, said) = ran(Command::new("bash").arg("-n").arg(&script));
    assert!(good, "{said}");
}
