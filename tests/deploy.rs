//! What is in `deploy/`, and what `docs/deploy.md` says of it: read by parsers, and run with a stand-in
//! for gcloud that writes down what it is asked.

mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;

use crate::common::{Project, RULE};
use crate::standin::{found, ran};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

// --- the image

/// The instructions of the Dockerfile: keyword and the rest, lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = read("deploy/Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| line.split_once(' ').unwrap())
        .map(|(keyword, rest)| (keyword.to_owned(), rest.to_owned()))
        .collect()
}

/// The instructions of each stage, by its FROM line.
fn stages() -> Vec<(String, Vec<(String, String)>)> {
    let mut stages: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for (keyword, rest) in instructions() {
        match keyword.as_str() {
            "FROM" => stages.push((rest, Vec::new())),
            _ => stages.last_mut().expect("FROM comes first").1.push((keyword, rest)),
        }
    }
    stages
}

/// What the build takes from the repository.
fn copied() -> Vec<String> {
    let copies = instructions().into_iter().filter(|(keyword, _)| keyword == "COPY");
    let from_context = copies.filter(|(_, rest)| !rest.contains("--from="));
    from_context
        .flat_map(|(_, rest)| {
            let words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
            words[..words.len() - 1].to_vec()
        })
        .collect()
}

#[test]
fn images_are_named_by_digest() {
    let stages = stages();
    let named = |line: &str| line.split(" AS ").nth(1).map(str::to_owned);
    let own: Vec<String> = stages.iter().filter_map(|(line, _)| named(line)).collect();
    let bases = stages.iter().map(|(line, _)| line.split(' ').next().unwrap().to_owned());
    let bases = bases.filter(|base| !own.contains(base));
    let build = read("deploy/cloudbuild.yaml");
    let steps = build.lines().filter_map(|line| line.trim().strip_prefix("- name: "));
    let images: Vec<String> = bases.chain(steps.map(str::to_owned)).collect();
    assert_eq!(images.len(), 3, "{images:?}");
    for image in images {
        let digest = image.split_once("@sha256:").map(|(_, digest)| digest).unwrap_or_default();
        let is_digest = digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit());
        assert!(is_digest, "{image} is not named by digest");
    }
}

#[test]
fn the_image_is_built_from_the_lock_file_with_the_declared_rust() {
    let (builder, steps) = &stages()[0];
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let rust = manifest["package"]["rust-version"].as_str().unwrap();
    assert!(builder.starts_with(&format!("rust:{rust}-")), "{builder}");
    let builds: Vec<&String> = steps
        .iter()
        .filter(|(keyword, rest)| keyword == "RUN" && rest.contains("cargo"))
        .map(|(_, rest)| rest)
        .collect();
    assert_eq!(builds.len(), 2);
    assert!(builds.iter().all(|build| build.contains("cargo build --release --locked")));
    // Copied files keep their age, and cargo goes by it: without this the stand-ins would be shipped.
    assert!(
        builds[1].contains("touch src/main.rs src/lib.rs crates/*/src/lib.rs"),
        "{}",
        builds[1]
    );
}

#[test]
fn the_final_image_holds_the_binary_and_the_project_and_runs_as_nobody_in_particular() {
    let stages = stages();
    let [_, (base, alone), (name, service)] = &stages[..] else { panic!("{stages:?}") };
    assert!(!base.contains("rust") && !base.starts_with("builder"), "{base}");
    assert!(base.ends_with(" AS onerow"), "{base}");
    assert_eq!(name, "onerow", "the service is built on onerow alone");
    fn of<'s>(steps: &'s [(String, String)], keyword: &str) -> Vec<&'s str> {
        steps.iter().filter(|(k, _)| k == keyword).map(|(_, rest)| rest.as_str()).collect()
    }
    let list = |text: &str| serde_json::from_str::<Vec<String>>(text).unwrap();
    let uid = of(alone, "USER")[0].split(':').next().unwrap();
    let uid = uid.parse::<u32>().expect("a number, for Kubernetes");
    assert_ne!(uid, 0);
    assert_eq!(
        of(alone, "COPY"),
        [
            "--from=builder /src/target/release/onerow /usr/local/bin/onerow".to_owned(),
            format!("--from=builder --chown={uid}:{uid} /empty /project"),
        ]
    );
    // WORKDIR makes a folder that is not there as root, whatever USER says; the classic builder leaves it so.
    let place = |keyword: &str| alone.iter().rposition(|(known, _)| known == keyword);
    assert!(place("COPY") < place("WORKDIR"), "{alone:?}");
    let makes =
        |(keyword, rest): &(String, String)| keyword == "RUN" && rest.contains("mkdir /empty ");
    assert!(stages[0].1.iter().any(makes), "the builder makes no empty folder");
    assert_eq!(of(alone, "WORKDIR"), ["/project"]);
    assert_eq!(list(of(alone, "ENTRYPOINT")[0]), ["/usr/local/bin/onerow"]);
    assert_eq!(of(alone, "CMD"), [""; 0], "its arguments are those of onerow");
    let copy = format!("--from=builder --chown={uid}:{uid} /project /project");
    assert_eq!(of(service, "COPY"), [copy.as_str()]);
    assert_eq!(of(service, "ENV"), ["ONEROW_LOG_FORMAT=json"]);
    assert_eq!(of(service, "EXPOSE"), ["8080"]);
    assert_eq!(list(of(service, "CMD")[0]), ["serve", "--listen", "0.0.0.0:8080"]);
    for keyword in ["USER", "WORKDIR", "ENTRYPOINT"] {
        assert_eq!(of(service, keyword), [""; 0], "{keyword} is that of onerow");
    }
    for steps in [alone, service] {
        assert_eq!(of(steps, "RUN"), [""; 0], "there is no shell");
    }
}

