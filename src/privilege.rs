//! What is given up once the capture is open: root, every capability, and the way back to them. A
//! program that reads what the network sends must not be able to do more than that.

use std::io;

/// Who called sudo: user and group number; `None` if nobody did.
#[must_use]
pub fn invoking_user() -> Option<(u32, u32)> {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    // Whoever isn't root could set these to anything, but has nothing to give up either.
    let (user, group) = (number("SUDO_UID")?, number("SUDO_GID")?);
    (rustix::process::geteuid().is_root() && user != 0).then_some((user, group))
}

/// Becomes the invoking user where sudo was used, and drops every capability in any case. To be
/// called before a second thread exists: Linux keeps these for each thread.
///
/// # Errors
/// Something could not be given up: then nothing may be captured.
#[cfg(target_os = "linux")]
pub fn give_up() -> io::Result<()> {
    keep_only(rustix::thread::CapabilitySet::empty())
}

/// As [`give_up`], but keeps of the capabilities wanted those that it has. No program started from
/// here can gain others.
///
/// # Errors
/// Something could not be given up.
#[cfg(target_os = "linux")]
pub fn keep_only(wanted: rustix::thread::CapabilitySet) -> io::Result<()> {
    use rustix::thread::{CapabilitySet, CapabilitySets, Gid, Uid};
    let kept = rustix::thread::capabilities(None)?.permitted & wanted;
    if let Some((user, group)) = invoking_user() {
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        // Otherwise they would go with root.
        rustix::thread::set_keep_capabilities(!kept.is_empty())?;
        rustix::thread::set_thread_groups(&[group])?;
        rustix::thread::set_thread_res_gid(group, group, group)?;
        rustix::thread::set_thread_res_uid(user, user, user)?;
        rustix::thread::set_keep_capabilities(false)?;
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

/// Elsewhere the file permissions of the capture device decide, and there is nothing to give up.
///
/// # Errors
/// None.
#[cfg(not(target_os = "linux"))]
pub fn give_up() -> io::Result<()> {
    Ok(())
}
