//! Images and filesystems of every layout, honest and hostile ones, opened and unpacked.

mod fixtures;
mod hostile;
mod launch;
mod layouts;
mod support;
mod unpacking;
