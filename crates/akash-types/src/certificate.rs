//! Certificates on chain.

use akash_proto::akash::cert::v1 as wire;

use crate::Malformed;
use crate::malformed::required;

/// A certificate that an account published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Its serial number, decimal text.
    pub serial: String,
    /// Whether it holds.
    pub state: CertificateState,
    /// PEM text, label `CERTIFICATE`.
    pub cert: Vec<u8>,
    /// PEM text, label `EC PUBLIC KEY`.
    pub public_key: Vec<u8>,
}

/// Whether a certificate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateState {
    /// It holds.
    Valid,
    /// Its owner took it back.
    Revoked,
    /// One that this program does not know.
    Unrecognised(i32),
}

impl CertificateState {
    /// The protocol's number.
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Valid => 1,
            Self::Revoked => 2,
            Self::Unrecognised(n) => n,
        }
    }

    /// From the protocol's number.
    pub const fn from_wire(state: i32) -> Self {
        match state {
            1 => Self::Valid,
            2 => Self::Revoked,
            n => Self::Unrecognised(n),
        }
    }
}

impl TryFrom<wire::CertificateResponse> for Certificate {
    type Error = Malformed;

    fn try_from(answer: wire::CertificateResponse) -> Result<Self, Malformed> {
        let certificate = required(answer.certificate, "CertificateResponse", "certificate")?;
        Ok(Self {
            serial: answer.serial,
            state: CertificateState::from_wire(certificate.state),
            cert: certificate.cert,
            public_key: certificate.pubkey,
        })
    }
}

impl From<&Certificate> for wire::CertificateResponse {
    fn from(c: &Certificate) -> Self {
        Self {
            certificate: Some(wire::Certificate {
                state: c.state.to_wire(),
                cert: c.cert.clone(),
                pubkey: c.public_key.clone(),
            }),
            serial: c.serial.clone(),
        }
    }
}
