//! Capturing live: the interface is opened, privileges are given up, and only then is anything
//! read.

mod saved;

pub use saved::Saved;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tcpviz::privilege;
use tcpviz::source::held::Held;
use tcpviz::source::live::{self, Handing, OpenError};
use tcpviz::source::save::SaveFile;
use tcpviz::source::{Selection, Sink, Store};
use tcpviz::story::numbers::printable;
use tcpviz::tui::{Origin, ReadBack};
use tcpviz::wire::Feed;

#[cfg(target_os = "linux")]
use crate::asked::Asked;
use crate::cli::{Cli, Format};
use crate::confine;
use crate::lines;
use crate::listening::Listening;
use crate::logging;
use crate::outfile::Output;
#[cfg(target_os = "linux")]
use crate::view::Told;
use crate::view::{self, Stop, ToldSink, View};

/// Port to suggest where none is watched.
const EXAMPLE_PORT: u16 = 4321;

/// Lists the interfaces, one a line.
///
/// # Errors
/// libpcap can't list them.
pub fn list_interfaces() -> anyhow::Result<()> {
    let interfaces = live::interfaces().map_err(anyhow::Error::msg)?;
    let mut out = Output(io::stdout().lock());
    for (name, description) in interfaces {
        writeln!(
            out,
            "{}",
            printable(format!("{name:15} {description}").trim_end())
        )?;
    }
    Ok(())
}

/// Captures until the user leaves, then says where the capture was saved.
///
/// # Errors
/// The interface can't be opened, the file can't be written, privileges can't be given up, or the
/// view fails.
pub fn capture(cli: &Cli) -> anyhow::Result<()> {
    if is_fed() {
        say!(
            "tcpviz: capturing live; standard input isn't read: tcpviz - replays what comes there"
        );
    }
    let interface = cli.interface.clone().unwrap_or_else(live::loopback);
    let selection = Selection {
        ports: cli.ports(),
        expression: cli.filter.clone(),
    };
    let filter = selection.words();
    let tell_owners = view::wants_ui(cli).then(owners);
    let listening = cli.kernel.then(|| Listening::prepare(cli));
    let open = live::open(&interface, selection, Handing::Together).map_err(explain)?;
    logging::opened(&open, &filter);
    let view = view::open(cli)?;
    let save = create(cli)?;
    let saved = Saved::of(&save.held, 0);
    let removed = save.held.temporary.then_some(&save.held.path);
    if let Err(why) = confine::confine(cli, &view, removed.as_slice()) {
        return saved.tell_behind(Err(why));
    }
    let rescue = rescue(&save.held);
    let store = Store::new(save.reader()?);
    let origin = Origin {
        name: match &listening {
            Some(listening) if view::wants_ui(cli) => {
                format!("{} ({})", printable(&interface), listening.name())
            }
            _ => printable(&interface),
        },
        growing: true,
        size: None,
        listening: Some(filter.clone()),
        rescue: Some(rescue.clone()),
        port: cli.port.first().map_or(EXAMPLE_PORT, |range| range.0),
    };
    if !view::wants_ui(cli) {
        say!(
            "tcpviz: capturing on {} ({filter}) into {}; Ctrl-C ends it",
            origin.name,
            printable(&save.held.path.to_string_lossy())
        );
    }
    let segments = Arc::clone(&saved.segments);
    // The screen has it in its title.
    let (tells, down) = (!view::wants_ui(cli), printable(&interface));
    let start = Box::new(move |sink: Sink, told: ToldSink| {
        let sink = match listening {
            Some(listening) => listening.start(Arc::clone(&told), sink)?,
            None => sink,
        };
        let mut sink = match tell_owners {
            Some(tell) => tell(told, sink)?,
            None => sink,
        };
        let (mut is_down, mut is_removed) = (false, false);
        let counting = Box::new(move |feed: Feed| {
            if let Feed::Batch(batch) = &feed {
                segments.fetch_add(batch.segments.len() as u64, Ordering::Relaxed);
                if tells && batch.tally.is_down != is_down {
                    is_down = batch.tally.is_down;
                    tell_down(&down, is_down);
                }
                if tells && batch.tally.is_removed && !is_removed {
                    is_removed = true;
                    say!("tcpviz: {rescue}");
                }
            }
            sink(feed)
        });
        let running = open.start(save, logging::following(counting))?;
        Ok(Some(Arc::new(move || running.stop()) as Stop))
    });
    let result = match view {
        View::Text(Format::Tcpdump, out) => lines::live(cli, &store, out, start),
        view => {
            let read_back: ReadBack = Box::new(move |place| store.frame(place));
            view.show(cli, origin, Some(read_back), Vec::new(), start)
        }
    };
    saved.tell_behind(result)
}

