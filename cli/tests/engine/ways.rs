//! The ways to an engine: TCP, TLS, `ssh`, and contexts.

use crate::made_up::{answer, made_up, mounted};
use crate::{command, fails, fails_with, stdout};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;

/// What its image prints.
const IMAGE: &str = "args.wasm\nfrom-entrypoint\nfrom-cmd\nPATH=";

/// The same engine at a port of this machine; with certificates, over TLS.
fn at_a_port(folder: &Path, tls: Option<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("it has one").port();
    let mounted = mounted(folder);
    let tls = tls.map(Arc::new);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A client that has gone away is its own business.
            let _ = match &tls {
                None => answer(&mut stream, &mounted),
                Some(config) => {
                    let session = ServerConnection::new(Arc::clone(config)).expect("a session");
                    let mut stream = StreamOwned::new(session, stream);
                    let answered = answer(&mut stream, &mounted);
                    stream.conn.send_close_notify();
                    answered.and(stream.flush())
                }
            };
        }
    });
    port
}

#[test]
fn plain_tcp() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let port = at_a_port(folder.path(), None);
    for host in ["tcp://127.0.0.1", "http://localhost"] {
        let engine = format!("{host}:{port}");
        let output = command(&engine, &["run", "docker://app:latest"]).output();
        assert!(stdout(&output.expect("it starts")).starts_with(IMAGE));
    }
    // Asked for TLS, it is not spoken to without.
    let engine = format!("tcp://127.0.0.1:{port}");
    let mut tls = command(&engine, &["run", "docker://app:latest"]);
    tls.env("DOCKER_TLS", "1")
        .env("DOCKER_CERT_PATH", folder.path());
    let refused = tls.output().expect("it starts");
    fails(&refused, "it does not agree on TLS");
}

/// Who vouches for both sides, and the engine that wants to be shown a certificate.
fn with_tls(folder: &Path) -> (CertifiedIssuer<'static, KeyPair>, ServerConfig) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let issuer = CertifiedIssuer::self_signed(params, key).expect("signed");
    fs::write(folder.join("ca.pem"), issuer.pem()).expect("writable");

    let (certificate, key) = issued(&issuer, &["engine.test", "127.0.0.1"]);
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .expect("it has a root");
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .expect("they go together");
    (issuer, config)
}

fn issued(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    names: &[&str],
) -> (rcgen::Certificate, KeyPair) {
    let names = names.iter().map(|name| (*name).to_owned());
    let params = CertificateParams::new(names.collect::<Vec<_>>()).expect("names");
    let key = KeyPair::generate().expect("a key");
    (params.signed_by(&key, issuer).expect("signed"), key)
}

#[test]
fn tls_with_certificates_of_both_sides() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (issuer, config) = with_tls(folder.path());
    let port = at_a_port(folder.path(), Some(config));
    let write = |name: &str, text: &str| {
        fs::write(folder.path().join(name), text).expect("writable");
    };
    let (own, key) = issued(&issuer, &["me"]);
    let run = |scheme: &str, verify: &str| -> Output {
        let engine = format!("{scheme}://127.0.0.1:{port}");
        let mut command = command(&engine, &["run", "docker://app:latest"]);
        command.env("DOCKER_CERT_PATH", folder.path());
        if !verify.is_empty() {
            command.env(verify, "1");
        }
        command.output().expect("it starts")
    };

    // The engine wants a certificate, and there is none.
    fails(&run("tcp", "DOCKER_TLS_VERIFY"), "it does not agree on TLS");
    write("cert.pem", &own.pem());
    let no_key = run("tcp", "DOCKER_TLS_VERIFY");
    fails(&no_key, "key.pem: it cannot be read");
    write("key.pem", &key.serialize_pem());
    for (scheme, verify) in [
        ("tcp", "DOCKER_TLS_VERIFY"),
        ("https", "DOCKER_TLS_VERIFY"),
        ("https", ""),
        ("tcp", "DOCKER_TLS"),
    ] {
        assert!(stdout(&run(scheme, verify)).starts_with(IMAGE));
    }
    // Without TLS it is not spoken to, and says nothing that is HTTP.
    fails(&run("tcp", ""), "it cannot be asked");

    // A key of somebody else.
    write(
        "key.pem",
        &KeyPair::generate().expect("a key").serialize_pem(),
    );
    let mixed_up = run("tcp", "DOCKER_TLS_VERIFY");
    fails(&mixed_up, "cert.pem: it does not go with ");
    write("key.pem", "nonsense");
    fails(
        &run("tcp", "DOCKER_TLS_VERIFY"),
        "key.pem: it has no private key",
    );
    write("key.pem", &key.serialize_pem());

    // An engine that somebody else vouches for is spoken to by who does not care alone.
    let other = tempfile::tempdir().expect("a temporary folder");
    let (stranger, _) = with_tls(other.path());
    write("ca.pem", &stranger.pem());
    let unknown = run("tcp", "DOCKER_TLS_VERIFY");
    fails(&unknown, "invalid peer certificate");
    assert!(stdout(&run("tcp", "DOCKER_TLS")).starts_with(IMAGE));
    write("ca.pem", "");
    fails(
        &run("tcp", "DOCKER_TLS_VERIFY"),
        "ca.pem: it has no certificate",
    );
}

