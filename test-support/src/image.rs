//! Container images for tests, in every layout that tools have written over the years. Only the
//! layouts: what is in the layers, and every way to get it wrong, is the test's business.

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use tar::{Builder, EntryType, Header};

/// A tar archive in the making. Nothing is checked: names may be as wrong as they like.
pub struct Tar {
    builder: Builder<Vec<u8>>,
}

impl Default for Tar {
    fn default() -> Self {
        Self::new()
    }
}

impl Tar {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            builder: Builder::new(Vec::new()),
        }
    }

    /// Adds a file that everybody may execute.
    pub fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(name, EntryType::Regular, "", 0o755, content.as_ref())
    }

    /// Adds a file that nobody may execute.
    pub fn data(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(name, EntryType::Regular, "", 0o644, content.as_ref())
    }

    /// Adds a folder.
    pub fn folder(self, name: &str) -> Self {
        self.entry(name, EntryType::Directory, "", 0o755, b"")
    }

    /// Adds a symbolic link.
    pub fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(name, EntryType::Symlink, target, 0o777, b"")
    }

    /// Adds a hard link.
    pub fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(name, EntryType::Link, target, 0o644, b"")
    }

    /// Adds an entry of any kind.
    pub fn entry(
        mut self,
        name: &str,
        kind: EntryType,
        link: &str,
        mode: u32,
        content: &[u8],
    ) -> Self {
        let mut header = Header::new_gnu();
        // Past the crate's own checks, which refuse what tests are about.
        let raw = header.as_old_mut();
        assert!(
            name.len() <= raw.name.len() && link.len() <= raw.linkname.len(),
            "tests have short names"
        );
        raw.name[..name.len()].copy_from_slice(name.as_bytes());
        raw.linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(1_700_000_000);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.builder
            .append(&header, content)
            .expect("memory can be written to");
        self
    }

    /// The archive.
    pub fn finish(self) -> Vec<u8> {
        self.builder.into_inner().expect("memory can be written to")
    }
}

/// A kind of entry of a tar archive.
pub use tar::EntryType as TarEntry;

/// An image in the making.
#[derive(Clone, Debug)]
pub struct ImageMaker {
    /// The configuration's document.
    pub config: Value,
    layers: Vec<Vec<u8>>,
}

/// How layers are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stored {
    /// As they are.
    Plain,
    /// Compressed by gzip.
    Gzip,
    /// Compressed by zstd.
    Zstd,
}

impl Stored {
    fn bytes(self, layer: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => layer.to_vec(),
            Self::Gzip => gzip(layer),
            Self::Zstd => zstd(layer),
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => "+gzip",
            Self::Zstd => "+zstd",
        }
    }
}

/// Blobs of an OCI layout: bytes by their path.
type Blobs = Vec<(String, Vec<u8>)>;

impl ImageMaker {
    /// An image for `wasi/wasm` without layers that starts nothing.
    pub fn new() -> Self {
        Self {
            config: json!({
                "architecture": "wasm",
                "os": "wasi",
                "created": "2024-01-01T00:00:00Z",
                "config": {},
                "rootfs": { "type": "layers", "diff_ids": [] },
                "history": [],
            }),
            layers: Vec::new(),
        }
    }

    /// With the layer of this tar.
    pub fn layer(mut self, layer: Vec<u8>) -> Self {
        let diff_id = digest(&layer);
        push(&mut self.config["rootfs"]["diff_ids"], json!(diff_id));
        let step = json!({ "created_by": format!("COPY step {}", self.layers.len()) });
        push(&mut self.config["history"], step);
        self.layers.push(layer);
        self
    }