#[test]
fn everything_that_the_image_copies_is_there_and_gets_past_the_ignore_file() {
    let ignore = read(".dockerignore");
    let rules: Vec<&str> =
        ignore.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert_eq!(rules[0], "*", "what is not named stays outside");
    for source in copied() {
        let source = source.replace("${PROJECT}", "examples/player_props");
        assert!(root().join(&source).exists(), "{source}");
        let top = source.split('/').next().unwrap();
        assert!(rules.contains(&format!("!{top}").as_str()), "{source} is ignored");
    }
    for secret in ["**/.onerow", "**/*.db", "**/*.json", "**/*.pem"] {
        let place = rules.iter().position(|rule| *rule == secret).expect(secret);
        let last = rules.iter().rposition(|rule| rule.starts_with('!')).unwrap();
        assert!(place > last, "{secret} is let in again");
    }
}

#[test]
fn every_file_that_the_source_includes_is_copied_into_the_image() {
    let copied = copied();
    let mut seen = 0;
    for entry in walkdir::WalkDir::new(root().join("src")) {
        let entry = entry.unwrap();
        if entry.path().extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for include in ["include_str!(\"", "include_bytes!(\""] {
            for rest in text.split(include).skip(1) {
                let path = rest.split('"').next().unwrap();
                let path = entry.path().parent().unwrap().join(path).canonicalize().unwrap();
                let path = path.strip_prefix(root().canonicalize().unwrap()).unwrap();
                let top = path.iter().next().unwrap().to_str().unwrap().to_owned();
                assert!(copied.contains(&top), "{} is not copied", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 20);
}

/// Without its build script the package is another one, which still builds: nobody would notice.
#[test]
fn what_cargo_reads_beside_the_source_is_copied_into_the_image_and_into_the_upload() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let script = manifest["package"].get("build").map_or("build.rs", |name| name.as_str().unwrap());
    let upload = read("deploy/deploy.sh");
    for name in ["Cargo.toml", "Cargo.lock", "crates", "src", script] {
        assert!(root().join(name).exists(), "{name}");
        assert!(copied().iter().any(|copy| copy == name), "{name} is not copied");
        assert!(upload.contains(&format!("\"$root/{name}\"")), "{name} is not uploaded");
    }
}

// --- the service

fn service() -> Json {
    serde_yaml_ng::from_str(&read("deploy/cloud-run.service.yaml")).unwrap()
}

#[test]
fn the_service_is_one_instance_whose_cpu_is_not_taken_away_and_whose_keys_are_secrets() {
    let service = service();
    assert_eq!(service["apiVersion"], "serving.knative.dev/v1");
    assert_eq!(service["kind"], "Service");
    let revision = &service["spec"]["template"];
    let annotations = &revision["metadata"]["annotations"];
    assert_eq!(annotations["autoscaling.knative.dev/maxScale"], "1");
    assert_eq!(annotations["run.googleapis.com/cpu-throttling"], "false");
    let all = annotations.as_object().unwrap().values();
    assert!(all.into_iter().all(Json::is_string), "annotations are strings");
    let spec = &revision["spec"];
    assert_eq!(spec["timeoutSeconds"], 1800);
    assert!(spec["serviceAccountName"].as_str().unwrap().starts_with("onerow@"));
    let container = &spec["containers"][0];
    assert_eq!(container["ports"][0]["containerPort"], 8080);
    assert_eq!(container["startupProbe"]["httpGet"]["path"], "/readyz");
    assert_eq!(container["livenessProbe"]["httpGet"]["path"], "/healthz");
    for variable in container["env"].as_array().unwrap() {
        let secret = variable["name"].as_str().unwrap().ends_with("_KEYS");
        assert_eq!(variable["valueFrom"]["secretKeyRef"]["name"].is_string(), secret, "{variable}");
    }
}

#[test]
fn the_service_is_told_nothing_that_onerow_serve_does_not_know() {
    let project = Project::new(RULE);
    let help = project.onerow("serve --help");
    if help.code != Some(0) {
        eprintln!("skipped: this onerow has no command `serve`");
        return;
    }
    let container = &service()["spec"]["template"]["spec"]["containers"][0];
    let words = container["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    let variables = container["env"].as_array().unwrap().iter();
    let variables = variables.map(|variable| variable["name"].as_str().unwrap());
    let flags = words.filter(|word| word.starts_with("--"));
    for known in flags.chain(variables).chain(["--yes", "ONEROW_LOG_FORMAT"]) {
        assert!(help.stdout.contains(known), "`onerow serve` does not know {known}");
    }
}

// --- Terraform

fn terraform() -> BTreeMap<String, hcl::Body> {
    let folder = std::fs::read_dir(root().join("deploy/terraform")).unwrap();
    let files = folder.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "tf"));
    files
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let body = hcl::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, body)
        })
        .collect()
}

