//! The layout of `docker save`: `manifest.json` names each image's configuration and layers. All
//! versions of Docker write it, podman and skopeo as `docker-archive`.

use crate::blobs::Blobs;
use crate::choose::{Candidate, Plan, PlannedLayer, Wanted, choose};
use crate::digest::Digest;
use crate::documents::{ConfigFile, SavedImage, parse};
use crate::error::{ImageError, shown};
use crate::limits;
use crate::platform::Platform;

/// The file that makes an archive one of these.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The images in it; `None` when this is no such archive.
pub(crate) fn images(blobs: &Blobs) -> Option<Vec<SavedImage>> {
    let bytes = blobs.document(MANIFEST).ok()??;
    let images: Vec<SavedImage> = parse(&bytes).ok()?;
    let whole = |image: &SavedImage| !image.config.is_empty();
    (!images.is_empty() && images.iter().all(whole)).then_some(images)
}

/// Finds the wanted image.
pub(crate) fn plan(
    blobs: &Blobs,
    images: Vec<SavedImage>,
    wanted: &Wanted,
) -> Result<Plan, ImageError> {
    let mut candidates = Vec::new();
    for image in images.into_iter().take(limits::DESCRIPTORS) {
        let config = read_config(blobs, &image)?;
        let platform = Platform {
            os: config.os.clone(),
            architecture: config.architecture.clone(),
            variant: config.variant.clone(),
        };
        candidates.push(Candidate {
            names: image.repo_tags.clone(),
            digests: digest_in(&image.config)
                .map(|digest| digest.to_string())
                .into_iter()
                .collect(),
            platform: (!platform.os.is_empty()).then_some(platform),
            image: (image, config),
        });
    }
    let chosen = choose(candidates, wanted, blobs.name())?;
    let (image, config) = chosen.image;
    let layers = layers(blobs, &image, &config)?;
    Ok(Plan {
        names: chosen.names,
        digest: chosen.digests.into_iter().next(),
        config,
        layers,
        annotations: Default::default(),
    })
}

fn read_config(blobs: &Blobs, image: &SavedImage) -> Result<ConfigFile, ImageError> {
    let bytes = blobs
        .document(&image.config)?
        .ok_or_else(|| missing(blobs, &image.config))?;
    if let Some(digest) = digest_in(&image.config) {
        blobs.verify(&digest, &bytes)?;
    }
    parse(&bytes).map_err(|why| ImageError::Damaged {
        what: format!("{}: {}", blobs.name(), shown(&image.config)),
        why: format!("it is no image configuration ({why})"),
    })
}

fn layers(
    blobs: &Blobs,
    image: &SavedImage,
    config: &ConfigFile,
) -> Result<Vec<PlannedLayer>, ImageError> {
    let damaged = |why: String| ImageError::Damaged {
        what: format!("{}: {MANIFEST}", blobs.name()),
        why,
    };
    let diff_ids = &config.rootfs.diff_ids;
    if !diff_ids.is_empty() && diff_ids.len() != image.layers.len() {
        return Err(damaged(format!(
            "it names {} layers, and the image's configuration {}",
            image.layers.len(),
            diff_ids.len()
        )));
    }
    let layer = |(index, path): (usize, &String)| {
        let diff_id = match diff_ids.get(index) {
            None => None,
            Some(text) => Some(
                Digest::parse(text)
                    .ok_or_else(|| damaged(format!("`{}` is no digest", shown(text))))?,
            ),
        };
        Ok(PlannedLayer {
            path: path.clone(),
            media_type: None,
            kind: None,
            // Without a digest of its content, the name it goes by is one at times.
            digest: digest_in(path).filter(|_| diff_id.is_none()),
            size: None,
            diff_id,
            title: None,
        })
    };
    image.layers.iter().enumerate().map(layer).collect()
}

/// The digest that a path of the archive is made of: `blobs/sha256/…` or `….json`.
fn digest_in(path: &str) -> Option<Digest> {
    let hex = match path.strip_prefix("blobs/sha256/") {
        Some(hex) => hex,
        None => path.strip_suffix(".json")?,
    };
    Digest::parse(&format!("sha256:{hex}"))
}

fn missing(blobs: &Blobs, path: &str) -> ImageError {
    ImageError::Missing {
        what: blobs.name().to_owned(),
        digest: shown(path),
        needed_by: MANIFEST.to_owned(),
        hint: "",
    }
}
