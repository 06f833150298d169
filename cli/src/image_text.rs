//! What `wasmscope inspect` says of a container image, as text and as data: how it is packed, how it
//! wants to be run, its layers, its modules, and what would be started.

use crate::compose_text::ServiceText;
use crate::inspect_text::{Look, bytes, count, escaped};
use serde::Serialize;
use std::fmt::Write as _;
use wasmscope_debugger::inspect::Inspection;
use wasmscope_image::{Config, Form, FoundModule, Image, Launch, Layer};

/// Lists are cut after so many entries unless all are asked for.
const SHORT: usize = 12;

/// What there is to say of an image. Field names are those of the JSON.
#[derive(Debug, Serialize)]
pub struct ImageInspection {
    name: String,
    form: Form,
    compression: Option<String>,
    names: Vec<String>,
    digest: Option<String>,
    platform: Option<String>,
    created: Option<String>,
    config: Option<Config>,
    layers: Vec<Layer>,
    /// Of a container: what of the host is in its filesystem.
    mounts: Vec<MountText>,
    /// Devices and pipes, which are not unpacked.
    left_out: u64,
    modules: Vec<FoundModule>,
    start: Option<Start>,
    /// Why nothing can be started.
    no_start: Option<String>,
    #[serde(skip)]
    form_text: String,
}

/// A folder of the host in a container.
#[derive(Debug, Serialize)]
struct MountText {
    host: String,
    guest: String,
    read_only: bool,
}

/// What `wasmscope run` would start.
#[derive(Debug, Serialize)]
struct Start {
    module: String,
    argv: Vec<String>,
    function: Option<String>,
}

impl ImageInspection {
    /// Of an image, what it starts, or why it starts nothing.
    pub fn new(image: &Image, launch: Option<&Launch>, no_start: Option<String>) -> Self {
        Self {
            name: image.name.clone(),
            form: image.form,
            compression: match image.compression.trim_matches([' ', '(', ')']) {
                "" => None,
                way => Some(way.to_owned()),
            },
            names: image.names.clone(),
            digest: image.digest.clone(),
            platform: image.platform.as_ref().map(ToString::to_string),
            created: image.created.clone(),
            config: image.config.clone(),
            layers: image.layers.clone(),
            mounts: image
                .mounts
                .iter()
                .map(|mount| MountText {
                    host: mount.host.to_string_lossy().into_owned(),
                    guest: mount.guest.clone(),
                    read_only: mount.read_only,
                })
                .collect(),
            left_out: image.left_out_count,
            modules: image.modules(),
            start: launch.map(|launch| Start {
                module: launch.module.clone(),
                argv: launch.argv.clone(),
                function: launch.function.clone(),
            }),
            no_start,
            form_text: format!("{}{}", image.form, image.compression),
        }
    }
}

/// All of it as data.
#[derive(Debug, Serialize)]
pub struct AllInspected<'a> {
    /// The program's inspection.
    #[serde(flatten)]
    program: Option<&'a Inspection>,
    /// The version of the program's schema, when there is no program.
    #[serde(rename = "schema", skip_serializing_if = "Option::is_none")]
    schema: Option<u32>,
    /// The service of a Compose file that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    compose: Option<&'a ServiceText>,
    /// The image it is out of.
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<&'a ImageInspection>,
}

impl<'a> AllInspected<'a> {
    /// Of a service, its image and the program in it, as far as there are any.
    pub fn new(
        compose: Option<&'a ServiceText>,
        image: Option<&'a ImageInspection>,
        program: Option<&'a Inspection>,
    ) -> Self {
        Self {
            program,
            compose,
            schema: program.is_none().then_some(Inspection::SCHEMA),
            image,
        }
    }
}

/// The text.
pub fn render(image: &ImageInspection, look: Look) -> String {
    let mut text = Text {
        out: String::new(),
        look,
    };
    let name = text.bold(&escaped(&image.name));
    text.line(&format!("{name}: {}", image.form_text));
    text.list_fact("names", &image.names);
    text.opt_fact("digest", image.digest.as_deref());
    text.opt_fact("platform", image.platform.as_deref());
    text.opt_fact("created", image.created.as_deref());
    if let Some(config) = &image.config {
        text.config(config);
    }
    let mounts = image.mounts.iter().map(|mount| {
        let mode = if mount.read_only { ":ro" } else { "" };
        format!("{}:{}{mode}", mount.host, mount.guest)
    });
    text.list_fact("mounts", &mounts.collect::<Vec<_>>());
    text.layers(image);
    text.modules(image);
    text.start(image);
    text.out
}

