//! Asking libpcap whether it granted nanosecond time stamps. The
//! `pcap` crate sets the precision but drops the answer and has no getter, and a wrong guess would
//! put every time off by a thousand.

#![expect(
    unsafe_code,
    reason = "libpcap's own functions: the `pcap` crate declares but doesn't offer them"
)]

use std::ffi::{c_int, c_void};

use pcap::{Active, Capture};

/// libpcap's PCAP_TSTAMP_PRECISION_NANO.
const NANO: c_int = 1;

unsafe extern "C" {
    fn pcap_get_tstamp_precision(capture: *mut c_void) -> c_int;
}

/// Nanoseconds in a unit of the fraction in this capture's time stamps: 1 or 1000.
pub fn unit_ns(capture: &Capture<Active>) -> u64 {
    // SAFETY: the pointer is the open handle that `capture` owns; the call only reads a field of
    // it.
    let precision = unsafe { pcap_get_tstamp_precision(capture.as_ptr().cast()) };
    if precision == NANO { 1 } else { 1000 }
}
