//! Which of several images in one archive is meant: by the name or digest that the user gave, by
//! the platform, and else by rule.

use crate::digest::Digest;
use crate::documents::ConfigFile;
use crate::error::{ImageError, shown};
use crate::media::LayerKind;
use crate::platform::Platform;
use std::collections::BTreeMap;

/// What the user says of the image.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// What stands after the path: a tag or a digest.
    pub reference: Option<Reference>,
    /// `--platform`.
    pub platform: Option<Platform>,
}

/// What stands after an archive's path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reference {
    /// `path:tag`.
    Tag(String),
    /// `path@digest`; the beginning of one is enough.
    Digest(String),
}

/// An image as found, ready to be unpacked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// What it is called.
    pub names: Vec<String>,
    /// The digest of its manifest, or of its configuration where there is no manifest.
    pub digest: Option<String>,
    pub config: ConfigFile,
    pub layers: Vec<PlannedLayer>,
    pub annotations: BTreeMap<String, String>,
}

/// A layer to be unpacked.
#[derive(Clone, Debug)]
pub(crate) struct PlannedLayer {
    /// Where it is in the archive.
    pub path: String,
    pub media_type: Option<String>,
    /// `None`: its content tells.
    pub kind: Option<LayerKind>,
    /// Of its bytes as they are stored.
    pub digest: Option<Digest>,
    pub size: Option<u64>,
    /// Of its bytes when decompressed.
    pub diff_id: Option<Digest>,
    /// The file name that an artifact's maker gave it.
    pub title: Option<String>,
}

/// One image among several. An image that has several names may be there once for each.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<T> {
    pub names: Vec<String>,
    /// Its own digest, then those of the indexes that it is in.
    pub digests: Vec<String>,
    pub platform: Option<Platform>,
    pub image: T,
}

impl<T> Candidate<T> {
    fn meets(&self, reference: &Reference) -> bool {
        match reference {
            Reference::Tag(tag) => self.names.iter().any(|name| {
                name == tag
                    || name.strip_suffix(&**tag).is_some_and(|rest| {
                        // `latest` of `app:latest`, `app:latest` of `docker.io/library/app:latest`.
                        rest.ends_with([':', '/'])
                    })
            }),
            Reference::Digest(wanted) => self.digests.iter().any(|digest| {
                digest == wanted
                    || digest
                        .split_once(':')
                        .is_some_and(|(_, hex)| wanted.len() >= 7 && hex.starts_with(&**wanted))
            }),
        }
    }

    /// Whether it is the same image, perhaps by another name.
    fn is(&self, other: &Self) -> bool {
        let own = self.digests.first();
        own.is_some() && own == other.digests.first()
    }

    fn shown(&self) -> String {
        let name = match (self.names.first(), self.digests.first()) {
            (Some(name), _) => shown(name),
            (None, Some(digest)) => shown(digest),
            (None, None) => "an image without a name".to_owned(),
        };
        match &self.platform {
            Some(platform) => format!("{name} ({})", shown(&platform.to_string())),
            None => name,
        }
    }
}

/// Chooses. `what` is the archive, for messages.
pub(crate) fn choose<T>(
    candidates: Vec<Candidate<T>>,
    wanted: &Wanted,
    what: &str,
) -> Result<Candidate<T>, ImageError> {
    let mut left = candidates;
    if let Some(reference) = &wanted.reference {
        let called = match reference {
            Reference::Tag(tag) => format!("called `{}`", shown(tag)),
            Reference::Digest(digest) => format!("of digest {}", shown(digest)),
        };
        let reference = completed(reference, &left);
        left = keep(left, |image| image.meets(&reference), what, &called)?;
    }
    if let Some(platform) = &wanted.platform {
        let is = |image: &Candidate<T>| {
            image
                .platform
                .as_ref()
                .is_some_and(|own| own.meets(platform))
        };
        left = keep(left, is, what, &format!("for {platform}"))?;
    }
    let images = by_name(left);
    let has_names = images.len() > 1;
    let mut left: Vec<Candidate<T>> = Vec::new();
    for image in images.into_iter().flat_map(preferred) {
        match left.iter_mut().find(|known| known.is(&image)) {
            Some(known) => known.names.extend(image.names),
            None => left.push(image),
        }
    }
    if left.len() > 1 {
        let way = match has_names {
            true => "TARGET:TAG or TARGET@DIGEST",
            false => "--platform OS/ARCHITECTURE, or TARGET@DIGEST",
        };
        return Err(several(&left, what, way));
    }
    left.pop().ok_or_else(|| ImageError::NoSuchImage {
        what: what.to_owned(),
        wanted: "to run".into(),
        choices: Vec::new(),
    })
}

/// As Docker has it, `app` is `app:latest` where nothing is called `app` itself.
fn completed<T>(reference: &Reference, candidates: &[Candidate<T>]) -> Reference {
    match reference {
        Reference::Tag(tag) if !candidates.iter().any(|image| image.meets(reference)) => {
            Reference::Tag(format!("{tag}:latest"))
        }
        known => known.clone(),
    }
}

/// Those of one name together, in the order of the archive.
fn by_name<T>(candidates: Vec<Candidate<T>>) -> Vec<Vec<Candidate<T>>> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<Vec<_>> = Vec::new();
    for image in candidates {
        let place = *places
            .entry(image.names.first().cloned())
            .or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(image),
            None => groups.push(vec![image]),
        }
    }
    groups
}

/// Of one image for several platforms: those for Wasm, else those for this machine, else all.
fn preferred<T>(mut images: Vec<Candidate<T>>) -> Vec<Candidate<T>> {
    let here = Platform::here();
    let is_wasm = |platform: &Platform| platform.is_wasm();
    let is_here = |platform: &Platform| platform.meets(&here);
    for rule in [&is_wasm as &dyn Fn(&Platform) -> bool, &is_here] {
        let met = |image: &Candidate<T>| image.platform.as_ref().is_some_and(rule);
        if images.iter().any(met) {
            images.retain(met);
            break;
        }
    }
    images
}

/// Keeps those that meet a wish; when none does, the error names what there is.
fn keep<T>(
    candidates: Vec<Candidate<T>>,
    meets: impl Fn(&Candidate<T>) -> bool,
    what: &str,
    wanted: &str,
) -> Result<Vec<Candidate<T>>, ImageError> {
    let (kept, others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(meets);
    if kept.is_empty() {
        return Err(ImageError::NoSuchImage {
            what: what.to_owned(),
            wanted: wanted.to_owned(),
            choices: choices(&others),
        });
    }
    Ok(kept)
}

fn several<T>(candidates: &[Candidate<T>], what: &str, way: &str) -> ImageError {
    ImageError::SeveralImages {
        what: what.to_owned(),
        choices: choices(candidates),
        way: way.to_owned(),
    }
}

/// What there is, for a message: not more than can be read.
fn choices<T>(candidates: &[Candidate<T>]) -> Vec<String> {
    const MOST: usize = 12;
    let mut choices: Vec<_> = candidates.iter().take(MOST).map(Candidate::shown).collect();
    if candidates.len() > MOST {
        choices.push("…".to_owned());
    }
    choices
}
