//! How it is known whose a connection is.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::time::Duration;

use super::MOST;
use super::cgroup::Cgroup;
use super::seen::{self, Seen};
use crate::raw::bpf::Recorder;

const NOT_ENTERED: &str = "the control group can't be entered";

pub enum Knowing {
    /// The recorder goes first: the group can't while it holds it.
    Certain(Recorder, Cgroup),
    /// And why it isn't certain.
    Seen(Box<Seen>, String),
}

impl Knowing {
    pub fn begin() -> Knowing {
        let certain = || -> io::Result<Knowing> {
            let cgroup =
                Cgroup::make().map_err(|why| because("there can be no control group", &why))?;
            // Who may make one may not always move into it.
            let tried = cgroup.enter().and_then(|()| cgroup.leave());
            tried.map_err(|why| because(NOT_ENTERED, &why))?;
            let recorder = cgroup
                .open()
                .and_then(|group| Recorder::attach(group.as_fd()));
            let recorder =
                recorder.map_err(|why| because("the kernel takes no BPF program", &why))?;
            Ok(Knowing::Certain(recorder, cgroup))
        };
        certain().unwrap_or_else(|why| Knowing::seen(&why))
    }

    fn seen(why: &io::Error) -> Knowing {
        // Who loses its parent stays below this process.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
        Knowing::Seen(Box::default(), why.to_string())
    }

    /// The command is about to be started by this process.
    pub fn before_start(&mut self) {
        // It may not be able any more to do what it could before.
        if let Knowing::Certain(_, cgroup) = self
            && let Err(why) = cgroup.enter()
        {
            *self = Knowing::seen(&because(NOT_ENTERED, &why));
        }
    }

    /// It was started, or can't be.
    pub fn after_start(&self) {
        if let Knowing::Certain(_, cgroup) = self {
            // Where it can't, it goes with the others at the end.
            let _ = cgroup.leave();
        }
    }

    /// How long to wait until the next look; `None`: nobody has to look.
    pub fn pause(&self) -> Option<Duration> {
        match self {
            Knowing::Certain(..) => None,
            Knowing::Seen(seen, _) => Some(seen.pause()),
        }
    }

    /// Looks, if it is time.
    pub fn look(&mut self) {
        if let Knowing::Seen(seen, _) = self {
            seen.look();
        }
    }

    /// Lines that tell it.
    ///
    /// # Errors
    /// The kernel refuses to tell.
    pub fn told(&self) -> io::Result<String> {
        let line = |known: &str, (one, other): (SocketAddr, SocketAddr)| {
            format!("{known} {one} {other}\n")
        };
        Ok(match self {
            Knowing::Certain(recorder, _) => {
                let connections = recorder.connections()?;
                let end = if connections.is_some() {
                    "certain\n".to_string()
                } else {
                    format!("because it made more than {MOST} connections\nseen\n")
                };
                let own = connections.into_iter().flatten();
                let own = own.map(|(one, other, began)| format!("own {one} {other} {began}\n"));
                own.collect::<String>() + &end
            }
            Knowing::Seen(seen, why) => {
                let own = seen.own().map(|ends| line("own", ends));
                let others = seen.others().map(|ends| line("other", ends));
                let over = seen::is_alone().then(|| "over\n".to_string());
                own.chain(others).chain(over).collect::<String>()
                    + &format!("because {why}\nseen\n")
            }
        })
    }
}

fn because(what: &str, why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("{what}: {why}"))
}
