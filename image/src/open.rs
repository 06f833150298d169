//! From what the user names to an image that is unpacked: recognising it by content, choosing,
//! verifying and unpacking its layers.

use crate::blobs::{Blobs, Table};
use crate::choose::{Plan, PlannedLayer, Reference, Wanted};
use crate::digest::Digest;
use crate::documents::{Config, History};
use crate::engine::{Engine, Named};
use crate::error::{ImageError, read_error, shown};
use crate::launch::Mount;
use crate::limits::{self, Limits};
use crate::media::LayerKind;
use crate::platform::Platform;
use crate::rootfs::{FoundModule, Rootfs};
use crate::source::{Compression, Source, open_regular, pour, temporary};
use crate::tarball::is_tar;
use crate::temporary::TemporaryFolder;
use crate::unpack::{Flavour, Unpacker};
use crate::{docker_archive, oci_layout};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, BufRead as _, Read as _};
use std::path::{Path, PathBuf};

/// Bytes looked at to recognise a file.
const BEGINNING: u64 = 1024;

/// What is smaller is digested sooner than a thread is started.
const SMALL: u64 = 256 << 10;

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

fn unpack_image(
    blobs: &Blobs,
    form: Form,
    plan: Plan,
    options: &OpenOptions,
) -> Result<Image, ImageError> {
    if plan.layers.len() > limits::LAYERS {
        return Err(ImageError::TooMany {
            what: blobs.name().to_owned(),
            things: "layers",
            limit: limits::LAYERS as u64,
        });
    }
    let (folder, rootfs) = new_rootfs(options)?;
    let mut unpacker = Unpacker::new(&rootfs, options.limits);
    let mut layers = Vec::new();
    let mut wasm_layers = Vec::new();
    let mut steps = plan.config.history.iter().filter(|step| !step.empty_layer);
    for (index, layer) in plan.layers.iter().enumerate() {
        let mut taken = take_layer(blobs, index, layer, &mut unpacker, folder.path())?;
        taken.0.created_by = steps
            .next()
            .map(|step| step.created_by.clone())
            .filter(|step| !step.is_empty());
        layers.push(taken.0);
        wasm_layers.extend(taken.1);
    }
    let (left_out, left_out_count) = (
        std::mem::take(&mut unpacker.left_out),
        unpacker.left_out_count,
    );
    let platform = Platform {
        os: plan.config.os,
        architecture: plan.config.architecture,
        variant: plan.config.variant,
    };
    Ok(Image {
        name: blobs.name().to_owned(),
        form,
        compression: "",
        names: plan.names,
        digest: plan.digest,
        platform: (!platform.os.is_empty()).then_some(platform),
        created: plan.config.created,
        config: Some(plan.config.config),
        history: plan.config.history,
        annotations: plan.annotations,
        layers,
        rootfs,
        wasm_layers,
        mounts: Vec::new(),
        mounts_elsewhere: None,
        left_out,
        left_out_count,
        folder: Some(folder),
    })
}

/// Verifies a layer and puts it where it belongs; the answer is what to say of it, and the module
/// that it is, if it is one.
fn take_layer(
    blobs: &Blobs,
    index: usize,
    layer: &PlannedLayer,
    unpacker: &mut Unpacker<'_>,
    folder: &Path,
) -> Result<(Layer, Option<FoundModule>), ImageError> {
    let called = match &layer.digest {
        Some(digest) => digest.to_string(),
        None => shown(&layer.path),
    };
    let what = format!("{}: layer {called}", blobs.name());
    let missing = || ImageError::Missing {
        what: blobs.name().to_owned(),
        digest: called.clone(),
        needed_by: "the image".into(),
        hint: "",
    };
    let blob = blobs.open(&layer.path)?.ok_or_else(missing)?;
    if let Some(size) = layer.size
        && size != blob.size()
    {
        return Err(ImageError::Damaged {
            what,
            why: format!("it has {} bytes, and its manifest says {size}", blob.size()),
        });
    }
    let failed = |error| read_error(&what, "its data", error);
    let mut beginning = [0u8; 6];
    let mut head = blob.reader();
    let length = head.fill_buf().map_err(failed)?.len().min(beginning.len());
    if let (Some(to), Some(from)) = (beginning.get_mut(..length), head.buffer().get(..length)) {
        to.copy_from_slice(from);
    }
    let is_wasm = match layer.kind {
        Some(kind) => kind == LayerKind::Wasm,
        None => beginning.starts_with(b"\0asm"),
    };
    let mut said = Layer {
        digest: layer
            .digest
            .as_ref()
            .or(layer.diff_id.as_ref())
            .map(ToString::to_string),
        media_type: layer.media_type.clone(),
        kind: "module".into(),
        size: blob.size(),
        created_by: None,
    };
    let stored = blob.reader();
    if is_wasm {
        let place = folder.join(format!("layer-{index}.wasm"));
        let copy = |reader: &mut dyn io::Read| copy_module(reader, &place, unpacker, &what);
        verified(
            stored,
            Some(blob.size()),
            layer.digest.as_ref().or(layer.diff_id.as_ref()),
            &what,
            copy,
        )?;
        let path = layer.title.clone().unwrap_or(called);
        let module = FoundModule {
            path,
            size: blob.size(),
            executable: true,
            component: beginning_is_component(&place),
            host: place,
        };
        return Ok((said, Some(module)));
    }
    let compression = Compression::of(&beginning).map_err(|way| ImageError::Media {
        what: what.clone(),
        media_type: way.to_owned(),
        known: "a way of compressing that image layers do not have".into(),
    })?;
    // A small layer may unpack to a large one.
    let size = Some(blob.size()).filter(|_| compression == Compression::None);
    said.kind = format!("files{}", compression.suffix());
    // Where nothing is compressed, the two are digests of the same bytes.
    let is_same = compression == Compression::None && layer.diff_id == layer.digest;
    let diff_id = layer.diff_id.as_ref().filter(|_| !is_same);
    verified(
        stored,
        Some(blob.size()),
        layer.digest.as_ref(),
        &what,
        |stored| {
            let decoded = compression
                .reader(io::BufReader::with_capacity(128 << 10, stored))
                .map_err(failed)?;
            verified(decoded, size, diff_id, &what, |files| {
                unpacker.unpack(files, Flavour::Layer, &what)
            })
        },
    )?;
    Ok((said, None))
}

