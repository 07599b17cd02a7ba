//! The command line as other programs and people's fingers use it: exit codes, one line on an
//! error, silence on a broken pipe, nothing but the asked-for output on standard output.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Output, Stdio};

use common::{article, capture, captures, printed, run, tcpviz};

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn close() -> String {
    capture("close-then-peer-writes").to_str().unwrap().into()
}

#[test]
fn not_a_terminal_prints_the_ladder() {
    let ladder = printed(&[&close()]);
    assert_eq!(ladder, printed(&["--format", "ladder", "-r", &close()]));
    insta::assert_snapshot!(stable(&ladder));
}

/// Times and the client's port differ from recording to recording.
fn stable(ladder: &str) -> String {
    let lines = ladder.lines().map(|line| match line.find(['┊', '│', '┃']) {
        Some(lane) if line.trim_start().starts_with(|c: char| c.is_ascii_digit()) => {
            let states = line[..lane]
                .split_whitespace()
                .filter(|word| word.contains('-') || word.chars().all(char::is_uppercase));
            format!("{} {}", states.collect::<String>(), &line[lane..])
        }
        _ if line.contains("client ") && line.contains(':') && line.contains("server ") => {
            "(endpoints)".into()
        }
        _ if line.ends_with(" s") => line.rsplit_once(", ").unwrap().0.into(),
        _ => line.into(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn ascii_output_is_ascii_and_the_locale_asks_for_it() {
    for (_, path) in captures() {
        let path = path.to_str().unwrap();
        let ascii = printed(&["--ascii", path]);
        assert!(ascii.is_ascii(), "{ascii}");
        let output = tcpviz().arg(path).env("LC_ALL", "C").output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), ascii);
    }
}

#[test]
fn absolute_numbers_are_those_of_the_header() {
    let json = printed(&["-F", "json", &close()]);
    let fin = json
        .lines()
        .find(|line| line.contains(r#""flags":"F.""#))
        .unwrap();
    let fin: serde_json::Value = serde_json::from_str(fin).unwrap();
    let ladder = printed(&["--absolute", &close()]);
    assert!(
        ladder.contains(&format!("FIN,ACK seq {} ack {}", fin["seq"], fin["ack"])),
        "{ladder}"
    );
}

#[test]
fn one_connection_can_be_chosen_and_a_missing_one_is_named() {
    assert_eq!(printed(&["-c", "1", &close()]), printed(&[&close()]));
    for format in ["ladder", "json", "tcpdump"] {
        let output = run(&["-c", "2", "-F", format, &close()]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            errors(&output),
            "tcpviz: there is no connection 2: the capture has 1, which -F connections lists\n"
        );
    }
}

#[test]
fn output_goes_to_a_file_and_never_over_an_existing_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ladder.txt");
    let path = path.to_str().unwrap();
    assert_eq!(printed(&["-o", path, &close()]), "");
    assert_eq!(std::fs::read_to_string(path).unwrap(), printed(&[&close()]));
    let output = run(&["-o", path, &close()]);
    assert_eq!(
        (output.status.code(), errors(&output)),
        (
            Some(1),
            format!("tcpviz: {path} exists; --force replaces it\n")
        )
    );
    assert_eq!(
        printed(&["-o", path, "--force", "-F", "json", &close()]),
        ""
    );
    assert!(
        std::fs::read_to_string(path)
            .unwrap()
            .starts_with(r#"{"type":"capture""#)
    );
}

#[test]
fn output_never_replaces_the_capture_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("only.pcap");
    std::fs::copy(close(), &path).unwrap();
    let other_name = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &other_name).unwrap();
    for output in [&path, &other_name] {
        let output = run(&[
            "--force",
            "-F",
            "ladder",
            "-o",
            output.to_str().unwrap(),
            path.to_str().unwrap(),
        ]);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            errors(&output).contains("names the capture itself"),
            "{}",
            errors(&output)
        );
    }
    assert_eq!(
        std::fs::read(&path).unwrap(),
        std::fs::read(close()).unwrap()
    );
}

/// The capture of two refused connections so many times, each time from another port.
fn refused(times: u16) -> tempfile::NamedTempFile {
    const HEADER: usize = 24;
    const RECORD: usize = 16;
    // Ethernet, IPv4 without options.
    const PORTS: usize = 14 + 20;
    let once = std::fs::read(capture("connection-refused")).unwrap();
    let mut many = once[..HEADER].to_vec();
    for port in 40_000..40_000 + times {
        let mut rest = &once[HEADER..];
        while let Some(head) = rest.get(..RECORD) {
            let length = u32::from_le_bytes(head[8..12].try_into().unwrap()) as usize;
            let (record, after) = rest.split_at(RECORD + length);
            let mut record = record.to_vec();
            let ports = &mut record[RECORD + PORTS..][..4];
            let client = if ports[..2] == 4321_u16.to_be_bytes() {
                2
            } else {
                0
            };
            ports[client..][..2].copy_from_slice(&port.to_be_bytes());
            many.extend(record);
            rest = after;
        }
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&many).unwrap();
    file
}

/// Connections that ended in many ways, in a file.
fn mixture() -> tempfile::NamedTempFile {
    const HEADER: usize = 24;
    let names = [
        "close-then-peer-writes",
        "close-with-unread-data",
        "connection-refused",
        "simultaneous-close",
        "both-shutdown-wr",
    ];
    let whole = names.map(|name| std::fs::read(capture(name)).unwrap());
    let mut mixed = whole[0][..HEADER].to_vec();
    for one in &whole {
        mixed.extend(&one[HEADER..]);
    }
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&mixed).unwrap();
    file
}

