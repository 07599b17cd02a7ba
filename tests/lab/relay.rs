//! What the relay does with frames.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use tcpviz::conn::Side;
use tcpviz::conn::State::*;
use tcpviz::lab::kernel::Timer;
use tcpviz::lab::{Family, Fate, Lab, Mode};
use tcpviz::wire::Flags;

use crate::play::{PATIENCE, connect, listen, server_address, socket, wait_for_states, wait_until};

/// Both ways at the same time: offloads would show in either direction.
pub fn megabytes(family: Family) {
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

pub fn held_syn_ack() {
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

pub fn dropped_fin() {
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

pub fn swallowed_and_injected() {
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

pub fn delay_and_loss() {
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
