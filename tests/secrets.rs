//! A secret is never repeated: not in output, not in errors, not in what `--verbose` tells.

use crate::common::{Project, RULE};

const SECRET: &str = "MIIEvSECRETkeymaterial";

/// A warehouse whose credentials are in `key.json`, on an endpoint where nobody listens.
fn with_key(key: &str) -> Project {
    let project = Project::new(&format!(
        "default_warehouse = \"prod\"\n{RULE}\n[warehouse.prod]\ntype = \"bigquery\"\n\
         project = \"demo\"\nendpoint = \"http://127.0.0.1:9\"\nledger = \"ops.ledger\"\n\
         key_file = \"key.json\"\nretry_for = \"1s\"\n"
    ));
    project.write("key.json", key);
    project
}

/// Key files that are broken in ways that make a parser quote what it has read.
fn keys() -> Vec<String> {
    let whole = format!(
        r#"{{"type": "service_account", "project_id": "demo", "private_key_id": "1",
            "private_key": "-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n",
            "client_email": "onerow@demo.test", "client_id": "1",
            "auth_uri": "http://127.0.0.1:9/auth", "token_uri": "http://127.0.0.1:9/token"}}"#
    );
    vec![
        whole.replace("\"client_email\"", "\"client_mail\""),
        whole.replace("\"private_key\": \"", "\"private_key\": [\""),
        whole.replacen('{', &format!("{SECRET}{{"), 1),
        whole.replace("\"token_uri\": ", "\"token_uri\": 7, \"other\": "),
        format!("\"{SECRET}\""),
        whole.replace("\"private_key\": \"", "\"private_key\": 7, \"other\": \""),
        format!("{{\"type\": \"authorized_user\", \"client_id\": [\"{SECRET}\"]}}"),
        whole.replace("\"type\": \"service_account\"", &format!("\"type\": \"{SECRET}\"")),
        whole,
    ]
}

#[test]
fn a_key_file_that_is_broken_is_named_and_not_quoted() {
    for key in keys() {
        let project = with_key(&key);
        for command in ["status", "plan", "apply", "doctor"] {
            let ended = project.onerow(&format!("{command} --date 2026-01-28 --verbose")).exits(1);
            let text = ended.to_string();
            assert!(!text.contains("SECRET"), "{command} with {key}:\n{text}");
        }
        for file in walk(&project.path(".onerow")) {
            let bytes = std::fs::read(&file).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("SECRET"), "{}", file.display());
        }
    }
}

#[test]
fn a_variable_that_names_a_broken_key_file_is_named_and_the_file_not_quoted() {
    for key in keys() {
        let project = with_key(&key);
        let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
        let default = "credentials = \"application_default\"";
        project.write("onerow.toml", rules.replace("key_file = \"key.json\"", default));
        let mut command = project.command(&["status", "--date", "2026-01-28", "--verbose"]);
        command.env("GOOGLE_APPLICATION_CREDENTIALS", project.path("key.json"));
        let output = command.output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!output.status.success(), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
        // What is no file of credentials is named; the last one is a file with a key that is none.
        assert!(text.contains("key.json") || key == *keys().last().unwrap(), "{text}");
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}
