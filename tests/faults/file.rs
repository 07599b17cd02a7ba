//! The capture file is removed, renamed, replaced, cut or taken by a second tcpviz, while it is captured into.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use super::Tests;
use super::common::{capture, run, tcpviz};
use super::program::{Program, held};
use super::signals::{is_whole, json, place, screen};
use super::traffic::Traffic;

pub const ALL: Tests = &[
    (
        "removed_file_is_said_at_once_and_what_is_said_rescues_all",
        removed,
    ),
    (
        "removed_folder_below_the_screen_is_in_its_title_and_fails_at_the_end",
        removed_below_the_screen,
    ),
    (
        "removed_temporary_file_is_said_and_the_file_in_its_place_stays",
        removed_temporary,
    ),
    (
        "renamed_file_with_another_in_its_place_is_found_by_its_new_name",
        renamed,
    ),
    ("truncated_file_ends_the_capture_without_a_hole", truncated),
    (
        "second_program_that_forces_is_refused_and_the_first_is_whole",
        second,
    ),
    (
        "removed_file_below_a_reader_who_leaves_fails_all_the_same",
        removed_below_who_leaves,
    ),
    (
        "file_removed_while_a_command_runs_all_is_left_elsewhere",
        removed_beside_a_command,
    ),
];

/// Connections before the fault.
const SOME: usize = 50;

/// What to type stands between these.
fn command(said: &str) -> String {
    let (_, rest) = said.split_once("until tcpviz ends, ").expect(said);
    let rest = rest.replace('\n', " ");
    let (command, _) = rest.split_once(" keeps what was captured").expect(&rest);
    command.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn typed(command: &str, folder: &Path) {
    let mut shell = Command::new("sh");
    let status = shell.args(["-c", command]).current_dir(folder).status();
    assert!(status.unwrap().success(), "{command}");
}

fn removed() {
    let (folder, path) = place();
    let mut traffic = Traffic::new();
    let mut program = Program::start(json(&traffic.port(), &path));
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent());
    fs::remove_file(&path).unwrap();
    program.wait_to_say("kept.pcap was removed: until tcpviz ends, ");
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent() / 2);
    typed(&command(&program.said), folder.path());
    program.signal(Signal::INT);
    let (status, _) = program.end();
    assert_eq!(status.code(), Some(1));
    let lost = "kept.pcap was removed while tcpviz ran, and nothing under that name is this capture: 400 segments lost";
    let said = &program.said;
    assert!(said.contains(lost) && !said.contains("saved in"), "{said}");
    is_whole(&traffic, &folder.path().join("NEW.pcap"));
}

fn removed_below_the_screen() {
    let (folder, _) = place();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let mut traffic = Traffic::new();
    let mut screen = screen(&traffic.port(), &inner.join("kept.pcap"));
    fs::remove_dir_all(&inner).unwrap();
    screen.wait_for("file removed");
    traffic.play(SOME);
    let text = screen.wait_for("200 received");
    typed(&command(&text), folder.path());
    is_whole(&traffic, &folder.path().join("NEW.pcap"));
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 1);
    let text = screen.text().replace('\n', "");
    assert!(text.contains("200 segments lost"), "{text}");
}

fn removed_temporary() {
    let (folder, _) = place();
    let mut traffic = Traffic::new();
    let mut command = tcpviz();
    command.args(["-F", "json", "-p", &traffic.port()]);
    command.env("TMPDIR", folder.path());
    let mut program = Program::start(command);
    let entry = fs::read_dir(folder.path()).unwrap().next().unwrap();
    let path = entry.unwrap().path();
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent());
    fs::remove_file(&path).unwrap();
    fs::write(&path, "other").unwrap();
    program.wait_to_say(".pcap was removed: until tcpviz ends, ");
    program.signal(Signal::INT);
    assert_eq!(program.end().0.code(), Some(1));
    assert!(
        program.said.contains("200 segments lost"),
        "{}",
        program.said
    );
    assert_eq!(fs::read(&path).unwrap(), b"other");
}

