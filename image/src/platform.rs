//! Platforms that images are for, and which of several is the one to run.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// What an image is made for: `wasi/wasm`, `linux/amd64`, `linux/arm64/v8`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Platform {
    /// The operating system: `wasi`, `wasip1`, `wasip2` for Wasm.
    #[serde(default)]
    pub os: String,
    /// The processor: `wasm`, `wasm32` for Wasm.
    #[serde(default)]
    pub architecture: String,
    /// The processor's variant, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Whether it is one of the names in use for Wasm. Several are, and nobody normalises them.
    pub fn is_wasm(&self) -> bool {
        matches!(&*self.os, "wasi" | "wasip1" | "wasip2")
            && matches!(&*self.architecture, "wasm" | "wasm32" | "wasm64")
    }

    /// What BuildKit calls the platform of what is no image, such as attestations.
    pub(crate) fn is_unknown(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// Whether an image for `self` is what somebody wants who asked for `wanted`.
    pub(crate) fn meets(&self, wanted: &Platform) -> bool {
        self.os == wanted.os
            && self.architecture == wanted.architecture
            && (wanted.variant.is_none() || wanted.variant == self.variant)
    }

    /// That of this machine, in Go's words.
    pub(crate) fn here() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            other => other,
        };
        Self {
            os: "linux".into(),
            architecture: architecture.into(),
            variant: None,
        }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/').map(str::to_owned);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(os), Some(architecture), variant, None)
                if !os.is_empty() && !architecture.is_empty() =>
            {
                Ok(Self {
                    os,
                    architecture,
                    variant,
                })
            }
            _ => Err("expected OS/ARCHITECTURE, such as wasi/wasm".into()),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}
