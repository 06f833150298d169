//! What an image starts: the module, its arguments, its environment. As runwasi's shims do it
//! (containerd-shim-wasm: `sandbox/context.rs`, `sandbox/path.rs`): a layer that is a module beats
//! files; `argv[0]` is split at its first `#` into a path and the function to call; a path is looked
//! for from the working directory, a bare name in `PATH` first.

use crate::error::{ImageError, shown};
use crate::image::Image;
use crate::media;
use crate::rootfs::FoundModule;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What the user wants otherwise than the image has it.
#[derive(Clone, Debug, Default)]
pub struct LaunchOptions {
    /// The program, instead of the image's entrypoint and command.
    pub entrypoint: Option<String>,
    /// Arguments, instead of the image's command.
    pub args: Vec<String>,
    /// The folder that the program is looked for in, instead of the image's.
    pub working_dir: Option<String>,
    /// The module to run, instead of the program's file.
    pub module: Option<String>,
    /// More environment variables; the last one of a name counts.
    pub env: Vec<(String, String)>,
}

/// What to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Launch {
    /// The module's place in the image, for the guest and for messages.
    pub module: String,
    /// Its file on the host.
    pub file: PathBuf,
    /// The arguments, `argv[0]` first.
    pub argv: Vec<String>,
    /// The function to call; `None`: the program's entry.
    pub function: Option<String>,
    /// The environment, the image's variables first.
    pub env: Vec<(String, String)>,
}

/// A host's folder in the guest's filesystem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// The folder on the host.
    pub host: PathBuf,
    /// Its absolute path for the guest.
    pub guest: String,
    /// Whether the guest may not write there.
    pub read_only: bool,
}

/// Where a program's name comes from.
#[derive(Clone, Copy)]
enum Named {
    Option,
    Entrypoint,
    Cmd,
    Args,
}

impl Named {
    fn words(self) -> &'static str {
        match self {
            Self::Option => "--entrypoint",
            Self::Entrypoint => "the image's entrypoint",
            Self::Cmd => "the image's command",
            Self::Args => "the first argument",
        }
    }
}

impl Image {
    /// All modules in it: layers, and files.
    pub fn modules(&self) -> Vec<FoundModule> {
        let mut modules = self.wasm_layers.clone();
        modules.extend(self.rootfs.modules());
        modules
    }

    /// Says what runs.
    ///
    /// # Errors
    /// When the image does not say, and there is not just one module; when what it says is not
    /// there; when it is made for another host.
    pub fn launch(&self, options: &LaunchOptions) -> Result<Launch, ImageError> {
        let config = self.config.clone().unwrap_or_default();
        let mut env: Vec<(String, String)> =
            config.env.iter().filter_map(|v| variable(v)).collect();
        env.extend(options.env.iter().cloned());
        let (argv, named) = self.argv(options);
        let working_dir = match &options.working_dir {
            Some(folder) => folder.clone(),
            None => config.working_dir.clone(),
        };
        if let Some(path) = &options.module {
            let (module, file) = self.named_module(path, &working_dir)?;
            // Without an entrypoint, the first of the user's arguments is no program's name now.
            let argv = match named {
                None | Some(Named::Args) => {
                    let args = options.args.iter().cloned();
                    std::iter::once(module.clone()).chain(args).collect()
                }
                Some(_) => argv,
            };
            return Ok(launch(module, file, argv, None, env));
        }
        if let Some((is, help)) = self.foreign_host(&argv, &working_dir) {
            return Err(ImageError::Foreign {
                what: self.name.clone(),
                is: is.to_owned(),
                help: help.to_owned(),
            });
        }
        if !self.wasm_layers.is_empty() {
            let module = self.only(&self.wasm_layers, "several of its layers are modules")?;
            let function = argv.first().and_then(|program| split_program(program).1);
            return Ok(launch(
                module.path.clone(),
                module.host.clone(),
                argv,
                function,
                env,
            ));
        }
        let Some((program, named)) = argv.first().zip(named) else {
            let modules = self.rootfs.modules();
            let why = match self.config {
                Some(_) => "it has neither an entrypoint nor a command",
                None => "it is a filesystem, which does not say what to start",
            };
            let module = self.only(&modules, why)?;
            let args = options.args.clone();
            let argv = std::iter::once(module.path.clone()).chain(args).collect();
            return Ok(launch(
                module.path.clone(),
                module.host.clone(),
                argv,
                None,
                env,
            ));
        };
        let (path, function) = split_program(program);
        let Some((module, file)) = self.find_program(path, &working_dir, &env) else {
            return Err(self.no_program(path, named, options));
        };
        Ok(launch(module, file, argv.clone(), function, env))
    }

