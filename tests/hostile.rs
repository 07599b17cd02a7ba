//! Nothing in a capture, or otherwise from outside, reaches the terminal raw: whatever is drawn, in every panel.
//!
//! A new panel is added to `PANELS`, a new text from outside to `hostile_app`.

mod common;

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use common::ui::{self, SIZES, keys, screen};
use proptest::prelude::*;
use tcpviz::conn::state::PerSide;
use tcpviz::conn::{Side, State};
use tcpviz::story::owner::{Process, User};
use tcpviz::story::{Charset, Owned, Owner};
use tcpviz::trace::{Aside, Deed, KernelEnd, Queues, Said, Trace};
use tcpviz::tui::{App, Effect, Origin, Playbill};
use tcpviz::wire::{Ended, Feed, Ports};
use unicode_width::UnicodeWidthStr;

/// A panel: the keys that open it, and what else has to be so, perhaps with the text from outside.
type Panel = (&'static str, &'static str, fn(&mut App, &str));

const PANELS: &[Panel] = &[
    ("details of an order", "⇱", as_it_is),
    ("details of a call", "⇱→", as_it_is),
    ("details of a kernel's line", "⇱→→", as_it_is),
    ("details of a segment with data", "/len:>0⏎", as_it_is),
    ("fields scrolled", "/len:>0⏎JJJJJJJJJJJJ", as_it_is),
    ("payload", "/len:>0⏎x", as_it_is),
    ("payload scrolled", "/len:>0⏎xJJJ", as_it_is),
    ("absolute numbers", "a", as_it_is),
    ("time of day", "t", as_it_is),
    ("time since the row above", "tt", as_it_is),
    ("control only", "c", as_it_is),
    ("unfolded", "f", as_it_is),
    ("why", "v", as_it_is),
    ("why scrolled", "vJJJ", as_it_is),
    ("findings", "vv", as_it_is),
    ("evidence", "ee", as_it_is),
    ("figure", "⇲d", as_it_is),
    ("figure before the first segment", "⇱d", as_it_is),
    ("list alone", "⇥", as_it_is),
    ("list sorted", "⇥sssS", as_it_is),
    ("no list", "⇥⇥", as_it_is),
    ("list with owners", "⇥", own),
    ("lanes with owners", "⇲", own),
    ("list sorted with owners", "⇥ssssssss", own),
    ("help", "?", as_it_is),
    ("help scrolled", "?⇟⇟", as_it_is),
    ("an order explained", "⇱??", as_it_is),
    ("a call explained", "⇱→??", as_it_is),
    ("a kernel's line explained", "⇱→→??↓↓", as_it_is),
    ("a segment with data explained", "/len:>0⏎??↓↓↓↓", as_it_is),
    ("an ICMP error explained", "⇲←??↓", as_it_is),
    ("marks", "ma←m1←", as_it_is),
    ("a letter is awaited", "m", as_it_is),
    ("a mark that isn't one", "", |app, text| {
        for c in text.chars() {
            keys(app, &format!("m{c}"));
        }
    }),
    ("a mark that isn't there", "", |app, text| {
        for c in text.chars() {
            keys(app, &format!("'{c}"));
        }
    }),
    ("a search that is typed", "/", typed),
    (
        "a search that is typed, before its end",
        "/",
        |app, text| {
            typed(app, text);
            keys(app, "←←←");
        },
    ),
    ("a search that is done", "/", answered),
    ("a value that is looked for", "/state:", answered),
    ("a filter that is typed", "\\", typed),
    ("a filter that is done", "\\", answered),
    ("a filter by owner", "\\owner:", |app, text| {
        own(app, text);
        answered(app, text);
    }),
    ("a frame's number that is none", "g", answered),
    ("a file's name that is typed", "w", typed),
    ("a file written", "", |app, text| {
        app.tell_written(0, Path::new(text), Ok(3));
    }),
    ("a file not written", "", |app, text| {
        app.tell_written(0, Path::new(text), Err(text.into()));
    }),
    ("a notice", "", |app, text| app.tell(text)),
    ("a notice of a failure", "", |app, text| {
        app.tell_failure(text);
    }),
    ("what was copied", "⇱→y", as_it_is),
    ("tcpdump's line copied", "/len:>0⏎Y", as_it_is),
    ("a replay", " ", |app, _| {
        app.play = None;
        app.playing = true;
    }),
    ("held", "p", |app, text| {
        app.play = None;
        app.trace.ended = None;
        keys(app, "p");
        app.feed(Feed::Ended(Ended {
            cut: Some(text.into()),
            error: None,
        }));
    }),
    ("about an experiment", "i", as_it_is),
    ("an experiment that waits", "", |app, _| {
        app.play.as_mut().unwrap().over = None;
    }),
    ("an experiment under way", "", |app, _| {
        let play = app.play.as_mut().unwrap();
        (play.over, play.next) = (None, None);
    }),
    ("no experiment", "", |app, _| app.play = None),
    ("an experiment without a segment", "", |app, _| forget(app)),
    ("nothing captured yet", "", |app, _| {
        app.play = None;
        forget(app);
    }),
    (
        "a source that failed before the first segment",
        "",
        |app, _| {
            app.play = None;
            let ended = app.trace.ended.take();
            forget(app);
            app.trace.ended = ended;
        },
    ),
    ("a file being read", "", |app, _| {
        app.play = None;
        app.origin.listening = None;
        forget(app);
    }),
];

