//! However small the screen, and whatever is open: drawing is no crash.

use super::common::article;
use super::common::ui::{joined, keys, read, screen};

/// The article's walkthrough three times, from other ports.
fn three_connections() -> Vec<u8> {
    let once = article::pcap();
    let again = [35_792u16, 35_794].map(|port| {
        let mut again = once.clone();
        let mut at = 24;
        while at < again.len() {
            let len = u32::from_le_bytes(again[at + 8..at + 12].try_into().unwrap()) as usize;
            let tcp = at + 16 + 20;
            for field in [tcp, tcp + 2] {
                if again[field..field + 2] != 4321u16.to_be_bytes() {
                    again[field..field + 2].copy_from_slice(&port.to_be_bytes());
                }
            }
            at += 16 + len;
        }
        again
    });
    joined(&[&[once][..], &again].concat())
}

#[test]
fn no_size_is_too_small() {
    let capture = three_connections();
    for typed in [
        "",
        "⇲",
        "⇥",
        "⇥⇥",
        "?",
        "??",
        "d",
        "x",
        "v",
        "vv",
        "/rst",
        "p",
        "c",
        "a",
        "t",
        "ma",
        "⇥\\nothing⏎",
    ] {
        let mut app = read(&capture);
        keys(&mut app, typed);
        for columns in [0, 1, 2, 5, 9, 14, 20, 27, 35, 44, 54, 139, 140, 141] {
            for lines in [0, 1, 2, 3, 5, 7, 9, 11, 13, 16, 22] {
                screen(&mut app, columns, lines);
            }
        }
    }
}
