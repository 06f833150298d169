//! What an image is when it has been opened: how it was packed, what it says of itself, and where its
//! files are. How it came there, others know.

use crate::documents::{Config, History};
use crate::launch::Mount;
use crate::platform::Platform;
use crate::rootfs::{FoundModule, Rootfs};
use crate::temporary::TemporaryFolder;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;

/// How an image was packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// What `docker save` writes.
    DockerArchive,
    /// An OCI image layout.
    OciLayout,
    /// A `dir:` of skopeo.
    Directory,
    /// A whole filesystem in an archive, as `docker export` writes it.
    FilesystemArchive,
    /// A folder that is a filesystem.
    Folder,
    /// The filesystem and the configuration of a container.
    Container,
}

/// An image, unpacked.
#[derive(Debug)]
pub struct Image {
    /// What the user calls it.
    pub name: String,
    /// How it was packed.
    pub form: Form,
    /// How the archive as a whole is compressed, with a blank before it, or nothing.
    pub compression: &'static str,
    /// What it is called inside.
    pub names: Vec<String>,
    /// The digest of its manifest, or of its configuration where there is no manifest.
    pub digest: Option<String>,
    /// What it is made for, if it says.
    pub platform: Option<Platform>,
    /// When it was made, if it says.
    pub created: Option<String>,
    /// How it wants to be run; `None`: it has no configuration.
    pub config: Option<Config>,
    /// How it came to be.
    pub history: Vec<History>,
    /// Notes of its maker.
    pub annotations: BTreeMap<String, String>,
    /// Its layers, lowest first.
    pub layers: Vec<Layer>,
    /// Its files.
    pub rootfs: Rootfs,
    /// Modules that are layers of their own.
    pub wasm_layers: Vec<FoundModule>,
    /// What of the host is in its filesystem, of a container.
    pub mounts: Vec<Mount>,
    /// Where the folders of `mounts` are, if that is another machine.
    pub mounts_elsewhere: Option<String>,
    /// Devices and pipes that were left out, a few of them.
    pub left_out: Vec<String>,
    /// How many of those there are.
    pub left_out_count: u64,
    /// Where it is unpacked; `None`: it is a folder that is used where it is.
    pub folder: Option<TemporaryFolder>,
}

/// A layer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Layer {
    /// Its digest, or that of its decompressed content.
    pub digest: Option<String>,
    /// Its media type, where it has one.
    pub media_type: Option<String>,
    /// What it is, in words.
    pub kind: String,
    /// Its size as stored, in bytes.
    pub size: u64,
    /// The step of the build that made it.
    pub created_by: Option<String>,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DockerArchive => "container image (docker save)",
            Self::OciLayout => "container image (OCI layout)",
            Self::Directory => "container image (skopeo's dir:)",
            Self::FilesystemArchive => "filesystem archive",
            Self::Folder => "filesystem in a folder",
            Self::Container => "container of the Docker Engine",
        })
    }
}

impl Image {
    /// One without a configuration and without layers.
    pub(crate) fn bare(name: &str, form: Form, rootfs: Rootfs) -> Self {
        Self {
            name: name.to_owned(),
            form,
            compression: "",
            names: Vec::new(),
            digest: None,
            platform: None,
            created: None,
            config: None,
            history: Vec::new(),
            annotations: BTreeMap::new(),
            layers: Vec::new(),
            rootfs,
            wasm_layers: Vec::new(),
            mounts: Vec::new(),
            mounts_elsewhere: None,
            left_out: Vec::new(),
            left_out_count: 0,
            folder: None,
        }
    }
}