#[test]
fn ssh_passes_on_what_docker_says_there() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let port = at_a_port(folder.path(), None);
    // Instead of the other machine, its `docker system dial-stdio`.
    let ssh = folder.path().join("ssh");
    let script = format!(
        "#!/bin/bash\n\
         [[ \"$*\" == '-o ConnectTimeout=30 -T -l me -- build.test docker system dial-stdio' ]] || \
         {{ echo \"$*\" >&2; exit 255; }}\n\
         exec 3<>/dev/tcp/127.0.0.1/{port} 4<&0\n\
         cat <&4 >&3 & cat <&3; kill $!\n"
    );
    fs::write(&ssh, script).expect("writable");
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).expect("ours");
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", folder.path().display());
    let run = |engine: &str, args: &[&str]| {
        let mut command = command(engine, args);
        command.env("PATH", &path).output().expect("it starts")
    };
    let image = run("ssh://me@build.test", &["run", "docker://app:latest"]);
    assert!(stdout(&image).starts_with(IMAGE));

    // The folders of that machine are not this one's, even where there is one of the same name.
    let container = run("ssh://me@build.test", &["run", "container://made-up"]);
    assert!(stdout(&container).contains("MADE=up"));
    let warnings = String::from_utf8_lossy(&container.stderr).into_owned();
    let expected = "/mounted is a folder of ssh://me@build.test, and not of this machine; -v";
    assert!(warnings.contains(expected), "{warnings}");

    let refused = run("ssh://other.test:5", &["run", "docker://app:latest"]);
    fails(
        &refused,
        "`ssh -o ConnectTimeout=30 -T -p 5 -- other.test docker system dial-stdio` ended with exit \
         status: 255",
    );
}

#[test]
fn a_context_that_is_in_use() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = made_up(folder.path());
    let home = folder.path().join("home");
    // The digest of `mine`.
    let id = "3fd30542fe3f61b14bd4a4b2dc0b6fb30fa6f63ebce52dd1778aaa8c4dc02cff";
    let meta = home.join(".docker/contexts/meta").join(id);
    fs::create_dir_all(&meta).expect("writable");
    let text = serde_json::json!({ "Name": "mine", "Endpoints": { "docker": { "Host": engine } } });
    fs::write(meta.join("meta.json"), text.to_string()).expect("writable");
    let run = |context: Option<&str>| {
        let mut command = command("", &["run", "docker://app:latest"]);
        command.env("HOME", &home);
        if let Some(context) = context {
            command.env("DOCKER_CONTEXT", context);
        }
        command.output().expect("it starts")
    };
    assert!(stdout(&run(Some("mine"))).starts_with(IMAGE));
    fs::write(
        home.join(".docker/config.json"),
        r#"{"currentContext": "mine"}"#,
    )
    .expect("writable");
    assert!(stdout(&run(None)).starts_with(IMAGE));
    fails(
        &run(Some("other")),
        "context `other`: there is none of this name",
    );
    // What an engine does not have is told with where that is.
    let mut missing = command("", &["run", "docker://other"]);
    let missing = missing.env("HOME", &home).output().expect("it starts");
    fails_with(127, &missing, "(context mine): it has no image `other`");
}
