//! What is given up once everything is open: root, every capability, the way back to them (`mod.rs`), with Landlock most files
//! (`fence.rs`), and with seccomp the system calls that lead elsewhere (`calls.rs`). A program that reads what the network sends
//! must not be able to do more than that. What whoever called sudo names is opened with their rights (`caller.rs`).
//! docs/security.md tells all of it.

mod caller;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod calls;
#[cfg(target_os = "linux")]
mod fence;
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
mod places;

pub use caller::{Caller, by_caller};

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use places::Places;

/// Where this process may write new files; empty while it may wherever its user may.
static PLACES: OnceLock<Places> = OnceLock::new();

/// Who called sudo: user and group number; `None` if nobody did.
#[must_use]
pub fn invoking_user() -> Option<(u32, u32)> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    // Whoever isn't root could set these to anything, but has nothing to give up either.
    let (user, group) = (number("SUDO_UID")?, number("SUDO_GID")?);
    (rustix::process::geteuid().is_root() && user != 0).then_some((user, group))
}

/// Whether the program's file lends this process somebody else's rights over files (set-user-ID, set-group-ID). Capabilities of the
/// file don't count, nor do sudo and namespaces of users: there the real and the effective numbers are the same.
#[must_use]
pub fn is_lent() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    (getuid(), getgid()) != (geteuid(), getegid())
}

/// Whether sudo's variables name somebody: root who can't become the user that they mean must not go on as root.
///
/// # Errors
/// They are there, and name nobody; in one line, with what to type.
pub fn check_invoking_user() -> Result<(), String> {
    let set = |name: &str| std::env::var_os(name);
    if !rustix::process::geteuid().is_root() || set("SUDO_UID").is_none() {
        return Ok(());
    }
    // The last number means "leave it as it is".
    let names = |name: &str| {
        let number = set(name)?.to_str()?.parse::<u32>().ok()?;
        (number != u32::MAX).then_some(number)
    };
    match (names("SUDO_UID"), names("SUDO_GID")) {
        (Some(_), Some(_)) => Ok(()),
        _ => Err("SUDO_UID and SUDO_GID don't name the user who called sudo; as root itself: env -u SUDO_UID tcpviz ...".into()),
    }
}

/// What is still needed by name after everything was given up.
#[derive(Debug, Default)]
pub struct Needs {
    /// Files that are there: they may be opened anew.
    pub files: Vec<PathBuf>,
    /// Those of them that may have to go again. The kernel can't tell them from all else in their folders and below.
    pub removed: Vec<PathBuf>,
    /// New files, as whoever sits before the screen names them.
    pub new_files: bool,
    /// Addresses of hosts may have to be asked for.
    pub names: bool,
}

/// What was given up.
#[derive(Debug)]
pub struct GivenUp {
    /// How many capabilities there were.
    pub capabilities: u32,
    /// User and group after it.
    pub user: (u32, u32),
    #[cfg(target_os = "linux")]
    fence: fence::Fence,
    /// What is said of system calls.
    #[cfg(target_os = "linux")]
    calls: String,
}

impl Display for GivenUp {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let (user, group) = self.user;
        write!(
            formatter,
            "privileges given up: no capabilities ({} before), user {user} and group {group}, no way back (no_new_privs)",
            self.capabilities
        )?;
        #[cfg(target_os = "linux")]
        {
            write!(formatter, "; {}", self.fence)?;
            if let Some(places) = PLACES.get() {
                write!(formatter, ": {}", places.told())?;
            }
            write!(formatter, "; seccomp{}", self.calls)?;
        }
        Ok(())
    }
}

