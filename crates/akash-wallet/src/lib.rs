//! Keys at rest and in use: mnemonic, derivation, encrypted file, sign documents, provider tokens, certificates.