struct Text {
    out: String,
    look: Look,
}

impl Text {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn bold(&self, text: &str) -> String {
        match self.look.color {
            true => format!("\x1b[1m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }

    fn heading(&mut self, heading: &str) {
        let heading = self.bold(heading);
        self.line(&format!("\n{heading}"));
    }

    fn fact(&mut self, word: &str, rest: &str) {
        let _ = writeln!(self.out, "  {word:<10} {rest}");
    }

    fn opt_fact(&mut self, word: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.fact(word, &escaped(value));
        }
    }

    fn list_fact(&mut self, word: &str, values: &[String]) {
        let shown = self.shown(values.len());
        let mut text: Vec<_> = values.iter().take(shown).map(|v| escaped(v)).collect();
        if values.len() > shown {
            text.push(format!("… {} more", values.len() - shown));
        }
        if !text.is_empty() {
            self.fact(word, &text.join(", "));
        }
    }

    fn shown(&self, length: usize) -> usize {
        match self.look.full || length <= SHORT + 2 {
            true => length,
            false => SHORT,
        }
    }

    fn config(&mut self, config: &Config) {
        let words = |words: &[String]| {
            let words: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
            format!("[{}]", words.join(", "))
        };
        self.heading("configuration");
        if *config == Config::default() {
            self.line("  empty");
        }
        for (word, list) in [("entrypoint", &config.entrypoint), ("command", &config.cmd)] {
            if !list.is_empty() {
                self.fact(word, &escaped(&words(list)));
            }
        }
        let shown = self.shown(config.env.len());
        for (index, variable) in config.env.iter().take(shown).enumerate() {
            let word = if index == 0 { "env" } else { "" };
            self.fact(word, &escaped(variable));
        }
        if config.env.len() > shown {
            self.fact("", &format!("… {} more", config.env.len() - shown));
        }
        self.opt_fact("folder", Some(&config.working_dir));
        if !config.user.is_empty() {
            let user = escaped(&config.user);
            self.fact(
                "user",
                &format!("{user}, of no effect: WASI knows no users"),
            );
        }
        self.list_fact("ports", &config.exposed_ports);
        self.list_fact("volumes", &config.volumes);
        let labels = config.labels.iter();
        let labels: Vec<_> = labels
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        self.list_fact("labels", &labels);
    }

    fn layers(&mut self, image: &ImageInspection) {
        if image.layers.is_empty() {
            return;
        }
        self.heading("layers");
        let shown = self.shown(image.layers.len());
        for layer in image.layers.iter().take(shown) {
            let digest = layer.digest.as_deref().unwrap_or("without a digest");
            // Enough to tell layers apart, as Docker has it.
            let short: String = digest.chars().take("sha256:".len() + 12).collect();
            let by = match &layer.created_by {
                Some(step) => format!("  {}", escaped(step)),
                None => String::new(),
            };
            let by: String = by.chars().take(72).collect();
            let line = format!(
                "  {}  {:>9}  {}{by}",
                escaped(&short),
                bytes(layer.size),
                layer.kind
            );
            self.line(&line);
        }
        if image.layers.len() > shown {
            self.line(&format!(
                "  … {} more (--full shows them)",
                image.layers.len() - shown
            ));
        }
    }

    fn modules(&mut self, image: &ImageInspection) {
        if image.left_out > 0 {
            let left_out = count(image.left_out, "device or pipe");
            self.fact("left out", &left_out);
        }
        self.heading("modules");
        if image.modules.is_empty() {
            self.line("  none");
        }
        let shown = self.shown(image.modules.len());
        for module in image.modules.iter().take(shown) {
            let kind = if module.component {
                "component"
            } else {
                "core module"
            };
            let line = format!(
                "  {}  {kind}, {}",
                escaped(&module.path),
                bytes(module.size)
            );
            self.line(&line);
        }
        if image.modules.len() > shown {
            self.line(&format!(
                "  … {} more (--full shows them)",
                image.modules.len() - shown
            ));
        }
    }

    fn start(&mut self, image: &ImageInspection) {
        if let Some(start) = &image.start {
            let words: Vec<_> = start.argv.iter().map(|word| format!("{word:?}")).collect();
            self.heading("starts");
            self.fact("module", &escaped(&start.module));
            self.fact("arguments", &escaped(&words.join(" ")));
            self.opt_fact("function", start.function.as_deref());
        }
        if let Some(why) = &image.no_start {
            self.heading("starts nothing");
            self.line(&format!("  {}", escaped(why)));
        }
    }
}