fn as_it_is(_: &mut App, _: &str) {}

/// Types the text as it is, also what no key gives but a paste might.
fn typed(app: &mut App, text: &str) {
    keys(app, text);
}

fn answered(app: &mut App, text: &str) {
    keys(app, text);
    keys(app, "⏎");
}

/// Each end's socket is held by a program that calls itself so, or by a user of that name.
fn own(app: &mut App, text: &str) {
    let ends = |id| app.trace.connection(id).addresses;
    let owned = |(local, remote): (SocketAddr, SocketAddr), process: Option<Process>| Owned {
        local,
        remote,
        owner: Owner {
            process,
            user: Some(User {
                uid: 1000,
                name: Some(text.into()),
            }),
        },
    };
    let named = Process::new(1, text.as_bytes(), 2);
    let raw = Process {
        program: text.into(),
        ..named.clone()
    };
    let (one, other) = (ends(0), ends(1));
    app.learn_owners(vec![
        owned((one.client, one.server), Some(named)),
        owned((one.server, one.client), None),
        owned((other.client, other.server), Some(raw)),
        owned((other.server, other.client), None),
    ]);
}

fn forget(app: &mut App) {
    app.trace = Trace::new(Ports::default());
    (app.connection, app.line) = (0, 0);
}

/// Two connections whose segments carry `octets`, as options and as data, and an ICMP error that quotes them.
fn capture(octets: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4u32, 4 << 16 | 2, 0, 0, 262_144, 101] {
        file.extend(word.to_le_bytes());
    }
    let mut options = octets[..octets.len().min(40)].to_vec();
    options.resize(options.len().next_multiple_of(4), 0);
    let mut number = 0u32;
    for port in [[0x9c, 0x40], [0x9c, 0x41]] {
        let lines: [(bool, u8, u32, u32, &[u8]); 6] = [
            (true, 2, 0, 0, &[]),
            (false, 0x12, 0, 1, &[]),
            (true, 0x10, 1, 1, &[]),
            (true, 0x38, 1, 1, octets),
            (false, 0x11, 1, 1, octets),
            (true, 0x14, 1, 1, &[]),
        ];
        for (from_client, flags, seq, ack, data) in lines {
            let mut tcp = Vec::new();
            let ports = if from_client {
                [port, [0, 80]]
            } else {
                [[0, 80], port]
            };
            tcp.extend(ports.concat());
            tcp.extend(seq.to_be_bytes());
            tcp.extend(ack.to_be_bytes());
            tcp.extend([
                u8::try_from(5 + options.len() / 4).unwrap() << 4,
                flags,
                1,
                0,
                0,
                0,
                0,
                1,
            ]);
            tcp.extend(&options);
            tcp.extend(data);
            let datagram = ip(6, from_client, &tcp);
            let mut frames = vec![datagram.clone()];
            if !data.is_empty() {
                frames.push(ip(
                    1,
                    !from_client,
                    &[&[3, 1, 0, 0, 0, 0, 0, 0][..], &datagram].concat(),
                ));
            }
            for frame in frames {
                let len = u32::try_from(frame.len()).unwrap();
                number += 1;
                for word in [1, number * 1000, len, len] {
                    file.extend(word.to_le_bytes());
                }
                file.extend(frame);
            }
        }
    }
    file
}

