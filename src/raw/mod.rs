//! Everything `unsafe`: three small files, each with its reason. All other modules forbid it (`lib.rs`).

#[cfg(target_os = "linux")]
pub mod bpf;
#[cfg(feature = "live")]
pub mod libpcap;
#[cfg(all(feature = "live", target_os = "linux"))]
pub mod sys;
