//! Where an experiment is played: one host and its loopback interface, or two hosts and a wire.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::lab::kernel::Socket;
use crate::lab::script::{Experiment, Place};
use crate::lab::{Diag, Family, Lab, LabError, Namespace, Recorder, address};
use crate::wire::Ports;

pub enum Set {
    Loopback { host: Namespace, diag: Diag },
    Wire(Box<Lab>),
}

impl Set {
    pub fn build(experiment: &Experiment) -> Result<Set, LabError> {
        match experiment.place {
            Place::Loopback => {
                let host = Namespace::new()?;
                host.ip(&["link", "set", "lo", "up"])?;
                let diag = Diag::open(&host)?;
                Ok(Set::Loopback { host, diag })
            }
            Place::Wire(_) => Ok(Set::Wire(Box::new(Lab::new()?))),
        }
    }

    /// Captures where the experiment wants it.
    pub fn record(
        &self,
        experiment: &Experiment,
        save: Option<&Path>,
        force: bool,
    ) -> Result<Recorder, LabError> {
        match (self, experiment.place) {
            (Set::Wire(lab), Place::Wire(side)) => lab.record(side, Ports::default(), save, force),
            _ => Recorder::start(self.host(Side::Client), "lo", Ports::default(), save, force),
        }
    }

    pub fn host(&self, side: Side) -> &Namespace {
        match self {
            Set::Loopback { host, .. } => host,
            Set::Wire(lab) => lab.host(side),
        }
    }

    /// Where the experiment's server listens.
    pub fn server(&self, experiment: &Experiment) -> SocketAddr {
        let ip: IpAddr = match (self, experiment.family) {
            (Set::Loopback { .. }, Family::Ipv4) => Ipv4Addr::LOCALHOST.into(),
            (Set::Loopback { .. }, Family::Ipv6) => Ipv6Addr::LOCALHOST.into(),
            (Set::Wire(_), family) => address(Side::Server, family),
        };
        SocketAddr::new(ip, experiment.port)
    }

    /// What the kernels say of a connection now.
    pub fn sockets(&self, addresses: &PerSide<SocketAddr>) -> Result<PerSide<Socket>, LabError> {
        let PerSide { client, server } = *addresses;
        match self {
            Set::Loopback { diag, .. } => Ok(PerSide {
                client: diag.socket(client, server)?,
                server: diag.socket(server, client)?,
            }),
            Set::Wire(lab) => lab.sockets(client, server),
        }
    }
}
