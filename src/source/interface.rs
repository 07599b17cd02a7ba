//! What the system says of an interface beside its frames: whether it is up, and how many frames it lost itself.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where Linux tells it: a folder for each interface.
const FOLDER: &str = "/sys/class/net";

/// In `flags`, as everywhere: somebody has brought the interface up.
const IFF_UP: u32 = 1;

/// Frames that found no room: in the interface's own buffer, or in the ring from which the kernel takes them. libpcap counts
/// the same two, but only where it puts the interface into promiscuous mode, which tcpviz doesn't.
const LOST: [&str; 2] = ["statistics/rx_missed_errors", "statistics/rx_fifo_errors"];

/// The files that tell it, opened while that is still allowed. Where there are none (`any`, another system), nothing is known.
#[derive(Debug, Default)]
pub struct Interface {
    flags: Option<File>,
    lost: Vec<File>,
    lost_before: u64,
}

impl Interface {
    #[must_use]
    pub fn open(name: &str) -> Self {
        Self::in_folder(&Path::new(FOLDER).join(name))
    }

    fn in_folder(folder: &Path) -> Self {
        let open = |file: &str| File::open(folder.join(file)).ok();
        let mut interface = Interface {
            flags: open("flags"),
            lost: LOST.into_iter().filter_map(open).collect(),
            lost_before: 0,
        };
        interface.lost_before = interface.lost_in_all();
        interface
    }

    /// Whether nothing can come, because somebody has taken the interface down.
    #[must_use]
    pub fn is_down(&self) -> bool {
        let flags = self.flags.as_ref().and_then(text);
        let flags =
            flags.and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok());
        flags.is_some_and(|flags| flags & IFF_UP == 0)
    }

    /// Frames that the interface has lost since it was opened.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_in_all().saturating_sub(self.lost_before)
    }

    fn lost_in_all(&self) -> u64 {
        let numbers = self.lost.iter().filter_map(text);
        numbers.filter_map(|text| text.parse::<u64>().ok()).sum()
    }
}

/// What stands in such a file by now: it is made anew for whoever reads from its start.
fn text(file: &File) -> Option<String> {
    let mut octets = [0; 32];
    let count = file.read_at(&mut octets, 0).ok()?;
    let text = std::str::from_utf8(&octets[..count]).ok()?;
    Some(text.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn flags_and_counters_are_read_again_each_time_and_counted_from_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| fs::write(folder.path().join(file), text).unwrap();
        fs::create_dir(folder.path().join("statistics")).unwrap();
        write("flags", "0x1003\n");
        write(LOST[0], "40\n");
        write(LOST[1], "2\n");
        let interface = Interface::in_folder(folder.path());
        assert_eq!((interface.is_down(), interface.lost()), (false, 0));
        write("flags", "0x1002\n");
        write(LOST[0], "47\n");
        write(LOST[1], "5\n");
        assert_eq!((interface.is_down(), interface.lost()), (true, 10));
    }

    #[test]
    fn of_an_interface_without_files_nothing_is_known() {
        let any = Interface::open("any");
        assert_eq!((any.is_down(), any.lost()), (false, 0));
    }
}