/// Lets `work` read, and then checks that everything there was has that digest. `size` is how much
/// there will be, if that is known: much is digested beside the work.
fn verified<R: io::Read>(
    mut reader: R,
    size: Option<u64>,
    digest: Option<&Digest>,
    what: &str,
    work: impl FnOnce(&mut dyn io::Read) -> Result<(), ImageError>,
) -> Result<(), ImageError> {
    let Some(expected) = digest else {
        return work(&mut reader);
    };
    let mut hashing = match size {
        Some(size) if size < SMALL => expected.hashing(reader),
        _ => expected.hashing_beside(reader),
    };
    // Damage has two faces: the wrong digest tells more than what came of it.
    let worked = work(&mut hashing);
    if let Err(error @ (ImageError::TooLarge { .. } | ImageError::Temporary { .. })) = worked {
        return Err(error);
    }
    let actual = match hashing.finish() {
        Ok(finished) => finished,
        Err(error) => return worked.and(Err(read_error(what, "its data", error))),
    };
    if actual == *expected {
        return worked;
    }
    Err(ImageError::Digest {
        what: what.to_owned(),
        expected: expected.to_string(),
        actual: actual.to_string(),
    })
}

fn copy_module(
    reader: &mut dyn io::Read,
    place: &Path,
    unpacker: &mut Unpacker<'_>,
    what: &str,
) -> Result<(), ImageError> {
    let mut file = fs::File::create_new(place).map_err(temporary)?;
    let mut reader = unpacker.allowance(reader);
    let copied = pour(&mut reader, &mut file, what, "its data");
    let left = reader.left();
    unpacker.set_left(left);
    copied.map(drop)
}

fn beginning_is_component(path: &Path) -> bool {
    let mut header = [0u8; 8];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header.get(6) == Some(&1)
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

fn unpack_files(source: &Source, options: &OpenOptions) -> Result<Image, ImageError> {
    let (folder, rootfs) = new_rootfs(options)?;
    let mut unpacker = Unpacker::new(&rootfs, options.limits);
    unpacker.unpack(&mut source.whole(), Flavour::Filesystem, &source.name)?;
    let (left_out, left_out_count) = (
        std::mem::take(&mut unpacker.left_out),
        unpacker.left_out_count,
    );
    let mut image = Image::bare(&source.name, Form::FilesystemArchive, rootfs);
    image.left_out = left_out;
    image.left_out_count = left_out_count;
    image.folder = Some(folder);
    Ok(image)
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
    let mut image = Image::bare(name, Form::Folder, own.clone());
    if !options.read_only {
        let (folder, rootfs) = new_rootfs(options)?;
        let mut unpacker = Unpacker::new(&rootfs, options.limits);
        unpacker.copy(&own, name)?;
        image.left_out = std::mem::take(&mut unpacker.left_out);
        image.left_out_count = unpacker.left_out_count;
        image.rootfs = rootfs;
        image.folder = Some(folder);
    }
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

fn new_rootfs(options: &OpenOptions) -> Result<(TemporaryFolder, Rootfs), ImageError> {
    let folder = TemporaryFolder::new().map_err(temporary)?;
    if let Some(created) = options.created {
        created(folder.path());
    }
    let root = folder.path().join("rootfs");
    fs::create_dir(&root).map_err(temporary)?;
    // The way to it may go through links; below it none does.
    let root = fs::canonicalize(&root).map_err(temporary)?;
    Ok((folder, Rootfs::new(root)))
}

impl Image {
    fn bare(name: &str, form: Form, rootfs: Rootfs) -> Self {
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
