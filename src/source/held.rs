//! How it stands with the file that is captured into. Its descriptor is asked: the name may be gone, or lead to another file by now.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::save::FILE_HEADER;

/// A file that is written, and stays open for as long as this is there.
#[derive(Clone, Debug)]
pub struct Held {
    pub(super) file: Arc<File>,
    pub path: PathBuf,
    /// Nobody named it: a temporary file, removed again if nothing is captured.
    pub temporary: bool,
    /// It had one at the start, and the file system counts names.
    had_name: bool,
    written: Arc<AtomicU64>,
}

/// What others have done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Here,
    /// It has another name; `None` if the system doesn't tell which.
    Moved(Option<PathBuf>),
    /// It has no name any more: what it holds goes once it is closed.
    Removed,
    /// It has so many octets, and not as many as were written.
    Changed(u64),
}

impl Held {
    pub(super) fn new(file: File, path: PathBuf) -> Held {
        Held {
            had_name: file.metadata().is_ok_and(|file| file.nlink() > 0),
            file: Arc::new(file),
            path,
            temporary: false,
            written: Arc::default(),
        }
    }

    /// The same file, to be written anew from its start on.
    pub(super) fn anew(&self) -> Held {
        Held {
            written: Arc::default(),
            ..self.clone()
        }
    }

    /// Octets that have been written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    pub(super) fn wrote(&self, octets: u64) {
        self.written.fetch_add(octets, Ordering::Relaxed);
    }

    /// Whether a frame was written.
    #[must_use]
    pub fn holds_frames(&self) -> bool {
        self.written() > FILE_HEADER as u64
    }

    /// The number of its descriptor, by which it can be copied while it has no name.
    #[must_use]
    pub fn descriptor(&self) -> i32 {
        self.file.as_raw_fd()
    }

    /// Whether its last name was removed.
    #[must_use]
    pub fn is_removed(&self) -> bool {
        self.had_name && self.file.metadata().is_ok_and(|file| file.nlink() == 0)
    }

    /// Whether it is shorter than what was written.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let written = self.written();
        self.file.metadata().is_ok_and(|file| file.len() < written)
    }

    /// What others have done to it. To be asked when nothing is written.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.is_removed() {
            return Standing::Removed;
        }
        let octets = self.file.metadata().map(|file| file.len());
        match octets {
            Ok(octets) if octets != self.written() => Standing::Changed(octets),
            // Where looking is forbidden by now, as for root without capabilities in somebody's folder, it is taken to be there.
            _ if leads(&self.path, &self.file).unwrap_or(true) => Standing::Here,
            _ => Standing::Moved(self.name_now()),
        }
    }

    /// Where the kernel has it now.
    fn name_now(&self) -> Option<PathBuf> {
        let link = format!("/proc/self/fd/{}", self.descriptor());
        let name = fs::read_link(link).ok()?;
        leads(&name, &self.file).is_ok_and(|it| it).then_some(name)
    }

    /// Removes it, unless its name leads elsewhere by now.
    ///
    /// # Errors
    /// Those of [`remove`].
    pub fn remove(&self) -> io::Result<()> {
        remove(&self.path, &self.file)
    }
}

/// Whether a name leads to this very file; an error if that can't be seen.
fn leads(path: &Path, file: &File) -> io::Result<bool> {
    let place = |file: fs::Metadata| (file.dev(), file.ino());
    match path.symlink_metadata() {
        Ok(named) => Ok(place(named) == place(file.metadata()?)),
        Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(why) => Err(why),
    }
}

/// Removes a name of this very file: another one that has it by now stays.
///
/// # Errors
/// It can't be removed.
pub fn remove(path: &Path, file: &File) -> io::Result<()> {
    if leads(path, file)? {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A file of 30 octets that were written.
    fn held() -> (tempfile::TempDir, Held) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pcap");
        let held = Held::new(File::create_new(&path).unwrap(), path);
        (&*held.file).write_all(&[1; 30]).unwrap();
        held.wrote(30);
        assert_eq!(held.standing(), Standing::Here);
        (folder, held)
    }

    #[test]
    fn renamed_while_another_file_takes_its_name_it_is_found_and_the_other_one_stays() {
        let (folder, held) = held();
        let new = folder.path().join("new.pcap");
        fs::rename(&held.path, &new).unwrap();
        fs::write(&held.path, "other").unwrap();
        assert_eq!(held.standing(), Standing::Moved(Some(new)));
        held.remove().unwrap();
        assert_eq!(fs::read(&held.path).unwrap(), b"other");
    }

    #[test]
    fn removed_with_another_link_left_it_is_only_moved() {
        let (folder, held) = held();
        fs::hard_link(&held.path, folder.path().join("other")).unwrap();
        held.remove().unwrap();
        assert_eq!(held.standing(), Standing::Moved(None));
        fs::remove_file(folder.path().join("other")).unwrap();
        assert_eq!(held.standing(), Standing::Removed);
    }

    #[test]
    fn longer_or_shorter_than_written_it_is_changed_and_without_a_name_from_the_start_nothing_is_missed()
     {
        let (_folder, held) = held();
        held.file.set_len(31).unwrap();
        assert_eq!(
            (held.standing(), held.is_cut()),
            (Standing::Changed(31), false)
        );
        held.file.set_len(29).unwrap();
        assert_eq!(
            (held.standing(), held.is_cut()),
            (Standing::Changed(29), true)
        );
        let unnamed = Held::new(tempfile::tempfile().unwrap(), PathBuf::new());
        assert!(!unnamed.is_removed());
    }
}
