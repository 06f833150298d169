//! From what the user names to an image: recognising it by its content, wherever it comes from, and
//! finding the wanted one in it. Unpacking it is others' work (`assemble`).

use crate::assemble::{copy_folder, unpack_files, unpack_image};
use crate::blobs::{Blobs, Table};
use crate::choose::{Plan, Reference, Wanted};
use crate::engine::{Engine, Named};
use crate::error::{ImageError, read_error, shown};
use crate::image::{Form, Image};
use crate::limits::Limits;
use crate::platform::Platform;
use crate::rootfs::Rootfs;
use crate::source::{Compression, Source, open_regular};
use crate::tarball::is_tar;
use crate::{docker_archive, oci_layout};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Bytes looked at to recognise a file.
const BEGINNING: u64 = 1024;

/// A module without any container around it is never larger.
const MODULE: u64 = 2 << 30;

/// How to open an image.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Which platform's image, of several.
    pub platform: Option<Platform>,
    /// How much is taken.
    pub limits: Limits,
    /// Whether the guest will not write: then a folder is used where it is.
    pub read_only: bool,
    /// Told of every temporary folder as soon as there is one, before anything is in it.
    pub created: Option<fn(&Path)>,
}

/// What a target is.
#[derive(Debug)]
pub enum Opened {
    /// A file that is no image, or nothing at all.
    File,
    /// What came from standard input and is no image.
    Bytes(Vec<u8>),
    /// An image or a filesystem.
    Image(Box<Image>),
}

/// Opens what the user names: `-` is standard input, and an image's tag or digest may follow the
/// path of an archive or a layout (`app.tar:v2`, `layout@sha256:…`). `docker://IMAGE`
/// and `container://NAME` are a Docker Engine's.
///
/// # Errors
/// When it is an image, and cannot be opened. What is no image is no error.
pub fn open(target: &Path, options: &OpenOptions) -> Result<Opened, ImageError> {
    if target == Path::new("-") {
        return from_stdin(options);
    }
    let mut wanted = Wanted {
        reference: None,
        platform: options.platform.clone(),
    };
    if let Some(named) = target.to_str().and_then(Named::parse) {
        return from_engine(&named, &wanted, options);
    }
    if fs::metadata(target).is_ok() {
        return at_path(target, target, &wanted, options);
    }
    let Some((path, reference)) = split_reference(target) else {
        return Ok(Opened::File);
    };
    wanted.reference = Some(reference);
    match at_path(&path, target, &wanted, options)? {
        Opened::File => Err(ImageError::NoSuchImage {
            what: path.display().to_string(),
            wanted: "of any name".into(),
            choices: Vec::new(),
        }),
        opened => Ok(opened),
    }
}

/// A path that exists, and what follows it after a colon or an at sign.
fn split_reference(target: &Path) -> Option<(PathBuf, Reference)> {
    let text = target.to_str()?;
    let split = |(path, rest): (&str, &str), reference: fn(String) -> Reference| {
        let exists = !path.is_empty() && !rest.is_empty() && fs::metadata(path).is_ok();
        exists.then(|| (PathBuf::from(path), reference(rest.to_owned())))
    };
    let digest = text.match_indices('@');
    let tag = text.match_indices(':');
    let at = |(place, sign): (usize, &str)| {
        Some((
            text.get(..place)?,
            text.get(place.checked_add(sign.len())?..)?,
        ))
    };
    digest
        .filter_map(at)
        .find_map(|parts| split(parts, Reference::Digest))
        .or_else(|| {
            tag.filter_map(at)
                .find_map(|parts| split(parts, Reference::Tag))
        })
}

fn at_path(
    path: &Path,
    target: &Path,
    wanted: &Wanted,
    options: &OpenOptions,
) -> Result<Opened, ImageError> {
    let name = target.display().to_string();
    let facts = fs::metadata(path).map_err(|source| ImageError::Unreadable {
        what: name.clone(),
        source,
    })?;
    if facts.is_dir() {
        return from_folder(path, &name, wanted, options);
    }
    if !facts.is_file() {
        // A pipe with a name, such as the shell's `<(…)`.
        let mut file = fs::File::open(path).map_err(|source| ImageError::Unreadable {
            what: name.clone(),
            source,
        })?;
        let source = Source::copy(&mut file, &name, options.limits.bytes)?;
        return from_stream(source, wanted, options);
    }
    let source = Source::new(open_regular(path, &name)?, &name)?;
    from_source(source, wanted, options)
}

fn from_engine(
    named: &Named,
    wanted: &Wanted,
    options: &OpenOptions,
) -> Result<Opened, ImageError> {
    let engine = Engine::from_environment()?;
    let limit = options.limits.bytes;
    match named {
        Named::Image(name) => from_source(engine.image(name, limit)?, wanted, options),
        Named::Container(name) => {
            let container = engine.container(name, limit)?;
            let mut image = unpack_files(&container.files, options)?;
            image.form = Form::Container;
            image.config = Some(container.config);
            image.mounts = container.mounts;
            image.mounts_elsewhere = container.elsewhere;
            Ok(Opened::Image(Box::new(image)))
        }
    }
}

fn from_stdin(options: &OpenOptions) -> Result<Opened, ImageError> {
    let name = "standard input";
    let source = Source::copy(&mut io::stdin().lock(), name, options.limits.bytes)?;
    let wanted = Wanted {
        reference: None,
        platform: options.platform.clone(),
    };
    from_stream(source, &wanted, options)
}

