//! Where a webhook must not lead: to this machine, its network link, or a metadata server.

use std::net::TcpListener;

use super::receiver::{PAIR, Receiver, SHARED_IDS, run};
use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};
use crate::disk_faults::world::{can_mount, onerow_mounted};

fn project() -> Project {
    Project::new(&format!("{RULE}\n[webhook.ops]\nurl_env = \"OPS_URL\"\n"))
}

#[test]
fn a_webhook_on_this_machine_is_an_error_before_anything_runs_unless_the_rule_file_allows_it() {
    let project = project();
    project.rows(PAIR);
    let receiver = Receiver::new();
    whole!(run(&project, &receiver, "apply --date 2026-01-28"), @"
    $ onerow apply --date 2026-01-28
    exit code 2
    -- stderr
    error[webhook-address]: webhook `ops`: OPS_URL holds a loopback, link-local or metadata address
      help: where that is meant, write allow_local = true in [webhook.ops]
    ");
    assert_eq!(project.active(), ["r1", "r2"]);
    run(&project, &receiver, "doctor");
    assert_eq!(receiver.messages().len(), 0);
}

/// A name of the outside world whose owner has it lead inside.
#[test]
fn a_name_that_leads_to_this_machine_or_to_a_metadata_server_is_not_connected_to() {
    if !can_mount() {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut said = Transcript::default();
    for address in ["127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"] {
        let project = project();
        project.rows(SHARED_IDS);
        // One address that is harmless does not help the other.
        project.write("hosts", format!("192.0.2.1 hooks.example\n{address} hooks.example\n"));
        let script = format!(
            "mount --bind hosts /etc/hosts; unset HTTPS_PROXY https_proxy ALL_PROXY all_proxy; \
             OPS_URL=https://hooks.example:{port}/T0SECRET exec \"$ONEROW\" apply --date 2026-01-28"
        );
        let ended = onerow_mounted(&project, &script, address).exits(1);
        said.case(address, &ended.stderr);
        assert!(!ended.to_string().contains("T0SECRET"), "{ended}");
        assert!(listener.accept().is_err(), "{address} was connected to");
    }
    whole!(said, @r#"
    # 127.0.0.1
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: its host name resolves to a loopback, link-local or metadata address
      help: where that is meant, write allow_local = true in [webhook.ops]

    # 169.254.169.254
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: its host name resolves to a loopback, link-local or metadata address
      help: where that is meant, write allow_local = true in [webhook.ops]

    # ::ffff:127.0.0.1
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    warning[webhook]: could not notify webhook `ops`: its host name resolves to a loopback, link-local or metadata address
      help: where that is meant, write allow_local = true in [webhook.ops]
    "#);
}
