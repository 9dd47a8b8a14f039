//! Compiles `proto/` with a pure-Rust compiler: no `protoc` on any machine.

use std::error::Error;
use std::path::{Path, PathBuf};

use prost::Message as _;

/// Packages whose Rust types are those of `cosmos-sdk-proto`. The rest of `proto/cosmos` is generated here, because it differs: texts
/// that may not be UTF-8, fields of SDK 0.53.
const SHARED: [&str; 9] = [
    "auth.v1beta1",
    "authz.v1beta1",
    "bank.v1beta1",
    "base.node.v1beta1",
    "base.query.v1beta1",
    "base.v1beta1",
    "crypto.secp256k1",
    "feegrant.v1beta1",
    "tx.signing.v1beta1",
];

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script in its environment where to write")]
fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let descriptors = protox::compile(&files, [&root])?;
    let out = std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    std::fs::write(Path::new(&out).join("descriptors.bin"), descriptors.encode_to_vec())?;

    let mut config = prost_build::Config::new();
    config
        .enable_type_names()
        // Switches off prost-build's own mapping, so that the next lines take effect.
        .compile_well_known_types()
        .extern_path(".google.protobuf", "::cosmos_sdk_proto::tendermint::google::protobuf")
        .extern_path(".google.protobuf.Any", "::cosmos_sdk_proto::Any")
        .extern_path(".tendermint", "::cosmos_sdk_proto::tendermint")
        .include_file("packages.rs");
    for package in SHARED {
        let path = format!("::cosmos_sdk_proto::cosmos::{}", package.replace('.', "::"));
        config.extern_path(format!(".cosmos.{package}"), path);
    }
    let generated = files.iter().filter(|f| {
        let own = |part: &str| f.strip_prefix(&root).is_ok_and(|f| f.starts_with(part));
        own("akash") || own("cosmos/tx/v1beta1") || own("cosmos/base/abci")
    });
    let descriptors = protox::compile(generated, [&root])?;
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