/// What cannot be opened a second time has to be answered with its bytes.
fn from_stream(
    source: Source,
    wanted: &Wanted,
    options: &OpenOptions,
) -> Result<Opened, ImageError> {
    let beginning = source.beginning(BEGINNING)?;
    let archived = is_tar(&beginning) || Compression::of(&beginning) != Ok(Compression::None);
    if archived && let opened @ Opened::Image(_) = from_source(source.again()?, wanted, options)? {
        return Ok(opened);
    }
    let mut bytes = Vec::new();
    source
        .part(0, MODULE)
        .read_to_end(&mut bytes)
        .map_err(|error| read_error(&source.name, "its data", error))?;
    Ok(Opened::Bytes(bytes))
}

fn from_source(
    source: Source,
    wanted: &Wanted,
    options: &OpenOptions,
) -> Result<Opened, ImageError> {
    let beginning = source.beginning(BEGINNING)?;
    let compression = match Compression::of(&beginning) {
        Ok(compression) => compression,
        // What it is, and that it is to be unpacked first, others say.
        Err(_) => return Ok(Opened::File),
    };
    let source = match compression {
        Compression::None => source,
        _ => {
            let what = source.name.clone();
            let failed = |error| read_error(&what, "its compressed data", error);
            let mut decoded = compression.reader(source.whole()).map_err(failed)?;
            Source::copy(&mut decoded, &what, options.limits.bytes)?
        }
    };
    if !is_tar(&source.beginning(BEGINNING)?) {
        return Ok(Opened::File);
    }
    let table = Table::read(&source, options.limits)?;
    let blobs = Blobs::Archive { source, table };
    let mut image = match plan(&blobs, wanted)? {
        Some((form, plan)) => unpack_image(&blobs, form, plan, options)?,
        None => unpack_filesystem(&blobs, wanted, options)?,
    };
    image.compression = compression.suffix();
    Ok(Opened::Image(Box::new(image)))
}

/// The image in an archive or a folder; `None`: it is no image but a filesystem.
fn plan(blobs: &Blobs, wanted: &Wanted) -> Result<Option<(Form, Plan)>, ImageError> {
    if let Some(images) = oci_layout::images(blobs) {
        let planned = oci_layout::plan(blobs, images, wanted);
        return match planned {
            // Some versions of Docker leave blobs out that only the index knows of.
            Err(error @ ImageError::Missing { .. }) => match docker_archive::images(blobs) {
                Some(images) => docker_archive::plan(blobs, images, wanted)
                    .map(|plan| Some((Form::DockerArchive, plan)))
                    .map_err(|_| error),
                None => Err(error),
            },
            planned => {
                let form = match docker_archive::images(blobs) {
                    Some(_) => Form::DockerArchive,
                    None => Form::OciLayout,
                };
                planned.map(|plan| Some((form, plan)))
            }
        };
    }
    if let Some(images) = docker_archive::images(blobs) {
        let plan = docker_archive::plan(blobs, images, wanted)?;
        return Ok(Some((Form::DockerArchive, plan)));
    }
    if let Some(manifest) = oci_layout::directory(blobs) {
        let plan = oci_layout::plan_directory(blobs, manifest, wanted)?;
        return Ok(Some((Form::Directory, plan)));
    }
    if blobs.open(oci_layout::MARKER)?.is_some() && blobs.has_folder("blobs") {
        return Err(ImageError::Damaged {
            what: blobs.name().to_owned(),
            why: format!(
                "it is an OCI layout whose {} names no image",
                oci_layout::INDEX
            ),
        });
    }
    Ok(None)
}

fn unpack_filesystem(
    blobs: &Blobs,
    wanted: &Wanted,
    options: &OpenOptions,
) -> Result<Image, ImageError> {
    no_reference(wanted, blobs.name())?;
    let Blobs::Archive { source, .. } = blobs else {
        return Err(ImageError::NoModule {
            what: blobs.name().to_owned(),
            hint: String::new(),
        });
    };
    unpack_files(source, options)
}

fn from_folder(
    path: &Path,
    name: &str,
    wanted: &Wanted,
    options: &OpenOptions,
) -> Result<Opened, ImageError> {
    let own = Rootfs::new(path.to_owned());
    let blobs = Blobs::Folder {
        folder: own.clone(),
        name: name.to_owned(),
    };
    if let Some((form, plan)) = plan(&blobs, wanted)? {
        let image = unpack_image(&blobs, form, plan, options)?;
        return Ok(Opened::Image(Box::new(image)));
    }
    no_reference(wanted, name)?;
    // Asked before everything is copied: any folder may have been named, by mistake too.
    if own.modules().is_empty() {
        return Ok(Opened::File);
    }
    let image = copy_folder(&own, name, options)?;
    Ok(Opened::Image(Box::new(image)))
}

fn no_reference(wanted: &Wanted, what: &str) -> Result<(), ImageError> {
    match &wanted.reference {
        None => Ok(()),
        Some(Reference::Tag(name) | Reference::Digest(name)) => Err(ImageError::NoSuchImage {
            what: what.to_owned(),
            wanted: format!("`{}`: it is a filesystem and not an image", shown(name)),
            choices: Vec::new(),
        }),
    }
}
