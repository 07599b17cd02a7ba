//! tcpviz shows how TCP connections close.
//!
//! The library is a pipeline, read from top to bottom: *frames come in, segments are decoded,
//! connections are followed, the story is told, and someone shows it.* A module may import only
//! what the table in `docs/architecture.md` allows; `tests/layers.rs` holds it to that.

pub mod wire;

pub mod conn;

pub mod trace;

pub mod story;

pub mod source;

pub mod report;

pub mod tui;

pub mod privilege;

#[cfg(target_os = "linux")]
pub mod diag;

#[cfg(target_os = "linux")]
pub mod owners;

pub mod command;

#[cfg(target_os = "linux")]
pub mod kernel;

#[cfg(all(feature = "live", target_os = "linux"))]
pub mod lab;
