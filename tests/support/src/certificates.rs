//! The certificate authority of a test control plane. The supervisor makes it and
//! leaves it in the cluster's directory, where every test process can sign client
//! certificates for its own users.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

const CERTIFICATE_FILE: &str = "ca.crt";
const KEY_FILE: &str = "ca.key";
/// Go reads every attribute with this OID as a group, but rcgen keeps one value
/// for each of its names: the second group takes the OID spelled out.
const ORGANIZATION: &[u64] = &[2, 5, 4, 10];

/// A certificate with its key, both PEM.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// Its private key (PKCS #8).
    pub key: String,
}

/// A certificate authority.
#[derive(Debug)]
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    certificate: String,
}

impl Authority {
    /// A new authority.
    pub fn generate() -> Result<Self> {
        let (params, key) = (authority_params(), KeyPair::generate()?);
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { params, key, certificate })
    }

    /// The authority that [`Authority::save`] left in a directory.
    pub fn load(directory: &Path) -> Result<Self> {
        let read = |name| {
            let path = directory.join(name);
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        let key = KeyPair::from_pem(&read(KEY_FILE)?)?;
        Ok(Self { params: authority_params(), key, certificate: read(CERTIFICATE_FILE)? })
    }

    /// Writes certificate and key into a directory.
    pub fn save(&self, directory: &Path) -> Result<()> {
        std::fs::write(directory.join(CERTIFICATE_FILE), &self.certificate)?;
        Ok(std::fs::write(directory.join(KEY_FILE), self.key.serialize_pem())?)
    }

    /// The authority's certificate, PEM.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A server certificate for host names and addresses.
    pub fn server(&self, name: &str, hosts: &[&str]) -> Result<Identity> {
        let mut params = CertificateParams::new(hosts.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        params.distinguished_name = common_name(name);
        self.issue(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client certificate that Kubernetes takes for this user in these groups.
    pub fn client(&self, user: &str, groups: &[&str]) -> Result<Identity> {
        ensure!(groups.len() <= 2, "a client certificate carries at most two groups, not {groups:?}");
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(user);
        let names = [DnType::OrganizationName, DnType::CustomDnType(ORGANIZATION.to_vec())];
        for (name, group) in names.into_iter().zip(groups) {
            params.distinguished_name.push(name, *group);
        }
        self.issue(params, ExtendedKeyUsagePurpose::ClientAuth)
    }

    fn issue(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Result<Identity> {
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate()?;
        let signed: Certificate = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key))?;
        Ok(Identity { certificate: signed.pem(), key: key.serialize_pem() })
    }
}

/// The same every time: a certificate names its issuer by this subject.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = common_name("lambda-operator test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}
