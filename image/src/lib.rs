//! WebAssembly programs out of container images and filesystems.
//!
//! [`open`] recognises what the user names by its content: an archive that `docker save`, `docker
//! export`, `buildx`, `podman`, `buildah` or `skopeo` wrote, an OCI layout as a folder or a tar, a
//! Wasm artifact, a folder with a root filesystem, an image or a
//! container of a Docker Engine (`docker://`, `container://`). Its layers are unpacked into a temporary folder,
//! which becomes `/` for the guest and is thrown away. [`Image::launch`] then says what runs in it:
//! the module, its arguments and its environment, as runwasi's shims would have it.
//!
//! An image is a stranger's: every digest is verified, every size and number is bounded
//! ([`Limits`]), and nothing is ever written outside of the temporary folder. Nothing here knows
//! Wasmtime or debug info, and nothing prints.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod assemble;
mod blobs;
mod choose;
mod copy;
mod digest;
mod docker_archive;
mod documents;
mod engine;
mod error;
mod image;
mod launch;
mod layers;
mod limits;
mod media;
mod oci_layout;
mod open;
mod platform;
mod rootfs;
mod source;
mod tarball;
pub mod temporary;
mod unpack;

pub use documents::{Config, History};
pub use error::ImageError;
pub use image::{Form, Image, Layer};
pub use launch::{Launch, LaunchOptions, Mount};
pub use limits::Limits;
pub use open::{OpenOptions, Opened, open};
pub use platform::Platform;
pub use rootfs::{FoundModule, Rootfs};
