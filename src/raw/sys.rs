//! The system calls that no crate offers safely: an actor's descriptors are mere numbers, as in C, and its process is
//! one thread that forks and handles signals.

#![expect(
    unsafe_code,
    reason = "fork, signal dispositions, descriptors by number: safe wrappers own their descriptors and forbid these"
)]

use std::io;
use std::os::fd::BorrowedFd;

/// A descriptor's number; whether it is open the kernel knows.
pub type Fd = i32;

/// A descriptor to make a call with. One that isn't open makes the call fail with EBADF.
pub fn fd(number: Fd) -> BorrowedFd<'static> {
    // SAFETY: nothing in an actor owns a descriptor but the actor as a whole, which never hands one to code that relies
    // on its staying open; -1, which may not be borrowed, becomes a number that can't be open.
    unsafe { BorrowedFd::borrow_raw(if number < 0 { Fd::MAX } else { number }) }
}

/// The descriptor of standard error.
pub fn standard_error() -> BorrowedFd<'static> {
    fd(2)
}

/// close(2).
pub fn close(number: Fd) -> io::Result<()> {
    // SAFETY: see `fd`.
    checked(unsafe { libc::close(number) }).map(drop)
}

/// Closes all descriptors from 3 on: the lab has open ones that aren't closed on exec.
pub fn close_inherited() -> io::Result<()> {
    // SAFETY: an actor begins with this, and owns no descriptor yet.
    let done = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    if done < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// fork(2): the child's process number, or `None` in the child.
pub fn fork() -> io::Result<Option<i32>> {
    // SAFETY: an actor has one thread, so the child finds no lock taken.
    let child = checked(unsafe { libc::fork() })?;
    Ok((child != 0).then_some(child))
}

/// What a signal does from now on.
#[derive(Clone, Copy)]
pub enum Disposition {
    Default,
    Ignored,
}

/// signal(2) with SIG_DFL or SIG_IGN.
pub fn signal(signal: i32, disposition: Disposition) -> io::Result<()> {
    let handler = match disposition {
        Disposition::Default => libc::SIG_DFL,
        Disposition::Ignored => libc::SIG_IGN,
    };
    // SAFETY: neither of the two runs code of ours.
    if unsafe { libc::signal(signal, handler) } == libc::SIG_ERR {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Has a signal run `handler`, with SA_RESTART.
pub fn on_signal(signal: i32, handler: impl Fn() + Send + Sync + 'static) -> io::Result<()> {
    // SAFETY: the callers' handlers make system calls and write what they formatted before; they take no lock and no
    // memory.
    unsafe { signal_hook::low_level::register(signal, handler) }.map(drop)
}

/// _exit(2): what a signal's handler may do.
pub fn exit_at_once(status: i32) {
    // SAFETY: nothing of this process is used any more.
    unsafe { libc::_exit(status) }
}

/// setsockopt(2) of an integer at the level of TCP.
pub fn set_tcp_option(socket: Fd, option: i32, value: i32) -> io::Result<()> {
    let length = u32::try_from(size_of::<i32>()).unwrap_or(4);
    // SAFETY: the pointer and the length are those of `value`.
    let done = unsafe {
        libc::setsockopt(
            socket,
            libc::IPPROTO_TCP,
            option,
            (&raw const value).cast(),
            length,
        )
    };
    checked(done).map(drop)
}

/// select(2) on one descriptor, at once: readable, writable, exceptional.
pub fn select(number: Fd) -> io::Result<[bool; 3]> {
    let mut ready = [false; 3];
    if !(0..1024).contains(&number) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the sets are fd_sets, the number is below FD_SETSIZE, and all outlive the call.
    unsafe {
        let mut sets = [std::mem::zeroed::<libc::fd_set>(); 3];
        for set in &mut sets {
            libc::FD_SET(number, set);
        }
        let [read, write, except] = &mut sets;
        let mut at_once = libc::timeval {
            tv_sec: 0,
            tv_usec: 0,
        };
        checked(libc::select(
            number + 1,
            read,
            write,
            except,
            &raw mut at_once,
        ))?;
        for (ready, set) in ready.iter_mut().zip(&sets) {
            *ready = libc::FD_ISSET(number, set);
        }
    }
    Ok(ready)
}

fn checked(result: i32) -> io::Result<i32> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}
