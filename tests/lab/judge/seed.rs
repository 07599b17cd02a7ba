//! One seed: its connections, played in lockstep.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use socket2::Socket;
use tcpviz::conn::state::PerSide;
use tcpviz::conn::{ConnectionId, Side};
use tcpviz::lab::kernel::Timer;
use tcpviz::lab::{Family, Lab, Random, Recorder};
use tcpviz::trace::Trace;
use tcpviz::wire::Ports;

use super::causes::{self, Seen, Told};
use super::compare::{Comparison, compare};
use super::fates;
use super::quiet::{self, Moment};
use super::report::{self, Disagreement, Summary};
use super::script::Scripted;
use crate::play::{PORT, listen, server_address, socket};

/// The shortest retransmission time-out where there is loss; acknowledgements are delayed by 40 ms.
const TIMEOUT: Duration = Duration::from_millis(50);

/// One connection in so many is to a port where nobody listens.
const REFUSED: u64 = 20;

/// Linux forgets a TIME-WAIT, and a closed socket's FIN-WAIT-2, after 60 s.
const REMEMBERED: Duration = Duration::from_secs(50);

/// How long a seed may take. Long: a busy machine is no failure.
const LONGEST: Duration = Duration::from_mins(3);

/// A connection's two ends, client first: a client's port may serve two servers' ports.
type Ends = (SocketAddr, SocketAddr);

fn ends(addresses: PerSide<SocketAddr>) -> Ends {
    (addresses.client, addresses.server)
}

/// Where the capture is kept, if `TCPVIZ_KEEP` names a folder.
fn kept(seed: u64, loss: f64) -> Option<PathBuf> {
    let folder = std::env::var_os("TCPVIZ_KEEP")?;
    let lossy = if loss > 0.0 { "with" } else { "without" };
    Some(Path::new(&folder).join(format!("{seed}-{lossy}-loss.pcap")))
}

/// One seed's connections, and the lab they run in.
pub struct Play {
    pub seed: u64,
    family: Family,
    random: Random,
    lab: Lab,
    recorder: Recorder,
    connections: Vec<Scripted>,
    /// Scripts that are over, or that the kernel is about to forget.
    over: Vec<bool>,
    /// What came to the relay.
    seen: HashMap<Ends, Vec<Seen>>,
    /// Length of the relay's log so far.
    logged: usize,
    /// Since when a kernel keeps no more than a timer.
    fading: Vec<Option<Instant>>,
    pub summary: Summary,
    pub begun: Instant,
}

impl Play {
    pub fn begin(seed: u64, family: Family, loss: f64, connections: usize) -> Self {
        let lab = Lab::new().expect("a lab");
        let recorder = lab
            .record(
                Side::Client,
                Ports::default(),
                kept(seed, loss).as_deref(),
                false,
            )
            .expect("a capture");
        if loss > 0.0 {
            lab.min_timeout(TIMEOUT).expect("a route");
            lab.relay.lose(loss, seed);
        }
        Play {
            seed,
            family,
            random: Random::new(seed),
            lab,
            recorder,
            connections: Vec::new(),
            over: vec![false; connections],
            seen: HashMap::new(),
            logged: 0,
            fading: vec![None; connections],
            summary: Summary::default(),
            begun: Instant::now(),
        }
    }

    /// Plays all scripts to their ends; an error says what didn't come to one.
    pub fn play(&mut self) -> Result<(), String> {
        let listener = listen(&self.lab, self.family);
        listener.set_nonblocking(true).expect("sockets can");
        for number in 0..self.over.len() {
            self.connect(number);
        }
        let mut moment = self.settle_and_compare(0)?;
        for round in 1.. {
            self.accept(&listener);
            for scripted in &mut self.connections {
                if !self.over[scripted.number] && !moment.is_restless(scripted.addresses) {
                    self.over[scripted.number] = !scripted.play(round);
                }
            }
            if self.over.iter().all(|over| *over) {
                break;
            }
            if self.begun.elapsed() > LONGEST {
                return Err(self.explain(&moment));
            }
            moment = self.settle_and_compare(round)?;
        }
        self.compare_causes();
        Ok(())
    }

    /// Takes the connections that have come about.
    fn accept(&mut self, listener: &Socket) {
        let here = server_address(self.family);
        while let Ok((server, from)) = listener.accept() {
            server.set_nonblocking(true).expect("sockets can");
            let from = from.as_socket().expect("an IP address");
            let is_its = |scripted: &&mut Scripted| ends(scripted.addresses) == (from, here);
            let scripted = self.connections.iter_mut().find(is_its);
            scripted.expect("nobody else is here").sockets.server = Some(server);
        }
    }

