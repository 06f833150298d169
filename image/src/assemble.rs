//! From what was found to an image that is unpacked: its layers one upon another, the files of a
//! filesystem, or a copy of a folder, in a temporary folder. What the target is, `open` has found out.

use crate::blobs::Blobs;
use crate::choose::Plan;
use crate::error::ImageError;
use crate::image::{Form, Image};
use crate::layers::take_layer;
use crate::limits;
use crate::open::OpenOptions;
use crate::platform::Platform;
use crate::rootfs::Rootfs;
use crate::source::{Source, temporary};
use crate::temporary::TemporaryFolder;
use crate::unpack::{Flavour, Unpacker};
use std::fs;

/// An image of its layers.
pub(crate) fn unpack_image(
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

/// An image of the files of a whole filesystem in an archive.
pub(crate) fn unpack_files(source: &Source, options: &OpenOptions) -> Result<Image, ImageError> {
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

/// An image of the files of a folder: a copy of them, unless nobody will write.
pub(crate) fn copy_folder(
    own: &Rootfs,
    name: &str,
    options: &OpenOptions,
) -> Result<Image, ImageError> {
    let mut image = Image::bare(name, Form::Folder, own.clone());
    if !options.read_only {
        let (folder, rootfs) = new_rootfs(options)?;
        let mut unpacker = Unpacker::new(&rootfs, options.limits);
        unpacker.copy(own, name)?;
        image.left_out = std::mem::take(&mut unpacker.left_out);
        image.left_out_count = unpacker.left_out_count;
        image.rootfs = rootfs;
        image.folder = Some(folder);
    }
    Ok(image)
}
