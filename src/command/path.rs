//! Whether there is a program that may be run, looked for as shells do: execvp(3) tells "Permission denied" of a command that isn't
//! there if a folder of PATH can't be searched.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

/// Where programs are if there is no PATH, as the C library has it.
const USUAL: &str = "/bin:/usr/bin";

/// Looks for a program in the folders of `path`, as the real user of this process.
///
/// # Errors
/// It isn't there, or none may be run.
pub fn found(program: &OsStr, path: &OsStr) -> io::Result<()> {
    if program.is_empty() {
        return Err(Errno::NOENT.into());
    }
    if program.as_bytes().contains(&b'/') {
        return runnable(Path::new(program));
    }
    let path = if path.is_empty() {
        OsStr::new(USUAL)
    } else {
        path
    };
    let mut failure = Errno::NOENT;
    for folder in std::env::split_paths(path) {
        let candidate = folder.join(program);
        match runnable(&candidate) {
            Ok(()) => return Ok(()),
            // Where it can't be looked, nothing is known to be.
            Err(_) if candidate.metadata().is_ok() => failure = Errno::ACCESS,
            Err(_) => {}
        }
    }
    Err(failure.into())
}

fn runnable(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_dir() {
        return Err(Errno::ACCESS.into());
    }
    Ok(access(path, Access::EXEC_OK)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_program_is_found_in_a_later_folder_and_what_may_not_be_run_is_told_apart_from_what_is_missing()
     {
        let folder = tempfile::tempdir().unwrap();
        let (empty, full) = (folder.path().join("empty"), folder.path().join("full"));
        for (name, mode) in [("runs", 0o755), ("plain", 0o644)] {
            fs::create_dir_all(&full).unwrap();
            fs::write(full.join(name), "").unwrap();
            fs::set_permissions(full.join(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        let path = std::env::join_paths([&empty, &full]).unwrap();
        let told = |name: &OsStr| found(name, &path).map_err(|why| why.kind());
        assert_eq!(told(OsStr::new("runs")), Ok(()));
        assert_eq!(told(full.join("runs").as_os_str()), Ok(()));
        let (denied, missing) = (io::ErrorKind::PermissionDenied, io::ErrorKind::NotFound);
        assert_eq!(told(OsStr::new("plain")), Err(denied));
        assert_eq!(told(folder.path().as_os_str()), Err(denied));
        assert_eq!(told(OsStr::new("gone")), Err(missing));
        assert_eq!(told(OsStr::new("")), Err(missing));
    }
}
