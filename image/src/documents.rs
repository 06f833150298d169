//! The JSON documents of images, read leniently: tools leave fields out, write `null` for an empty
//! list (as `docker save` has done for manifests), and add fields of their own. What a document
//! must have for our purposes is checked where it is used.

use crate::platform::Platform;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// An index, or a manifest: which of the two, its fields tell.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Manifest {
    #[serde(deserialize_with = "or_default")]
    pub media_type: String,
    #[serde(deserialize_with = "or_default")]
    pub artifact_type: String,
    /// Of an index.
    pub manifests: Option<Vec<Descriptor>>,
    /// Of a manifest.
    pub config: Option<Descriptor>,
    #[serde(deserialize_with = "or_default")]
    pub layers: Vec<Descriptor>,
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
}

/// A reference to a blob.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Descriptor {
    #[serde(deserialize_with = "or_default")]
    pub media_type: String,
    pub digest: String,
    pub size: Option<u64>,
    #[serde(deserialize_with = "or_default")]
    pub annotations: BTreeMap<String, String>,
    pub platform: Option<Platform>,
}

/// One image in `docker save`'s `manifest.json`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SavedImage {
    pub config: String,
    #[serde(deserialize_with = "or_default")]
    pub repo_tags: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub layers: Vec<String>,
}

/// An image's configuration, as a file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ConfigFile {
    #[serde(deserialize_with = "or_default")]
    pub os: String,
    #[serde(deserialize_with = "or_default")]
    pub architecture: String,
    pub variant: Option<String>,
    pub created: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub config: Config,
    #[serde(deserialize_with = "or_default")]
    pub rootfs: RootFs,
    #[serde(deserialize_with = "or_default")]
    pub history: Vec<History>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RootFs {
    #[serde(deserialize_with = "or_default")]
    pub diff_ids: Vec<String>,
}

/// What an image says about how it is run.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The program and its first arguments.
    #[serde(rename(deserialize = "Entrypoint"), deserialize_with = "words")]
    pub entrypoint: Vec<String>,
    /// Arguments that the user's replace; the program too, when there is no entrypoint.
    #[serde(rename(deserialize = "Cmd"), deserialize_with = "words")]
    pub cmd: Vec<String>,
    /// Environment variables, `NAME=VALUE`.
    #[serde(rename(deserialize = "Env"), deserialize_with = "or_default")]
    pub env: Vec<String>,
    /// The folder that the program is looked for in.
    #[serde(rename(deserialize = "WorkingDir"), deserialize_with = "or_default")]
    pub working_dir: String,
    /// Who the program runs as; WASI knows no users.
    #[serde(rename(deserialize = "User"), deserialize_with = "or_default")]
    pub user: String,
    /// Ports that the program listens on, such as `8080/tcp`.
    #[serde(rename(deserialize = "ExposedPorts"), deserialize_with = "keys")]
    pub exposed_ports: Vec<String>,
    /// Folders that are meant to be mounts.
    #[serde(rename(deserialize = "Volumes"), deserialize_with = "keys")]
    pub volumes: Vec<String>,
    /// Notes of the image's maker.
    #[serde(rename(deserialize = "Labels"), deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
}

/// How one layer, or one setting, came to be.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct History {
    /// The step of the build.
    #[serde(deserialize_with = "or_default")]
    pub created_by: String,
    /// Whether the step made no layer.
    #[serde(deserialize_with = "or_default")]
    pub empty_layer: bool,
}

/// Reads a document.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// `null` means the same as nothing.
fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A list, or one word.
fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Words {
        Many(Vec<String>),
        One(String),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Words::Many(words)) => words,
        Some(Words::One(word)) => vec![word],
    })
}

/// The keys of an object whose values mean nothing: Go's way to write a set.
fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let map: Option<BTreeMap<String, serde::de::IgnoredAny>> = Option::deserialize(deserializer)?;
    Ok(map.unwrap_or_default().into_keys().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_nothing() {
        let config: ConfigFile = parse(
            br#"{"os":"wasi","architecture":"wasm","history":null,"config":{"Entrypoint":null,
            "Cmd":["/a.wasm"],"Env":null,"ExposedPorts":{"80/tcp":{}},"Labels":null},"more":[1]}"#,
        )
        .expect("it is lenient");
        assert_eq!(config.config.cmd, ["/a.wasm"]);
        assert_eq!(config.config.exposed_ports, ["80/tcp"]);
        let index: Manifest = parse(br#"{"schemaVersion":2,"manifests":null}"#).expect("lenient");
        assert!(index.manifests.is_none());
        let shell: Config = parse(br#"{"Cmd":"/a.wasm"}"#).expect("lenient");
        assert_eq!(shell.cmd, ["/a.wasm"]);
    }
}
