//! Reads and builds SDL; makes groups, manifest and version hash, byte for byte as Akash does.
