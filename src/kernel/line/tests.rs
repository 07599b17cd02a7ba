use super::*;

use proptest::prelude::*;

const V4: &str =
    "saddr=127.0.0.1 daddr=127.0.0.2 saddrv6=::ffff:127.0.0.1 daddrv6=::ffff:127.0.0.2";

fn told(text: &str) -> Option<Told> {
    match parse(text.as_bytes()) {
        Some(Line::Told(told)) => Some(told),
        _ => None,
    }
}

fn line(event: &str, fields: &str) -> String {
    format!("             exe-17473   [000] ..s2. 1795292750.983016: {event}: {fields}")
}

/// The ends, and what is told.
fn ends_and_what(event: &str, fields: &str) -> Option<(String, String, What)> {
    let told = told(&line(event, fields))?;
    assert_eq!(told.clock_us, 1_795_292_750_983_016);
    Some((told.local.to_string(), told.remote.to_string(), told.what))
}

fn deed(event: &str, fields: &str) -> Option<Deed> {
    match ends_and_what(event, fields)?.2 {
        What::Deed(deed) => Some(deed),
        What::Changed { .. } => None,
    }
}

#[test]
fn a_change_of_state_is_read_with_both_ends() {
    let fields = format!(
        "family=AF_INET protocol=IPPROTO_TCP sport=4321 dport=41832 {V4} oldstate=TCP_ESTABLISHED newstate=TCP_CLOSE_WAIT"
    );
    let (local, remote, what) = ends_and_what("inet_sock_set_state", &fields).unwrap();
    assert_eq!((&*local, &*remote), ("127.0.0.1:4321", "127.0.0.2:41832"));
    let (from, to) = (State::Established, State::CloseWait);
    assert_eq!(what, What::Changed { from, to });
}

#[test]
fn an_ipv6_socket_has_its_ipv6_addresses_and_a_mapped_one_ipv4() {
    let with = |saddr: &str, daddr: &str| {
        format!(
            "family=AF_INET6 protocol=IPPROTO_TCP sport=80 dport=90 saddr=127.0.0.1 daddr=127.0.0.1 saddrv6={saddr} daddrv6={daddr} oldstate=TCP_CLOSING newstate=TCP_CLOSE"
        )
    };
    let ends = |saddr, daddr| {
        let (local, remote, _) = ends_and_what("inet_sock_set_state", &with(saddr, daddr))?;
        Some(format!("{local} {remote}"))
    };
    assert_eq!(
        ends("::1", "2001:db8::2").unwrap(),
        "[::1]:80 [2001:db8::2]:90"
    );
    let mapped = ends("::ffff:10.0.0.1", "::ffff:10.0.0.2").unwrap();
    assert_eq!(mapped, "10.0.0.1:80 10.0.0.2:90");
}

#[test]
fn an_rst_that_is_sent_has_its_reason_under_any_name_of_the_kernels() {
    let sent = |reason: &str| {
        let fields = format!(
            "skbaddr=0000000000000000 skaddr=00000000bc3bbbfe src=127.0.0.1:41832 dest=127.0.0.1:4321 state=TCP_CLOSE{reason}"
        );
        deed("tcp_send_reset", &fields)
    };
    let is = |name: &str| Some(Deed::SentReset(name.into()));
    assert_eq!(sent(" reason=TCP_ABORT_ON_CLOSE"), is("TCP_ABORT_ON_CLOSE"));
    assert_eq!(sent(" reason=0x1a"), is("0x1a"));
    assert_eq!(sent(""), is(""), "older kernels tell none");
    assert_eq!(sent(" reason=\u{1b}[2J"), None);
    assert_eq!(sent(&format!(" reason={}", "X".repeat(49))), None);
    let fields = "src=10.9.0.2:4321 dest=0.0.0.0:0 state=TCP_LISTEN reason=TCP_FLAGS";
    let (local, remote, _) = ends_and_what("tcp_send_reset", fields).unwrap();
    assert_eq!(
        (&*local, &*remote),
        ("10.9.0.2:4321", "0.0.0.0:0"),
        "a listener"
    );
    let fields = "src=[::1]:41832 dest=[2001:db8::1]:4321 state=UNKNOWN reason=NO_SOCKET";
    let (local, remote, _) = ends_and_what("tcp_send_reset", fields).unwrap();
    assert_eq!((&*local, &*remote), ("[::1]:41832", "[2001:db8::1]:4321"));
}

