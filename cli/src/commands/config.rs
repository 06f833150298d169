//! `wasmscope config`: where the user's configuration is, whether it is understood, and a template to
//! begin with. What the settings mean is not known here.

use crate::args::LogArgs;
use crate::logging;
use crate::output::escaped;
use anyhow::{Context as _, bail};
use clap::Args;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use wasmscope_tui::Config;

/// Check the configuration, or write one to begin with
///
/// The configuration is `wasmscope/config.toml` in the folder that the platform has for
/// configurations (on Linux `$XDG_CONFIG_HOME` or `~/.config`). It has the colours, the keys, the
/// mouse and the layout of `wasmscope debug`. Without options it is checked, and what is wrong with
/// it is told with its line.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Write a configuration in which every setting is explained and commented out; a file that is
    /// there already is left as it is
    #[arg(long)]
    init: bool,

    /// Print that configuration
    #[arg(long, conflicts_with = "init")]
    print: bool,
}

/// Does what was asked for.
pub fn run(log: &LogArgs, args: &ConfigArgs) -> anyhow::Result<i32> {
    logging::init(log, None)?;
    if args.print {
        return say(&Config::template());
    }
    let path = Config::default_path().context(
        "there is no folder for configurations: neither HOME nor XDG_CONFIG_HOME is set",
    )?;
    let shown = escaped(&path.display().to_string());
    if args.init {
        create(&path)?;
        return say(&format!("wrote {shown}\n"));
    }
    if !path.exists() {
        return say(&format!(
            "{shown}: not there; `wasmscope config --init` writes one to begin with\n"
        ));
    }
    Config::load(&path)?;
    say(&format!("{shown}: in order\n"))
}

/// Writes the template where nothing is yet.
fn create(path: &Path) -> anyhow::Result<()> {
    let shown = path.display().to_string();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("{}: cannot be made", folder.display()))?;
    }
    let mut file = match fs::File::create_new(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!(
                "{shown}: is there already, and is left as it is; `wasmscope config --print` prints \
                 what would be written"
            );
        }
        Err(error) => return Err(error).with_context(|| format!("{shown}: cannot be written")),
    };
    file.write_all(Config::template().as_bytes())
        .with_context(|| format!("{shown}: cannot be written"))
}

fn say(text: &str) -> anyhow::Result<i32> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever closed the other end has read enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(error).context("standard output cannot be written")
        }
        _ => Ok(0),
    }
}