#[test]
fn the_table_gives_up_what_is_least_important_until_it_fits() {
    let file = mixture();
    let path = file.path().to_str().unwrap();
    let whole = printed(&["-F", "connections", path]);
    assert_eq!(
        printed(&["-F", "connections", "--width", "1000", path]),
        whole
    );
    let mut tables = vec![whole.clone()];
    for width in [140, 120, 100, 80, 60] {
        let columns = width.to_string();
        let table = printed(&["-F", "connections", "--width", &columns, path]);
        let longest = table.lines().map(str::len).max().unwrap();
        assert!(longest <= width, "{width}:\n{table}");
        assert_eq!(table.lines().count(), whole.lines().count());
        tables.push(format!("--width {width}\n{table}"));
    }
    insta::assert_snapshot!(tables.join("\n"));
}

/// Every way of writing a capture down.
const FORMATS: [&str; 4] = ["ladder", "connections", "tcpdump", "json"];

#[test]
fn an_ending_that_is_not_the_expected_one_exits_with_3_and_is_told_whatever_is_written() {
    for format in FORMATS {
        let output = run(&["-F", format, "--expect", "orderly", &close()]);
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(3), "{format}: {errors}");
        let lines: Vec<_> = errors.lines().collect();
        assert_eq!(
            lines[0],
            "tcpviz: expected orderly, but 1 of 1 connection ended otherwise:"
        );
        assert!(
            lines[1].starts_with("  connection 1, 127.0.0.1:"),
            "{errors}"
        );
        assert!(
            lines[1].ends_with(
                ":4321: reset: Reset by the client: data reached it after close().  (certain, see segments 4, 6, 7)"
            ),
            "{errors}"
        );
        assert_eq!(lines.len(), 2);
        assert_eq!(
            String::from_utf8(output.stdout).unwrap(),
            printed(&["-F", format, &close()])
        );
    }
}

#[test]
fn one_of_several_expected_endings_is_enough_and_a_cause_is_looked_at() {
    for format in FORMATS {
        for expected in ["reset", "orderly,reset", "reset:data-after-close"] {
            let output = run(&["-F", format, "--expect", expected, &close()]);
            assert!(output.status.success(), "{format}: {}", errors(&output));
        }
        let output = run(&["-F", format, "--expect", "reset:unread-data", &close()]);
        assert_eq!(output.status.code(), Some(3), "{format}");
    }
}

#[test]
fn no_connection_is_not_the_expected_ending() {
    for format in FORMATS {
        let output = run(&["-F", format, "-p", "1", "--expect", "orderly", &close()]);
        assert_eq!(output.status.code(), Some(3), "{format}");
        let errors = errors(&output);
        assert!(
            errors.ends_with("tcpviz: expected orderly, but there was no connection\n"),
            "{errors}"
        );
    }
}

