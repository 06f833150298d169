//! The commands, in their groups: each file has rows of the table and the functions that carry
//! them out.

pub(super) mod breaking;
pub(super) mod data;
pub(super) mod info;
pub(super) mod program;
pub(super) mod running;
pub(super) mod session;
pub(super) mod source;
pub(super) mod stack;
pub(super) mod tasks;
