//! The lab: two hosts on this machine, and between them a wire that does what it is told.
//!
//! Each host is a network namespace with a TCP of its own; what they send passes a [`Relay`], which can hold, drop,
//! delay, release and forge single frames. The kernel says which states its sockets have ([`kernel`]); tcpviz's own
//! capture ([`Recorder`]) says which it infers.
//!
//! ```text
//!   client                     middle                     server
//!   10.9.0.1   eth0 ---- client [ relay ] server ---- eth0   10.9.0.2
//!   fd09::1                                                  fd09::2
//! ```

pub mod actor;
pub mod capture;
pub mod catalog;
mod checksum;
mod forge;
pub mod kernel;
pub mod netns;
pub mod play;
mod policy;
pub mod random;
pub mod record;
pub mod relay;
mod sandbox;
pub mod script;

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use capture::Recorder;
pub use kernel::Diag;
pub use netns::Namespace;
pub use policy::Mode;
pub use random::Random;
pub use relay::{Counts, Fate, Logged, Relay};
use sandbox::INSIDE;
pub use sandbox::enter;

use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::source::live::OpenError;
use crate::wire::Ports;

/// Each host's only interface, besides `lo`.
pub const INTERFACE: &str = "eth0";

/// Why the lab can't be built or asked.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error("a network namespace can't be had: {0}")]
    Namespace(io::Error),
    /// No sandbox: why, and what would change that.
    #[error("the lab needs namespaces of its own, and this system refuses ({why}): {advice}")]
    Refused {
        why: io::Error,
        advice: &'static str,
    },
    #[error("`{command}` failed: {said}")]
    Command { command: String, said: String },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{what}: {why}")]
    Io { what: String, why: io::Error },
}

impl LabError {
    /// Says what was being done when `why` came.
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> LabError {
        let what = what.into();
        move |why| LabError::Io { what, why }
    }
}

/// The version of IP that an experiment uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Ipv4,
    Ipv6,
}

/// The address of a host.
#[must_use]
pub fn address(side: Side, family: Family) -> IpAddr {
    let last = match side {
        Side::Client => 1,
        Side::Server => 2,
    };
    match family {
        Family::Ipv4 => Ipv4Addr::new(10, 9, 0, last).into(),
        Family::Ipv6 => Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, last.into()).into(),
    }
}

/// Two hosts and the wire between them. Everything is gone when it is dropped.
#[derive(Debug)]
pub struct Lab {
    // Dropped first: it sends into the namespaces.
    pub relay: Relay,
    pub client: Namespace,
    pub server: Namespace,
    diag: PerSide<Diag>,
}

impl Lab {
    /// Builds both hosts and the wire; TCP is as the kernel has it by default.
    ///
    /// # Errors
    /// Namespaces, links or captures can't be had; see [`enter`].
    pub fn new() -> Result<Lab, LabError> {
        let [client, server, middle] = [Namespace::new()?, Namespace::new()?, Namespace::new()?];
        // The middle has no address and says nothing by itself.
        middle.sysctl("net.ipv6.conf.default.disable_ipv6", "1")?;
        for (name, host) in [("client", &client), ("server", &server)] {
            netns::join(&middle, name, host, INTERFACE)?;
            middle.ip(&["link", "set", name, "up"])?;
        }
        let relay = Relay::start(
            &middle,
            &PerSide {
                client: "client",
                server: "server",
            },
        )?;
        // The relay is there before the first frame: it can account for every one.
        for (side, host) in [(Side::Client, &client), (Side::Server, &server)] {
            configure(side, host)?;
        }
        let diag = PerSide {
            client: Diag::open(&client)?,
            server: Diag::open(&server)?,
        };
        Ok(Lab {
            relay,
            client,
            server,
            diag,
        })
    }

    /// The host on a side.
    #[must_use]
    pub fn host(&self, side: Side) -> &Namespace {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }

    /// What a host's kernel says of its sockets.
    #[must_use]
    pub fn diag(&self, side: Side) -> &Diag {
        &self.diag[side]
    }

    /// What both kernels say of a connection now.
    ///
    /// # Errors
    /// The kernel doesn't answer.
    pub fn sockets(
        &self,
        client: SocketAddr,
        server: SocketAddr,
    ) -> Result<PerSide<kernel::Socket>, LabError> {
        Ok(PerSide {
            client: self.diag.client.socket(client, server)?,
            server: self.diag.server.socket(server, client)?,
        })
    }

    /// Captures on a host's interface with tcpviz's own live source; `save` and `force`: see [`Recorder::start`].
    ///
    /// # Errors
    /// The interface can't be captured on, or the file can't be written.
    pub fn record(
        &self,
        side: Side,
        ports: Ports,
        save: Option<&Path>,
        force: bool,
    ) -> Result<Recorder, LabError> {
        Recorder::start(self.host(side), INTERFACE, ports, save, force)
    }

    /// The shortest retransmission time-out of both hosts, which the kernel has at 200 ms: each loss then costs less
    /// time. It doesn't hold for SYNs.
    ///
    /// # Errors
    /// `ip` fails.
    pub fn min_timeout(&self, shortest: Duration) -> Result<(), LabError> {
        let shortest = format!("{}ms", shortest.as_millis());
        for host in [&self.client, &self.server] {
            // The routes that the kernel made, told apart by their metrics.
            for (net, metric) in [("10.9.0.0/24", "0"), ("fd09::/64", "256")] {
                let route = [
                    "route", "replace", net, "dev", INTERFACE, "proto", "kernel", "metric", metric,
                ];
                host.ip(&[&route[..], &["rto_min", &shortest]].concat())?;
            }
        }
        Ok(())
    }

    /// Whether the relay has taken everything that the hosts sent and keeps nothing back.
    ///
    /// # Errors
    /// A host's counters can't be read.
    pub fn is_idle(&self) -> Result<bool, LabError> {
        for side in Side::BOTH {
            let sent = frames_sent(self.host(side))?;
            let counts = self.relay.counts(side);
            if counts.taken != sent || counts.waiting != 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Addresses, and segments no larger than the wire takes: nobody here cuts up larger ones.
fn configure(side: Side, host: &Namespace) -> Result<(), LabError> {
    let v4 = format!("{}/24", address(side, Family::Ipv4));
    let v6 = format!("{}/64", address(side, Family::Ipv6));
    host.ip(&["link", "set", "lo", "up"])?;
    host.ip(&["link", "set", INTERFACE, "gso_max_segs", "1"])?;
    host.ip(&["address", "add", &v4, "dev", INTERFACE])?;
    host.ip(&["address", "add", &v6, "dev", INTERFACE, "nodad"])?;
    host.ip(&["link", "set", INTERFACE, "up"])
}

/// Frames that a host's interface has sent.
fn frames_sent(host: &Namespace) -> Result<u64, LabError> {
    let path = "/proc/thread-self/net/dev";
    let table = host
        .run(|| fs::read_to_string(path))
        .map_err(LabError::io(path))?;
    let sent = table.lines().find_map(|line| {
        let (name, numbers) = line.split_once(':')?;
        // Eight numbers of what was received, octets and frames first; then as many of what was sent.
        (name.trim() == INTERFACE).then(|| numbers.split_whitespace().nth(9)?.parse().ok())?
    });
    sent.ok_or_else(|| LabError::io(path)(io::Error::other(format!("no counters of {INTERFACE}"))))
}

/// Nanoseconds since the Unix epoch, by the clock that stamps frames.
fn now_ns() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}