#[test]
fn the_other_deeds_are_read() {
    let fields = format!("family=AF_INET sport=4321 dport=41832 {V4} sock_cookie=392a9");
    let took = deed("tcp_receive_reset", &fields);
    assert_eq!(took, Some(Deed::TookReset(String::new())));
    let fields = format!(
        "skbaddr=00000000e313e4c1 skaddr=00000000bc3bbbfe family=AF_INET sport=41832 dport=4321 {V4} state=TCP_ESTABLISHED err=0"
    );
    assert_eq!(deed("tcp_retransmit_skb", &fields), Some(Deed::SentAgain));
    let error = |number: &str| {
        let fields = format!(
            "family=AF_INET protocol=IPPROTO_TCP sport=4321 dport=41832 {V4} error={number}"
        );
        deed("inet_sk_error_report", &fields)
    };
    assert_eq!(error("104"), Some(Deed::Error("ECONNRESET".into())));
    assert_eq!(error("4095"), Some(Deed::Error("errno 4095".into())));
    assert_eq!(error("0"), None, "no error");
}

#[test]
fn what_is_no_connection_is_left_out() {
    let state = |ports: &str, protocol: &str| {
        let fields = format!(
            "family=AF_INET protocol={protocol} {ports} {V4} oldstate=TCP_CLOSE newstate=TCP_LISTEN"
        );
        ends_and_what("inet_sock_set_state", &fields)
    };
    assert!(state("sport=1 dport=2", "IPPROTO_TCP").is_some());
    for (ports, protocol) in [
        ("sport=4321 dport=0", "IPPROTO_TCP"),
        ("sport=0 dport=4321", "IPPROTO_TCP"),
        ("sport=1 dport=2", "IPPROTO_MPTCP"),
        ("sport=1 dport=65536", "IPPROTO_TCP"),
        ("sport=1", "IPPROTO_TCP"),
    ] {
        assert_eq!(state(ports, protocol), None, "{ports} {protocol}");
    }
}

#[test]
fn a_program_with_a_hostile_name_can_not_tell_events() {
    let rest = "src=1.1.1.1:1 dest=2.2.2.2:2 state=TCP_CLOSE reason=TCP_STATE";
    // The longest name that a program may have, and one that isn't UTF-8, or breaks the line.
    for name in [": 1.000000: tcp", "] 9.999999: x: ", "a b=c\td", "\n9.0: x"] {
        let text = format!("{name}-12 [000] ..... 5.000007: tcp_send_reset: {rest}");
        let mut all = Vec::new();
        Lines::default().take(format!("{text}\n").as_bytes(), |line| all.push(line));
        let [Line::Told(told)] = &all[..] else {
            panic!("{name:?}: {all:?}")
        };
        assert_eq!(told.clock_us, 5_000_007);
    }
    let mut text = b"\xff\xfe-12 [000] ..... 5.000007: tcp_send_reset: ".to_vec();
    text.extend(rest.as_bytes());
    assert!(parse(&text).is_some());
}

#[test]
fn events_that_were_lost_are_counted() {
    assert_eq!(parse(b"CPU:3 [LOST 123 EVENTS]"), Some(Line::Lost(123)));
    assert_eq!(parse(b"CPU:3 [LOST many EVENTS]"), None);
}

#[test]
fn lines_come_in_parts_and_a_line_without_end_takes_no_memory() {
    let whole = line(
        "tcp_send_reset",
        "src=1.1.1.1:1 dest=2.2.2.2:2 state=TCP_CLOSE reason=TCP_STATE",
    );
    let text = format!("{whole}\n{}{whole}\n{whole}\nrest", "x".repeat(5000));
    let mut lines = Lines::default();
    let mut count = 0;
    for part in text.as_bytes().chunks(7) {
        lines.take(part, |_| count += 1);
        assert!(lines.begun.len() <= LONGEST);
    }
    assert_eq!(count, 2);
}

proptest! {
    #[test]
    fn whatever_comes_is_taken(octets in prop::collection::vec(any::<u8>(), 0..400)) {
        Lines::default().take(&octets, |_| {});
    }

    #[test]
    fn a_line_of_which_any_part_is_something_else_is_taken(
        at in 0usize..300, by in "[ =:.\\[\\]A-Za-z0-9\u{1b}\u{202e}]{0,9}"
    ) {
        let fields = format!("family=AF_INET protocol=IPPROTO_TCP sport=1 dport=2 {V4} oldstate=TCP_CLOSE newstate=TCP_LISTEN");
        let mut text = line("inet_sock_set_state", &fields);
        let at = at.min(text.len());
        text.insert_str(at, &by);
        if let Some(told) = told(&text) {
            prop_assert!(told.local.port() != 0);
        }
    }
}