    /// The arguments, and where the first one comes from.
    fn argv(&self, options: &LaunchOptions) -> (Vec<String>, Option<Named>) {
        let empty = Default::default();
        let config = self.config.as_ref().unwrap_or(&empty);
        let (mut argv, mut named) = match &options.entrypoint {
            Some(program) => (vec![program.clone()], Some(Named::Option)),
            None if config.entrypoint.is_empty() => (Vec::new(), None),
            None => (config.entrypoint.clone(), Some(Named::Entrypoint)),
        };
        if !options.args.is_empty() {
            // Without a configuration, the module is found by rule, and these are its arguments.
            if self.config.is_some() || named.is_some() {
                named = named.or(Some(Named::Args));
                argv.extend(options.args.iter().cloned());
            }
        } else if options.entrypoint.is_none() && !config.cmd.is_empty() {
            named = named.or(Some(Named::Cmd));
            argv.extend(config.cmd.iter().cloned());
        }
        (argv, named)
    }

    /// The module that the user names: a layer by its title or digest, or a file.
    fn named_module(&self, path: &str, working_dir: &str) -> Result<(String, PathBuf), ImageError> {
        if let Some(layer) = self.wasm_layers.iter().find(|layer| layer.path == path) {
            return Ok((layer.path.clone(), layer.host.clone()));
        }
        let found = self.rootfs.find_file(working_dir, path);
        let (guest, host) = found.ok_or_else(|| ImageError::NoProgram {
            what: self.name.clone(),
            program: format!("`{}`, which --module names,", shown(path)),
            hint: self.what_there_is(),
        })?;
        Ok((guest.to_string_lossy().into_owned(), host))
    }

