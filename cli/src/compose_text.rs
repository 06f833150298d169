//! How a Compose file and a service of it look in `wasmscope inspect`, as text and as data.

use crate::inspect_text::Look;
use crate::output::escaped;
use serde::Serialize;
use std::fmt::Write as _;
use wasmscope_compose::{Project, Service};

/// What a file says of a service.
#[derive(Debug, Serialize)]
pub struct ServiceText {
    file: String,
    service: String,
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    build: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<String>,
    ports: Vec<String>,
    volumes: Vec<String>,
    depends_on: Vec<String>,
    profiles: Vec<String>,
    /// What the user should know.
    notes: Vec<String>,
    /// Whether it is for Wasm, as the file has it.
    wasm: bool,
}

/// A file without a word on which service is meant.
#[derive(Debug, Serialize)]
pub struct ProjectText {
    schema: u32,
    file: String,
    name: String,
    services: Vec<ServiceText>,
    /// What is wrong with others.
    unreadable: Vec<String>,
}

impl ServiceText {
    /// Of a service.
    pub fn new(project: &Project, service: &Service) -> Self {
        let port = |port: &wasmscope_compose::Port| {
            let address = match port.address {
                Some(address) if address.is_ipv6() => format!("[{address}]:"),
                Some(address) => format!("{address}:"),
                None => String::new(),
            };
            let host = port.host.map_or(String::new(), |host| format!("{host}:"));
            let udp = match port.transport {
                wasmscope_compose::Transport::Udp => "/udp",
                wasmscope_compose::Transport::Tcp => "",
            };
            format!("{address}{host}{}{udp}", port.guest)
        };
        let volume = |volume: &wasmscope_compose::Volume| {
            let mode = if volume.read_only { ":ro" } else { "" };
            format!("{}:{}{mode}", volume.described(), volume.guest)
        };
        let dependency = |dependency: &wasmscope_compose::Dependency| {
            format!("{} ({})", dependency.service, dependency.condition)
        };
        Self {
            file: project.file.display().to_string(),
            service: service.name.clone(),
            image: service.image.clone(),
            build: service
                .build
                .as_ref()
                .map(|path| path.display().to_string()),
            platform: service.platform.clone(),
            runtime: service.runtime.clone(),
            ports: service.ports.iter().map(port).collect(),
            volumes: service.volumes.iter().map(volume).collect(),
            depends_on: service.depends_on.iter().map(dependency).collect(),
            profiles: service.profiles.clone(),
            notes: service.notes.clone(),
            wasm: service.is_for_wasm(),
        }
    }

    /// The text.
    pub fn render(&self, look: Look) -> String {
        let mut out = String::new();
        let title = bold(&escaped(&self.file), look);
        let _ = writeln!(out, "{title}: service {}", escaped(&self.service));
        let list = |values: &[String]| values.join(", ");
        for (word, text) in [
            ("image", self.image.clone()),
            ("build", self.build.clone().unwrap_or_default()),
            ("platform", self.platform.clone().unwrap_or_default()),
            ("runtime", self.runtime.clone().unwrap_or_default()),
            ("ports", list(&self.ports)),
            ("volumes", list(&self.volumes)),
            ("depends on", list(&self.depends_on)),
            ("profiles", list(&self.profiles)),
        ] {
            if !text.is_empty() {
                let _ = writeln!(out, "  {word:<10} {}", escaped(&text));
            }
        }
        for note in &self.notes {
            let _ = writeln!(out, "  {:<10} {}", "note", escaped(note));
        }
        out.push('\n');
        out
    }
}

impl ProjectText {
    /// Of a file.
    pub fn new(project: &Project, schema: u32) -> Self {
        let mut services = Vec::new();
        let mut unreadable = Vec::new();
        for service in project.overview() {
            match service {
                Ok(service) => services.push(ServiceText::new(project, &service)),
                Err(error) => unreadable.push(error.to_string()),
            }
        }
        Self {
            schema,
            file: project.file.display().to_string(),
            name: project.name.clone(),
            services,
            unreadable,
        }
    }

    /// The text.
    pub fn render(&self, look: Look) -> String {
        let title = bold(&escaped(&self.file), look);
        let mut out = format!(
            "{title}: Compose file of the project {}\n\nservices\n",
            escaped(&self.name)
        );
        for service in &self.services {
            let wasm = if service.wasm { "  for Wasm" } else { "" };
            let name = escaped(&service.service);
            let _ = writeln!(out, "  {name:<16} {}{wasm}", escaped(&service.image));
        }
        for why in &self.unreadable {
            let _ = writeln!(out, "  {}", escaped(why));
        }
        out.push_str("\n--service NAME shows one of them with its image\n");
        out
    }
}

fn bold(text: &str, look: Look) -> String {
    match look.color {
        true => format!("\x1b[1m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}
