//! A session driven as a front end drives it: every command and event of the protocol, on samples
//! built for both WASI targets, unoptimised and optimised.

mod breakpoints;
mod ends;
mod looking;
mod moved;
mod owners;
mod running;
mod storms;
mod support;
mod watching;