/// Becomes the invoking user where sudo was used, drops every capability and other groups in any case, and keeps of the files
/// only those that are needed, as far as the kernel can enforce that. To be called before a second thread exists: Linux keeps
/// all of this for each thread.
///
/// # Errors
/// Root or a capability could not be given up: then nothing may be captured or read.
#[cfg(target_os = "linux")]
pub fn give_up(needs: &Needs) -> io::Result<GivenUp> {
    let capabilities = rustix::thread::capabilities(None)?
        .permitted
        .bits()
        .count_ones();
    keep(rustix::thread::CapabilitySet::empty())?;
    let places = if needs.new_files {
        Places::here()
    } else {
        Places::default()
    };
    let fence = fence::enclose(needs, &places);
    if fence.is_enforced() {
        let _ = PLACES.set(places);
    }
    let calls = match refuse_calls(needs.names) {
        Ok(()) if needs.names => ": no programs".into(),
        Ok(()) => ": no programs, no connections".into(),
        Err(why) => format!(" isn't enforced: {why}"),
    };
    let user = (rustix::process::geteuid(), rustix::process::getegid());
    Ok(GivenUp {
        capabilities,
        user: (user.0.as_raw(), user.1.as_raw()),
        fence,
        calls,
    })
}

/// Becomes the invoking user where sudo was used, and keeps of the capabilities wanted those that this process has. Nothing of
/// what `calls.rs` names goes from then on.
///
/// # Errors
/// Something could not be given up.
#[cfg(target_os = "linux")]
pub fn keep_only(wanted: rustix::thread::CapabilitySet) -> io::Result<()> {
    keep(wanted)?;
    // As far as the kernel can.
    let _ = refuse_calls(false);
    Ok(())
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use calls::refuse as refuse_calls;

#[cfg(all(target_os = "linux", not(target_pointer_width = "64")))]
fn refuse_calls(_: bool) -> Result<(), String> {
    Err("it is for machines of 64 bits".into())
}

#[cfg(target_os = "linux")]
fn keep(wanted: rustix::thread::CapabilitySet) -> io::Result<()> {
    use rustix::thread::{CapabilitySet, CapabilitySets, Gid, Uid};
    let has = rustix::thread::capabilities(None)?.permitted;
    let kept = has & wanted;
    forget_bounds();
    if let Some((user, group)) = invoking_user() {
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        // Otherwise they would go with root.
        rustix::thread::set_keep_capabilities(!kept.is_empty())?;
        leave_groups(&[group])?;
        rustix::thread::set_thread_res_gid(group, group, group)?;
        rustix::thread::set_thread_res_uid(user, user, user)?;
        rustix::thread::set_keep_capabilities(false)?;
    } else if has.contains(CapabilitySet::SETGID) {
        leave_groups(&[])?;
    }
    rustix::thread::set_capabilities(
        None,
        CapabilitySets {
            effective: kept,
            permitted: kept,
            inheritable: CapabilitySet::empty(),
        },
    )?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}

/// Supplementary groups. A namespace of users may forbid to leave them (`deny` in /proc/PID/setgroups): they are nobody's
/// there but of who made it.
#[cfg(target_os = "linux")]
fn leave_groups(kept: &[rustix::thread::Gid]) -> io::Result<()> {
    let is_denied = || {
        let said = std::fs::read_to_string("/proc/self/setgroups");
        said.is_ok_and(|said| said.trim() == "deny")
    };
    match rustix::thread::set_thread_groups(kept) {
        Err(why) if why != rustix::io::Errno::PERM || !is_denied() => Err(why.into()),
        _ => Ok(()),
    }
}

/// The sets from which a program that is started could have capabilities. Who lacks CAP_SETPCAP keeps the first: no_new_privs
/// makes it useless.
#[cfg(target_os = "linux")]
fn forget_bounds() {
    use rustix::thread::CapabilitySet;
    // Those of kernels that are newer than this, too.
    for number in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        if rustix::thread::remove_capability_from_bounding_set(capability).is_err() {
            break;
        }
    }
    let _ = rustix::thread::clear_ambient_capability_set();
}

/// Elsewhere the file permissions of the capture device decide, and there is nothing to give up.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn give_up(_: &Needs) -> io::Result<GivenUp> {
    let user = (rustix::process::geteuid(), rustix::process::getegid());
    Ok(GivenUp {
        capabilities: 0,
        user: (user.0.as_raw(), user.1.as_raw()),
    })
}

/// The folder to suggest for new files, where they can't go to the current one any more.
#[must_use]
pub fn new_files_go_to() -> Option<&'static Path> {
    PLACES.get()?.instead()
}

/// Why a new file can't be written since privileges were given up, and what to type; `None` if that isn't why.
#[must_use]
pub fn refuses(path: &Path) -> Option<String> {
    PLACES.get()?.refuse(path)
}
