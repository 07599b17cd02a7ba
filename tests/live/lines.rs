//! `--format tcpdump` of a live capture: lines come as segments come, and they are those that tcpdump
//! prints of the saved file.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::common::tcpviz;
use crate::exchange::{connect, listen};

pub fn lines_come_live() {
    for interface in ["lo", "any"] {
        follow(interface);
    }
}

fn follow(interface: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.pcap");
    let (listener, server) = listen("127.0.0.1");
    let mut child = tcpviz()
        .env("TZ", "UTC")
        .args(["-F", "tcpdump", "-i", interface, "--port"])
        .arg(server.port().to_string())
        .arg("-w")
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap());
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // Told once the interface is open.
    let mut begun = String::new();
    told.read_line(&mut begun).unwrap();
    assert!(begun.contains("capturing on"), "{begun}");
    let pair = connect(&listener, server);
    // While the capture goes on.
    let mut printed = String::new();
    while printed.lines().count() < 3 {
        assert!(output.read_line(&mut printed).unwrap() > 0, "{printed}");
    }
    assert!(printed.contains("Flags [S.]"), "{printed}");
    drop(pair);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    output.read_to_string(&mut printed).unwrap();
    assert!(child.wait().unwrap().success());
    let tcpdump = Command::new("tcpdump")
        .env("TZ", "UTC")
        .args(["-nn", "-r"])
        .args([path.as_os_str(), "tcp".as_ref()])
        .output()
        .expect("tcpdump is installed");
    assert_eq!(
        printed,
        String::from_utf8_lossy(&tcpdump.stdout),
        "{interface}"
    );
}