/// The attributes of a block and of the blocks in it, `retry_config.retry_count` say, as HCL writes
/// them.
fn attributes(body: &hcl::Body) -> BTreeMap<String, String> {
    let own = body.attributes().map(|a| (a.key().to_owned(), a.expr().to_string()));
    let inner = body.blocks().flat_map(|block| {
        let name = block.identifier().to_owned();
        attributes(&block.body)
            .into_iter()
            .map(move |(key, value)| (format!("{name}.{key}"), value))
    });
    own.chain(inner).collect()
}

/// The resources by type.
fn resources() -> Vec<(String, BTreeMap<String, String>)> {
    let bodies = terraform();
    let blocks = bodies.values().flat_map(hcl::Body::blocks);
    blocks
        .filter(|block| block.identifier() == "resource")
        .map(|block| (block.labels()[0].as_str().to_owned(), attributes(&block.body)))
        .collect()
}

/// The variables by name.
fn variables() -> BTreeMap<String, BTreeMap<String, String>> {
    let bodies = terraform();
    let blocks = bodies["variables.tf"].blocks();
    blocks.map(|block| (block.labels()[0].as_str().to_owned(), attributes(&block.body))).collect()
}

#[test]
fn no_account_gets_more_than_it_needs() {
    let granted: BTreeSet<(String, String, String)> = resources()
        .into_iter()
        .filter(|(kind, _)| kind.contains("_iam_"))
        .map(|(kind, body)| {
            // A binding or a policy would take the role from everybody else.
            assert!(kind.ends_with("_iam_member"), "{kind}");
            let text = |key: &str| body[key].trim_matches('"').to_owned();
            (kind, text("role"), text("member"))
        })
        .collect();
    let (onerow, scheduler) =
        ("google_service_account.onerow.member", "google_service_account.scheduler.member");
    let expected = [
        ("google_project_iam_member", "roles/bigquery.jobUser", onerow),
        ("google_bigquery_table_iam_member", "roles/bigquery.dataEditor", onerow),
        ("google_bigquery_dataset_iam_member", "roles/bigquery.dataEditor", onerow),
        ("google_bigquery_dataset_iam_member", "roles/bigquery.metadataViewer", onerow),
        ("google_secret_manager_secret_iam_member", "roles/secretmanager.secretAccessor", onerow),
        ("google_cloud_run_v2_service_iam_member", "roles/run.invoker", scheduler),
        ("google_cloud_run_v2_job_iam_member", "roles/run.invoker", scheduler),
    ];
    let expected = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned()));
    assert_eq!(granted, BTreeSet::from(expected));
    let documented = read("docs/deploy.md");
    assert!(granted.iter().all(|(_, role, _)| documented.contains(role)));
}

