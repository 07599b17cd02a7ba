//! Each state of the figure, and what does and doesn't move it. The client is the one looked at.

use super::*;

/// Puts the client into a state by `lines`, then tries each stimulus on a fresh copy.
#[track_caller]
fn stimulate(state: State, lines: &str, stimuli: &[(&str, State)]) {
    for (stimulus, wanted) in stimuli {
        let mut table: Table = Table::default();
        let mut seen = State::Closed;
        let setup = lines.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in setup {
            seen = table.observe(&segment(line), 0).2.states.client;
        }
        assert_eq!(seen, state, "the set-up leads elsewhere");
        let (at, wire) = timed(stimulus);
        let after = table.observe(&segment(wire), at).2.states.client;
        assert_eq!(after, *wanted, "{state}: {stimulus}");
    }
}

fn open_and(lines: &str) -> String {
    let open: Vec<_> = OPEN
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(wire, _)| wire)
        .collect();
    format!("{}\n{lines}", open.join("\n"))
}

use State::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent,
    TimeWait,
};

/// RFC 9293, 3.10.7.3.
#[test]
fn syn_sent() {
    stimulate(
        SynSent,
        "> S 0:0",
        &[
            ("< S. 0:0 ack 1", Established),
            ("< S  0:0", SynReceived),
            ("< R. 0:0 ack 1", Closed),
            ("< S. 0:0 ack 9", SynSent),
            ("< .  1:1 ack 1", SynSent),
            ("< P. 1:9 ack 1", SynSent),
            ("< F. 1:1 ack 1", SynSent),
            ("< R  0:0", SynSent),
            ("< R. 0:0 ack 9", SynSent),
            ("< R. 0:0 ack 0", SynSent),
            ("> S  0:0", SynSent),
        ],
    );
}

/// RFC 9293, 3.10.7.4, in a simultaneous open.
#[test]
fn syn_received() {
    stimulate(
        SynReceived,
        "> S 0:0\n< S 0:0",
        &[
            ("< S. 0:0 ack 1", Established),
            ("< .  1:1 ack 1", Established),
            ("> S. 0:0 ack 1", SynReceived),
            ("> F. 1:1 ack 1", FinWait1),
            ("< R  1:1", Closed),
            ("< R  9:9", SynReceived),
            ("< .  1:1 ack 0", SynReceived),
        ],
    );
}

/// RFC 9293, 3.10.7.4; RFC 5961, 3.2 and 4.2.
#[test]
fn established() {
    stimulate(
        Established,
        &open_and(""),
        &[
            ("> F. 1:1 ack 1", FinWait1),
            ("> FP. 1:9 ack 1", FinWait1),
            ("< F. 1:1 ack 1", CloseWait),
            ("< FP. 1:9 ack 1", CloseWait),
            ("< R  1:1", Closed),
            ("< R. 1:1 ack 1", Closed),
            ("> R. 1:1 ack 1", Closed),
            ("< .  1:1 ack 1", Established),
            ("< P. 1:9 ack 1", Established),
            ("< P. 5:9 ack 1", Established),
            ("< F. 5:5 ack 1", Established),
            ("< R  2:2", Established),
            ("< R  0:0", Established),
            ("< R. 90000:90000 ack 1", Established),
            ("< S. 0:0 ack 1", Established),
            ("< .  1:1 ack 90000000", Established),
        ],
    );
}

#[test]
fn fin_wait_1() {
    stimulate(
        FinWait1,
        &open_and("> F. 1:1 ack 1"),
        &[
            ("< .  1:1 ack 2", FinWait2),
            ("< F. 1:1 ack 2", TimeWait),
            ("< F. 1:1 ack 1", Closing),
            ("< F. 5:5 ack 2", FinWait2),
            ("< R  1:1", Closed),
            ("< .  1:1 ack 1", FinWait1),
            ("< P. 1:9 ack 1", FinWait1),
            ("< F. 5:5 ack 1", FinWait1),
            ("< R  2:2", FinWait1),
            ("> F. 1:1 ack 1", FinWait1),
            ("< S. 0:0 ack 1", FinWait1),
        ],
    );
}

#[test]
fn fin_wait_2() {
    stimulate(
        FinWait2,
        &open_and("> F. 1:1 ack 1\n< . 1:1 ack 2"),
        &[
            ("< F. 1:1 ack 2", TimeWait),
            ("< FP. 1:9 ack 2", TimeWait),
            ("< R  1:1", Closed),
            ("> R  2:2", Closed),
            ("< .  1:1 ack 2", FinWait2),
            ("< P. 1:9 ack 2", FinWait2),
            ("< F. 5:5 ack 2", FinWait2),
            ("< R  2:2", FinWait2),
            ("@90 < . 1:1 ack 2", FinWait2),
        ],
    );
}

#[test]
fn close_wait() {
    stimulate(
        CloseWait,
        &open_and("< F. 1:1 ack 1\n> . 1:1 ack 2"),
        &[
            ("> F. 1:1 ack 2", LastAck),
            ("< R  2:2", Closed),
            ("< R  1:1", Closed),
            ("> R. 1:1 ack 2", Closed),
            ("< F. 1:1 ack 1", CloseWait),
            ("< .  2:2 ack 1", CloseWait),
            ("< P. 2:9 ack 1", CloseWait),
            ("> P. 1:9 ack 2", CloseWait),
            ("< R  9:9", CloseWait),
            ("@900 < . 2:2 ack 1", CloseWait),
        ],
    );
}

#[test]
fn closing() {
    stimulate(
        Closing,
        &open_and("> F. 1:1 ack 1\n< F. 1:1 ack 1\n> . 2:2 ack 2"),
        &[
            ("< .  2:2 ack 2", TimeWait),
            ("< F. 1:1 ack 2", TimeWait),
            ("< R  2:2", Closed),
            ("< .  2:2 ack 1", Closing),
            ("< F. 1:1 ack 1", Closing),
            ("< R  9:9", Closing),
            ("> .  2:2 ack 2", Closing),
        ],
    );
}

#[test]
fn last_ack() {
    stimulate(
        LastAck,
        &open_and("< F. 1:1 ack 1\n> F. 1:1 ack 2"),
        &[
            ("< .  2:2 ack 2", Closed),
            ("< R  2:2", Closed),
            ("< .  2:2 ack 1", LastAck),
            ("< F. 1:1 ack 1", LastAck),
            ("< R  9:9", LastAck),
            ("> F. 1:1 ack 2", LastAck),
        ],
    );
}

/// RFC 9293, 3.10.7.4 and 3.4.2; RFC 1337 for the RST, which Linux takes.
#[test]
fn time_wait() {
    stimulate(
        TimeWait,
        &open_and("> F. 1:1 ack 1\n< F. 1:1 ack 2\n> . 2:2 ack 2"),
        &[
            ("< R  2:2", Closed),
            ("< F. 1:1 ack 2", TimeWait),
            ("< P. 0:1 ack 2", TimeWait),
            ("< R  1:1", TimeWait),
            ("< R  9:9", TimeWait),
            ("@59 < F. 1:1 ack 2", TimeWait),
            ("@61 < F. 1:1 ack 2", Closed),
        ],
    );
}

/// The server, seen from outside: a SYN, and nothing else, brings it out of LISTEN.
#[test]
fn listen() {
    check("> S 0:0        | SYN-SENT SYN-RECEIVED");
    check("> S 0:0        | SYN-SENT SYN-RECEIVED\n> S 0:0 | SYN-SENT CLOSED # syn-retransmission");
}
