//! The program that runs in every container: `node/`, joined and packed for an environment variable.

use std::io::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The files of the program in the order of `node/ORDER`: the program is their concatenation.
const PROGRAM: [&str; 6] = [
    include_str!("../node/settings.py"),
    include_str!("../node/processes.py"),
    include_str!("../node/ray.py"),
    include_str!("../node/gate.py"),
    include_str!("../node/watch.py"),
    include_str!("../node/supervisor.py"),
];

/// The script of the readiness job: a task on every node, with an object in and out.
pub const PROBE: &str = include_str!("../node/probe.py");

/// What a container's `python3 -c` runs.
pub const BOOTSTRAP: &str =
    "import os,zlib,base64;exec(zlib.decompress(base64.b64decode(os.environ['RAYAKASH_CODE'])))";

/// The value of `RAYAKASH_CODE`: the program, zlib at level 9, then base64. At most 12 KiB, a test sees to it.
pub fn packed() -> &'static str {
    // Every look draws the blueprint, and packing is most of the work.
    static PACKED: LazyLock<String> = LazyLock::new(pack);
    &PACKED
}

fn pack() -> String {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail; an empty value would be caught by the test below and by the first container.
    let packed =
        encoder.write_all(PROGRAM.concat().as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
    STANDARD.encode(packed)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_packed_program_is_the_files_in_the_order_of_order_and_small() {
        let packed = packed();
        assert!(packed.len() <= 12 * 1024, "{} bytes", packed.len());
        let bytes = STANDARD.decode(packed).unwrap();
        let mut text = String::new();
        flate2::read::ZlibDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
        let order = include_str!("../node/ORDER");
        let mut rest = text.as_str();
        for name in order.lines() {
            let path = format!("{}/node/{name}", env!("CARGO_MANIFEST_DIR"));
            rest = rest.strip_prefix(&std::fs::read_to_string(path).unwrap()).unwrap();
        }
        assert_eq!(rest, "");
    }
}
