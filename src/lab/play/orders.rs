//! What befalls hosts, processes and the wire: the steps that begin with `*`.

use std::time::Duration;

use super::{Play, Stop, company, side_named};
use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::lab::forge::{self, Forged, TTL, Unreachable};
use crate::lab::kernel::Timer;
use crate::lab::{Family, INTERFACE, Lab, Mode, Relay};
use crate::story::ending::ending;
use crate::trace::ROUTER_SAYS;
use crate::wire::{Flags, Segment, Seq};

/// `then cut`: it befalls them by itself, at once after the step before; whoever watches isn't asked when.
pub fn at_once(words: &[String]) -> (&[String], bool) {
    match words.split_first() {
        Some((first, rest)) if first == "then" => (rest, true),
        _ => (words, false),
    }
}

/// What people read of an order; `None` where it is only waited for something, or a value is set.
pub fn words(words: &[String]) -> Option<String> {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    Some(match *words.as_slice() {
        ["signal", actor, signal] => format!("{signal} to the {actor}"),
        ["cut"] => "the wire is cut".into(),
        ["mend"] => "the wire is mended".into(),
        ["hold", side] => format!("the wire holds what the {side} sends"),
        ["drop", side] => format!("the wire drops what the {side} sends"),
        ["pass", side] => format!("the wire passes what the {side} sends"),
        ["release", side] => format!("the wire lets the {side}'s next segment go"),
        ["release", side, "all"] => format!("the wire lets the {side}'s segments go"),
        ["swallow", side] => format!("the wire loses a segment of the {side}"),
        ["lose", side, what, count] => {
            let times = if count == "1" { "" } else { "s" };
            format!("the wire will lose {count} {what}{times} of the {side}")
        }
        ["delay", side, time, unit] => format!("{time} {unit} from the {side} to its peer"),
        ["forge", side, flags, ..] => format!("forged in the {side}'s name: {flags}"),
        ["unreachable", "prohibited"] => format!("{ROUTER_SAYS}administratively prohibited"),
        ["unreachable", what] => format!("{ROUTER_SAYS}{what} unreachable"),
        ["reboot", side] => format!("the {side}'s host reboots"),
        ["down", side] => format!("the {side}'s interface goes down"),
        _ => return None,
    })
}

/// What people read of an order that needs no cue: time passes, a value is set.
pub fn remark(words: &[String]) -> Option<String> {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    Some(match *words.as_slice() {
        ["wait", time, unit] => format!("{time} {unit} pass"),
        ["sysctl", side, name, ref value @ ..] => {
            format!("{side}: {name} = {}", value.join(" "))
        }
        ["rto", time, unit] => format!("both: shortest RTO {time} {unit}"),
        _ => return None,
    })
}

impl Play {
    /// Does what an order says.
    pub(super) fn obey(&mut self, order: &[String]) -> Result<(), Stop> {
        let words: Vec<_> = order.iter().map(String::as_str).collect();
        let side = || side_named(order.get(1));
        match *words.as_slice() {
            ["signal", actor, name] => {
                let signal = company::signal_named(name).ok_or(format!("no signal is {name}"))?;
                self.company.signal(actor, signal)?;
            }
            ["ended", actor] => self.wait(&format!("{actor} ends"), |play| {
                play.gone.contains_key(actor)
            })?,
            ["wait", time, unit] => self.pass(duration(time, unit)?)?,
            ["sysctl", _, name, ref values @ ..] => {
                let name = format!("net.ipv4.{name}");
                self.set.host(side()?).sysctl(&name, &values.join(" "))?;
            }
            ["rto", time, unit] => self.lab()?.min_timeout(duration(time, unit)?)?,
            ["acknowledged", _] => {
                let side = side()?;
                self.wait("everything is acknowledged", |play| {
                    let ends = play.sockets().ok().flatten();
                    ends.is_some_and(|ends| ends[side].send_queue == 0)
                })?;
            }
            ["stuck", _] => {
                let side = side()?;
                self.wait("the window is closed", |play| {
                    let ends = play.sockets().ok().flatten();
                    ends.is_some_and(|ends| ends[side].timer == Timer::Probe)
                })?;
            }
            ["arrived", _, count] => {
                let (side, count) = (side()?, number(count)?);
                self.wait("enough arrives", |play| {
                    let ends = play.sockets().ok().flatten();
                    ends.is_some_and(|ends| ends[side].receive_queue as usize >= count)
                })?;
            }
            ["segments", count] => {
                let count = number(count)?;
                self.wait("enough segments", |play| {
                    let trace = play.recorder.trace();
                    super::newest(trace).is_some_and(|id| trace.len(id) >= count)
                })?;
            }
            ["frames", count] => {
                let count = number(count)?;
                self.wait("enough segments", |play| {
                    play.recorder.trace().segments() >= count
                })?;
            }
            ["errors", count] => {
                let count = number(count)?;
                self.wait("enough ICMP errors", |play| {
                    play.recorder.trace().errors_in_all() >= count
                })?;
            }
            ["capture", "ends"] => self.recorder.end(),
            ["first", "ends", kind] => {
                let first = ending(self.recorder.trace(), 0);
                if first.kind.name() != kind {
                    let told = first.summary;
                    self.differences
                        .push(format!("the first connection is told so: {told}"));
                }
            }
            ["reboot", _] => self.reboot(side()?)?,
            ["down", _] => self.bring_down(side()?)?,
            _ => self.order_wire(&words)?,
        }
        Ok(())
    }

