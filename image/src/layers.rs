//! One layer of an image: verifying it while it is unpacked, or while it is put beside the filesystem,
//! when it is a module itself. Which layers there are, and what is in archives, others know.

use crate::blobs::Blobs;
use crate::choose::PlannedLayer;
use crate::digest::Digest;
use crate::error::{ImageError, read_error, shown};
use crate::image::Layer;
use crate::media::LayerKind;
use crate::rootfs::FoundModule;
use crate::source::{Compression, pour, temporary};
use crate::unpack::{Flavour, Unpacker};
use std::fs;
use std::io::{self, BufRead as _, Read as _};
use std::path::{Path, PathBuf};

/// What is smaller is digested sooner than a thread is started.
const SMALL: u64 = 256 << 10;

/// Verifies a layer and puts it where it belongs; the answer is what to say of it, and the module
/// that it is, if it is one.
pub(crate) fn take_layer(
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
    let stored = Stored {
        layer,
        size: blob.size(),
        what: &what,
    };
    let mut reader = blob.reader();
    if is_wasm {
        let place = folder.join(format!("layer-{index}.wasm"));
        let path = layer.title.clone().unwrap_or(called);
        let module = stored.take_module(&mut reader, unpacker, place, path)?;
        return Ok((said, Some(module)));
    }
    let compression = Compression::of(&beginning).map_err(|way| ImageError::Media {
        what: what.clone(),
        media_type: way.to_owned(),
        known: "a way of compressing that image layers do not have".into(),
    })?;
    said.kind = format!("files{}", compression.suffix());
    stored.take_files(&mut reader, unpacker, compression)?;
    Ok((said, None))
}

/// A layer as it is stored.
struct Stored<'a> {
    layer: &'a PlannedLayer,
    size: u64,
    /// What messages call it.
    what: &'a str,
}

impl Stored<'_> {
    /// A layer that is a module.
    fn take_module(
        &self,
        reader: &mut dyn io::Read,
        unpacker: &mut Unpacker<'_>,
        place: PathBuf,
        path: String,
    ) -> Result<FoundModule, ImageError> {
        let digest = self.layer.digest.as_ref().or(self.layer.diff_id.as_ref());
        verified(reader, Some(self.size), digest, self.what, |reader| {
            copy_module(reader, &place, unpacker, self.what)
        })?;
        Ok(FoundModule {
            path,
            size: self.size,
            executable: true,
            component: beginning_is_component(&place),
            host: place,
        })
    }

    /// A layer of files.
    fn take_files(
        &self,
        reader: &mut dyn io::Read,
        unpacker: &mut Unpacker<'_>,
        compression: Compression,
    ) -> Result<(), ImageError> {
        let (what, layer) = (self.what, self.layer);
        let is_plain = compression == Compression::None;
        // A small layer may unpack to a large one.
        let size = Some(self.size).filter(|_| is_plain);
        // Where nothing is compressed, the two are digests of the same bytes.
        let is_same = is_plain && layer.diff_id == layer.digest;
        let diff_id = layer.diff_id.as_ref().filter(|_| !is_same);
        let stored = Some(self.size);
        verified(reader, stored, layer.digest.as_ref(), what, |reader| {
            let decoded = compression
                .reader(io::BufReader::with_capacity(128 << 10, reader))
                .map_err(|error| read_error(what, "its data", error))?;
            verified(decoded, size, diff_id, what, |files| {
                unpacker.unpack(files, Flavour::Layer, what)
            })
        })
    }
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
