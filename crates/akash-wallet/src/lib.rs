//! Keys at rest and in use: mnemonic, derivation, encrypted file, sign documents, provider tokens, certificates.
//!
//! A [`Key`] signs two things and nothing else: transactions, which it decodes again and compares with what is [`Allowed`], and
//! provider [`token`]s, whose claims it writes itself. No caller can have bytes of its own signed, so that the one can
//! never pass for the other.

mod allowed;
pub mod certificate;
mod derive;
mod draft;
mod hash;
mod key;
pub mod keyfile;
mod mnemonic;
mod signature;
pub mod token;

pub use allowed::Allowed;
pub use draft::{Draft, Refused, Signed};
pub use hash::{BadHash, TxHash};
pub use key::{BadKey, Key, address_of};
pub use mnemonic::{BadMnemonic, Mnemonic};
pub use signature::verify as verify_signature;
pub use token::{Claims, Scope, Token};
