use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::story::Style;
use crate::story::fields::tests::datagram;
use crate::story::space::SpaceIndex;
use crate::story::tests::trace_of;
use crate::tui::Theme;

fn look(charset: Charset) -> Look {
    Look {
        style: Style {
            charset,
            absolute: false,
            ..Style::default()
        },
        theme: Theme::new(true),
    }
}

#[derive(Clone, Copy)]
enum Panel {
    Details,
    Payload,
}

/// The panel of row 3, whose frame these octets are; lines without the spaces at their ends.
fn drawn(
    panel: Panel,
    frame: Result<&[u8], &str>,
    scroll: usize,
    width: u16,
    height: u16,
) -> Vec<String> {
    let trace = trace_of("> P. 1:5 ack 1\n< F. 1:1 ack 5\n> . 5:5 ack 2");
    let space = SpaceIndex::of(&trace, 0).at(&trace, 0, 3);
    let selected = Selected {
        trace: &trace,
        id: 0,
        row: 3,
        frame,
        space: &space,
    };
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    let look = look(Charset::Ascii);
    match panel {
        Panel::Details => draw(look, &selected, scroll, area, &mut buffer),
        Panel::Payload => draw_payload(look, &selected, scroll, area, &mut buffer),
    }
    let line = |y| {
        (0..width)
            .map(|x| buffer[(x, y)].symbol())
            .collect::<String>()
    };
    (0..height).map(|y| line(y).trim_end().to_owned()).collect()
}

fn data(payload: &[u8]) -> Vec<u8> {
    datagram(&[1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9], 0x18, 256, payload)
}

#[test]
fn a_low_panel_begins_with_what_the_segment_does() {
    let frame = data(b"abcd");
    assert_eq!(
        drawn(Panel::Details, Ok(&frame), 0, 100, 7),
        [
            " 4 bytes from the client to the server.",
            " frame 1: Flags [P.], seq 1:5, ack 1, win 256, options [nop,nop,TS val 7 ecr 9], length 4",
            " client ESTABLISHED proven    SND.UNA 1  SND.NXT 5  RCV.NXT 1           in flight 4  SND.WND 256",
            "        read(): waits             write(): succeeds",
            " server ESTABLISHED presumed  SND.UNA 1  SND.NXT 1  RCV.NXT 5 presumed  in flight 0  SND.WND 32,768",
            "        read(): data, then waits  write(): succeeds",
            " source port    35790  the client's                                                                v",
        ]
    );
}

#[test]
fn a_column_has_both_ends_side_by_side() {
    let frame = data(b"abcd");
    let lines = drawn(Panel::Details, Ok(&frame), 0, 50, 18);
    let table: Vec<_> = lines
        .iter()
        .skip_while(|line| !line.contains("client  "))
        .collect();
    assert_eq!(
        table[..11],
        [
            "              client            server",
            " state        ESTABLISHED       ESTABLISHED",
            "              proven            presumed",
            " SND.UNA      1                 1",
            " SND.NXT      5                 1",
            " RCV.NXT      1                 5 presumed",
            " in flight    4                 0",
            " SND.WND      256               32,768",
            " next read()  waits             data, then waits",
            " next write() succeeds          succeeds",
            "",
        ]
    );
}

#[test]
fn the_end_is_reached_by_scrolling_and_not_passed() {
    let frame = data(b"abcd");
    let end = drawn(Panel::Details, Ok(&frame), usize::MAX, 100, 5);
    assert!(
        end[4].starts_with(" frame          1  ") && end[0].ends_with('^'),
        "{end:?}"
    );
}

#[test]
fn a_frame_that_cannot_be_read_back_is_said_and_the_rest_stays() {
    let lines = drawn(
        Panel::Details,
        Err("frame 4 can't be read back: \x1b[2J"),
        0,
        100,
        9,
    );
    assert_eq!(lines[1], " frame 4 can't be read back: \\u{1b}[2J");
    assert!(lines[2].starts_with(" client ESTABLISHED"));
    let changed = drawn(Panel::Details, Ok(b"nonsense"), 0, 100, 2);
    assert_eq!(
        changed[1].trim_end_matches(['v', ' ']),
        " frame 1 has changed in the capture file since it was read"
    );
}

#[test]
fn the_payload_has_a_heading_and_is_scrolled() {
    let frame = data(b"abcd");
    assert_eq!(
        drawn(Panel::Payload, Ok(&frame), 0, 80, 3),
        [
            " 4 bytes from the client, 0x0000 to 0x0003",
            " 0000  61 62 63 64                                       abcd",
            "",
        ]
    );
    let long = data(&[0x1b; 100]);
    let lines = drawn(Panel::Payload, Ok(&long), 9, 80, 3);
    assert!(lines[0].contains("0x0050 to 0x0063"), "{lines:?}");
    assert!(
        lines[1].starts_with(" 0050  1b 1b") && lines[1].ends_with('^'),
        "{lines:?}"
    );
    let cut = drawn(Panel::Payload, Ok(&frame[..frame.len() - 1]), 0, 80, 3);
    assert_eq!(cut[1], " The last 1 of them aren't in the capture.");
}

proptest! {
    /// Whatever came from the network, in a panel of any size: printable text, and no panic.
    #[test]
    fn any_frame_at_any_size_is_printable(
        octets in prop_oneof![
            vec(any::<u8>(), 0..120),
            (vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..300)).prop_map(|(options, payload)| datagram(&options, 0x18, 9, &payload)),
        ],
        scroll in prop_oneof![0usize..40, Just(usize::MAX)],
        (width, height) in (0u16..170, 0u16..60),
    ) {
        for panel in [Panel::Details, Panel::Payload] {
            let lines = drawn(panel, Ok(&octets), scroll, width, height);
            prop_assert!(lines.iter().all(|line| line.chars().all(|c| (' '..='~').contains(&c))), "{:?}", lines);
        }
    }
}
