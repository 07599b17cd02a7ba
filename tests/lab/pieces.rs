//! Each piece of the lab by itself.

use std::io::Read;
use std::net::{TcpListener, TcpStream};

use libtest_mimic::Trial;
use tcpviz::conn::State::*;
use tcpviz::conn::{Note, Side};
use tcpviz::lab::kernel::Timer;
use tcpviz::lab::{Family, Lab, Namespace, address};
use tcpviz::wire::{Flags, Ports};

use crate::common::harness::trial;
use crate::play::{PATIENCE, PORT, connect, listen, wait_for_states, wait_until};
use crate::relay;

pub fn all() -> Vec<Trial> {
    let tests: [(&str, fn()); 10] = [
        ("namespace::each_is_apart_from_the_others", apart),
        ("namespace::a_panic_inside_goes_on_outside", panics),
        ("relay::a_megabyte_goes_each_way::ipv4", || {
            relay::megabytes(Family::Ipv4);
        }),
        ("relay::a_megabyte_goes_each_way::ipv6", || {
            relay::megabytes(Family::Ipv6);
        }),
        (
            "relay::held_syn_ack_leaves_both_ends_opening",
            relay::held_syn_ack,
        ),
        ("relay::dropped_fin_is_retransmitted", relay::dropped_fin),
        (
            "relay::swallowed_and_injected_segments_are_accounted_for",
            relay::swallowed_and_injected,
        ),
        (
            "relay::delay_and_loss_slow_down_but_lose_nothing",
            relay::delay_and_loss,
        ),
        ("kernel::sockets_tell_timer_queues_and_inode", sockets),
        (
            "capture::trace_grows_and_the_file_replays_the_same",
            capture,
        ),
    ];
    tests.map(|(name, test)| trial(name, test)).into()
}

fn apart() {
    let [one, other] = [Namespace::new().unwrap(), Namespace::new().unwrap()];
    for namespace in [&one, &other] {
        namespace.ip(&["link", "set", "lo", "up"]).unwrap();
    }
    let listener = one.run(|| TcpListener::bind(("127.0.0.1", PORT)).unwrap());
    other.run(|| TcpStream::connect(("127.0.0.1", PORT)).expect_err("nobody listens there"));
    // A socket belongs to where it was opened, whoever uses it.
    let _client = one.run(|| TcpStream::connect(("127.0.0.1", PORT)).unwrap());
    listener.accept().unwrap();

    one.sysctl("net.ipv4.tcp_retries2", "3").unwrap();
    let value = |namespace: &Namespace| {
        namespace.run(|| std::fs::read_to_string("/proc/sys/net/ipv4/tcp_retries2").unwrap())
    };
    assert_eq!([value(&one), value(&other)], ["3\n", "15\n"]);
    let why = one
        .ip(&["link", "set", "nothing", "up"])
        .unwrap_err()
        .to_string();
    assert!(
        why.contains("`ip link set nothing up` failed: Cannot find device"),
        "{why}"
    );
}

fn panics() {
    let namespace = Namespace::new().unwrap();
    let caught = std::panic::catch_unwind(|| namespace.run(|| panic!("this one is wanted")));
    assert_eq!(
        caught.unwrap_err().downcast_ref(),
        Some(&"this one is wanted")
    );
}

fn sockets() {
    let lab = Lab::new().unwrap();
    let listener = listen(&lab, Family::Ipv4);
    let mut pair = connect(&lab, &listener);
    pair.client.as_ref().unwrap().send(b"hello").unwrap();
    wait_until("received", || {
        let sockets = lab
            .sockets(pair.addresses.client, pair.addresses.server)
            .unwrap();
        (sockets.server.receive_queue == 5 && sockets.client.send_queue == 0)
            .then_some(())
            .ok_or(sockets)
    });
    let open = wait_for_states(&lab, pair.addresses, [Established, Established]);
    assert!(open.client.inode != 0 && open.client.timer == Timer::None);
    pair.server
        .as_ref()
        .unwrap()
        .read_exact(&mut [0; 5])
        .unwrap();
    pair.client = None;
    let closed = wait_for_states(&lab, pair.addresses, [FinWait2, CloseWait]);
    assert_eq!(
        (closed.client.inode, closed.client.timer),
        (0, Timer::TimeWait)
    );
    assert!(
        (50..=60).contains(&closed.client.left.as_secs()),
        "{:?}",
        closed.client.left
    );
    pair.server = None;
    wait_for_states(&lab, pair.addresses, [TimeWait, Closed]);
}

fn capture() {
    let lab = Lab::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lab.pcap");
    let listener = listen(&lab, Family::Ipv6);
    let mut recorder = lab
        .record(Side::Client, Ports::default(), Some(&path), false)
        .unwrap();
    assert!(recorder.trace().is_empty());
    let mut pair = connect(&lab, &listener);
    assert!(recorder.wait(PATIENCE, |trace| trace.segments() == 3));
    lab.relay
        .drop_next(Side::Client, |seg| seg.has(Flags::FIN), 1);
    pair.client = None;
    wait_for_states(&lab, pair.addresses, [FinWait2, CloseWait]);
    let is_so =
        |trace: &tcpviz::trace::Trace| trace.records().last().unwrap().states.server == CloseWait;
    assert!(recorder.wait(PATIENCE, is_so));
    let trace = recorder.stop();
    assert_eq!(trace.ended.as_ref().unwrap().why(), None);
    assert!(
        trace
            .records()
            .any(|record| record.notes.has(Note::FinRetransmission))
    );
    assert_eq!(
        trace.connection(0).addresses.client.ip(),
        address(Side::Client, Family::Ipv6)
    );

    // tcpviz reads its own file as it read the wire.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_tcpviz"))
        .args(["--format", "json", path.to_str().unwrap()])
        .output()
        .unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let segments = lines
        .lines()
        .filter(|line| line.contains(r#""type":"segment""#))
        .count();
    assert_eq!(segments, trace.segments(), "{lines}");
}
