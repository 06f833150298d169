//! Media types: what a part of an image is, by the name its descriptor gives it. Names come from
//! the OCI image specification, Docker's schema 2, runwasi, the CNCF Wasm working group's artifact
//! layout, and the older `wasm-to-oci`; those of other hosts are known to be told by name.

/// What a layer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LayerKind {
    /// A tar, compressed or not, which its content tells.
    Files,
    /// A bare Wasm binary.
    Wasm,
}

const TAR: &[&str] = &[
    "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
];

const WASM: &[&str] = &[
    "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm",
    "application/wasm",
    "application/vnd.wasm.content.layer.v1+wasm",
    "application/vnd.module.wasm.content.layer.v1+wasm",
];

/// What layers of this media type are; `Err`: what is known of it otherwise.
pub(crate) fn layer(media_type: &str) -> Result<LayerKind, &'static str> {
    if WASM.contains(&media_type) {
        return Ok(LayerKind::Wasm);
    }
    let compression = |rest: &str| matches!(rest, "" | "+gzip" | "+zstd" | ".gzip" | ".zstd");
    let mut rests = TAR.iter().filter_map(|tar| media_type.strip_prefix(tar));
    if rests.any(compression) {
        return Ok(LayerKind::Files);
    }
    Err(if media_type.ends_with("+encrypted") {
        "an encrypted layer: decrypt the image first, such as with `skopeo copy --decryption-key`"
    } else if media_type == "application/vnd.in-toto+json" {
        "an attestation, which says how an image was made and is none itself"
    } else if media_type.starts_with("application/vnd.wasm.content.layer.v1+data") {
        "a file of a Spin application"
    } else if media_type.starts_with("application/vnd.cncf.helm") {
        "a Helm chart: name the image that it deploys"
    } else {
        "no kind of layer that is known here: an image of Docker, the OCI or a Wasm artifact has \
         what can be run"
    })
}

/// The host that configurations of this media type are for, when it is not a container runtime.
pub(crate) fn foreign_config(media_type: &str) -> Option<(&'static str, &'static str)> {
    media_type
        .starts_with("application/vnd.fermyon.spin.application")
        .then_some(SPIN)
}

/// What is said of Spin applications.
pub(crate) const SPIN: (&str, &str) = (
    "is a Spin application",
    "its modules answer requests that Spin's host hands them, which wasmscope is not; run it with \
     `spin up`, or name a module of it that has a `main` with --module PATH",
);

/// What is said of slight's applications.
pub(crate) const SLIGHT: (&str, &str) = (
    "is an application for slight (SpiderLightning)",
    "its module needs the interfaces of slight's host, which wasmscope has not; run it with \
     `slight run`, or name a module of it that has a `main` with --module PATH",
);

/// What is said of Wasm Workers Server's images.
pub(crate) const WWS: (&str, &str) = (
    "starts a script, as images for Wasm Workers Server (wws) do",
    "an interpreter in that server runs it, and there is no module in the image that could run \
     here; debug the script with its own language's tools",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_by_media_type() {
        for (media_type, kind) in [
            (
                "application/vnd.oci.image.layer.v1.tar+zstd",
                LayerKind::Files,
            ),
            (
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                LayerKind::Files,
            ),
            ("application/wasm", LayerKind::Wasm),
        ] {
            assert_eq!(layer(media_type), Ok(kind), "{media_type}");
        }
        for wrong in [
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            "application/vnd.oci.image.layer.v1.tarball",
            "application/vnd.in-toto+json",
            "",
        ] {
            assert!(layer(wrong).is_err(), "{wrong}");
        }
    }
}
