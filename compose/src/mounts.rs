//! `volumes` and `tmpfs`: what of the host, or of nobody, is in the service's filesystem.

use crate::values::{host_path, kind, shown, switch, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What is mounted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// A folder or a file of the host.
    Host(PathBuf),
    /// A volume that the engine keeps, by its name; without one it is for this container alone.
    Volume(Option<String>),
    /// Memory, gone with the container.
    Temporary,
}

/// One mount.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Volume {
    /// What.
    pub source: Source,
    /// Where, as an absolute path.
    pub guest: String,
    /// Whether the service may not write there.
    pub read_only: bool,
}

/// Reads one of `volumes`; relative paths begin at `folder`.
pub(crate) fn volume(value: &Value, folder: &Path, home: Option<&str>) -> Result<Volume, String> {
    let volume = match value {
        Value::String(text) => short(text, folder, home)?,
        Value::Object(map) => long(map, folder, home)?,
        other => {
            return Err(format!(
                "`SOURCE:TARGET` or a mapping was expected, and it is {}",
                kind(other)
            ));
        }
    };
    absolute(volume)
}

/// Reads one of `tmpfs`.
pub(crate) fn temporary(value: &Value) -> Result<Volume, String> {
    let text = text(value)?;
    absolute(Volume {
        source: Source::Temporary,
        guest: text.split(':').next().unwrap_or_default().to_owned(),
        read_only: false,
    })
}

fn absolute(volume: Volume) -> Result<Volume, String> {
    match volume.guest.starts_with('/') {
        true => Ok(volume),
        false => Err(format!(
            "`{}` is no absolute path of the service's",
            shown(&volume.guest)
        )),
    }
}

/// `[SOURCE:]TARGET[:MODE]`.
fn short(text: &str, folder: &Path, home: Option<&str>) -> Result<Volume, String> {
    let mut parts = text.split(':');
    let (source, guest, mode) = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(guest), None, ..) => (None, guest, ""),
        (Some(source), Some(guest), mode, None) => (Some(source), guest, mode.unwrap_or_default()),
        _ => return Err(format!("`{}` has too many colons", shown(text))),
    };
    let is_path = |source: &str| source.starts_with(['.', '/', '~']);
    Ok(Volume {
        source: match source {
            Some("") => return Err(format!("`{}` has no source", shown(text))),
            Some(source) if is_path(source) => Source::Host(host_path(source, folder, home)),
            Some(name) => Source::Volume(Some(name.to_owned())),
            None => Source::Volume(None),
        },
        guest: guest.to_owned(),
        read_only: mode.split(',').any(|option| option == "ro"),
    })
}

fn long(
    map: &serde_json::Map<String, Value>,
    folder: &Path,
    home: Option<&str>,
) -> Result<Volume, String> {
    let field = |name: &str| {
        let value = map.get(name).filter(|value| !value.is_null());
        value.map(text).transpose()
    };
    let kind = field("type")?.unwrap_or_else(|| "volume".to_owned());
    let source = field("source")?;
    let guest = field("target")?.ok_or("a volume has no `target`")?;
    Ok(Volume {
        source: match (&*kind, source) {
            ("bind", Some(source)) => Source::Host(host_path(&source, folder, home)),
            ("bind", None) => return Err("a bind has no `source`".into()),
            ("volume", name) => Source::Volume(name),
            ("tmpfs", _) => Source::Temporary,
            (other, _) => {
                return Err(format!(
                    "volumes of the type `{}` are not to be had here; bind, volume and tmpfs are",
                    shown(other)
                ));
            }
        },
        guest,
        read_only: map
            .get("read_only")
            .is_some_and(|value| switch(value) == Ok(true)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_ways_of_writing_them() {
        let read = |value: &Value| volume(value, Path::new("/project"), Some("/home/me"));
        let host = |path: &str| Source::Host(path.into());
        for (value, source, read_only) in [
            (json!("./data:/d"), host("/project/data"), false),
            (json!(".:/d:ro,z"), host("/project"), true),
            (json!("../up:/d"), host("/project/../up"), false),
            (json!("~/x:/d:rw"), host("/home/me/x"), false),
            (json!("/abs:/d"), host("/abs"), false),
            (
                json!("named:/d"),
                Source::Volume(Some("named".into())),
                false,
            ),
            (json!("/d"), Source::Volume(None), false),
            (
                json!({ "type": "bind", "source": "x", "target": "/d", "read_only": true }),
                host("/project/x"),
                true,
            ),
            (
                json!({ "type": "tmpfs", "target": "/d" }),
                Source::Temporary,
                false,
            ),
        ] {
            let volume = read(&value).expect("valid");
            assert_eq!(
                (volume.source, volume.read_only),
                (source, read_only),
                "{value}"
            );
            assert_eq!(volume.guest, "/d");
        }
        for wrong in [
            json!("a:b"),
            json!("a:/b:ro:x"),
            json!(":/b"),
            json!({ "type": "bind", "target": "/d" }),
            json!({ "type": "npipe", "source": "x", "target": "/d" }),
            json!({ "source": "x" }),
            json!(1),
        ] {
            assert!(read(&wrong).is_err(), "{wrong}");
        }
    }
}
