//! Options for targets that are container images or filesystems.

use super::values;
use clap::Args;
use std::path::{Path, PathBuf};
use wasmscope_image::{Limits, Mount, OpenOptions, Platform};

/// Which module of which image.
#[derive(Clone, Debug, Default, Args)]
pub struct PickArgs {
    /// The module to run, by its path in the image, instead of what the image starts
    #[arg(long, value_name = "PATH")]
    pub module: Option<String>,

    /// The platform whose image is taken, of several: `wasi/wasm`, `linux/amd64`
    #[arg(long, value_name = "OS/ARCH", value_parser = platform)]
    pub platform: Option<Platform>,

    /// The service to run, of a Compose file as TARGET
    ///
    /// TARGET is the file, its folder, or `-`. Without it, the only service is taken, or the only one
    /// for Wasm. After a Compose file, `--service NAME` may also come first among the arguments.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,

    /// Where the service's image is, instead of in a Docker Engine
    ///
    /// Anything that can be a target: a saved archive, an OCI layout, a folder, or a module alone.
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<PathBuf>,

    /// Refuse images that unpack to more than this [default: 4G]
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub max_image_size: Option<u64>,
}

/// How an image is run.
#[derive(Debug, Args)]
pub struct ImageArgs {
    #[command(flatten)]
    pub pick: PickArgs,

    /// The program to start, instead of the image's entrypoint and command
    ///
    /// ARGS follow it. Without it, ARGS replace the image's command.
    #[arg(long, value_name = "PROGRAM")]
    pub entrypoint: Option<String>,

    /// The folder of the image that the program is looked for in
    ///
    /// A guest of WASI has no current folder: its own relative paths begin at `/`.
    #[arg(short, long, value_name = "FOLDER")]
    pub workdir: Option<String>,

    /// Mount a folder of the host in the guest's filesystem; `:ro`: it may not write there
    ///
    /// `-v HOST:GUEST` says the same, where GUEST begins with a slash. May be given several times.
    #[arg(long = "volume", value_name = "HOST:GUEST[:ro]", value_parser = volume)]
    pub volumes: Vec<Mount>,

    /// Leave the unpacked image, with the guest's changes, where it is, and say where
    #[arg(long)]
    pub keep: bool,

    /// Let the guest change nothing in the image's filesystem
    #[arg(long)]
    pub read_only: bool,
}

impl PickArgs {
    /// How much is taken of an image.
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            bytes: self.max_image_size.unwrap_or(default.bytes),
            ..default
        }
    }

    /// The first of these options that was given, and that says nothing about a bare program.
    fn in_vain(&self) -> Option<&'static str> {
        let given = [
            ("--module", self.module.is_some()),
            ("--platform", self.platform.is_some()),
        ];
        first_given(&given)
    }

    /// Refuses options that say nothing about a program that is no image.
    pub fn refuse_without_image(&self, target: &Path) -> anyhow::Result<()> {
        refuse(self.in_vain(), target)
    }

    /// How the image is opened. `created` is told of temporary folders.
    pub fn open_options(&self, read_only: bool, created: fn(&Path)) -> OpenOptions {
        OpenOptions {
            platform: self.platform.clone(),
            limits: self.limits(),
            read_only,
            created: Some(created),
        }
    }
}

impl ImageArgs {
    /// Refuses options that say nothing about a program that is no image.
    pub fn refuse_without_image(&self, target: &Path) -> anyhow::Result<()> {
        let given = [
            ("--entrypoint", self.entrypoint.is_some()),
            ("--workdir", self.workdir.is_some()),
            ("--keep", self.keep),
            ("--read-only", self.read_only),
        ];
        refuse(self.pick.in_vain().or(first_given(&given)), target)
    }
}

fn first_given(options: &[(&'static str, bool)]) -> Option<&'static str> {
    options
        .iter()
        .find_map(|(name, given)| given.then_some(*name))
}

fn refuse(option: Option<&str>, target: &Path) -> anyhow::Result<()> {
    match option {
        None => Ok(()),
        Some(option) => anyhow::bail!(
            "{option}: is about container images, and {} is a program by itself: leave it out",
            target.display()
        ),
    }
}

fn platform(text: &str) -> Result<Platform, String> {
    text.parse()
}

/// `HOST:GUEST[:ro]`, as Docker has it.
fn volume(text: &str) -> Result<Mount, String> {
    let expected = "expected HOST:GUEST or HOST:GUEST:ro, such as ./data:/data:ro";
    let (rest, read_only) = match text.strip_suffix(":ro") {
        Some(rest) => (rest, true),
        None => (text.strip_suffix(":rw").unwrap_or(text), false),
    };
    let (host, guest) = rest.rsplit_once(':').ok_or(expected)?;
    if host.is_empty() || !guest.starts_with('/') {
        return Err(expected.into());
    }
    Ok(Mount {
        host: PathBuf::from(host),
        guest: guest.to_owned(),
        read_only,
    })
}

/// Whether a word after `-v` is a volume and not a target: its guest's path is absolute, and it is
/// no URL.
pub(super) fn is_volume(word: &str) -> bool {
    !word.contains("://") && volume(word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes() {
        let mount = |host: &str, guest: &str, read_only| {
            Ok(Mount {
                host: host.into(),
                guest: guest.into(),
                read_only,
            })
        };
        assert_eq!(volume("./data:/data"), mount("./data", "/data", false));
        assert_eq!(volume("a:b:/c:ro"), mount("a:b", "/c", true));
        for wrong in ["data", ":/data", "data:", "data:relative", "data:ro"] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
        assert!(!is_volume("docker://app"));
        assert!(!is_volume("app.tar:latest"));
    }
}
