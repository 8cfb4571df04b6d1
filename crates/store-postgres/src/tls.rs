//! Encryption as everywhere else in Watchfire: rustls with aws-lc, certificates checked, the system's unless a file names others.

use crate::PostgresError;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use std::path::Path;
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// Makes encrypted connections to servers whose certificates are good for their names.
pub(crate) fn connector(certificates: Option<&Path>) -> Result<MakeRustlsConnect, PostgresError> {
    let unusable = |error: &dyn std::fmt::Display| PostgresError::Certificates { problem: error.to_string() };
    let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let Some(path) = certificates else {
        let verified = builder.with_platform_verifier().map_err(|error| unusable(&error))?;
        return Ok(MakeRustlsConnect::new(verified.with_no_client_auth()));
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(&error))? {
        let certificate = certificate.map_err(|error| unusable(&error))?;
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    if roots.is_empty() {
        return Err(unusable(&"there is none in the file"));
    }
    Ok(MakeRustlsConnect::new(builder.with_root_certificates(roots).with_no_client_auth()))
}
