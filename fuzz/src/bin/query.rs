//! What is typed as a filter or a search: understood or answered in one line, and held against a few connections.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use tcpviz::conn::state::PerSide;
use tcpviz::story::{Query, Search, Summary};
use tcpviz::trace::Trace;
use tcpviz_fuzz::{steps, trace};

/// Two hundred steps of a pseudo-random story.
static TRACE: LazyLock<Trace> = LazyLock::new(|| {
    let mut number = 1_u32;
    let bytes: Vec<u8> = std::iter::repeat_with(|| {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        number.to_be_bytes()[0]
    })
    .take(4000)
    .collect();
    trace(&steps(&mut Unstructured::new(&bytes)), false)
});

fuzz_target!(|text: &str| {
    let one_line = |why: String| assert!(!why.contains('\n'), "{why:?}");
    match Query::parse(text) {
        Ok(query) => {
            for id in TRACE.ids() {
                let summary = Summary::of(&TRACE, id);
                let _ = query.matches_connection(&TRACE, id, &summary, &PerSide::default);
                let _ = query.holds_until_ns(&summary, TRACE.now_ns());
            }
        }
        Err(why) => one_line(why),
    }
    match Search::parse(text) {
        Ok(search) => {
            for id in TRACE.ids() {
                for row in 0..TRACE.len(id) {
                    let _ = search.matches_row(&TRACE, id, row, text.len() % 2 == 0);
                }
            }
        }
        Err(why) => one_line(why),
    }
});