/// What the guide gives to the account is what its rule names: the table, and the ledger's dataset.
#[test]
fn the_guide_gives_rights_on_the_tables_that_the_rules_name_and_on_the_ledgers_dataset() {
    let guide = read("docs/deploy.md");
    let given = guide.split("cat > onerow.tfvars << END\n").nth(1).unwrap();
    let given: BTreeMap<String, String> = given
        .lines()
        .take_while(|line| *line != "END")
        .map(|line| line.split_once('=').unwrap())
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let declared = variables();
    assert!(given.keys().all(|name| declared.contains_key(name)), "{given:?}");
    let needed = declared.iter().filter(|(_, variable)| !variable.contains_key("default"));
    assert!(needed.into_iter().all(|(name, _)| given.contains_key(name)), "{given:?}");
    let rules: toml::Table = read("examples/player_props/onerow.toml").parse().unwrap();
    let table = rules["rule"]["player_prop_predictions"]["table"].as_str().unwrap();
    assert_eq!(given["tables"], format!("[\"{table}\"]"));
    let dataset = table.split('.').next().unwrap();
    assert!(!given["datasets"].contains(dataset), "its dataset holds other tables too");
    assert!(guide.contains(&format!("ON TABLE \\`$PROJECT\\`.{table}")), "by hand");
    let bodies = resources();
    let of = |kind: &str| &bodies.iter().find(|(found, _)| found == kind).unwrap().1;
    assert_eq!(of("google_bigquery_table_iam_member")["for_each"], "var.tables");
    assert_eq!(of("google_bigquery_dataset_iam_member")["for_each"], "var.datasets");
    let lists = |(kind, body): &&(String, _)| {
        let body: &BTreeMap<String, String> = body;
        kind == "google_bigquery_dataset_iam_member" && body["for_each"] == "local.homes"
    };
    let lists = bodies.iter().find(lists).expect("`--changed` lists the datasets of the tables");
    assert_eq!(lists.1["role"], "\"roles/bigquery.metadataViewer\"");
    assert!(
        guide.contains(&format!("metadataViewer\\` ON SCHEMA \\`$PROJECT\\`.{dataset}")),
        "by hand"
    );
}

#[test]
fn terraform_finds_its_files_well_formed() {
    if found("terraform") {
        let mut command = Command::new("terraform");
        let command = command.args(["fmt", "-check", "-diff"]).arg(root().join("deploy/terraform"));
        let (good, said) = ran(command.env("CHECKPOINT_DISABLE", "1"));
        assert!(good, "{said}");
    }
}

#[test]
fn terraform_never_sees_a_key_unless_it_is_told_one() {
    let kinds: Vec<String> = resources().into_iter().map(|(kind, _)| kind).collect();
    assert!(!kinds.iter().any(|kind| kind.contains("secret_version")), "{kinds:?}");
    assert!(!kinds.iter().any(|kind| kind.contains("service_account_key")), "{kinds:?}");
    let key = &variables()["scheduler_key"];
    assert_eq!((key["sensitive"].as_str(), key["default"].as_str()), ("true", "null"));
}

#[test]
fn every_variable_of_terraform_is_declared_described_and_used() {
    let declared = variables();
    assert!(declared.values().all(|variable| variable.contains_key("description")));
    let used: BTreeSet<String> = ["main.tf", "versions.tf", "outputs.tf"]
        .iter()
        .flat_map(|file| {
            let text = read(&format!("deploy/terraform/{file}"));
            let rests: Vec<String> = text.split("var.").skip(1).map(str::to_owned).collect();
            rests.into_iter().map(|rest| {
                rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
            })
        })
        .collect();
    assert_eq!(used, declared.into_keys().collect());
}

