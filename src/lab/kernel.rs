//! What the kernel of one of the lab's namespaces says of its TCP sockets.

use std::net::SocketAddr;

use rustix::net::AddressFamily;

use super::{Family, LabError, Namespace};
use crate::diag::{self, CONNECTIONS};

pub use crate::diag::{Socket, Timer};

/// A line to one namespace's kernel.
#[derive(Debug)]
pub struct Diag(diag::Diag);

impl Diag {
    /// Opens it.
    ///
    /// # Errors
    /// The kernel has no sock_diag.
    pub fn open(namespace: &Namespace) -> Result<Diag, LabError> {
        let opened = namespace.run(diag::Diag::open);
        opened.map(Diag).map_err(LabError::io("sock_diag"))
    }

    /// Every TCP socket but listening ones: its own address, its peer's, and what it is like.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn sockets(
        &self,
        family: Family,
    ) -> Result<Vec<(SocketAddr, SocketAddr, Socket)>, LabError> {
        let family = match family {
            Family::Ipv4 => AddressFamily::INET,
            Family::Ipv6 => AddressFamily::INET6,
        };
        let mut found = Vec::new();
        let add = |it: diag::Listed| found.push((it.local, it.remote, it.socket));
        let told = self.0.each(family, CONNECTIONS, add);
        told.map_err(LabError::io("sock_diag"))?;
        Ok(found)
    }

    /// The socket of this connection; CLOSED where there is none.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn socket(&self, local: SocketAddr, remote: SocketAddr) -> Result<Socket, LabError> {
        let told = self.0.one(local, remote);
        told.map_err(LabError::io("sock_diag"))
    }
}
