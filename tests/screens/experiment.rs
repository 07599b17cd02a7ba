//! Experiments of the lab: system calls, what the kernel says, what befalls hosts and wire, ICMP errors.

use super::assert_screen;
use super::common::ui::{experiment, keys};
use tcpviz::tui::Playbill;

#[test]
fn calls_and_what_the_kernel_says() {
    let mut app = experiment("close-then-peer-writes");
    // The kernel's line behind the FIN and its acknowledgement.
    keys(&mut app, "⇲←←←←←←←");
    assert_screen!(&mut app);
}

#[test]
fn icmp_errors() {
    let mut app = experiment("server-host-crash.router-host-unreach");
    keys(&mut app, "⇲←←←");
    assert_screen!(&mut app);
}

#[test]
fn an_experiment_that_waits_for_its_cue() {
    let mut app = experiment("close-then-peer-writes");
    app.play = Some(Playbill {
        title: "The client closes, the server writes one byte".into(),
        about:
            "The client's close() sends FIN. The server may still send, but nobody will read it."
                .into(),
        next: Some("server: send(4, 1 byte)".into()),
        ..Playbill::default()
    });
    keys(&mut app, "⇲");
    assert_screen!(&mut app);
}

#[test]
fn what_an_experiment_is_about() {
    let mut app = experiment("close-then-peer-writes");
    app.play = Some(Playbill {
        title: "The client closes, the server writes one byte".into(),
        about: "The client's close() sends FIN. The server may still send, but nobody will read it:\nits data is answered \
                with RST."
            .into(),
        next: Some("server: send(4, 1 byte)".into()),
        ..Playbill::default()
    });
    keys(&mut app, "i");
    assert_screen!(&mut app);
}
