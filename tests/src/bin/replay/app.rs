//! The image of a recorded workload: a folder of programs that a busybox has and this machine has not, or has otherwise.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use akash_sandbox::provider::Environment;

/// Programs, as shell scripts. A pod listens at its own address and is called by its own name, as if it had the machine for itself.
const PROGRAMS: [(&str, &str); 2] = [
    ("hostname", "echo \"$HOSTNAME\""),
    (
        "httpd",
        "while getopts fp:h: o; do case $o in p) port=$OPTARG ;; *) ;; esac; done\n\
         exec python3 -m http.server \"$port\" --bind \"$POD_IP\" --directory WWW",
    ),
];

/// Makes the image in a folder.
pub(crate) fn make(folder: &Path) -> Result<Environment, Box<dyn Error>> {
    let (bin, www) = (folder.join("bin"), folder.join("www"));
    fs::create_dir_all(&bin)?;
    fs::create_dir_all(&www)?;
    fs::write(www.join("index.html"), "hello\n")?;
    for (name, script) in PROGRAMS {
        let file: PathBuf = bin.join(name);
        let script = script.replace("WWW", &format!("'{}'", www.display()));
        fs::write(&file, format!("#!/bin/sh\n{script}\n"))?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755))?;
    }
    Ok(Environment { path: vec![bin] })
}
