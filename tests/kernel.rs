//! `--kernel`: what the kernel says beside a live capture, of real sockets. Tracepoints are root's: as true root everything is tested, and it
//! fails where tracefs can't be had; otherwise, and as root of a namespace, what is told without them.
//!
//! `TCPVIZ_WRITE_DOCS=1 cargo test --test kernel` writes the table in docs/kernel.md anew: it plays every experiment with an RST.
#![cfg_attr(not(target_os = "linux"), allow(unused))]

#[path = "common/mod.rs"]
mod common;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
#[path = "kernel/linux.rs"]
mod linux;

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}