    fn lab(&self) -> Result<&Lab, String> {
        match &self.set {
            super::Set::Wire(lab) => Ok(lab),
            super::Set::Loopback { .. } => Err("there is no wire here: `on: a wire`".into()),
        }
    }

    fn relay(&self) -> Result<&Relay, String> {
        Ok(&self.lab()?.relay)
    }

    fn both(&self, mode: Mode) -> Result<(), String> {
        let relay = self.relay()?;
        for side in Side::BOTH {
            relay.mode(side, mode);
        }
        Ok(())
    }

    fn order_wire(&mut self, words: &[&str]) -> Result<(), Stop> {
        let named = |at: usize| side_named(words.get(at).map(|word| (*word).to_string()).as_ref());
        match *words {
            ["cut"] => self.both(Mode::Drop)?,
            ["mend"] => self.both(Mode::Pass)?,
            ["hold", _] => self.relay()?.mode(named(1)?, Mode::Hold),
            ["drop", _] => self.relay()?.mode(named(1)?, Mode::Drop),
            ["pass", _] => self.relay()?.mode(named(1)?, Mode::Pass),
            ["delay", _, time, unit] => self.relay()?.delay(named(1)?, duration(time, unit)?),
            ["held", _, count] => {
                let (side, count) = (named(1)?, number(count)?);
                self.relay()?;
                self.wait("enough is held", |play| {
                    play.relay()
                        .is_ok_and(|relay| relay.held(side).len() >= count)
                })?;
            }
            ["release", _] => {
                let side = named(1)?;
                self.relay()?;
                self.wait("something is held", |play| {
                    play.relay().is_ok_and(|relay| relay.release(side, 1) > 0)
                })?;
            }
            ["release", _, "all"] => {
                self.relay()?.release(named(1)?, usize::MAX);
            }
            ["swallow", _] => {
                self.relay()?.swallow(named(1)?, 1);
            }
            ["lose", _, what, count] => {
                let matches = matcher(what)?;
                self.relay()?.drop_next(named(1)?, matches, number(count)?);
            }
            ["unreachable", what] => {
                let what = match what {
                    "network" => Unreachable::Network,
                    "host" => Unreachable::Host,
                    "port" => Unreachable::Port,
                    "prohibited" => Unreachable::Prohibited,
                    other => return Err(format!("what is {other}?").into()),
                };
                let client = self.addresses().ok_or("nothing was captured".to_string())?;
                forge::unreachable(self.relay()?, client.client.ip(), what)
                    .ok_or("the client sent nothing".to_string())?;
            }
            ["forge", _, ..] => self.forge(named(1)?, &words[2..])?,
            _ => return Err(format!("no order is `{}`", words.join(" ")).into()),
        }
        Ok(())
    }

    /// `forge server R seq +100 ttl 63`: numbers with a sign count from the side's next, `ack` from its peer's.
    fn forge(&mut self, from: Side, words: &[&str]) -> Result<(), Stop> {
        let mut addresses = self.addresses().ok_or("nothing was captured".to_string())?;
        let mut forged = Forged {
            flags: flags(words.first().copied().unwrap_or_default())?,
            seq: Seq(0),
            ack: Seq(0),
            ttl: TTL,
            data: Vec::new(),
        };
        for pair in words[1..].chunks(2) {
            let [key, value] = *pair else {
                return Err("a value is missing".to_string().into());
            };
            match key {
                "seq" => forged.seq = self.seq(&addresses, from, value)?,
                "ack" => forged.ack = self.seq(&addresses, from.peer(), value)?,
                "ttl" => forged.ttl = u8::try_from(number(value)?).unwrap_or(TTL),
                "data" => forged.data = value.as_bytes().to_vec(),
                "port" => addresses[from].set_port(u16::try_from(number(value)?).unwrap_or(0)),
                other => return Err(format!("a segment has no {other}").into()),
            }
        }
        forge::forge(self.relay()?, &addresses, from, &forged)
            .ok_or("the client sent nothing".to_string())?;
        Ok(())
    }

