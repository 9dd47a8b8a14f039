//! What accounts publish about themselves: certificates and providers.

use akash_types::msg::{
    CreateCertificate, CreateProvider, DeleteProviderAttributes, RevokeCertificate, UpdateProvider,
};
use akash_types::{Address, AuditedAttributes, Certificate, CertificateState, Rejection};
use x509_parser::pem::parse_x509_pem;

use super::event::quoted;
use super::refuse::{
    CERTIFICATE_ALREADY_REVOKED, CERTIFICATE_EXISTS, CERTIFICATE_NOT_FOUND, INVALID_CERTIFICATE,
    INVALID_CERTIFICATE_KEY, PROVIDER_EXISTS, PROVIDER_NOT_FOUND,
};
use super::run::Run;

/// Checks a certificate as the chain does and returns its serial number: self-signed, by the published key, named after its
/// owner. Dates are not looked at.
pub(crate) fn read_certificate(m: &CreateCertificate) -> Result<String, Rejection> {
    let bad = || Rejection::from(INVALID_CERTIFICATE);
    let key = pem(&m.public_key, "EC PUBLIC KEY").ok_or_else(|| Rejection::from(INVALID_CERTIFICATE_KEY))?;
    let der = pem(&m.cert, "CERTIFICATE").ok_or_else(bad)?;
    let (_, certificate) = x509_parser::parse_x509_certificate(&der).map_err(|_| bad())?;
    if certificate.public_key().raw != key {
        return Err(INVALID_CERTIFICATE_KEY.into());
    }
    let names_owner =
        certificate.subject().iter_common_name().any(|name| name.as_str() == Ok(m.owner.as_str()));
    if !names_owner || certificate.verify_signature(None).is_err() {
        return Err(bad());
    }
    Ok(certificate.tbs_certificate.serial.to_string())
}

/// The one block of a PEM text.
fn pem(text: &[u8], label: &str) -> Option<Vec<u8>> {
    let (rest, block) = parse_x509_pem(text).ok()?;
    (block.label == label && rest.iter().all(u8::is_ascii_whitespace)).then_some(block.contents)
}

impl Run {
    pub(crate) fn create_certificate(&mut self, m: &CreateCertificate) -> Result<(), Rejection> {
        let serial = read_certificate(m)?;
        let key = (m.owner.clone(), serial.clone());
        if self.state.certificates.contains(&key) {
            return Err(CERTIFICATE_EXISTS.into());
        }
        let (cert, public_key) = (m.cert.clone(), m.public_key.clone());
        let certificate = Certificate { serial, state: CertificateState::Valid, cert, public_key };
        self.state.certificates.set(key, certificate);
        Ok(())
    }

    pub(crate) fn revoke_certificate(&mut self, m: &RevokeCertificate) -> Result<(), Rejection> {
        let key = (m.owner.clone(), m.serial.clone());
        let found = self.state.certificates.get(&key).cloned();
        let mut certificate = found.ok_or_else(|| Rejection::from(CERTIFICATE_NOT_FOUND))?;
        if certificate.state == CertificateState::Revoked {
            return Err(CERTIFICATE_ALREADY_REVOKED.into());
        }
        certificate.state = CertificateState::Revoked;
        self.state.certificates.set(key, certificate);
        Ok(())
    }

    pub(crate) fn create_provider(&mut self, m: &CreateProvider) -> Result<(), Rejection> {
        let owner = &m.provider.owner;
        if self.state.providers.contains(owner) {
            return Err(PROVIDER_EXISTS.because(format!("id: {owner}")));
        }
        self.state.providers.set(owner.clone(), m.provider.clone());
        self.emit_owner("akash.provider.v1beta4.EventProviderCreated", owner.as_str());
        Ok(())
    }

    pub(crate) fn update_provider(&mut self, m: &UpdateProvider) -> Result<(), Rejection> {
        let owner = &m.provider.owner;
        if !self.state.providers.contains(owner) {
            return Err(PROVIDER_NOT_FOUND.because(format!("id: {owner}")));
        }
        self.state.providers.set(owner.clone(), m.provider.clone());
        self.emit_owner("akash.provider.v1beta4.EventProviderUpdated", owner.as_str());
        Ok(())
    }

    /// An auditor vouches for attributes of a provider, besides those that it has vouched for before.
    pub(crate) fn sign_attributes(&mut self, m: &AuditedAttributes) -> Result<(), Rejection> {
        if !self.state.providers.contains(&m.owner) {
            return Err(PROVIDER_NOT_FOUND.into());
        }
        let key = (m.owner.clone(), m.auditor.clone());
        let mut entry = self
            .state
            .audited
            .get(&key)
            .cloned()
            .unwrap_or_else(|| AuditedAttributes { attributes: Vec::new(), ..m.clone() });
        for attribute in &m.attributes {
            entry.attributes.retain(|a| a.key != attribute.key);
            entry.attributes.push(attribute.clone());
        }
        self.state.audited.set(key, entry);
        self.emit_auditor("akash.audit.v1.EventTrustedAuditorCreated", &m.owner, &m.auditor);
        Ok(())
    }

    /// An auditor takes back what it vouched for: some keys, or everything.
    pub(crate) fn delete_attributes(&mut self, m: &DeleteProviderAttributes) -> Result<(), Rejection> {
        let key = (m.owner.clone(), m.auditor.clone());
        let entry = self.state.audited.get(&key).cloned();
        let mut entry = entry.ok_or_else(|| Rejection::from(PROVIDER_NOT_FOUND))?;
        entry.attributes.retain(|a| !m.keys.is_empty() && !m.keys.contains(&a.key));
        if entry.attributes.is_empty() {
            self.state.audited.remove(&key);
        } else {
            self.state.audited.set(key, entry);
        }
        self.emit_auditor("akash.audit.v1.EventTrustedAuditorDeleted", &m.owner, &m.auditor);
        Ok(())
    }

    fn emit_auditor(&mut self, kind: &'static str, owner: &Address, auditor: &Address) {
        self.emit_with(kind, || [("auditor", quoted(auditor)), ("owner", quoted(owner))]);
    }

    fn emit_owner(&mut self, kind: &'static str, owner: &str) {
        self.emit_with(kind, || [("owner", quoted(owner))]);
    }
}
