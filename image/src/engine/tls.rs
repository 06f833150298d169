//! TLS to an engine, by the certificates that the `docker` command would use.

use super::connection::{CONNECT, Channel};
use super::host::Certificates;
use crate::error::shown;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    StreamOwned,
};
use std::io::{self, Read as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A file with certificates is never larger.
const LARGEST: u64 = 1 << 20;

/// A connection after its handshake.
pub(super) type Tls = StreamOwned<ClientConnection, TcpStream>;

impl Channel for Tls {
    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.sock.set_timeout(timeout)
    }
}

/// Makes sure who is at the other end, and shows who is at this one.
pub(super) fn wrap(stream: TcpStream, name: &str, certificates: &Certificates) -> io::Result<Tls> {
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| wrong(format!("`{}` is no name for TLS", shown(name))))?;
    let config = Arc::new(configuration(certificates)?);
    let mut session =
        ClientConnection::new(config, name).map_err(|error| wrong(error.to_string()))?;
    stream.set_timeout(Some(CONNECT))?;
    let mut stream = stream;
    while session.is_handshaking() {
        let ended = |why: &str| {
            let text = format!("it has ended the connection in the middle of TLS's handshake{why}");
            io::Error::new(io::ErrorKind::InvalidData, text)
        };
        match session.complete_io(&mut stream) {
            Ok((0, 0)) => return Err(ended("")),
            Ok(_) => {}
            Err(error) => {
                return Err(match error.kind() {
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
                        ended(&format!(" ({error})"))
                    }
                    _ => error,
                });
            }
        }
    }
    Ok(StreamOwned::new(session, stream))
}

fn configuration(certificates: &Certificates) -> io::Result<ClientConfig> {
    let file = |name: &str| certificates.folder.join(name);
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(error.to_string()))?;
    let builder = if certificates.verify {
        builder.with_root_certificates(roots(&file("ca.pem"))?)
    } else {
        let anybody = Arc::new(Anybody(provider));
        builder
            .dangerous()
            .with_custom_certificate_verifier(anybody)
    };
    let (own, key) = (file("cert.pem"), file("key.pem"));
    if !own.exists() && !key.exists() {
        return Ok(builder.with_no_client_auth());
    }
    let own_chain = chain(&own)?;
    let secret = PrivateKeyDer::from_pem_slice(&content(&key)?)
        .map_err(|error| in_file(&key, &format!("it has no private key ({error})")))?;
    builder
        .with_client_auth_cert(own_chain, secret)
        .map_err(|error| {
            in_file(
                &own,
                &format!("it does not go with {} ({error})", key.display()),
            )
        })
}

fn roots(path: &Path) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(path)? {
        roots
            .add(certificate)
            .map_err(|error| in_file(path, &error.to_string()))?;
    }
    Ok(roots)
}

/// All certificates of a file; there is one at least.
fn chain(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let content = content(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content).collect();
    match all {
        Ok(all) if all.is_empty() => Err(in_file(path, "it has no certificate")),
        Ok(all) => Ok(all),
        Err(error) => Err(in_file(path, &format!("it has no certificate ({error})"))),
    }
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|error| {
            let help = "DOCKER_CERT_PATH says where ca.pem, cert.pem and key.pem are";
            in_file(path, &format!("it cannot be read ({error}); {help}"))
        })?;
    Ok(bytes)
}

fn in_file(path: &Path, why: &str) -> io::Error {
    wrong(format!("{}: {why}", path.display()))
}

fn wrong(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// Takes any certificate, for who has asked for TLS without verification. That the engine has the
/// certificate's key is made sure of all the same.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
