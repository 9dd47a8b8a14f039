//! Compiles `proto/` with a pure-Rust compiler: no `protoc` on any machine.

use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root.join("akash"), &mut files)?;
    files.sort();
    let descriptors = protox::compile(&files, [&root])?;
    let mut config = prost_build::Config::new();
    config
        .enable_type_names()
        // Switches off prost-build's own mapping, so that the next lines take effect.
        .compile_well_known_types()
        .extern_path(".google.protobuf", "::cosmos_sdk_proto::tendermint::google::protobuf")
        .extern_path(".cosmos", "::cosmos_sdk_proto::cosmos")
        .include_file("akash.rs");
    tonic_build::configure().compile_fds_with_config(config, descriptors)?;
    Ok(())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
