//! The keys of a cluster: how they follow from the wallet's key, and how they lie on disk.

use std::io;

use akash_wallet::Key;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rayakash_core::blueprint::Keys;
use rayakash_core::spec::Name;
use rayakash_core::{Operation, Secret};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};

/// A cluster's keys, as they lie on disk.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    /// The name of this life of the cluster; none in a file of a release that had no such names.
    operation: Option<String>,
    gate_certificate: String,
    gate_key: String,
    gate_token: String,
    ray_token: String,
}

/// An Ed25519 key in PKCS#8 is this, and then the 32 bytes of its seed.
const ED25519: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];

/// The name on chain of one life of a cluster: four bytes that are new for each, and six that follow from them, the cluster's name and the
/// wallet's key. So who has the key and remembers a name finds its deployments, and nobody else learns anything of it.
pub(super) fn life(wallet: &Key, cluster: &Name, once: [u8; 4]) -> Operation {
    let once_text = u32::from_be_bytes(once);
    let secret = wallet.secret_for(format!("life {once_text} of {cluster}").as_bytes());
    let mut bytes = [0; 10];
    for (byte, value) in bytes.iter_mut().zip(once.iter().chain(secret.iter())) {
        *byte = *value;
    }
    Operation(bytes)
}

/// The keys of a life of a cluster: whoever has the wallet's key and the name, which is on chain, has them again. Ed25519, since its
/// signatures hold nothing random, so that also the certificate is the same byte for byte.
pub(super) fn derive(wallet: &Key, operation: Operation) -> io::Result<Stored> {
    let secret = |what: &str| wallet.secret_for(format!("cluster {operation} {what}").as_bytes());
    let token = |what: &str| URL_SAFE_NO_PAD.encode(*secret(what));
    stored(operation, &secret("gate key"), [token("gate token"), token("ray token")])
}

/// Keys to draw with, of the right size and always the same: what is drawn with them is never ordered.
pub(super) fn drawing_keys() -> io::Result<Keys> {
    let token = || URL_SAFE_NO_PAD.encode([0; 32]);
    stored(Operation([0; 10]), &[0; 32], [token(), token()])?.keys()
}

fn stored(operation: Operation, seed: &[u8; 32], [gate, ray]: [String; 2]) -> io::Result<Stored> {
    let pkcs8 = [ED25519.as_slice(), seed].concat();
    let key = KeyPair::try_from(&PrivatePkcs8KeyDer::from(pkcs8.as_slice())).map_err(io::Error::other)?;
    let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "rayakash gate");
    let certificate = params.self_signed(&key).map_err(io::Error::other)?;
    Ok(Stored {
        operation: Some(operation.to_string()),
        gate_certificate: STANDARD.encode(certificate.der()),
        gate_key: STANDARD.encode(pkcs8),
        gate_token: gate,
        ray_token: ray,
    })
}

impl Stored {
    /// Keys as they lie on disk.
    pub(super) fn of(keys: &Keys) -> Self {
        Self {
            operation: Some(keys.operation.to_string()),
            gate_certificate: keys.gate_certificate.clone(),
            gate_key: keys.gate_key.expose().to_owned(),
            gate_token: keys.gate_token.expose().to_owned(),
            ray_token: keys.ray_token.expose().to_owned(),
        }
    }

    /// The name of a cluster of a release that had none: a piece of its certificate's signature, which is like no other's.
    fn end_of_certificate(&self) -> Option<Operation> {
        let certificate = STANDARD.decode(&self.gate_certificate).ok()?;
        certificate.last_chunk().copied().map(Operation)
    }

    /// As the rest of the program has them.
    pub(super) fn keys(&self) -> io::Result<Keys> {
        let operation = match &self.operation {
            Some(text) => Operation::read(text),
            None => self.end_of_certificate(),
        };
        let operation = operation.ok_or_else(|| io::Error::other("the keys name no cluster"))?;
        Ok(Keys {
            operation,
            gate_certificate: self.gate_certificate.clone(),
            gate_key: Secret::new(self.gate_key.clone()),
            gate_token: Secret::new(self.gate_token.clone()),
            ray_token: Secret::new(self.ray_token.clone()),
        })
    }
}
