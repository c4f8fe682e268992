//! `onerow man`

use std::process::Command;

use crate::common::Project;
use crate::common::whole::whole;

#[test]
fn there_is_a_page_of_onerow_and_of_each_command() {
    let project = Project::new("");
    let page = project.onerow("man").exits(0);
    page.prints(&[".TH onerow 1", "onerow\\-apply(1)", "ONEROW_PROJECT_DIR"]);
    whole!(project.onerow("man --out pages/man1"), @"
    $ onerow man --out pages/man1
    -- stderr
    wrote 25 pages to pages/man1
    ");
    let folder = std::fs::read_dir(project.path("pages/man1")).unwrap();
    let mut names: Vec<String> =
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!((names.len(), names[0].as_str()), (25, "onerow-apply.1"));
    for name in names {
        let path = project.path("pages/man1").join(&name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&format!(".TH {} 1", name.trim_end_matches(".1"))), "{text}");
        // Where groff is installed, it has nothing to say of them.
        let Ok(output) =
            Command::new("groff").args(["-man", "-Tutf8", "-ww", "-P-cbou"]).arg(&path).output()
        else {
            continue;
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{name}: {said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("SYNOPSIS"), "{name}");
    }
}