fn ip(protocol: u8, from_client: bool, payload: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(20 + payload.len()).unwrap().to_be_bytes();
    let ends = if from_client {
        [10, 0, 0, 1, 10, 0, 0, 2]
    } else {
        [10, 0, 0, 2, 10, 0, 0, 1]
    };
    let header = [0x45, 0, high, low, 0, 0, 0x40, 0, 64, protocol, 0, 0];
    [&header[..], &ends, payload].concat()
}

/// The UI with everything that comes from outside made of `text`.
fn hostile_app(text: &str, charset: Charset) -> App {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&capture(text.as_bytes())).unwrap();
    let (feeds, read_back) = ui::feeds(file.path());
    let origin = Origin {
        name: text.into(),
        listening: Some(text.into()),
        ..ui::live()
    };
    let mut app = ui::unread(origin, Some(read_back));
    app.style.charset = charset;
    for feed in feeds {
        app.feed(feed);
    }
    assert_eq!(app.connections(), 2, "the capture is read");
    app.feed(Feed::Ended(Ended {
        cut: Some(text.into()),
        error: Some(text.into()),
    }));
    for aside in asides(text) {
        app.remark(aside);
    }
    app.play = Some(Playbill {
        title: text.into(),
        about: format!("{text}\n{text}"),
        note: Some(text.into()),
        next: Some(text.into()),
        doing: text.into(),
        runs: false,
        over: Some(text.into()),
    });
    app
}

fn asides(text: &str) -> Vec<Aside> {
    let end = KernelEnd {
        state: State::Closed,
        queues: Some(Queues {
            receive: 1,
            send: 1,
        }),
        timer: text.into(),
    };
    let call = |side, text: String| Said::Call {
        side,
        text,
        failed: true,
    };
    let deed = |deed| Said::Deed {
        side: Side::Client,
        deed,
    };
    let said = [
        Said::Order(text.into()),
        call(Side::Client, format!("{text}(1) = {text}")),
        Said::Kernel(PerSide::of(|_| Some(end.clone()))),
        call(Side::Server, text.into()),
        deed(Deed::SentReset(text.into())),
        deed(Deed::TookReset(text.into())),
        deed(Deed::Error(text.into())),
    ];
    let aside = |said| Aside {
        time_ns: 0,
        connection: 1,
        row: 0,
        said,
    };
    said.map(aside).into()
}

/// What Unicode has for hiding and reordering, written down independently of the program's own table.
fn is_forbidden(c: char) -> bool {
    matches!(u32::from(c),
        0..=0x1f | 0x7f..=0x9f // control
        | 0xad | 0x34f | 0x61c | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f // soft hyphen, joiner, fillers
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f // zero width, separators, bidi, invisible operators
        | 0x3164 | 0xffa0 | 0xfe00..=0xfe0f | 0xfeff | 0xfff9..=0xfffb // fillers, selectors, annotations
        | 0xe000..=0xf8ff | 0xf_0000.. // private use
        | 0xe_0000..=0xe_0fff // tags
    )
}

