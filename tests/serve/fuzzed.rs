//! A fuzzer that reads the description of the service: no answer is a 5xx, and none is one that the
//! description does not have; what fits the description is not refused.

use std::process::Command;

use super::service::{APPLY, NOW, Service, example};

#[test]
fn a_fuzzer_that_reads_the_description_finds_nothing() {
    let Some(fuzzer) = std::env::var_os("ONEROW_FUZZER") else {
        eprintln!("skipped: this test needs a fuzzer; `tests/run` prepares it");
        return;
    };
    let project = example();
    let arguments = ["player_prop_predictions", "--now", NOW];
    let service = Service::start(&project.path(""), &arguments, &[("ONEROW_APPLY_KEYS", APPLY)]);
    project.write("hooks.py", include_str!("hooks.py"));
    let key = format!("X-API-Key: {APPLY}");
    let url = format!("http://{}/api/openapi.json", service.address);
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                  response_headers_conformance,response_schema_conformance,ignored_auth,\
                  unsupported_method,positive_data_acceptance";
    let output = Command::new(fuzzer)
        .args(["run", &url, "--header", &key, "--checks", checks])
        .args(["--max-examples", "50", "--seed", "20260128", "--no-color"])
        // A run of 400 dates takes its time where other tests share the machine.
        .args(["--request-timeout", "60"])
        .env("SCHEMATHESIS_HOOKS", "hooks.py")
        .current_dir(project.path(""))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    let log = service.log();
    let answered =
        |status: &str| log.matches(&format!("POST /cleanup-duplicates: {status}")).count();
    let (ran, refused) = (answered("200"), answered("422"));
    assert!(ran > 10 && refused > 10, "{ran} answered, {refused} refused\n{told}");
}
