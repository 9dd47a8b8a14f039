//! Runs the tests of the node's program, which is Python: `crates/rayakash-core/node`.

use std::path::Path;
use std::process::Command;

#[test]
fn the_program_of_a_node() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rayakash-core/node");
    let output = Command::new("python3")
        .args(["-B", "-W", "ignore::ResourceWarning", "-m", "unittest", "discover", "-s", "tests"])
        .current_dir(&folder)
        .output()
        .expect("python3 3.10 or later is needed for the tests of the node");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {}\n{said}", folder.display(), output.status);
    assert!(!said.contains("Ran 0 tests"), "no test was found in {}\n{said}", folder.display());
}