    /// With a field of the configuration, such as `Entrypoint`.
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.config["config"][field] = value;
        self
    }

    /// For another platform.
    pub fn platform(mut self, os: &str, architecture: &str) -> Self {
        self.config["os"] = json!(os);
        self.config["architecture"] = json!(architecture);
        self
    }

    fn config_bytes(&self) -> Vec<u8> {
        self.config.to_string().into_bytes()
    }

    /// What `docker save` wrote until version 24: a folder for each layer.
    pub fn docker_save_24(&self, tag: &str) -> Vec<u8> {
        let config = self.config_bytes();
        let config_name = format!("{}.json", hex(&config));
        let mut tar = Tar::new().data(&config_name, &config);
        let mut names = Vec::new();
        for layer in &self.layers {
            let folder = hex(layer).split_at(32).0.to_owned();
            let name = format!("{folder}/layer.tar");
            tar = tar
                .folder(&format!("{folder}/"))
                .data(&format!("{folder}/VERSION"), "1.0")
                .data(&name, layer);
            names.push(name);
        }
        let manifest = json!([{ "Config": config_name, "RepoTags": [tag], "Layers": names }]);
        tar.data("manifest.json", manifest.to_string())
            .data("repositories", "{}")
            .finish()
    }

    /// What `docker save` writes since version 25: an OCI layout with a `manifest.json`.
    pub fn docker_save_25(&self, tag: &str) -> Vec<u8> {
        let (blobs, manifest) = self.blobs(Stored::Plain);
        let mut sources = json!({});
        for layer in &self.layers {
            sources[digest(layer)] = json!({
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "size": layer.len(),
                "digest": digest(layer),
            });
        }
        let mut docker = self.saved(tag, Stored::Plain);
        docker[0]["LayerSources"] = sources;
        layout(&blobs, &docker_index(named(manifest, tag)))
            .data("manifest.json", docker.to_string())
            .data("repositories", "{}")
            .finish()
    }

    /// `manifest.json` of an archive that is an OCI layout too.
    fn saved(&self, tag: &str, stored: Stored) -> Value {
        let layers = self.layers.iter();
        let layers: Vec<_> = layers
            .map(|layer| blob_path(&stored.bytes(layer)))
            .collect();
        let config = blob_path(&self.config_bytes());
        json!([{ "Config": config, "RepoTags": [tag], "Layers": layers }])
    }

    /// What `docker save` writes with containerd's image store: an index within the index, with
    /// BuildKit's attestation and a platform whose parts are not there; layers compressed, and no
    /// `repositories`.
    pub fn docker_save_containerd(&self, tag: &str) -> Vec<u8> {
        let (mut blobs, mut manifest) = self.blobs(Stored::Gzip);
        let statement = json!({ "_type": "https://in-toto.io/Statement/v0.1" });
        let statement = statement.to_string().into_bytes();
        let nothing = json!({ "architecture": "unknown", "os": "unknown", "config": {} });
        let nothing = nothing.to_string().into_bytes();
        let notes = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &nothing),
            "layers": [descriptor("application/vnd.in-toto+json", &statement)],
        });
        let notes = notes.to_string().into_bytes();
        manifest["platform"] =
            json!({ "os": self.config["os"], "architecture": self.config["architecture"] });
        let mut attestation = descriptor(OCI_MANIFEST, &notes);
        attestation["annotations"] = json!({
            "vnd.docker.reference.digest": manifest["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        });
        attestation["platform"] = json!({ "os": "unknown", "architecture": "unknown" });
        for blob in [statement, nothing, notes] {
            blobs.push((blob_path(&blob), blob));
        }
        let elsewhere = json!({
            "mediaType": OCI_MANIFEST,
            "digest": digest(b"not in this archive"),
            "size": 19,
            "platform": { "os": "linux", "architecture": "s390x" },
        });
        let inner = json!({
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [attestation, elsewhere, manifest],
        })
        .to_string()
        .into_bytes();
        let outer = descriptor(OCI_INDEX, &inner);
        blobs.push((blob_path(&inner), inner));
        let docker = self.saved(tag, Stored::Gzip);
        layout(&blobs, &docker_index(named(outer, tag)))
            .data("manifest.json", docker.to_string())
            .finish()
    }

    /// An OCI image layout in a tar.
    pub fn oci_archive(&self, tag: &str, stored: Stored) -> Vec<u8> {
        let (blobs, manifest) = self.blobs(stored);
        let index = json!({ "schemaVersion": 2, "manifests": [named(manifest, tag)] });
        layout(&blobs, &index).finish()
    }

    /// The blobs of an OCI layout, and the descriptor of the image's manifest.
    pub fn blobs(&self, stored: Stored) -> (Blobs, Value) {
        let config = self.config_bytes();
        let mut blobs = Blobs::new();
        let mut layers = Vec::new();
        for layer in &self.layers {
            let bytes = stored.bytes(layer);
            let media_type = format!("application/vnd.oci.image.layer.v1.tar{}", stored.suffix());
            layers.push(descriptor(&media_type, &bytes));
            blobs.push((blob_path(&bytes), bytes));
        }
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", &config),
            "layers": layers,
        })
        .to_string()
        .into_bytes();
        blobs.push((blob_path(&config), config));
        let own = descriptor(OCI_MANIFEST, &manifest);
        blobs.push((blob_path(&manifest), manifest));
        (blobs, own)
    }
}

impl Default for ImageMaker {
    fn default() -> Self {
        Self::new()
    }
}

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An `index.json` as Docker writes it.
fn docker_index(image: Value) -> Value {
    json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [image] })
}

/// An archive with the CNCF's layout of a Wasm artifact: the module is the only layer.
pub fn wasm_artifact(
    module: &[u8],
    config: &Value,
    config_type: &str,
    layer_type: &str,
) -> Vec<u8> {
    let config = config.to_string().into_bytes();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(config_type, &config),
        "layers": [descriptor(layer_type, module)],
    })
    .to_string()
    .into_bytes();
    let index = json!({ "schemaVersion": 2, "manifests": [descriptor(OCI_MANIFEST, &manifest)] });
    let blobs = vec![
        (blob_path(&config), config),
        (blob_path(module), module.to_vec()),
        (blob_path(&manifest), manifest),
    ];
    layout(&blobs, &index).finish()
}

/// An OCI layout of these blobs.
pub fn layout(blobs: &[(String, Vec<u8>)], index: &Value) -> Tar {
    let mut tar = Tar::new()
        .folder("blobs/")
        .folder("blobs/sha256/")
        .data("oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#)
        .data("index.json", index.to_string());
    for (path, bytes) in blobs {
        tar = tar.data(path, bytes);
    }
    tar
}

/// `sha256:` and the digest.
pub fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(bytes))
}

/// A reference to a blob.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(bytes), "size": bytes.len() })
}

/// Compressed as `gzip` does it.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory can be written to");
    encoder.finish().expect("memory can be written to")
}

/// Compressed as `zstd` does it.
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).expect("memory can be written to")
}

fn named(mut descriptor: Value, tag: &str) -> Value {
    let short = tag.rsplit(':').next().unwrap_or(tag);
    descriptor["annotations"] = json!({
        "io.containerd.image.name": format!("docker.io/library/{tag}"),
        "org.opencontainers.image.ref.name": short,
    });
    descriptor
}

fn push(list: &mut Value, value: Value) {
    list.as_array_mut().expect("it is a list").push(value);
}

fn blob_path(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", hex(bytes))
}

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
