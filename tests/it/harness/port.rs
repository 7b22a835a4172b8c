//! A port of this machine that is a test's own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with, sockopt};

/// A port at which nobody listens until a program is told to. As long as it is held, the system chooses it for
/// nobody else: what is dead stays dead, and no program finds its port taken.
///
/// The socket is bound and does not listen. The system refuses whoever connects, and lets a program listen there
/// that allows to use an address again (`SO_REUSEADDR`), as servers do.
#[must_use = "another test may get the port when it is dropped"]
pub(crate) struct Port {
    address: SocketAddr,
    _held: OwnedFd,
}

impl Port {
    /// One on loopback.
    #[track_caller]
    pub(crate) fn take() -> Self {
        Self::take_at(Ipv4Addr::LOCALHOST.into())
    }

    /// One at this address of the machine.
    #[track_caller]
    pub(crate) fn take_at(address: IpAddr) -> Self {
        let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
        let held = socket_with(family, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
        sockopt::set_socket_reuseaddr(&held, true).unwrap();
        bind(&held, &SocketAddr::from((address, 0))).unwrap();
        let address = getsockname(&held).unwrap().try_into().unwrap();
        Self { address, _held: held }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn number(&self) -> u16 {
        self.address.port()
    }
}
