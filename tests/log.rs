//! `--log`: what a report of a bug needs, and nothing that was captured.

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use common::run;

/// Payload, and addresses and a port that nothing else has.
const SECRET: &str = "hunter2-correct-horse";
const CLIENT: [u8; 4] = [203, 0, 113, 77];
const SERVER: [u8; 4] = [198, 51, 100, 99];
const PORT: u16 = 54_321;

/// A segment of `flags` with a payload, in a record of a pcap file of raw IP.
fn record(second: u32, from_client: bool, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (src, dst, ports) = if from_client {
        (CLIENT, SERVER, [PORT, 4321])
    } else {
        (SERVER, CLIENT, [4321, PORT])
    };
    let length = u16::try_from(40 + payload.len()).unwrap();
    let mut frame = vec![0x45, 0];
    frame.extend(length.to_be_bytes());
    frame.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    frame.extend([src, dst].concat());
    frame.extend(ports.map(u16::to_be_bytes).concat());
    frame.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 1, 0, 0, 0, 0, 0]);
    frame.extend(payload);
    let mut record = Vec::new();
    for word in [second, 0, length.into(), length.into()] {
        record.extend(u32::to_le_bytes(word));
    }
    record.extend(frame);
    record
}

/// A capture of a connection that carries the secret, and of a frame that is no TCP.
fn secretive(folder: &Path) -> String {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, 101] {
        file.extend(u32::to_le_bytes(word));
    }
    file.extend(record(1, true, 0x02, b""));
    file.extend(record(1, false, 0x12, b""));
    file.extend(record(2, true, 0x18, SECRET.as_bytes()));
    let mut other = record(3, true, 0x18, SECRET.as_bytes());
    other[16 + 9] = 17;
    file.extend(other);
    let path = folder.join("secretive.pcap");
    fs::write(&path, file).unwrap();
    path.to_str().unwrap().into()
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn the_log_of_any_format_has_counts_and_surroundings_but_nothing_of_a_frame() {
    let folder = tempfile::tempdir().unwrap();
    let capture = secretive(folder.path());
    for format in [
        "ladder",
        "connections",
        "tcpdump",
        "markdown",
        "json",
        "csv",
        "html",
    ] {
        let path = folder.path().join(format);
        let log = path.to_str().unwrap();
        let arguments = ["--log", log, "--why", "-F", format, "--expect", "refused"];
        let output = run(&[&arguments[..], &[&capture]].concat());
        assert_eq!(output.status.code(), Some(3), "{}", errors(&output));
        let log = fs::read_to_string(log).unwrap();
        for told in [
            concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""),
            "kernel=",
            "secretive.pcap",
            "LC_ALL=\"C.UTF-8\"",
            "--expect says",
            "tcpviz ends code=3",
        ] {
            assert!(log.contains(told), "{format}: no {told} in {log}");
        }
        if format != "tcpdump" {
            assert!(log.contains(" frames=4 "), "{format}: {log}");
            assert!(log.contains(" segments=3 "), "{format}: {log}");
            assert!(log.contains(" not_tcp=1 "), "{format}: {log}");
        }
        let lower = log.to_lowercase();
        for kept in [
            SECRET.into(),
            "hunter".into(),
            hex(SECRET.as_bytes()),
            hex(&SECRET.as_bytes()[..4]),
            format!("{:?}", &SECRET.as_bytes()[..4]).replace(['[', ']'], ""),
            "203.0.113".into(),
            "198.51.100".into(),
            format!(":{PORT}"),
        ] {
            assert!(!lower.contains(&kept), "{format}: {kept} in {log}");
        }
    }
}

#[test]
fn an_error_stands_in_the_log_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let output = run(&["--log", log.to_str().unwrap(), "/no/such\u{1b}[31m.pcap"]);
    assert_eq!(output.status.code(), Some(1));
    let log = fs::read_to_string(log).unwrap();
    let line = log.lines().find(|line| line.contains("ERROR")).unwrap();
    assert!(line.contains("can't open /no/such"), "{log}");
    assert!(line.contains("No such file or directory"), "{log}");
    assert!(!log.contains('\u{1b}'), "{log}");
}