#[test]
fn only_the_first_ten_reasons_are_told() {
    let many = refused(6);
    let path = many.path().to_str().unwrap();
    for format in FORMATS {
        let expect = ["-F", format, "--expect", "orderly", path];
        let output = run(&expect);
        let errors = errors(&output);
        assert_eq!(
            (output.status.code(), errors.lines().count()),
            (Some(3), 12)
        );
        assert!(errors.contains("12 of 12 connections"), "{errors}");
        assert!(errors.ends_with("  and 2 more\n"), "{errors}");
        // One that was chosen is the only one that counts.
        let output = run(&[&expect[..], &["-c", "3"]].concat());
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("\n  connection 3, "),
            "{format}"
        );
    }
}

#[test]
fn nothing_to_show_is_said_with_its_reason() {
    let output = run(&["-p", "1", &close()]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert_eq!(
        errors(&output),
        "tcpviz: no TCP segment to show; 7 frames read: 7 left out by the ports or the filter\n"
    );
}

#[test]
fn an_output_that_is_full_is_named() {
    let close = close();
    let live: &[&[&str]] = if cfg!(feature = "live") {
        &[
            &["-D"],
            &["lab"],
            &["lab", "orderly-close", "-F", "json"],
            &["lab", "orderly-close", "--check"],
        ]
    } else {
        &[]
    };
    let everywhere: [&[&str]; 10] = [
        &[&close],
        &["-F", "tcpdump", &close],
        &["-F", "json", &close],
        &["--help"],
        &["-h"],
        &["--version"],
        &["lab", "--help"],
        &["man"],
        &["completions", "zsh"],
        &["lab", "orderly-close", "--recorded"],
    ];
    for arguments in everywhere.iter().chain(live) {
        let full = std::fs::File::options().write(true).open("/dev/full");
        let output = tcpviz().args(*arguments).stdout(full.unwrap()).output();
        let output = output.unwrap();
        let errors = errors(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        let said = "tcpviz: the output can't be written: No space left on device (os error 28)\n";
        assert_eq!(errors, said, "{arguments:?}");
    }
}

#[test]
fn what_cannot_be_opened_is_said_in_one_line() {
    for (file, said) in [
        (
            "no-such.pcap",
            "tcpviz: can't open no-such.pcap: No such file or directory",
        ),
        (
            "4321",
            "tcpviz: there is no capture file 4321; to watch port 4321: tcpviz --port 4321",
        ),
        ("/", "tcpviz: can't open /: is a directory"),
        ("e\x1b[31mvil", r"tcpviz: can't open e\u{1b}[31mvil"),
    ] {
        let output = run(&[file]);
        assert_eq!(output.status.code(), Some(1));
        let errors = errors(&output);
        assert!(
            errors.starts_with(said) && errors.lines().count() == 1,
            "{errors}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_was_typed_reaches_the_terminal_only_as_text() {
    let output = run(&["x.pcap", "e\x1b[31mvil\x07"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = errors(&output);
    assert!(
        !errors.contains(|c: char| c.is_control() && c != '\n'),
        "{errors:?}"
    );
    assert!(
        errors.contains("unexpected argument") && errors.contains("vil"),
        "{errors}"
    );
}

#[test]
fn an_output_is_not_created_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("never.json");
    let output = run(&["-F", "json", "-o", path.to_str().unwrap(), "no-such.pcap"]);
    assert!(output.status.code() == Some(1) && !path.exists());
}

#[test]
fn force_takes_regular_files_only() {
    let output = run(&["--force", "-o", "/dev/null", &close()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("is no regular file; redirect to it instead"),
        "{}",
        errors(&output)
    );
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_to_type() {
    for (arguments, said) in [
        (
            &["--port", "99999"][..],
            "'99999' isn't a port: give 1 to 65535",
        ),
        (&["--port", "10-5"], "write 5-10"),
        (
            &["--format", "gif", "x"],
            "possible values: ladder, connections, tcpdump, markdown",
        ),
        (&["-i", "lo", "x.pcap"], "cannot be used with"),
        (&["-w", "y.pcap", "x.pcap"], "cannot be used with"),
        (
            &["-c", "0", "x.pcap"],
            "'0' isn't the number of a connection: give 1 or more",
        ),
        (
            &["-o", "y.pcap", "x.pcap"],
            "--write FILE saves what is captured",
        ),
        (
            &["--expect", "tidy", "x.pcap"],
            "there is no ending \"tidy\": orderly, simultaneous, reset, refused",
        ),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains(said), "{}", errors(&output));
    }
}

#[test]
fn a_broken_pipe_is_silent() {
    let mut child = tcpviz()
        .args(["-F", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    input.write_all(&std::fs::read(close()).unwrap()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        errors(&output)
    );
}

#[test]
fn a_pipe_that_still_grows_is_told_as_it_comes() {
    let mut child = tcpviz()
        .args(["-F", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.next().unwrap().contains(r#""live":true"#));
    let octets = std::fs::read(capture("close-then-peer-writes")).unwrap();
    // The first record, and a half of the second: the first must come out while the rest is
    // awaited.
    let first = 24 + 16 + 74;
    input.write_all(&octets[..first + 40]).unwrap();
    assert!(lines.next().unwrap().contains(r#""flags":"S""#));
    input.write_all(&octets[first + 40..]).unwrap();
    drop(input);
    let rest: Vec<_> = lines.collect();
    assert_eq!(rest.len(), 6 + 1 + 1);
    assert!(rest[6].contains(r#""kind":"reset""#) && rest[7].contains(r#""type":"end""#));
    assert!(child.wait().unwrap().success());
}

/// The same for tcpdump's lines; a broken pipe ends them as silently.
#[test]
fn tcpdump_lines_of_a_pipe_come_as_its_frames_do() {
    let mut child = tcpviz()
        .args(["-F", "tcpdump", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let octets = std::fs::read(capture("close-then-peer-writes")).unwrap();
    let first = 24 + 16 + 74;
    input.write_all(&octets[..first + 40]).unwrap();
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert!(line.contains("Flags [S]"), "{line}");
    // Nobody reads the others.
    drop(output);
    input.write_all(&octets[first + 40..]).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success() && output.stderr.is_empty(),
        "{}",
        errors(&output)
    );
}

#[test]
fn tcpdump_lines_of_one_connection_keep_the_numbers_that_they_have_among_all() {
    let path = capture("time-wait-reuse.server");
    let path = path.to_str().unwrap();
    let all = printed(&["-F", "tcpdump", path]);
    let one = printed(&["-F", "tcpdump", "-c", "1", path]);
    let two = printed(&["-F", "tcpdump", "-c", "2", path]);
    let (one, two): (Vec<_>, Vec<_>) = (one.lines().collect(), two.lines().collect());
    assert!(!one.is_empty() && !two.is_empty());
    let mut both = [one, two].concat();
    both.sort_unstable();
    assert_eq!(both, all.lines().collect::<Vec<_>>());
}

#[test]
fn help_and_version_exit_with_0() {
    let help = printed(&["--help"]);
    for option in [
        "--port",
        "--interface",
        "--list-interfaces",
        "--read",
        "--write",
        "--filter",
        "--format",
        "--connection",
    ] {
        assert!(help.contains(option), "{help}");
    }
    assert!(printed(&["--version"]).starts_with("tcpviz 0."));
}

/// Without the right to capture, the exact commands are given; as root, it is taken away first.
#[cfg(feature = "live")]
#[test]
fn no_permission_says_what_to_type() {
    // No capability in this user namespace reaches the network namespace outside.
    let mut command = std::process::Command::new("unshare");
    command.args([
        "--user",
        "--map-user=1000",
        "--",
        env!("CARGO_BIN_EXE_tcpviz"),
        "--port",
        "4321",
        "-F",
        "json",
    ]);
    let output = command.output().expect("unshare (util-linux)");
    let errors = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let binary = env!("CARGO_BIN_EXE_tcpviz");
    for said in [
        format!("sudo {binary} --port 4321 -F json"),
        format!("sudo setcap cap_net_raw+ep {binary}"),
        "tcpviz FILE".into(),
    ] {
        assert!(errors.contains(&said), "{errors}");
    }
    assert!(output.stdout.is_empty());
}

/// Names of files hold any octets but two.
#[test]
fn a_name_that_is_no_text_is_a_files_name_and_shown_as_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"\xff.pcap");
    std::fs::copy(close(), folder.path().join(name)).unwrap();
    for format in [
        "ladder",
        "json",
        "connections",
        "tcpdump",
        "markdown",
        "html",
    ] {
        let mut command = tcpviz();
        command.current_dir(folder.path()).args(["-F", format]);
        let output = command.arg(name).output().unwrap();
        assert_eq!((output.status.code(), &errors(&output)[..]), (Some(0), ""));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("4321"), "{format}: {text}");
    }
}

/// What may capture is said with that name in it.
#[cfg(feature = "live")]
#[test]
fn without_permission_a_name_that_is_no_text_is_shown_as_text() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"\xff.pcap");
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-user=1000", "--"]);
    command.args([env!("CARGO_BIN_EXE_tcpviz"), "-F", "json", "-w"]);
    let output = command.current_dir(&folder).arg(name).output().unwrap();
    let errors = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains("-w '\u{fffd}.pcap'"), "{errors}");
}

#[test]
fn an_output_that_is_refused_is_neither_left_behind_nor_emptied() {
    let folder = tempfile::tempdir().unwrap();
    let many = folder.path().join("many.pcap");
    std::fs::write(&many, article::repeated(21)).unwrap();
    let many = many.to_str().unwrap();
    let (new, old) = (folder.path().join("new.svg"), folder.path().join("old.svg"));
    std::fs::write(&old, "precious").unwrap();
    for (path, force) in [(&new, &[][..]), (&old, &["--force"])] {
        let output = run(&[&["-o", path.to_str().unwrap(), many], force].concat());
        assert_eq!(output.status.code(), Some(1));
        assert!(errors(&output).contains("more than this format holds"));
    }
    assert!(!new.exists());
    assert_eq!(std::fs::read_to_string(&old).unwrap(), "precious");
}

#[test]
fn a_picture_of_no_connection_is_no_file_and_other_formats_are_empty_ones() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pcap");
    std::fs::write(&empty, &std::fs::read(close()).unwrap()[..24]).unwrap();
    for (name, exists) in [
        ("x.svg", false),
        ("x.html", false),
        ("x.txt", true),
        ("x.csv", true),
    ] {
        let path = folder.path().join(name);
        let output = run(&["-o", path.to_str().unwrap(), empty.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{name}");
        assert!(errors(&output).contains("no TCP segment to show"), "{name}");
        assert_eq!(path.exists(), exists, "{name}");
    }
}

#[test]
fn what_was_left_before_its_end_does_not_meet_what_is_expected() {
    for format in ["ladder", "json", "connections", "tcpdump"] {
        let mut child = tcpviz()
            .args(["-F", format, "--expect", "reset", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(&std::fs::read(close()).unwrap()).unwrap();
        let pid = rustix::process::Pid::from_child(&child);
        // Who handles signals has said so in /proc; until then it would just die.
        let status = format!("/proc/{}/status", child.id());
        let handles = || {
            let status = std::fs::read_to_string(&status).unwrap();
            let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            let mask = u64::from_str_radix(line.unwrap().trim(), 16).unwrap();
            mask & (1 << (rustix::process::Signal::TERM.as_raw() - 1)) > 0
        };
        while !handles() {
            std::thread::yield_now();
        }
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(input);
        assert_eq!(output.status.code(), Some(3), "{format}");
        assert!(
            errors(&output).contains("it was left before that"),
            "{format}"
        );
    }
}

#[test]
fn a_format_without_a_place_for_the_kernels_word_is_refused_by_name_and_by_ending() {
    for arguments in [["-F", "csv"], ["-F", "connections"], ["-o", "never.csv"]] {
        let output = run(&[&["--kernel"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&output).contains("has no place for what --kernel tells"));
    }
}

#[test]
fn a_broken_pipe_does_not_meet_what_is_expected() {
    for format in ["ladder", "json", "connections", "tcpdump", "csv"] {
        let mut child = tcpviz()
            .args(["-F", format, "--expect", "orderly", &close()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(3),
            "{format}: {}",
            errors(&output)
        );
    }
}
