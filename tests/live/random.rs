//! Random scripts of socket calls on loopback, captured live by the program itself: after each call the kernel's states and tcpviz's must agree once things are quiet.
//!
//! `TCPVIZ_SEED=N cargo test --test live random` plays one again; the seed of a failure is printed.

use std::fmt;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use socket2::Socket;
use tcpviz::lab::{Diag, Random};

use crate::exchange::{Pair, connect, listen};
use crate::kernel;
use crate::trials::Live;

/// Connections a seed plays.
const CONNECTIONS: usize = 60;
/// Calls at most on each of them, before both sides close.
const CALLS: u64 = 8;
/// Quiet is soon on loopback: a FIN's acknowledgement is delayed by 40 ms, a probe comes after 200 ms.
const QUIET: Duration = Duration::from_secs(10);

/// Octets at most in one call: all calls together stay within the window. A FIN that waits behind
/// a full window moves the kernel's state, but no observer can see it before it is sent.
const LARGEST: usize = 6_000;

#[derive(Clone, Copy, Debug)]
enum Call {
    Send(usize),
    Receive,
    Shutdown(Shutdown),
    Close,
    Abort,
}

fn any_call(random: &mut Random) -> Call {
    match random.below(12) {
        0..=2 => Call::Send(1),
        3 => Call::Send(3_000),
        4 => Call::Send(LARGEST),
        5..=7 => Call::Receive,
        8 => Call::Shutdown(Shutdown::Write),
        9 => Call::Shutdown(if random.below(2) == 0 {
            Shutdown::Read
        } else {
            Shutdown::Both
        }),
        10 => Call::Close,
        _ => Call::Abort,
    }
}

/// Makes a call; its error is the kernel's business.
fn make(call: Call, socket: &mut Option<Socket>) {
    let Some(open) = socket else { return };
    match call {
        Call::Send(count) => drop(open.write(&vec![b'x'; count])),
        Call::Receive => {
            let mut buffer = vec![0; 1 << 20];
            while matches!(open.read(&mut buffer), Ok(1..)) {}
        }
        Call::Shutdown(how) => drop(open.shutdown(how)),
        Call::Close => *socket = None,
        Call::Abort => {
            open.set_linger(Some(Duration::ZERO)).unwrap();
            *socket = None;
        }
    }
}

/// What was done so far, for the message of a failure.
struct Script {
    seed: u64,
    connection: usize,
    calls: Vec<String>,
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "TCPVIZ_SEED={}, connection {}: {}",
            self.seed,
            self.connection,
            self.calls.join("; ")
        )
    }
}

pub fn scripts_agree_with_the_kernel(host: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed =
        std::env::var("TCPVIZ_SEED").map_or(now.as_secs(), |seed| seed.parse().expect("a number"));
    eprintln!("TCPVIZ_SEED={seed}");
    let mut random = Random::new(seed);
    let kernel = kernel::open();
    let (listener, server) = listen(host);
    let mut live = Live::start(&["--port", &server.port().to_string()]);
    let mut compared = 0;
    for connection in 0..CONNECTIONS {
        let mut script = Script {
            seed,
            connection,
            calls: Vec::new(),
        };
        let mut pair = connect(&listener, server);
        for socket in [&pair.client, &pair.server] {
            socket.as_ref().unwrap().set_nonblocking(true).unwrap();
        }
        for _ in 0..=random.below(CALLS) {
            let call = any_call(&mut random);
            let on_client = random.below(2) == 0;
            script.calls.push(format!(
                "{} {call:?}",
                if on_client { "client" } else { "server" }
            ));
            make(
                call,
                if on_client {
                    &mut pair.client
                } else {
                    &mut pair.server
                },
            );
            agree(&mut live, &kernel, &pair, &script);
            compared += 1;
        }
        for side in ["client", "server"] {
            script.calls.push(format!("{side} Close"));
            make(
                Call::Close,
                if side == "client" {
                    &mut pair.client
                } else {
                    &mut pair.server
                },
            );
            agree(&mut live, &kernel, &pair, &script);
            compared += 1;
        }
    }
    live.stop();
    eprintln!("{compared} pairs of states compared, all agree");
}

/// Waits until both agree and nothing more comes.
fn agree(live: &mut Live, kernel: &Diag, pair: &Pair, script: &Script) {
    let deadline = Instant::now() + QUIET;
    loop {
        live.take_what_comes();
        let kernel = kernel::states(kernel, pair.client_address, pair.server_address);
        let ours = live.states_of(pair.client_address);
        if ours.as_ref() == Some(&kernel) {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the kernel has {kernel:?}, tcpviz {ours:?}\n{script}"
        );
    }
}