#[test]
fn a_file_that_exists_is_kept_unless_force_is_given_and_a_link_is_never_followed() {
    let folder = tempfile::tempdir().unwrap();
    let capture = secretive(folder.path());
    let path = folder.path().join("log");
    let name = path.to_str().unwrap();
    fs::write(&path, "mine").unwrap();
    let output = run(&["--log", name, &capture]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        errors(&output),
        format!("tcpviz: {name} exists; --force replaces it\n")
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");

    assert!(run(&["--log", name, "--force", &capture]).status.success());
    assert!(fs::read_to_string(&path).unwrap().contains("tcpviz begins"));

    let link = folder.path().join("link");
    let target = folder.path().join("target");
    fs::write(&target, "mine").unwrap();
    symlink(&target, &link).unwrap();
    let output = run(&["--log", link.to_str().unwrap(), "--force", &capture]);
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");

    for none in ["-", "/dev/full"] {
        let output = run(&["--log", none, "--force", &capture]);
        let why = format!("--log needs a regular file, and {none} is none; name a new one");
        assert_eq!(errors(&output), format!("tcpviz: {why}\n"));
    }
}

#[test]
fn a_log_that_is_the_capture_or_the_output_is_refused_before_anything_is_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let capture = secretive(folder.path());
    let held = fs::read(&capture).unwrap();
    let output = run(&["--log", &capture, "--force", &capture]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        errors(&output),
        "tcpviz: --log names the same file as FILE; name another one\n"
    );
    assert_eq!(fs::read(&capture).unwrap(), held);

    let new = folder.path().join("new.txt");
    let name = new.to_str().unwrap();
    let output = run(&["--log", name, "-o", name, &capture]);
    assert!(errors(&output).contains("--output"), "{}", errors(&output));
    assert!(!new.exists(), "nothing is left behind");
}

/// In a network namespace, with a user of its own who is root there.
#[cfg(all(feature = "live", target_os = "linux"))]
#[test]
fn live_the_log_tells_what_was_opened_and_what_was_given_up_but_no_argument_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let output = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "sh", "-c"])
        .arg(r#"ip link set lo up && exec "$0" -i lo -p 4321 -F ladder --log "$1" -- true hunter2"#)
        .arg(env!("CARGO_BIN_EXE_tcpviz"))
        .arg(&log)
        .output()
        .expect("unshare (Debian: util-linux)");
    assert!(output.status.success(), "{}", errors(&output));
    let log = fs::read_to_string(log).unwrap();
    for told in [
        "libpcap version=",
        "opened interface=\"lo\"",
        "unit_ns=",
        "port 4321",
        "Landlock",
        "capabilities=Ok(CapabilitySet(0x0))",
        "no_new_privs=true",
        "\"true\", \"(1 more, left out)\"",
        "the source ended",
        "tcpviz ends code=0",
    ] {
        assert!(log.contains(told), "no {told} in {log}");
    }
    assert!(!log.contains("hunter2"), "{log}");
}

/// The advice for who lacks the permission repeats what was typed.
#[cfg(all(feature = "live", target_os = "linux"))]
#[test]
fn without_the_permission_to_capture_the_log_says_so_without_the_commands_arguments() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let output = std::process::Command::new("unshare")
        .args(["--user", "--net", env!("CARGO_BIN_EXE_tcpviz"), "--log"])
        .arg(&log)
        .args(["--", "true", "hunter2"])
        .output()
        .expect("unshare (Debian: util-linux)");
    assert_eq!(output.status.code(), Some(1), "{}", errors(&output));
    assert!(errors(&output).contains("hunter2"), "{}", errors(&output));
    let log = fs::read_to_string(log).unwrap();
    assert!(
        log.contains("ERROR capturing on lo needs a permission"),
        "{log}"
    );
    assert!(!log.contains("hunter2"), "{log}");
}