    fn connect(&mut self, number: usize) {
        let mut server = server_address(self.family);
        if self.random.below(REFUSED) == 0 {
            server.set_port(PORT + 1);
        }
        let client = socket(&self.lab, Side::Client, self.family);
        client.set_nonblocking(true).expect("sockets can");
        // It goes on by itself.
        let _ = client.connect(&server.into());
        let local = client.local_addr().expect("bound by connect").as_socket();
        let addresses = PerSide {
            client: local.expect("an IP address"),
            server,
        };
        self.connections.push(Scripted::new(
            number,
            client,
            addresses,
            Random::new(self.random.number()),
        ));
    }

    fn settle_and_compare(&mut self, round: usize) -> Result<Moment, String> {
        let settled = quiet::settle(&self.lab, &mut self.recorder, self.family);
        for logged in self.lab.relay.log(self.logged) {
            self.logged += 1;
            let (src, dst) = (logged.segment.src, logged.segment.dst);
            let ends = match logged.from {
                Side::Client => (src, dst),
                Side::Server => (dst, src),
            };
            self.seen
                .entry(ends)
                .or_default()
                .push(Seen { round, logged });
        }
        let moment = settled.map_err(|why| format!("round {round} doesn't come to rest: {why}"))?;
        self.forget(&moment);
        self.compare(&moment);
        Ok(moment)
    }

    /// Leaves out what the kernel will soon forget.
    fn forget(&mut self, moment: &Moment) {
        for scripted in &self.connections {
            let number = scripted.number;
            let sockets = moment.of(scripted.addresses);
            let fades = |side: &Side| sockets[*side].timer == Timer::TimeWait;
            if !self.over[number] && Side::BOTH.iter().any(fades) {
                let since = self.fading[number].get_or_insert_with(Instant::now);
                self.over[number] = since.elapsed() > REMEMBERED;
                self.summary.left_out += u64::from(self.over[number]);
            }
        }
    }

    fn compare(&mut self, moment: &Moment) {
        let trace = self.recorder.trace();
        let ids = newest(trace);
        for scripted in &self.connections {
            if self.over[scripted.number] {
                continue;
            }
            if moment.is_restless(scripted.addresses) {
                self.summary.postponed += 1;
                continue;
            }
            let ends = ends(scripted.addresses);
            let seen = &self.seen[&ends];
            let id = ids.get(&ends).copied();
            let sockets = moment.of(scripted.addresses);
            let kernel = PerSide::of(|side| sockets[side].state);
            let told = id.map(|id| trace.row(id, trace.len(id) - 1).states);
            let seed = self.seed;
            let disagreement = || Disagreement {
                seed,
                scripted,
                kernel,
                told,
                trace,
                id,
                seen,
            };
            match compare(kernel, told, seen) {
                Comparison::Agree => self.summary.agreed += 1,
                Comparison::Unknowable => self.summary.unknowable += 1,
                Comparison::Disagree => self.summary.disagree(scripted.number, disagreement),
            }
        }
    }

    /// A connection that doesn't come to rest.
    fn explain(&mut self, moment: &Moment) -> String {
        let trace = self.recorder.trace();
        let is_restless = |scripted: &&Scripted| moment.is_restless(scripted.addresses);
        let Some(scripted) = self.connections.iter().find(is_restless) else {
            return format!("not over after {LONGEST:?}");
        };
        let ends = ends(scripted.addresses);
        let id = newest(trace).get(&ends).copied();
        let rest = report::connection(self.seed, scripted, trace, id, &self.seen[&ends]);
        format!(
            "not over after {LONGEST:?}: {:?}\n{rest}",
            moment.of(scripted.addresses)
        )
    }

    fn compare_causes(&mut self) {
        let trace = self.recorder.trace();
        let ids = newest(trace);
        for scripted in &self.connections {
            let ends = ends(scripted.addresses);
            let (Some(seen), Some(&id)) = (self.seen.get(&ends), ids.get(&ends)) else {
                continue;
            };
            let fates = fates::compare(trace, id, seen);
            self.summary.dropped += fates.dropped;
            self.summary.dropped_told += fates.told;
            if !fates.wrong.is_empty() {
                let text = report::connection(self.seed, scripted, trace, Some(id), seen);
                let why = format!("rows {:?} are told to be lost, and weren't", fates.wrong);
                self.summary.wrong_fates.push(format!("{why}\n{text}"));
            }
            let told = causes::compare(trace, id, scripted, seen);
            let summary = &mut self.summary;
            summary.resets += u64::from(!matches!(told, Told::NoReset));
            match told {
                Told::NoReset => {}
                Told::Truth { certain } => {
                    summary.causes_told += 1;
                    summary.certain += u64::from(certain);
                }
                Told::Wrong { why, certain } => {
                    summary.certain_and_wrong += u64::from(certain);
                    let text = report::connection(self.seed, scripted, trace, Some(id), seen);
                    summary.wrong_causes.push(format!("{why}\n{text}"));
                }
            }
        }
    }
}

/// The newest connection between each two ends.
fn newest(trace: &Trace) -> HashMap<Ends, ConnectionId> {
    let ids = trace.ids();
    ids.map(|id| (ends(trace.connection(id).addresses), id))
        .collect()
}