fn check(app: &mut App, name: &str, size: (u16, u16)) -> Result<(), TestCaseError> {
    let terminal = screen(app, size.0, size.1);
    for cell in &terminal.backend().buffer().content {
        let symbol = cell.symbol();
        prop_assert!(
            !symbol.contains(is_forbidden),
            "{name} {size:?}: {symbol:?}"
        );
        prop_assert!(
            symbol.is_empty() || symbol.width() > 0,
            "{name} {size:?}: {symbol:?}"
        );
        let ascii = app.style.charset == Charset::Ascii;
        prop_assert!(!ascii || symbol.is_ascii(), "{name} {size:?}: {symbol:?}");
    }
    Ok(())
}

fn hostile_text() -> impl Strategy<Value = String> {
    let chosen = "\x1b\x07\0\t\r\n\x7f\u{85}\u{9b}\u{9d}\u{ad}\u{34f}\u{61c}\u{3164}\u{200b}\u{200d}\u{200f}\u{2028}\u{202e}\u{2066}\
                  \u{2069}\u{2062}\u{feff}\u{fe0f}\u{fff9}\u{e0041}\u{e001}\u{f0000}\u{301}\u{20dd}\u{1161}\u{180e}e中🦀(=,";
    let chosen: Vec<_> = chosen.chars().collect();
    let any = prop_oneof![
        4 => proptest::sample::select(chosen),
        1 => any::<char>(),
        2 => proptest::char::range('a', 'z'),
    ];
    proptest::collection::vec(any, 1..20).prop_map(String::from_iter)
}

/// Of everything that hides one, in one text.
const ALL: &str = "a\x1b]0;x\x07\u{9b}2J\u{ad}\u{34f}\u{61c}\u{3164}\u{200b}\u{200d}\u{2028}\u{202e}\u{2066}\u{2062}\u{feff}\u{fe0f}\u{fff9}\u{e0041}\u{e001}\u{301}";

fn check_panels(text: &str, charset: Charset, sizes: &[(u16, u16)]) -> Result<(), TestCaseError> {
    for (name, keys, arrange) in PANELS {
        let mut app = hostile_app(text, charset);
        self::keys(&mut app, keys);
        arrange(&mut app, text);
        for size in sizes {
            check(&mut app, name, *size)?;
        }
    }
    Ok(())
}

#[test]
fn nothing_of_what_hides_reaches_any_cell_at_any_size() {
    for charset in [Charset::Unicode, Charset::Ascii] {
        check_panels(ALL, charset, &SIZES).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn nothing_from_outside_reaches_any_cell_raw(
        text in hostile_text(),
        ascii in any::<bool>(),
        size in proptest::sample::select(&SIZES[..]),
    ) {
        let charset = if ascii { Charset::Ascii } else { Charset::Unicode };
        check_panels(&text, charset, &[size])?;
    }
}

/// What the lab tells is shown as an escape where it is told: the net under the panels needn't catch it.
#[test]
fn what_is_hidden_in_a_call_can_be_read() {
    let mut app = hostile_app("a", Charset::Unicode);
    for aside in asides("x\u{202e}\x1b[2J") {
        app.remark(aside);
    }
    let sentences = [
        "Not on",
        "A system call",
        "The kernel",
        "A system call",
        "The client's kernel sent",
        "The client's kernel took",
        "The client's kernel has an error",
    ];
    for (line, wanted) in (7..14).zip(sentences) {
        app.line = line;
        let text = screen(&mut app, 160, 50).backend().to_string();
        assert!(text.contains(wanted), "{text}");
        assert!(
            text.contains("x\\u{202e}\\u{1b}[2J") && !text.contains('\u{fffd}'),
            "{text}"
        );
    }
}

/// What is copied ends up where it is pasted: in a shell, perhaps.
#[test]
fn nothing_hidden_is_copied() {
    let mut app = hostile_app(ALL, Charset::Unicode);
    let mut copied = 0;
    keys(&mut app, "⇱");
    for _ in 0..20 {
        for key in ["y", "Y"] {
            if let Effect::Copy(text) = keys(&mut app, key) {
                assert!(!text.contains(is_forbidden), "{text:?}");
                copied += 1;
            }
        }
        keys(&mut app, "→");
    }
    assert!(copied > 20, "{copied}");
}
