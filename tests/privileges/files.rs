//! Whose files are opened, and which aren't.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::common::{capture, tcpviz};
use crate::linux::{CALLER, Tries, through_sudo};

pub const TRIALS: Tries = &[
    ("neither_a_link_nor_what_it_leads_to_is_written", links),
    ("a_file_that_exists_is_kept_without_force", existing),
];

pub const AS_TRUE_ROOT: Tries = &[
    ("a_set_user_id_or_set_group_id_copy_does_nothing", set_id),
    ("through_sudo_files_are_the_callers", callers),
    (
        "through_sudo_nothing_is_written_where_the_caller_may_not",
        not_the_callers,
    ),
    (
        "through_sudo_a_temporary_file_is_the_callers_alone",
        temporary,
    ),
];

/// A folder that is this user's, for this mode.
fn folder(user: u32, mode: u32) -> TempDir {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    chown(folder.path(), Some(user), Some(user)).unwrap();
    folder
}

/// Whether it ended well, and what is said on standard error.
fn said(command: &mut Command) -> (bool, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    (
        output.status.success(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Writes to a file in both ways, and ends by itself.
fn both(path: &Path, more: &[&str]) -> [Command; 2] {
    let mut written = tcpviz();
    written
        .args(more)
        .arg("-w")
        .arg(path)
        .args(["-F", "csv", "--", "true"]);
    let mut output = tcpviz();
    output.args(more).arg("-o").arg(path).args(["-F", "csv"]);
    output.arg(capture("orderly-close"));
    [written, output]
}

fn links() {
    let folder = folder(0, 0o755);
    let (target, link) = (folder.path().join("target"), folder.path().join("link"));
    fs::write(&target, "kept").unwrap();
    let dangling = folder.path().join("dangling");
    symlink(&target, &link).unwrap();
    symlink(folder.path().join("nothing"), &dangling).unwrap();
    for link in [&link, &dangling] {
        for more in [&[][..], &["--force"]] {
            for mut command in both(link, more) {
                let (ended_well, told) = said(&mut command);
                assert!(!ended_well, "{told}");
                assert!(
                    told.contains("is a symbolic link, and none is followed; name the file itself"),
                    "{told}"
                );
            }
        }
    }
    assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
    assert!(!folder.path().join("nothing").exists());
    // As docs/security.md says, only the last part of a name counts.
    let (real, way) = (folder.path().join("real"), folder.path().join("way"));
    fs::create_dir(&real).unwrap();
    symlink(&real, &way).unwrap();
    let (ended_well, told) = said(&mut both(&way.join("x.csv"), &[])[1]);
    assert!(ended_well && real.join("x.csv").exists(), "{told}");
}

fn existing() {
    let folder = folder(0, 0o755);
    let path = folder.path().join("here.csv");
    for at in 0..2 {
        fs::write(&path, "kept").unwrap();
        let (ended_well, told) = said(&mut both(&path, &[])[at]);
        assert!(
            !ended_well && told.contains("exists; --force replaces it"),
            "{told}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
        let (ended_well, told) = said(&mut both(&path, &["--force"])[at]);
        assert!(ended_well, "{told}");
        assert_ne!(fs::read_to_string(&path).unwrap_or_default(), "kept");
    }
}

fn set_id() {
    let folder = folder(0, 0o755);
    let copy = folder.path().join("tcpviz");
    fs::copy(env!("CARGO_BIN_EXE_tcpviz"), &copy).unwrap();
    let secret = folder.path().join("secret.pcap");
    fs::copy(capture("orderly-close"), &secret).unwrap();
    fs::set_permissions(&secret, Permissions::from_mode(0o640)).unwrap();
    let caller = CALLER.to_string();
    let run = |mode: u32, arguments: &[&str]| {
        fs::set_permissions(&copy, Permissions::from_mode(mode)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", &caller, "--regid", &caller, "--clear-groups"]);
        command.arg(&copy).args(arguments).stdin(Stdio::null());
        command.current_dir(folder.path()).output().unwrap()
    };
    let new = "new.pcap";
    for mode in [0o4755, 0o2755, 0o6755] {
        for arguments in [
            &["-F", "csv", "secret.pcap"][..],
            &["-w", new, "-F", "csv", "--", "id"],
            &["owner-helper"],
            &["--version"],
        ] {
            let output = run(mode, arguments);
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{mode:o}: {told}");
            let why = "is set-user-ID or set-group-ID, which would lend its owner's files to whoever runs it: chmod ug-s ";
            assert!(told.contains(why) && told.lines().count() == 1, "{told}");
            assert!(output.stdout.is_empty());
        }
    }
    assert!(!folder.path().join(new).exists());
    assert!(run(0o755, &["--version"]).status.success());
    assert_eq!(
        run(0o755, &["-F", "csv", "secret.pcap"]).status.code(),
        Some(1)
    );
}

fn callers() {
    let folder = folder(CALLER, 0o700);
    for (at, name) in ["x.pcap", "x.csv"].into_iter().enumerate() {
        let path = folder.path().join(name);
        let (ended_well, told) = said(through_sudo(&mut both(&path, &[])[at]));
        assert!(ended_well, "{told}");
        let about = fs::metadata(&path).unwrap();
        assert_eq!((about.uid(), about.gid()), (CALLER, CALLER), "{name}");
    }
}

fn not_the_callers() {
    let roots = folder(0, 0o755);
    let new = roots.path().join("new.pcap");
    // In everybody's folder, but root's file.
    let everybodys = folder(0, 0o1777);
    let kept = everybodys.path().join("kept");
    fs::write(&kept, "kept").unwrap();
    // A link on the way is followed, but with no more rights.
    let way = everybodys.path().join("way");
    symlink(roots.path(), &way).unwrap();
    for path in [&new, &kept, &way.join("new.pcap")] {
        for mut command in both(path, &["--force"]) {
            let (ended_well, told) = said(through_sudo(&mut command));
            assert!(!ended_well, "{told}");
            assert!(
                told.contains("may not write there: name a file of your own"),
                "{told}"
            );
            assert_eq!(told.lines().count(), 1, "{told}");
        }
    }
    assert!(!new.exists());
    assert_eq!(fs::read_to_string(&kept).unwrap(), "kept");
}

/// A command that makes no connection leaves none: it looks at its folder while tcpviz has it open.
fn temporary() {
    let everybodys = folder(0, 0o1777);
    let roots = folder(0, 0o700);
    let list = "stat -c '%a %u %n' \"$TMPDIR\"/*.pcap";
    let told = |folder: &Path| {
        let mut command = tcpviz();
        command.args(["-F", "csv", "-o", "-", "--", "sh", "-c", list]);
        command.env("TMPDIR", folder);
        let output = through_sudo(&mut command).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| line.contains("/tcpviz-"));
        lines.map(String::from).collect::<Vec<_>>()
    };
    let files = told(everybodys.path());
    // What was captured, and what is the command's of it.
    assert_eq!(files.len(), 2, "{files:?}");
    for line in files {
        assert!(line.starts_with(&format!("600 {CALLER} ")), "{line}");
    }
    assert_eq!(fs::read_dir(everybodys.path()).unwrap().count(), 0);
    // root's own folder is nothing for the caller: /tmp serves.
    assert!(told(roots.path()).is_empty());
    assert_eq!(fs::read_dir(roots.path()).unwrap().count(), 0);
}