#[test]
fn what_terraform_schedules_is_what_onerow_schedule_would() {
    let resources = resources();
    let job = resources.iter().find(|(kind, _)| kind == "google_cloud_scheduler_job");
    let job = &job.expect("a job").1;
    assert_eq!(job["attempt_deadline"], "\"1800s\"");
    assert_eq!(job["retry_config.retry_count"], "5");
    assert_eq!(job["retry_config.min_backoff_duration"], "\"1800s\"");
    assert_eq!(job["retry_config.max_backoff_duration"], "\"3600s\"");
    let project = Project::new(RULE);
    let script = project.onerow("schedule cloud-scheduler predictions").exits(0).stdout;
    for flag in
        ["retry-attempts=5", "min-backoff=1800s", "max-backoff=3600s", "attempt-deadline=1800s"]
    {
        assert!(script.contains(flag), "{flag}");
    }
    for last in [None, Some(28)] {
        let options = last.map(|last| format!(" --last {last}")).unwrap_or_default();
        let of = |kind: &str| {
            project.onerow(&format!("schedule {kind} predictions{options}")).exits(0).stdout
        };
        let (body, words) = terraform_locals(last);
        let script = of("cloud-scheduler");
        let printed = script.split("--message-body='").nth(1).unwrap().split('\'').next().unwrap();
        assert_eq!(body, serde_json::from_str::<Json>(printed).unwrap());
        let job: Json = serde_yaml_ng::from_str(&of("cloud-run-job")).unwrap();
        let container = &job["spec"]["template"]["spec"]["template"]["spec"]["containers"][0];
        let printed: Vec<String> = serde_json::from_value(container["args"].clone()).unwrap();
        assert_eq!(
            [&["apply", "predictions"], &words_of(&words)[..], &["--wait", "2h"]].concat(),
            printed
        );
    }
}

fn words_of(words: &Json) -> Vec<&str> {
    words.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

/// What Terraform makes of the dates: the body of a request, and the words of a command.
fn terraform_locals(last: Option<u32>) -> (Json, Json) {
    use hcl::eval::{Context, Evaluate, FuncDef, ParamType};
    let main = &terraform()["main.tf"];
    let locals = main.blocks().find(|block| block.identifier() == "locals").unwrap();
    let of = |name: &str, context: &Context<'_>| -> hcl::Value {
        let attribute = locals.body.attributes().find(|attribute| attribute.key() == name).unwrap();
        attribute.expr().evaluate(context).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    let mut context = Context::new();
    let tostring = FuncDef::builder()
        .param(ParamType::Any)
        .build(|args| Ok(hcl::Value::from(args[0].to_string())));
    context.declare_func("tostring", tostring);
    context.declare_var("var", hcl::value!({ rule = "predictions", last = (last) }));
    let asked = of("asked", &context);
    context.declare_var("local", hcl::value!({ asked = (asked) }));
    let json = |value: hcl::Value| serde_json::to_value(value).unwrap();
    (json(of("body", &context)), json(of("dates", &context)))
}

/// The settings of the service that must not differ between the three ways to deploy it.
#[test]
fn yaml_terraform_and_the_script_deploy_the_same_service() {
    let spec = &service()["spec"]["template"]["spec"];
    let container = &spec["containers"][0];
    let (script, main) = (read("deploy/deploy.sh"), read("deploy/terraform/main.tf"));
    let squeezed = main.split_whitespace().collect::<Vec<_>>().join(" ");
    for (yaml, flag, terraform) in [
        (&spec["timeoutSeconds"], "--timeout=1800 ", "timeout = \"1800s\""),
        (
            &spec["containerConcurrency"],
            "--concurrency=80 ",
            "max_instance_request_concurrency = 80",
        ),
        (&container["ports"][0]["containerPort"], "--port=8080 ", "container_port = 8080"),
        (&container["resources"]["limits"]["memory"], "--memory=512Mi ", "memory = \"512Mi\""),
        (&container["resources"]["limits"]["cpu"], "--cpu=1 ", "cpu = \"1\""),
    ] {
        let value = yaml.as_str().map_or_else(|| yaml.to_string(), str::to_owned);
        assert!(flag.contains(&value) && terraform.contains(&value), "{flag} {value}");
        assert!(script.contains(flag), "{flag}");
        assert!(squeezed.contains(terraform), "{terraform}");
    }
    for probe in ["startupProbe", "livenessProbe"] {
        let probe = &container[probe];
        let flag = format!(
            "httpGet.path={},httpGet.port=8080,periodSeconds={},timeoutSeconds={},failureThreshold={}",
            probe["httpGet"]["path"].as_str().unwrap(),
            probe["periodSeconds"],
            probe["timeoutSeconds"],
            probe["failureThreshold"],
        );
        assert!(script.contains(&flag), "{flag}");
        let block = format!(
            "path = {} port = 8080 }} period_seconds = {} timeout_seconds = {} failure_threshold = {}",
            probe["httpGet"]["path"],
            probe["periodSeconds"],
            probe["timeoutSeconds"],
            probe["failureThreshold"],
        );
        assert!(squeezed.contains(&block), "{block}");
    }
    assert!(script.contains("--max-instances=1 ") && squeezed.contains("max_instance_count = 1"));
    assert!(script.contains("--no-cpu-throttling ") && squeezed.contains("cpu_idle = false"));
}
