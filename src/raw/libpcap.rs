//! Asking libpcap for its version, and whether it granted nanosecond time stamps. The
//! `pcap` crate sets the precision but drops the answer and has no getter, and a wrong guess would
//! put every time off by a thousand.

#![expect(
    unsafe_code,
    reason = "libpcap's own functions: the `pcap` crate declares but doesn't offer them"
)]

use std::ffi::{CStr, c_char, c_int, c_void};

use pcap::{Active, Capture};

/// libpcap's PCAP_TSTAMP_PRECISION_NANO.
const NANO: c_int = 1;

unsafe extern "C" {
    fn pcap_get_tstamp_precision(capture: *mut c_void) -> c_int;
    fn pcap_lib_version() -> *const c_char;
}

/// Nanoseconds in a unit of the fraction in this capture's time stamps: 1 or 1000.
pub fn unit_ns(capture: &Capture<Active>) -> u64 {
    // SAFETY: the pointer is the open handle that `capture` owns; the call only reads a field of
    // it.
    let precision = unsafe { pcap_get_tstamp_precision(capture.as_ptr().cast()) };
    if precision == NANO { 1 } else { 1000 }
}

/// libpcap's version, in its own words.
pub fn version() -> String {
    // SAFETY: what comes is a string of libpcap's own, which stays as long as the program.
    let version = unsafe { CStr::from_ptr(pcap_lib_version()) };
    version.to_string_lossy().into_owned()
}