fn renamed() {
    let (folder, path) = place();
    let new = folder.path().join("kept.pcap.1");
    let mut traffic = Traffic::new();
    let mut program = Program::start(json(&traffic.port(), &path));
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent());
    fs::rename(&path, &new).unwrap();
    fs::write(&path, "other").unwrap();
    traffic.play(SOME);
    program.signal(Signal::INT);
    assert!(program.end().0.success());
    let found = format!(
        "kept.pcap has another name now: 400 segments saved in {new}; to see them again: tcpviz {new}",
        new = new.display()
    );
    assert!(program.said.contains(&found), "{}", program.said);
    is_whole(&traffic, &new);
    assert_eq!(fs::read(&path).unwrap(), b"other");
}

fn truncated() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut program = Program::start(json(&traffic.port(), &path));
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent());
    let whole = fs::read(&path).unwrap();
    // The file header, and the first connection.
    let kept = u64::try_from((whole.len() - 24) / SOME + 24).unwrap();
    fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(kept)
        .unwrap();
    program.wait_to_say("somebody else has made it shorter");
    let (status, _) = program.end();
    assert_eq!(status.code(), Some(1));
    let said = &program.said;
    let why = "kept.pcap can't be written: somebody else has made it shorter, and what was cut off is lost; name another file: --write FILE";
    assert!(said.contains(why) && !said.contains("saved in"), "{said}");
    let left = format!(
        "kept.pcap isn't as tcpviz wrote it: it has {kept} octets, not {}; of 200 segments see what is left",
        whole.len()
    );
    assert!(said.contains(&left), "{said}");
    assert_eq!(
        fs::read(&path).unwrap(),
        whole[..usize::try_from(kept).unwrap()]
    );
    assert_eq!(held(&path).0, traffic.sent() / SOME);
}

fn second() {
    let (folder, path) = place();
    let mut traffic = Traffic::new();
    // By another name, since -o takes none of a capture's.
    let other = folder.path().join("kept.json");
    let (port, name, link) = (
        traffic.port(),
        path.to_str().unwrap(),
        other.to_str().unwrap(),
    );
    let mut program = Program::start(json(&port, &path));
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent());
    fs::hard_link(&path, &other).unwrap();
    // Both end by themselves.
    let written = ["-F", "csv", "--force", "-w", name, "--", "true"];
    let article = capture("orderly-close");
    let output = [
        "-F",
        "csv",
        "--force",
        "-o",
        link,
        article.to_str().unwrap(),
    ];
    for arguments in [&written[..], &output] {
        let refused = run(arguments);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{said}");
        let why = "is being written by another program, such as a tcpviz that runs; end that first, or name another file\n";
        assert!(said.ends_with(why) && said.lines().count() == 1, "{said}");
    }
    traffic.play(SOME);
    program.signal(Signal::INT);
    assert!(program.end().0.success());
    is_whole(&traffic, &path);
}

/// A reader who leaves is no error by itself.
fn removed_below_who_leaves() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut command = json(&traffic.port(), &path);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    drop(out);
    fs::remove_file(&path).unwrap();
    traffic.play(SOME);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("kept.pcap was removed while tcpviz ran"),
        "{said}"
    );
}

fn removed_beside_a_command() {
    let (folder, path) = place();
    let output = tcpviz()
        .args(["-F", "json", "-w"])
        .arg(&path)
        .args(["--", "sh", "-c", "rm kept.pcap; exec python3 -c \"$0\""])
        .arg(
            "import socket; l = socket.create_server(('127.0.0.1', 0)); c = socket.create_connection(l.getsockname()); c.close()",
        )
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let why = "kept.pcap was removed while the command ran; -w FILE names a file elsewhere";
    assert!(said.contains(why), "{said}");
    assert!(!path.exists());
    // All of it is left elsewhere.
    let (_, left) = said
        .split_once("; to see them again: tcpviz ")
        .expect(&said);
    let (segments, clients) = held(Path::new(left.lines().next().unwrap()));
    assert!(segments >= 4 && clients.len() == 1, "{segments}");
}
