//! The OCI image layout: `index.json` names manifests, perhaps by way of further indexes, and
//! everything is a blob called by its digest. What Docker saves since version 25 is one, as is what
//! `buildx --output type=oci`, buildah, podman, skopeo and the Wasm artifacts' tools write.
//!
//! skopeo's `dir:` is the same without folders: one image's manifest is `manifest.json`, and blobs
//! are called by the digest's digits alone.

use crate::blobs::Blobs;
use crate::choose::{Candidate, Plan, PlannedLayer, Wanted, choose};
use crate::digest::Digest;
use crate::docker_archive::MANIFEST;
use crate::documents::{ConfigFile, Descriptor, Manifest, parse};
use crate::error::{ImageError, shown};
use crate::platform::Platform;
use crate::{limits, media};
use std::rc::Rc;

/// The file that names the images.
pub(crate) const INDEX: &str = "index.json";
/// The file that makes a folder or an archive a layout.
pub(crate) const MARKER: &str = "oci-layout";

/// The file that makes a folder one of skopeo's `dir:`, and how it begins.
const DIRECTORY: (&str, &[u8]) = ("version", b"Directory Transport Version: ");

/// What an image is called, most telling first.
const NAMES: &[&str] = &[
    "io.containerd.image.name",
    "org.opencontainers.image.ref.name",
];

/// What is said when a blob is not there.
const HINT: &str =
    " (`docker save` has left out other platforms' parts, and in some versions more)";

/// The manifests that `index.json` names; `None` when this is no layout, or names none.
pub(crate) fn images(blobs: &Blobs) -> Option<Vec<Descriptor>> {
    let bytes = blobs.document(INDEX).ok()??;
    let index: Manifest = parse(&bytes).ok()?;
    let is_layout = blobs.has_folder("blobs");
    index
        .manifests
        .filter(|manifests| is_layout && !manifests.is_empty())
}

/// How blobs are called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Layout {
    Oci,
    Directory,
}

impl Layout {
    fn manifest(self, digest: &Digest) -> String {
        match self {
            Self::Oci => digest.blob_path(),
            Self::Directory => format!("{}.manifest.json", digest.hex()),
        }
    }

    fn blob(self, digest: &Digest) -> String {
        match self {
            Self::Oci => digest.blob_path(),
            Self::Directory => digest.hex().to_owned(),
        }
    }
}

/// The manifest of a `dir:` of skopeo, with its digest; `None` when this is none.
pub(crate) fn directory(blobs: &Blobs) -> Option<(Digest, Manifest)> {
    let (marker, beginning) = DIRECTORY;
    if !blobs.document(marker).ok()??.starts_with(beginning) {
        return None;
    }
    let bytes = blobs.document(MANIFEST).ok()??;
    let manifest: Manifest = parse(&bytes).ok()?;
    let is_one = manifest.config.is_some() || manifest.manifests.is_some();
    let digest = Digest::of(&bytes).ok()?;
    is_one.then_some((digest, manifest))
}

/// Finds the wanted image in a `dir:` of skopeo: there is one, or one for each platform.
pub(crate) fn plan_directory(
    blobs: &Blobs,
    (digest, manifest): (Digest, Manifest),
    wanted: &Wanted,
) -> Result<Plan, ImageError> {
    let mut search = Search::new(blobs, Layout::Directory);
    let digests = vec![digest.to_string()];
    match manifest.manifests {
        Some(images) => search.expand(images, &[], &digests, 0)?,
        None => search.found.push(Candidate {
            names: Vec::new(),
            digests,
            platform: search.platform(&manifest),
            image: (digest, Rc::new(manifest)),
        }),
    }
    search.plan(wanted)
}

/// Finds the wanted image.
pub(crate) fn plan(
    blobs: &Blobs,
    images: Vec<Descriptor>,
    wanted: &Wanted,
) -> Result<Plan, ImageError> {
    let mut search = Search::new(blobs, Layout::Oci);
    search.expand(images, &[], &[], 0)?;
    search.plan(wanted)
}

/// A manifest, and its digest.
type Found = (Digest, Rc<Manifest>);

/// The way through the indexes.
struct Search<'a> {
    blobs: &'a Blobs,
    layout: Layout,
    found: Vec<Candidate<Found>>,
    missing: Vec<Digest>,
    looked_at: usize,
}

impl<'a> Search<'a> {
    fn new(blobs: &'a Blobs, layout: Layout) -> Self {
        Self {
            blobs,
            layout,
            found: Vec::new(),
            missing: Vec::new(),
            looked_at: 0,
        }
    }

    /// Chooses among what was found.
    fn plan(self, wanted: &Wanted) -> Result<Plan, ImageError> {
        let Self { blobs, layout, .. } = self;
        if self.found.is_empty()
            && let Some(digest) = self.missing.first()
        {
            return Err(missing(blobs, digest, INDEX));
        }
        let chosen = choose(self.found, wanted, blobs.name())?;
        let (digest, manifest) = chosen.image;
        let config = read_config(blobs, layout, &manifest)?;
        let mut plan = Plan {
            names: chosen.names,
            digest: Some(digest.to_string()),
            config,
            layers: Vec::new(),
            annotations: manifest.annotations.clone(),
        };
        for layer in &manifest.layers {
            plan.layers.push(planned(blobs, layout, layer)?);
        }
        Ok(plan)
    }

