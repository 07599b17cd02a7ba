//! The sandbox: namespaces of users, networks and processes in which the lab may do what it likes without being root.
//! The kernel clears it away, with every process in it, as soon as the program is gone, however it went.
//!
//! ```text
//!   guard     what the user started: waits, passes signals on, ends as the other ends
//!     inside    the same program again, the sandbox's first process: when it dies, so does every actor
//! ```

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, exit};

use rustix::fs::{MemfdFlags, getxattr, memfd_create};
use rustix::process::{
    DumpableBehavior, Pid, Signal, kill_process, set_dumpable_behavior,
    set_parent_process_death_signal,
};
use rustix::thread::{
    CapabilitySets, Gid, Uid, UnshareFlags, capabilities, configure_capability_in_ambient_set,
    set_capabilities, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use signal_hook::consts::{SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use super::{LabError, actor, netns};
use crate::privilege;

/// Set for the process inside: the guard's number.
pub(super) const INSIDE: &str = "TCPVIZ_LAB_INSIDE";

/// The user inside: not root, because tcpdump as a sandbox's root can't give up what it must give up.
const USER: u32 = 1000;

/// A process that a signal ended, as shells tell it.
const SIGNALLED: i32 = 128;

/// Puts the program into a sandbox, by starting it anew with the same arguments: returns only inside. To be called
/// before a second thread exists.
///
/// # Errors
/// The system doesn't allow it; the error says why, and what would change that.
pub fn enter() -> Result<(), LabError> {
    actor::act_if_asked();
    if let Ok(guard) = std::env::var(INSIDE) {
        // Nothing survives the guard.
        set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(|why| LabError::io("prctl")(why.into()))?;
        // Nor a guard that was gone before.
        if status_of("self", "PPid").is_some_and(|parent| parent != guard) {
            exit(SIGNALLED + Signal::KILL.as_raw());
        }
        return netns::ip(&["link", "set", "lo", "up"]);
    }
    separate().map_err(|why| LabError::Refused {
        why,
        advice: advice(),
    })?;
    let (status, ended_by) = guard().map_err(LabError::io("the lab's process"))?;
    exit(match (ended_by, status.code()) {
        // Whoever was asked to leave, and had something to leave behind, has left well.
        (None, Some(code)) | (Some(_), Some(code @ 0)) => code,
        (Some(signal), _) => SIGNALLED + signal,
        (None, None) => SIGNALLED + status.signal().unwrap_or_default(),
    })
}

/// New namespaces, and every capability in them, for programs that are started from here too. Run through sudo, the
/// namespace of users is that of the user who called it; where there can be none, root stays root.
fn separate() -> io::Result<()> {
    let both = UnshareFlags::NEWNET | UnshareFlags::NEWPID;
    #[expect(
        deprecated,
        reason = "its successor warns of shared descriptor tables, which these leave alone"
    )]
    let unshare = rustix::thread::unshare;
    let root = (Uid::ROOT, Gid::ROOT);
    let mut user = (rustix::process::getuid(), rustix::process::getgid());
    let is_root = user.0.is_root();
    if let Some((caller, group)) = privilege::invoking_user() {
        user = (Uid::from_raw(caller), Gid::from_raw(group));
        set_thread_groups(&[user.1])?;
        become_user(user, root)?;
    }
    match unshare(both | UnshareFlags::NEWUSER) {
        Ok(()) => {
            // Whoever was somebody else, or has capabilities from its file, may not write there otherwise.
            set_dumpable_behavior(DumpableBehavior::Dumpable)?;
            fs::write("/proc/self/setgroups", "deny")?;
            fs::write(
                "/proc/self/uid_map",
                format!("{USER} {} 1", user.0.as_raw()),
            )?;
            fs::write(
                "/proc/self/gid_map",
                format!("{USER} {} 1", user.1.as_raw()),
            )?;
            // Nothing that was saved leads back.
            let inside = (Uid::from_raw(USER), Gid::from_raw(USER));
            become_user(inside, inside)?;
        }
        Err(_) if is_root => {
            become_user(root, root)?;
            unshare(both)?;
        }
        Err(why) => return Err(why.into()),
    }
    let all = capabilities(None)?.permitted;
    set_capabilities(
        None,
        CapabilitySets {
            effective: all,
            permitted: all,
            inheritable: all,
        },
    )?;
    for capability in all.iter() {
        configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(())
}

/// Becomes a user of a group, and keeps a way back to `saved`.
fn become_user((user, group): (Uid, Gid), saved: (Uid, Gid)) -> io::Result<()> {
    if rustix::process::geteuid() != saved.0 {
        // Whoever isn't the saved user may not change groups.
        set_thread_res_uid(user, saved.0, saved.0)?;
    }
    set_thread_res_gid(group, group, saved.1)?;
    set_thread_res_uid(user, user, saved.0)?;
    Ok(())
}

/// Starts the program inside and stays with it to its end: how it ended, and the first signal that asked it to.
fn guard() -> io::Result<(ExitStatus, Option<i32>)> {
    let mut signals = Signals::new([SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT])?;
    // As /proc counts, which may be from outside.
    let itself = fs::read_link("/proc/self")?;
    let program = program()?;
    let mut inside = Command::new(program.path())
        .args(std::env::args_os().skip(1))
        .env(INSIDE, itself)
        .spawn()?;
    let mut ended_by = None;
    loop {
        if let Some(status) = inside.try_wait()? {
            return Ok((status, ended_by));
        }
        for number in signals.wait() {
            let Some(signal) = Signal::from_named_raw(number).filter(|_| number != SIGCHLD) else {
                continue;
            };
            if number == SIGTSTP {
                // The shell has stopped the guard; a sandbox's first process stops only if it must.
                let _ = kill_process(Pid::from_child(&inside), Signal::STOP);
                kill_process(rustix::process::getpid(), Signal::STOP)?;
                continue;
            }
            if number == SIGCONT {
                let _ = kill_process(Pid::from_child(&inside), Signal::CONT);
                continue;
            }
            // A sandbox's first process isn't ended by a signal that it doesn't handle: the kernel throws it away.
            ended_by.get_or_insert(number);
            let passed = if handles(&inside, number) {
                signal
            } else {
                Signal::KILL
            };
            // It may just have ended.
            let _ = kill_process(Pid::from_child(&inside), passed);
        }
    }
}

/// What is started inside.
enum Program {
    Itself,
    /// A copy without a name, and without the capabilities that the file has: they would cost it those of the sandbox.
    Copy(File),
}

impl Program {
    fn path(&self) -> String {
        match self {
            Program::Itself => "/proc/self/exe".into(),
            Program::Copy(file) => format!("/proc/self/fd/{}", file.as_raw_fd()),
        }
    }
}

fn program() -> io::Result<Program> {
    const ITSELF: &str = "/proc/self/exe";
    let mut nothing: [u8; 0] = [];
    if getxattr(ITSELF, "security.capability", &mut nothing).is_err() {
        return Ok(Program::Itself);
    }
    let mut copy = File::from(memfd_create("tcpviz", MemfdFlags::CLOEXEC)?);
    io::copy(&mut File::open(ITSELF)?, &mut copy)?;
    Ok(Program::Copy(copy))
}

/// Whether a process has a handler for a signal.
fn handles(process: &Child, signal: i32) -> bool {
    let caught = status_of(&process.id().to_string(), "SigCgt");
    let mask = caught.and_then(|mask| u64::from_str_radix(&mask, 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// A line of /proc/PID/status.
fn status_of(process: &str, key: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(name, _)| *name == key)?;
    Some(value.trim().into())
}

/// Why the kernel refuses, as far as its settings tell, and what to type.
fn advice() -> &'static str {
    let setting = |path: &str| {
        let text = fs::read_to_string(format!("/proc/sys/{path}")).ok()?;
        text.trim().parse::<u64>().ok()
    };
    if setting("user/max_user_namespaces") == Some(0) {
        "user namespaces are switched off: sudo sysctl user.max_user_namespaces=10000"
    } else if setting("kernel/unprivileged_userns_clone") == Some(0) {
        "user namespaces are for root only: sudo sysctl kernel.unprivileged_userns_clone=1"
    } else if setting("kernel/apparmor_restrict_unprivileged_userns") == Some(1) {
        "AppArmor keeps user namespaces from programs it doesn't know: sudo sysctl \
         kernel.apparmor_restrict_unprivileged_userns=0, or run this with sudo"
    } else {
        "user namespaces are forbidden, as in most containers: run it on the machine itself, as root with CAP_SYS_ADMIN, \
         or in a container started with --privileged"
    }
}