    /// The one module to run, of several: the only one; else the only one that may be executed.
    /// Files that only hold debug info are no programs.
    fn only<'m>(
        &self,
        modules: &'m [FoundModule],
        why: &str,
    ) -> Result<&'m FoundModule, ImageError> {
        let is_program = |module: &&FoundModule| {
            ![".debug.wasm", ".dwo", ".dwp"]
                .iter()
                .any(|suffix| module.path.ends_with(suffix))
        };
        let programs: Vec<_> = modules.iter().filter(is_program).collect();
        let executable: Vec<_> = programs.iter().filter(|m| m.executable).collect();
        match (&*programs, &*executable) {
            ([], _) => Err(ImageError::NoModule {
                what: self.name.clone(),
                hint: String::new(),
            }),
            ([only], _) => Ok(only),
            (_, [only]) => Ok(only),
            _ => Err(ImageError::SeveralModules {
                what: self.name.clone(),
                why: why.to_owned(),
                modules: listed(&programs),
            }),
        }
    }

    /// A path is looked for from the working directory, a bare name in `PATH` first.
    fn find_program(
        &self,
        program: &str,
        working_dir: &str,
        env: &[(String, String)],
    ) -> Option<(String, PathBuf)> {
        let shown =
            |(guest, host): (PathBuf, PathBuf)| (guest.to_string_lossy().into_owned(), host);
        if program.is_empty() {
            return None;
        }
        if !program.contains('/') {
            let path = env.iter().rev().find(|(name, _)| name == "PATH");
            let folders = path.map_or("", |(_, value)| value).split(':');
            let mut folders = folders.filter(|folder| !folder.is_empty());
            let found = folders.find_map(|folder| self.rootfs.find_file(folder, program));
            if let Some(found) = found {
                return Some(shown(found));
            }
        }
        self.rootfs.find_file(working_dir, program).map(shown)
    }

    fn no_program(&self, path: &str, named: Named, options: &LaunchOptions) -> ImageError {
        let hint = match (named, self.config.as_ref()) {
            (Named::Args, Some(config)) if !config.cmd.is_empty() => format!(
                "; arguments replace the image's whole command ({}), since it has no entrypoint: \
                 begin them with the program, or name it with --entrypoint",
                config
                    .cmd
                    .iter()
                    .map(|word| shown(word))
                    .collect::<Vec<_>>()
                    .join(" ")
            ),
            _ if options.entrypoint.is_none() && path.ends_with("sh") => format!(
                ": it was given in shell form, and needs a shell to start it; --entrypoint names \
                 the program itself{}",
                self.what_there_is()
            ),
            _ => self.what_there_is(),
        };
        ImageError::NoProgram {
            what: self.name.clone(),
            program: format!("`{}`, {},", shown(path), named.words()),
            hint,
        }
    }

    /// Which modules could be run instead, to be put at the end of a message.
    pub fn what_there_is(&self) -> String {
        let modules = self.modules();
        let modules: Vec<_> = modules.iter().collect();
        match listed(&modules) {
            names if names.is_empty() => "; there is no WebAssembly module in it at all".to_owned(),
            names => format!("; --module can name one of {}", names.join(", ")),
        }
    }

    /// The host that the image is made for, when that is none of ours.
    fn foreign_host(
        &self,
        argv: &[String],
        working_dir: &str,
    ) -> Option<(&'static str, &'static str)> {
        let has = |name| {
            [working_dir, "/"]
                .iter()
                .any(|folder| self.rootfs.find_file(folder, name).is_some())
        };
        let program = argv.first().map(|program| split_program(program).0);
        let is_program = program.is_some_and(|program| {
            let found = self.rootfs.find_file(working_dir, program);
            found.is_some_and(|(_, file)| begins_with(&file, b"\0asm"))
        });
        if is_program {
            return None;
        }
        if has("spin.toml") {
            return Some(media::SPIN);
        }
        if has("slightfile.toml") {
            return Some(media::SLIGHT);
        }
        let script = program.is_some_and(|program| {
            let extensions = [".js", ".py", ".rb", ".go"];
            extensions
                .iter()
                .any(|extension| program.ends_with(extension))
                && self.rootfs.find_file(working_dir, program).is_some()
        });
        script.then_some(media::WWS)
    }

    /// Puts a copy of a file of the host at `guest`, in the place of what is there.
    ///
    /// # Errors
    /// When the path is not absolute, a folder is in its way, or the file cannot be read.
    pub fn put_file(&self, host: &Path, guest: &str) -> Result<(), ImageError> {
        let wrong = |why: String| ImageError::Option {
            option: format!("a mount of {} at {}", host.display(), shown(guest)),
            why,
        };
        if self.folder.is_none() {
            return Err(wrong(
                "the folder that the guest gets is the user's own, and nothing is put there; leave \
                 --read-only out"
                    .into(),
            ));
        }
        let walked = self
            .rootfs
            .walk(Path::new(guest), true)
            .map_err(|error| wrong(error.to_string()))?;
        let mut place = walked.host;
        place.extend(walked.missing);
        let put = || {
            if let Some(parent) = place.parent() {
                fs::create_dir_all(parent)?;
            }
            match fs::symlink_metadata(&place) {
                Ok(facts) if facts.is_dir() => {
                    return Err(std::io::Error::other("a folder is in its place"));
                }
                Ok(_) => fs::remove_file(&place)?,
                Err(_) => {}
            }
            let mut to = File::create_new(&place)?;
            std::io::copy(&mut File::open(host)?, &mut to).map(drop)
        };
        put().map_err(|error| wrong(format!("cannot be made ({error})")))
    }

    /// Makes the folder that something of the host is mounted at, so that the guest sees it there.
    ///
    /// # Errors
    /// When the path is not absolute, or something else is in its way.
    pub fn make_mount_point(&self, guest: &str) -> Result<(), ImageError> {
        let wrong = |why: String| ImageError::Option {
            option: format!("--volume …:{}", shown(guest)),
            why,
        };
        if self.folder.is_none() {
            // The folder is the user's own.
            return Ok(());
        }
        let walked = self
            .rootfs
            .walk(Path::new(guest), true)
            .map_err(|error| wrong(error.to_string()))?;
        let mut place = walked.host;
        place.extend(walked.missing);
        fs::create_dir_all(&place)
            .map_err(|error| wrong(format!("cannot be made a folder of the image ({error})")))
    }
}

fn launch(
    module: String,
    file: PathBuf,
    mut argv: Vec<String>,
    function: Option<String>,
    env: Vec<(String, String)>,
) -> Launch {
    if argv.is_empty() {
        argv.push(module.clone());
    }
    Launch {
        module,
        file,
        argv,
        function: function.filter(|function| function != "_start"),
        env,
    }
}

/// The path and the function in a program's name.
fn split_program(program: &str) -> (&str, Option<String>) {
    match program.split_once('#') {
        Some((path, function)) if !function.is_empty() => (path, Some(function.to_owned())),
        Some((path, _)) => (path, None),
        None => (program, None),
    }
}

/// `NAME=VALUE`; a name alone has no value.
fn variable(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

/// Names of modules for a message: not more than can be read.
fn listed(modules: &[&FoundModule]) -> Vec<String> {
    const MOST: usize = 12;
    let mut names: Vec<_> = modules.iter().take(MOST).map(|m| shown(&m.path)).collect();
    if modules.len() > MOST {
        names.push(format!("… ({} in all)", modules.len()));
    }
    names
}

fn begins_with(file: &Path, magic: &[u8]) -> bool {
    let mut beginning = Vec::new();
    let read = File::open(file).and_then(|file| {
        let length = u64::try_from(magic.len()).unwrap_or(u64::MAX);
        file.take(length).read_to_end(&mut beginning)
    });
    read.is_ok() && beginning == magic
}