    fn expand(
        &mut self,
        descriptors: Vec<Descriptor>,
        names: &[String],
        above: &[String],
        depth: usize,
    ) -> Result<(), ImageError> {
        if depth > limits::INDEX_DEPTH {
            return Err(self.too_many("indexes within indexes", limits::INDEX_DEPTH));
        }
        for descriptor in descriptors {
            self.looked_at = self.looked_at.saturating_add(1);
            if self.looked_at > limits::DESCRIPTORS {
                return Err(self.too_many("descriptors", limits::DESCRIPTORS));
            }
            self.descriptor(descriptor, names, above, depth)?;
        }
        Ok(())
    }

    fn descriptor(
        &mut self,
        descriptor: Descriptor,
        names: &[String],
        above: &[String],
        depth: usize,
    ) -> Result<(), ImageError> {
        if is_attestation(&descriptor) {
            return Ok(());
        }
        let digest = read_digest(self.blobs, &descriptor)?;
        let Some(bytes) = self
            .blobs
            .verified(&self.layout.manifest(&digest), &digest)?
        else {
            // Indexes name all platforms, and archives have often one of them only.
            self.missing.push(digest);
            return Ok(());
        };
        let document: Manifest = parse(&bytes).map_err(|why| ImageError::Damaged {
            what: format!("{}: blob {digest}", self.blobs.name()),
            why: format!("it is no manifest ({why})"),
        })?;
        let own = NAMES
            .iter()
            .find_map(|key| descriptor.annotations.get(*key))
            // It is kept once for each image that goes by it.
            .filter(|name| name.len() <= limits::PATH);
        let names = match own {
            Some(own) => vec![own.clone()],
            None => names.to_vec(),
        };
        let digests: Vec<_> = std::iter::once(digest.to_string())
            .chain(above.iter().cloned())
            .collect();
        if let Some(inner) = document.manifests {
            return self.expand(inner, &names, &digests, depth.saturating_add(1));
        }
        let known = |known: &&Candidate<Found>| known.image.0 == digest;
        // By another name, or in another index, it is the same image once more.
        let (platform, document) = match self.found.iter().find(known) {
            Some(known) => (known.platform.clone(), Rc::clone(&known.image.1)),
            None => (self.platform(&document), Rc::new(document)),
        };
        self.found.push(Candidate {
            names,
            digests,
            platform: descriptor.platform.or(platform),
            image: (digest, document),
        });
        Ok(())
    }

    /// What the configuration says of the platform; trouble with it comes out when it is chosen.
    fn platform(&self, manifest: &Manifest) -> Option<Platform> {
        let config = read_config(self.blobs, self.layout, manifest).ok()?;
        (!config.os.is_empty()).then_some(Platform {
            os: config.os,
            architecture: config.architecture,
            variant: config.variant,
        })
    }

    fn too_many(&self, things: &'static str, limit: usize) -> ImageError {
        ImageError::TooMany {
            what: format!("{}: {INDEX}", self.blobs.name()),
            things,
            limit: limit as u64,
        }
    }
}

/// BuildKit puts notes on how an image was made beside it, as if they were images.
fn is_attestation(descriptor: &Descriptor) -> bool {
    let kind = descriptor.annotations.get("vnd.docker.reference.type");
    kind.is_some_and(|kind| kind == "attestation-manifest")
        || descriptor
            .platform
            .as_ref()
            .is_some_and(Platform::is_unknown)
}

fn read_config(
    blobs: &Blobs,
    layout: Layout,
    manifest: &Manifest,
) -> Result<ConfigFile, ImageError> {
    let Some(descriptor) = &manifest.config else {
        return Err(ImageError::Damaged {
            what: format!("{}: a manifest", blobs.name()),
            why: "it names no configuration".into(),
        });
    };
    let foreign = [&descriptor.media_type, &manifest.artifact_type]
        .into_iter()
        .find_map(|media_type| media::foreign_config(media_type));
    if let Some((is, help)) = foreign {
        return Err(ImageError::Foreign {
            what: blobs.name().to_owned(),
            is: is.to_owned(),
            help: help.to_owned(),
        });
    }
    let digest = read_digest(blobs, descriptor)?;
    let bytes = blobs
        .verified(&layout.blob(&digest), &digest)?
        .ok_or_else(|| missing(blobs, &digest, "the image's manifest"))?;
    parse(&bytes).map_err(|why| ImageError::Damaged {
        what: format!("{}: blob {digest}", blobs.name()),
        why: format!("it is no image configuration ({why})"),
    })
}

fn planned(blobs: &Blobs, layout: Layout, layer: &Descriptor) -> Result<PlannedLayer, ImageError> {
    let digest = read_digest(blobs, layer)?;
    let kind = media::layer(&layer.media_type).map_err(|known| ImageError::Media {
        what: format!("{}: layer {digest}", blobs.name()),
        media_type: shown(&layer.media_type),
        known: known.to_owned(),
    })?;
    Ok(PlannedLayer {
        path: layout.blob(&digest),
        media_type: Some(layer.media_type.clone()),
        kind: Some(kind),
        digest: Some(digest),
        size: layer.size,
        diff_id: None,
        title: layer
            .annotations
            .get("org.opencontainers.image.title")
            .cloned(),
    })
}

fn read_digest(blobs: &Blobs, descriptor: &Descriptor) -> Result<Digest, ImageError> {
    Digest::parse(&descriptor.digest).ok_or_else(|| ImageError::Damaged {
        what: blobs.name().to_owned(),
        why: format!(
            "`{}` is no digest (sha256 or sha512)",
            shown(&descriptor.digest)
        ),
    })
}

fn missing(blobs: &Blobs, digest: &Digest, needed_by: &str) -> ImageError {
    ImageError::Missing {
        what: blobs.name().to_owned(),
        digest: digest.to_string(),
        needed_by: needed_by.to_owned(),
        hint: HINT,
    }
}
