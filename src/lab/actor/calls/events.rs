//! Waiting for events: poll, epoll, select.

use std::io;

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::io::Errno;

use super::super::call::Call;
use super::errno;
use crate::raw::sys::{self, Fd, fd};

/// poll(4), which asks for IN, OUT and RDHUP and doesn't wait; poll(4, IN|OUT), which waits for these.
pub(super) fn events(call: &Call) -> String {
    let asked = call.arguments.get(1).map(|asked| named(asked));
    let wait = asked.map(|_| Timespec {
        tv_sec: 10,
        tv_nsec: 0,
    });
    let asked = asked.unwrap_or(PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    let Some(socket) = call.fd() else {
        return errno(&Errno::BADF.into());
    };
    let mut polled = [PollFd::from_borrowed_fd(fd(socket), asked)];
    match poll(&mut polled, Some(&wait.unwrap_or_default())) {
        Ok(_) => names(polled[0].revents()),
        Err(why) => errno(&why.into()),
    }
}

const EVENTS: [(PollFlags, &str); 6] = [
    (PollFlags::IN, "IN"),
    (PollFlags::PRI, "PRI"),
    (PollFlags::OUT, "OUT"),
    (PollFlags::ERR, "ERR"),
    (PollFlags::HUP, "HUP"),
    (PollFlags::RDHUP, "RDHUP"),
];

fn named(text: &str) -> PollFlags {
    let wanted = text.split('|');
    let known = wanted.filter_map(|word| EVENTS.iter().find(|(_, name)| *name == word));
    known.fold(PollFlags::empty(), |all, (flag, _)| all | *flag)
}

fn names(flags: PollFlags) -> String {
    let set = EVENTS.iter().filter(|(flag, _)| flags.contains(*flag));
    let names: Vec<_> = set.map(|(_, name)| *name).collect();
    if names.is_empty() {
        "0".into()
    } else {
        names.join("|")
    }
}

/// epoll_ctl(5, 4, EPOLLET): everything that can be asked for.
pub(super) fn watch(call: &Call) -> io::Result<()> {
    let mut asked = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP;
    asked.set(epoll::EventFlags::ET, call.has("EPOLLET"));
    let (set, socket) = (fd(call.required(0)?), fd(call.required(1)?));
    Ok(epoll::add(
        set,
        socket,
        epoll::EventData::new_u64(0),
        asked,
    )?)
}

pub(super) fn waited(set: Fd) -> String {
    let mut found = Vec::with_capacity(1);
    match epoll::wait(
        fd(set),
        rustix::buffer::spare_capacity(&mut found),
        Some(&Timespec::default()),
    ) {
        Ok(_) => found.first().map_or("0".into(), |event| {
            let flags = event.flags;
            // The two agree bit by bit.
            let bits = u16::try_from(flags.bits() & 0xffff);
            names(PollFlags::from_bits_truncate(bits.unwrap_or(0)))
        }),
        Err(why) => errno(&why.into()),
    }
}

pub(super) fn selected(socket: Fd) -> String {
    match sys::select(socket) {
        Ok(ready) => {
            let words = ["readable", "writable", "exceptional"];
            let set = words.iter().zip(ready).filter(|(_, ready)| *ready);
            let names: Vec<_> = set.map(|(word, _)| *word).collect();
            if names.is_empty() {
                "0".into()
            } else {
                names.join("|")
            }
        }
        Err(why) => errno(&why),
    }
}
