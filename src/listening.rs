//! `--kernel`: what this machine's kernel says, put together with a live capture.

use std::io;

use tcpviz::source::Sink;

use crate::cli::Cli;
use crate::view::ToldSink;

#[cfg(target_os = "linux")]
pub use linux::Listening;

#[cfg(target_os = "linux")]
mod linux {
    use super::{Cli, Sink, ToldSink, io};
    use crate::asked::Asked;
    use crate::view::Told;
    use tcpviz::kernel::{Helper, Kernel, Missed, WATCHED};
    use tcpviz::story::numbers::{counted, printable};
    use tcpviz::wire::{Feed, Ports};

    /// What was prepared while root still was root.
    pub struct Listening {
        helper: Option<Helper>,
        ports: Ports,
    }

    impl Listening {
        /// Has the events told from now on, where that can be had, and says what can't. To be called before anything is opened, which the helper
        /// would inherit, and before privileges are given up.
        pub fn prepare(cli: &Cli) -> Listening {
            let ports = cli.ports();
            let helper = Helper::start(&ports);
            match &helper {
                Err(why) => say!(
                    "tcpviz: --kernel asks for states, queues and timers only, without the reasons of RSTs: {}",
                    printable(why)
                ),
                Ok(helper) if !helper.missing.is_empty() => say!(
                    "tcpviz: --kernel: this kernel doesn't tell {}",
                    printable(&helper.missing)
                ),
                Ok(_) => {}
            }
            let helper = helper.ok();
            Listening { helper, ports }
        }

        /// How much of the kernel's word there is, in the title.
        pub fn name(&self) -> &'static str {
            match self.helper {
                Some(_) => "kernel",
                None => "kernel: states only",
            }
        }

        /// Has told what the kernel says of what passes through a capture's sink. To be called once privileges are given up.
        pub fn start(self, told: ToldSink, mut sink: Sink) -> io::Result<Sink> {
            let tell = Box::new(move |heard| told(Told::Heard(heard)));
            let kernel = Kernel::start(self.helper, self.ports, tell)?;
            let mut asked = Asked::default();
            Ok(Box::new(move |feed: Feed| {
                match &feed {
                    Feed::Batch(batch) => {
                        let connections = asked.fresh(batch);
                        if !connections.is_empty() {
                            kernel.ask(connections);
                        }
                    }
                    // What it has told until now comes before the end.
                    Feed::Ended(_) => {
                        tell_missed(kernel.end());
                    }
                }
                sink(feed)
            }))
        }
    }

    /// Says what the kernel had to tell and wasn't heard.
    fn tell_missed(missed: Missed) {
        if missed.helper {
            say!(
                "tcpviz: --kernel: the helper ended early: from then on states, queues and timers only"
            );
        }
        if missed.events > 0 {
            let events = counted(missed.events, "event");
            say!("tcpviz: --kernel: {events} came faster than they could be read");
        }
        if missed.others {
            say!(
                "tcpviz: --kernel: sock_diag was asked about {WATCHED} connections at a time, not about others"
            );
        }
    }
}

/// Elsewhere nobody can be asked.
#[cfg(not(target_os = "linux"))]
pub struct Listening;

#[cfg(not(target_os = "linux"))]
impl Listening {
    pub fn prepare(_: &Cli) -> Listening {
        say!("tcpviz: --kernel needs Linux: nothing is told");
        Listening
    }

    pub fn name(&self) -> &'static str {
        "kernel: needs Linux"
    }

    pub fn start(self, _: ToldSink, sink: Sink) -> io::Result<Sink> {
        Ok(sink)
    }
}
