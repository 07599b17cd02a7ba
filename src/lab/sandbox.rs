//! The sandbox: namespaces of users, networks and processes in which the lab may do what it likes without being root.
//! The kernel clears it away, with every process in it, as soon as the program is gone, however it went.
//!
//! ```text
//!   guard     what the user started: waits, passes signals on, ends as the other ends
//!     inside    the same program again, the sandbox's first process: when it dies, so does every actor
//! ```

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, exit};

use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use rustix::thread::{
    CapabilitySets, UnshareFlags, capabilities, configure_capability_in_ambient_set,
    set_capabilities,
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{LabError, actor, netns};

/// Set for the process inside.
const INSIDE: &str = "TCPVIZ_LAB_INSIDE";

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
    if std::env::var_os(INSIDE).is_some() {
        // Nothing survives the guard.
        set_parent_process_death_signal(Some(Signal::KILL))
            .map_err(|why| LabError::io("prctl")(why.into()))?;
        return netns::ip(&["link", "set", "lo", "up"]);
    }
    separate().map_err(|why| LabError::Refused {
        why,
        advice: advice(),
    })?;
    let status = guard().map_err(LabError::io("the lab's process"))?;
    exit(status.code().unwrap_or_else(|| {
        let signal = status.signal().unwrap_or_default();
        SIGNALLED + signal
    }))
}

/// New namespaces, and every capability in them, for programs that are started from here too.
fn separate() -> io::Result<()> {
    let (user, group) = (rustix::process::getuid(), rustix::process::getgid());
    let both = UnshareFlags::NEWNET | UnshareFlags::NEWPID;
    #[expect(
        deprecated,
        reason = "its successor warns of shared descriptor tables, which these leave alone"
    )]
    let unshare = rustix::thread::unshare;
    match unshare(both | UnshareFlags::NEWUSER) {
        Ok(()) => {
            fs::write("/proc/self/setgroups", "deny")?;
            fs::write("/proc/self/uid_map", format!("{USER} {} 1", user.as_raw()))?;
            fs::write("/proc/self/gid_map", format!("{USER} {} 1", group.as_raw()))?;
        }
        // Root needs no namespace of users.
        Err(_) if user.is_root() => return Ok(unshare(both)?),
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

/// Starts the program inside and stays with it to its end.
fn guard() -> io::Result<ExitStatus> {
    let mut signals = Signals::new([SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT])?;
    let mut inside = Command::new("/proc/self/exe")
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .spawn()?;
    loop {
        if let Some(status) = inside.try_wait()? {
            return Ok(status);
        }
        for signal in signals.wait() {
            if let Some(signal) = Signal::from_named_raw(signal).filter(|_| signal != SIGCHLD) {
                // It may just have ended.
                let _ = kill_process(Pid::from_child(&inside), signal);
            }
        }
    }
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
