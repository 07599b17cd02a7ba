//! The interface goes down, comes up again, and disappears.

use super::Tests;
use super::common::screen::Screen;
use super::common::tcpviz;
use super::program::{Program, held};
use super::signals::place;
use super::wire::{NEAR, Wire, ip};

pub const ALL: Tests = &[
    (
        "interface_down_and_up_again_is_said_and_the_capture_goes_on",
        down_and_up,
    ),
    ("interface_deleted_ends_the_capture_with_all_kept", deleted),
    (
        "interface_deleted_the_screen_stays",
        deleted_below_the_screen,
    ),
];

fn captured() -> (tempfile::TempDir, std::path::PathBuf, Program) {
    let (folder, path) = place();
    let mut command = tcpviz();
    command.args(["-F", "json", "-i", NEAR, "-w"]).arg(&path);
    let program = Program::start(command);
    (folder, path, program)
}

fn down_and_up() {
    let mut wire = Wire::new();
    let (_folder, path, mut program) = captured();
    wire.flood(100, 10);
    for _ in 0..2 {
        ip("link set near down");
        program.wait_to_say("near is down, and nothing can come; the capture goes on once it is up: ip link set near up");
        ip("link set near up");
        program.wait_to_say("near is up again, and the capture goes on");
        program.said.clear();
        wire.flood(100, 10);
    }
    program.signal(rustix::process::Signal::INT);
    let (status, printed) = program.end();
    assert!(status.success(), "{}", program.said);
    assert_eq!((printed, held(&path).0), (300, 300));
}

fn deleted() {
    let mut wire = Wire::new();
    let (_folder, path, mut program) = captured();
    wire.flood(100, 10);
    program.wait_for_segments(100);
    ip("link del near");
    let (status, _) = program.end();
    assert_eq!(status.code(), Some(1));
    let said = &program.said;
    assert!(
        said.contains("the capture on near stopped: it is gone"),
        "{said}"
    );
    assert!(said.contains("100 segments saved in "), "{said}");
    assert_eq!(held(&path).0, 100);
}

fn deleted_below_the_screen() {
    let mut wire = Wire::new();
    let (_folder, path) = place();
    let arguments = ["-i", NEAR, "-w", path.to_str().unwrap()];
    let mut screen = Screen::start(&arguments, 140, 30);
    screen.wait_for("nothing yet");
    wire.flood(100, 10);
    screen.wait_for("100 received");
    ip("link set near down");
    screen.wait_for("interface down");
    ip("link set near up");
    screen.wait("up again", |text| !text.contains("interface down"));
    ip("link del near");
    let text = screen.wait_for("breaks off");
    assert!(text.contains("100 received"), "{text}");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 1);
    assert!(
        screen.text().contains("100 segments saved in "),
        "{}",
        screen.text()
    );
    assert_eq!(held(&path).0, 100);
}