/// Says that nothing can come, or can come again.
fn tell_down(interface: &str, is_down: bool) {
    if is_down {
        say!(
            "tcpviz: {interface} is down, and nothing can come; the capture goes on once it is up: ip link set {interface} up"
        );
    } else {
        say!("tcpviz: {interface} is up again, and the capture goes on");
    }
}

/// Whether standard input is a file or a pipe: somebody may have forgotten the `-`.
fn is_fed() -> bool {
    let stdin = fs::metadata("/dev/stdin").map(|stdin| stdin.file_type());
    stdin.is_ok_and(|kind| kind.is_file() || kind.is_fifo())
}

/// Creates the file that the capture goes to.
///
/// # Errors
/// It exists, or can't be written.
pub fn create(cli: &Cli) -> anyhow::Result<SaveFile> {
    let created = privilege::by_caller(|| SaveFile::create(cli.write.as_deref(), cli.force));
    created.map_err(|why| match &cli.write {
        Some(path) => view::cannot_capture_into(path, why),
        None => anyhow::Error::new(why)
            .context("can't create a temporary file; --write FILE names another place"),
    })
}

/// Has the owners of what passes through a capture's sink told to another one, until the sink is dropped. To be called
/// once privileges are given up.
type TellOwners = Box<dyn FnOnce(ToldSink, Sink) -> io::Result<Sink>>;

/// Prepares to tell who holds both ends of each connection. To be called before anything is opened, which the helper would
/// inherit, and before privileges are given up.
#[cfg(target_os = "linux")]
fn owners() -> TellOwners {
    use tcpviz::owners::{Helper, Owners};
    let helper = Helper::start();
    Box::new(move |told, mut sink| {
        let tell = Box::new(move |owned| told(Told::Owners(owned)));
        let owners = Owners::start(helper, tell)?;
        let mut asked = Asked::default();
        Ok(Box::new(move |feed: Feed| {
            if let Feed::Batch(batch) = &feed {
                let connections = asked.fresh(batch);
                if !connections.is_empty() {
                    owners.ask(connections);
                }
            }
            sink(feed)
        }))
    })
}

/// Elsewhere nobody can be asked.
#[cfg(not(target_os = "linux"))]
fn owners() -> TellOwners {
    Box::new(|_, sink| Ok(sink))
}

/// What to type while a capture's file has no name any more, and what it holds is still there. To be called once privileges are
/// given up: the kernel then keeps other processes of the same user out of this one, mostly.
#[cfg(target_os = "linux")]
fn rescue(held: &Held) -> String {
    use rustix::process::{DumpableBehavior, dumpable_behavior};
    let path = printable(&held.path.to_string_lossy());
    // Its number in the namespace that /proc is of.
    let process =
        fs::read_link("/proc/self").unwrap_or_else(|_| std::process::id().to_string().into());
    let (process, descriptor) = (process.display(), held.descriptor());
    let is_closed = !matches!(dumpable_behavior(), Ok(DumpableBehavior::Dumpable));
    let sudo = if is_closed && !rustix::process::geteuid().is_root() {
        "sudo "
    } else {
        ""
    };
    format!(
        "{path} was removed: until tcpviz ends, {sudo}cp /proc/{process}/fd/{descriptor} NEW.pcap keeps what was captured"
    )
}

/// Elsewhere nothing can be typed.
#[cfg(not(target_os = "linux"))]
fn rescue(held: &Held) -> String {
    let path = printable(&held.path.to_string_lossy());
    format!("{path} was removed: what was captured goes with tcpviz")
}

/// Without the permission: the exact commands for this very binary.
pub fn explain(why: OpenError) -> anyhow::Error {
    let OpenError::Permission { .. } = why else {
        return why.into();
    };
    let binary = std::env::current_exe()
        .map_or_else(|_| "tcpviz".into(), |path| quoted(&path.to_string_lossy()));
    let arguments: String = std::env::args_os()
        .skip(1)
        .map(|argument| format!(" {}", quoted(&argument.to_string_lossy())))
        .collect();
    anyhow::anyhow!(
        "{why}\n\
         \n  as root, this once:        sudo {binary}{arguments}\n\
         \n  or allow this binary:      sudo setcap cap_net_raw+ep {binary}\n\
         \n  a saved capture needs no permission:  tcpviz FILE"
    )
}

/// A word as a shell takes it, and safe to print.
pub fn quoted(word: &str) -> String {
    let word = printable(word);
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}
