//! What a Compose file says of one service: its image, what it runs, its environment, folders and
//! ports, and the services beside it, after variables, `extends`, `include`, anchors and merge keys
//! are worked out (<https://compose-spec.io>).
//!
//! [`Project::open`] reads the files, [`Project::service`] answers for one service. What a file asks
//! for and is not to be had here is told in [`Service::notes`]. Nothing here knows images or how a
//! program is run, and nothing prints.
//!
//! A Compose file is a stranger's: files, nesting, aliases and variables are bounded.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod dotenv;
mod error;
mod interpolate;
mod mounts;
mod ports;
mod project;
mod service;
mod values;
mod yaml;

pub use error::ComposeError;
pub use mounts::{Source, Volume};
pub use ports::{Port, Transport};
pub use project::{FILES, Project, is_by_name};
pub use service::{Dependency, Neighbour, Service};
