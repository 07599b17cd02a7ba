//! Segments, ICMP errors, drops and time in any order: both ends are followed and everything is told. Connections that rest in
//! between are told of as if they hadn't; where there is room for little, what stays can be told, too.
#![no_main]

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use tcpviz_fuzz::{steps, tell, trace, trace_of_little};

fuzz_target!(|bytes: &[u8]| {
    let steps = steps(&mut Unstructured::new(bytes));
    let (rested, waking) = (trace(&steps, false), trace(&steps, true));
    tell(&trace_of_little(&steps));
    assert_eq!(tell(&rested), tell(&waking), "{steps:?}");
});