    fn seq(
        &self,
        addresses: &PerSide<std::net::SocketAddr>,
        side: Side,
        text: &str,
    ) -> Result<Seq, String> {
        let next =
            || forge::next(self.relay()?, addresses, side).ok_or("it sent nothing".to_string());
        let size = |text: &str| text.parse::<u32>().map_err(|why| why.to_string());
        if let Some(ahead) = text.strip_prefix('+') {
            Ok(next()? + size(ahead)?)
        } else if let Some(behind) = text.strip_prefix('-') {
            Ok(next()? - size(behind)?)
        } else {
            size(text).map(Seq)
        }
    }

    /// A host's interface goes down. Its peer still has its link address, but isn't sure of it: it asks again soon after
    /// it has sent the next segment.
    fn bring_down(&mut self, side: Side) -> Result<(), Stop> {
        let addresses = self.addresses().ok_or("nothing was captured".to_string())?;
        let gone = addresses[side].ip().to_string();
        let lab = self.lab()?;
        lab.host(side).ip(&["link", "set", INTERFACE, "down"])?;
        let stale = ["change", &gone, "dev", INTERFACE, "nud", "stale"];
        lab.host(side.peer())
            .ip(&[&["neigh"], &stale[..]].concat())?;
        Ok(())
    }

    /// A host comes back without its sockets: it has no route while its process is killed, so that not even its own
    /// interface sees what the kernel sends for it.
    fn reboot(&mut self, side: Side) -> Result<(), Stop> {
        let addresses = self.addresses().ok_or("nothing was captured".to_string())?;
        let peer = addresses[side.peer()].ip().to_string();
        let version = match self.experiment.family {
            Family::Ipv4 => "-4",
            Family::Ipv6 => "-6",
        };
        let actor = side.to_string();
        // Closed so, a socket leaves nothing behind that would repeat itself.
        let owned = self.ends.keys().filter(|(owner, _)| *owner == actor);
        for fd in owned.map(|(_, fd)| *fd).collect::<Vec<_>>() {
            self.unseen(&actor, &format!("setsockopt({fd}, SO_LINGER, 1, 0)"))?;
        }
        self.set
            .host(side)
            .ip(&[version, "route", "add", "blackhole", &peer])?;
        self.company.signal(&actor, rustix::process::Signal::KILL)?;
        self.wait("the process ends", |play| play.gone.contains_key(&actor))?;
        self.ends.retain(|(owner, _), _| *owner != actor);
        self.set
            .host(side)
            .ip(&[version, "route", "del", "blackhole", &peer])?;
        Ok(())
    }
}

/// Segments by name: `SYN`, `FIN`, `data`, or `ACK`, which carries nothing else.
fn matcher(what: &str) -> Result<impl Fn(&Segment) -> bool + Send + 'static, String> {
    let what = what.to_string();
    if !["FIN", "ACK", "data", "SYN"].contains(&what.as_str()) {
        return Err(format!("no segment is called {what}"));
    }
    Ok(move |seg: &Segment| match what.as_str() {
        "FIN" => seg.has(Flags::FIN),
        "SYN" => seg.has(Flags::SYN),
        "ACK" => seg.flags == Flags::ACK && seg.len == 0,
        _ => seg.len > 0,
    })
}

/// tcpdump's letters.
fn flags(letters: &str) -> Result<Flags, String> {
    letters.chars().try_fold(Flags::default(), |all, letter| {
        Ok(all
            | match letter {
                'F' => Flags::FIN,
                'S' => Flags::SYN,
                'R' => Flags::RST,
                'P' => Flags::PSH,
                '.' => Flags::ACK,
                other => return Err(format!("no flag is {other}")),
            })
    })
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

fn duration(time: &str, unit: &str) -> Result<Duration, String> {
    let count = number(time)? as u64;
    match unit {
        "ms" => Ok(Duration::from_millis(count)),
        "s" => Ok(Duration::from_secs(count)),
        other => Err(format!("no unit is {other}")),
    }
}
