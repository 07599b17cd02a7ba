//! tcpviz shows how TCP connections close.
//!
//! The library is a pipeline, read from top to bottom: *frames come in, segments are decoded,
//! connections are followed, the story is told, and someone shows it.* A module may import only
//! what the table in `docs/architecture.md` allows; `tests/layers.rs` holds it to that.

mod raw;

#[forbid(unsafe_code)]
pub mod wire;

#[forbid(unsafe_code)]
pub mod conn;

#[forbid(unsafe_code)]
pub mod trace;

#[forbid(unsafe_code)]
pub mod story;

#[forbid(unsafe_code)]
pub mod source;

#[forbid(unsafe_code)]
pub mod report;

#[forbid(unsafe_code)]
pub mod tui;

#[forbid(unsafe_code)]
pub mod privilege;

#[cfg(target_os = "linux")]
#[forbid(unsafe_code)]
pub mod diag;

#[cfg(target_os = "linux")]
#[forbid(unsafe_code)]
pub mod owners;

#[forbid(unsafe_code)]
pub mod command;

#[cfg(target_os = "linux")]
#[forbid(unsafe_code)]
pub mod kernel;

#[cfg(all(feature = "live", target_os = "linux"))]
#[forbid(unsafe_code)]
pub mod lab;
