//! TLS in front of an emulator that speaks only HTTP, with certificates of a private authority.

use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::{Context, Result};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::NamedTempFile;

use crate::connection::Connection;
use crate::lambda::http_request::HttpRequest;

/// A server for clients of AWS; it ends with the program.
#[derive(Debug)]
pub struct TlsFront {
    /// `https://localhost:PORT`.
    pub url: String,
    ca_bundle: NamedTempFile,
}

impl TlsFront {
    /// Stands before the server at `authority`, a host and a port. Its certificate leads to the root
    /// by way of an intermediate authority, as those of AWS do.
    pub fn before(authority: &str) -> Result<Self> {
        let root = CertifiedIssuer::self_signed(issuer("Private root")?, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let intermediate = CertifiedIssuer::signed_by(issuer("Private authority")?, key, &root)?;
        let key = KeyPair::generate()?;
        let own =
            CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &intermediate)?;
        let mut ca_bundle = NamedTempFile::new().context("make a file for a certificate")?;
        ca_bundle.write_all(root.pem().as_bytes())?;

        let chain = vec![own.der().clone(), intermediate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der());
        let key = key.map_err(|problem| anyhow::anyhow!("{problem}"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        let config = Arc::new(config);

        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("https://localhost:{}", listener.local_addr()?.port());
        let authority = authority.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (authority, config) = (authority.clone(), Arc::clone(&config));
                thread::spawn(move || {
                    // Clients that do not trust it, or are killed, are what it is for.
                    let _ = forward(stream, config, &authority);
                });
            }
        });
        Ok(Self { url, ca_bundle })
    }

    /// A PEM file with the private root: for `AWS_CA_BUNDLE`.
    pub fn ca_bundle(&self) -> &Path {
        self.ca_bundle.path()
    }
}

fn issuer(name: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(params)
}

fn forward(stream: TcpStream, config: Arc<ServerConfig>, authority: &str) -> Result<()> {
    stream.set_nodelay(true)?;
    let connection = ServerConnection::new(config)?;
    let mut client = BufReader::new(StreamOwned::new(connection, stream));
    let mut server = Connection::open(authority)?;
    while let Some(request) = HttpRequest::read(&mut client)? {
        let answer = server.hand_on(&request)?;
        client.get_mut().write_all(&answer)?;
    }
    Ok(())
}
