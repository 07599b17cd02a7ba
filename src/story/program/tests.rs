use super::*;
use crate::story::ending::ending;
use crate::story::tests::{trace_of, trace_without_handshake};

#[track_caller]
fn check(trace: &Trace, client: &str, server: &str) {
    let ending = ending(trace, 0);
    let seen = Side::BOTH.map(|side| program(trace, 0, side, &ending).sentence());
    assert_eq!(seen, [client, server], "{}", ending.summary);
}

/// measured.md, "What a RST leaves behind".
#[test]
fn established_rst_gives_econnreset_once() {
    check(
        &trace_of("> P. 1:9 ack 1\n< . 1:1 ack 9\n> R. 9:9 ack 1"),
        "its socket is closed: nobody is told",
        "read(): what is left, then ECONNRESET, then 0 (end of file); write(): ECONNRESET, then EPIPE and SIGPIPE",
    );
}

#[test]
fn close_wait_rst_gives_epipe_and_read_stays_0() {
    check(
        &trace_of("> F. 1:1 ack 1\n< . 1:1 ack 2\n< P. 1:4 ack 2\n> R 2:2"),
        "its socket is closed: nobody is told; after shutdown() of both directions read() gives 0, write() EPIPE",
        "read(): 0 (end of file); write(): EPIPE and SIGPIPE; 3 bytes it sent can't have been read by the other side",
    );
}

#[test]
fn last_ack_rst_tells_nobody() {
    check(
        &trace_of("> F. 1:1 ack 1\n< F. 1:1 ack 2\n> R 2:2"),
        "its socket is closed: nobody is told",
        "its socket is closed: nobody is told",
    );
}

#[test]
fn syn_sent_rst_fails_connect() {
    check(
        &trace_without_handshake("> S 0:0\n< R. 0:0 ack 1"),
        "connect() fails with ECONNREFUSED",
        "it has no socket for this connection",
    );
}

#[test]
fn keep_alive_timeout_is_told_to_who_gave_up() {
    check(
        &trace_of("@1 > . 0:0 ack 1\n@2 > . 0:0 ack 1\n@3 > R. 1:1 ack 1"),
        "read(): ETIMEDOUT, then 0 (end of file); write(): ETIMEDOUT, then EPIPE and SIGPIPE",
        "read(): nothing yet; write(): succeeds",
    );
}

#[test]
fn retransmission_timeout_is_told_to_who_repeated_itself() {
    let lines: String = (0..6).map(|i| format!("@{i} > P. 1:9 ack 1\n")).collect();
    check(
        &trace_of(&lines),
        "read(): ETIMEDOUT, then 0 (end of file); write(): ETIMEDOUT, then EPIPE and SIGPIPE; 8 bytes it sent \
         can't have been read by the other side",
        "read(): nothing yet; write(): succeeds",
    );
}

#[test]
fn half_close_leaves_one_direction() {
    check(
        &trace_of("> F. 1:1 ack 1\n< . 1:1 ack 2"),
        "if its socket is still open, read(): nothing yet; write(): EPIPE and SIGPIPE",
        "read(): 0 (end of file); write(): succeeds",
    );
}

#[test]
fn an_open_handshake_waits() {
    check(
        &trace_without_handshake("> S 0:0"),
        "connect() still waits",
        "it has no socket for this connection",
    );
    check(
        &trace_without_handshake("> S 0:0\n< S. 0:0 ack 1\n@1 < S. 0:0 ack 1"),
        "connect() still waits",
        "accept() hasn't returned this connection",
    );
}

/// measured.md: FIN-WAIT-2 with a descriptor.
#[test]
fn fin_wait_2_rst_gives_econnreset_once() {
    check(
        &trace_of("> F. 1:1 ack 1\n< . 1:1 ack 2\n< R. 1:1 ack 2"),
        "if its socket is still open, read(): ECONNRESET, then 0 (end of file); write(): ECONNRESET, then EPIPE \
         and SIGPIPE",
        "its socket is closed: nobody is told",
    );
}
