//! Each piece of the lab by itself.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use tcpviz::conn::State::*;
use tcpviz::conn::{Note, Side};
use tcpviz::lab::kernel::Timer;
use tcpviz::lab::{Family, Fate, Lab, Mode, Namespace, address};
use tcpviz::wire::{Flags, Ports};

use crate::play::{
    PATIENCE, PORT, connect, listen, server_address, socket, wait_for_states, wait_until,
};

pub fn all() -> Vec<Trial> {
    let tests: [(&str, fn()); 10] = [
        ("namespace::each_is_apart_from_the_others", apart),
        ("namespace::a_panic_inside_goes_on_outside", panics),
        ("relay::a_megabyte_goes_each_way::ipv4", || {
            megabytes(Family::Ipv4);
        }),
        ("relay::a_megabyte_goes_each_way::ipv6", || {
            megabytes(Family::Ipv6);
        }),
        ("relay::held_syn_ack_leaves_both_ends_opening", held_syn_ack),
        ("relay::dropped_fin_is_retransmitted", dropped_fin),
        (
            "relay::swallowed_and_injected_segments_are_accounted_for",
            swallowed_and_injected,
        ),
        (
            "relay::delay_and_loss_slow_down_but_lose_nothing",
            delay_and_loss,
        ),
        ("kernel::sockets_tell_timer_queues_and_inode", sockets),
        (
            "capture::trace_grows_and_the_file_replays_the_same",
            capture,
        ),
    ];
    let trial = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    tests.into_iter().map(trial).collect()
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

/// Both ways at the same time: offloads would show in either direction.
fn megabytes(family: Family) {
    const OCTETS: usize = 1_000_000;
    let lab = Lab::new().unwrap();
    let listener = listen(&lab, family);
    let pair = connect(&lab, &listener);
    let sent: Vec<u8> = (0..OCTETS)
        .map(|i| u8::try_from(i % 251).unwrap())
        .collect();
    let sent = &sent;
    thread::scope(|scope| {
        for socket in [pair.client.as_ref().unwrap(), pair.server.as_ref().unwrap()] {
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            scope.spawn(move || (&*socket).write_all(sent).unwrap());
            scope.spawn(move || {
                let mut received = vec![0; OCTETS];
                (&*socket).read_exact(&mut received).unwrap();
                assert!(&received == sent, "every octet arrived as it was sent");
            });
        }
    });
    assert!(lab.relay.counts(Side::Client).tcp_taken > 1_000_000 / 1_500);
    // What was queued at the kernels is gone as well.
    wait_for_states(&lab, pair.addresses, [Established, Established]);
    wait_until("idle", || {
        lab.is_idle().unwrap().then_some(()).ok_or("busy")
    });
}

fn held_syn_ack() {
    let lab = Lab::new().unwrap();
    let _listener = listen(&lab, Family::Ipv4);
    lab.relay.mode(Side::Server, Mode::Hold);
    let client = socket(&lab, Side::Client, Family::Ipv4);
    client.set_nonblocking(true).unwrap();
    client
        .connect(&server_address(Family::Ipv4).into())
        .expect_err("it goes on by itself");
    wait_until("held", || {
        (lab.relay.held(Side::Server).len() == 1)
            .then_some(())
            .ok_or("none")
    });
    assert_eq!(
        lab.relay.held(Side::Server)[0].flags,
        Flags::SYN | Flags::ACK
    );
    let addresses = tcpviz::conn::state::PerSide {
        client: client.local_addr().unwrap().as_socket().unwrap(),
        server: server_address(Family::Ipv4),
    };
    let sockets = wait_for_states(&lab, addresses, [SynSent, SynReceived]);
    assert_eq!(
        [sockets.client.timer, sockets.server.timer],
        [Timer::Retransmit; 2]
    );
    assert!(!lab.is_idle().unwrap(), "something is held");

    lab.relay.mode(Side::Server, Mode::Pass);
    assert_eq!(lab.relay.release(Side::Server, 10), 1);
    wait_for_states(&lab, addresses, [Established, Established]);
    assert!(
        lab.relay
            .log(0)
            .iter()
            .all(|logged| logged.fate == Fate::Passed)
    );
}

fn dropped_fin() {
    let lab = Lab::new().unwrap();
    let listener = listen(&lab, Family::Ipv6);
    let mut pair = connect(&lab, &listener);
    lab.relay
        .drop_next(Side::Client, |seg| seg.has(Flags::FIN), 2);
    pair.client = None;
    let sockets = wait_for_states(&lab, pair.addresses, [FinWait1, Established]);
    assert_eq!(sockets.client.timer, Timer::Retransmit);
    wait_for_states(&lab, pair.addresses, [FinWait2, CloseWait]);
    let log = lab.relay.log(0);
    let fins = log.iter().filter(|logged| logged.segment.has(Flags::FIN));
    let fates: Vec<_> = fins.map(|logged| (logged.from, logged.fate)).collect();
    let [dropped, passed] = [Fate::Dropped, Fate::Passed].map(|fate| (Side::Client, fate));
    assert_eq!(fates, [dropped, dropped, passed]);
}

fn swallowed_and_injected() {
    let lab = Lab::new().unwrap();
    let listener = listen(&lab, Family::Ipv4);
    let pair = connect(&lab, &listener);
    wait_until("idle", || {
        lab.is_idle().unwrap().then_some(()).ok_or("busy")
    });
    lab.relay.mode(Side::Client, Mode::Hold);
    pair.client.as_ref().unwrap().send(b"a").unwrap();
    wait_until("held", || {
        (!lab.relay.held(Side::Client).is_empty())
            .then_some(())
            .ok_or("none")
    });
    let mut frame = lab.relay.newest(Side::Client).unwrap();
    let held = lab.relay.held(Side::Client).len();
    assert_eq!(lab.relay.swallow(Side::Client, held), held);

    // The swallowed segment becomes an RST with its number: the flags are the header's 14th octet.
    frame[14 + 20 + 13] = 0x04;
    lab.relay.inject(Side::Client, frame);
    wait_for_states(&lab, pair.addresses, [Established, Closed]);
    let fates: Vec<_> = lab.relay.log(3).iter().map(|logged| logged.fate).collect();
    assert_eq!(
        (fates[0], fates.contains(&Fate::Injected)),
        (Fate::Dropped, true)
    );
}

fn delay_and_loss() {
    const DELAY: Duration = Duration::from_millis(30);
    let lab = Lab::new().unwrap();
    let listener = listen(&lab, Family::Ipv4);
    for side in Side::BOTH {
        lab.relay.delay(side, DELAY);
    }
    let before = Instant::now();
    let pair = connect(&lab, &listener);
    assert!(before.elapsed() >= 2 * DELAY);
    lab.relay.lose(0.08, 1);
    let (client, server) = (pair.client.unwrap(), pair.server.unwrap());
    let mut received = vec![0; 100_000];
    thread::scope(|scope| {
        scope.spawn(|| (&client).write_all(&vec![b'x'; 100_000]).unwrap());
        (&server).read_exact(&mut received).unwrap();
    });
    let lost = lab
        .relay
        .log(0)
        .iter()
        .filter(|logged| logged.fate == Fate::Dropped)
        .count();
    assert!(lost > 0 && received.iter().all(|octet| *octet == b'x'));
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
        .record(Side::Client, Ports::default(), Some(&path))
        .unwrap();
    assert!(recorder.trace().is_empty());
    let mut pair = connect(&lab, &listener);
    assert!(recorder.wait(PATIENCE, |trace| trace.records.len() == 3));
    lab.relay
        .drop_next(Side::Client, |seg| seg.has(Flags::FIN), 1);
    pair.client = None;
    wait_for_states(&lab, pair.addresses, [FinWait2, CloseWait]);
    let is_so =
        |trace: &tcpviz::trace::Trace| trace.records.last().unwrap().states.server == CloseWait;
    assert!(recorder.wait(PATIENCE, is_so));
    let trace = recorder.stop();
    assert_eq!(trace.ended.as_ref().unwrap().why(), None);
    assert!(
        trace
            .records
            .iter()
            .any(|record| record.notes.has(Note::FinRetransmission))
    );
    assert_eq!(
        trace.connections()[0].addresses.client.ip(),
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
    assert_eq!(segments, trace.records.len(), "{lines}");
}
