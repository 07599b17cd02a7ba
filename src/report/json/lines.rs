//! The lines themselves, but for a segment's: their fields, in the order in which they are written.

use serde::Serialize;

use crate::conn::{ConnectionId, Side};
use crate::story::finding::findings;
use crate::story::program::{self, Outcome};
use crate::story::{clock, ending, reason};
use crate::trace::{Aside, Deed, ErrorRecord, Said, Trace};

/// Version of the schema, told in the first line.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Line<'a> {
    Capture {
        schema: u32,
        source: &'a str,
        link_type: Option<String>,
        frames: u64,
        segments: usize,
        dropped: u64,
        truncated: bool,
        /// Counts in this line are those at the start: segments follow as they come.
        live: bool,
    },
    Icmp {
        frame: u32,
        time_ns: u64,
        connection: u32,
        about: &'static str,
        reporter: String,
        icmp_type: u8,
        icmp_code: u8,
        message: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        errno: Option<&'static str>,
    },
    /// A system call in the lab.
    Call {
        #[serde(skip_serializing_if = "Option::is_none")]
        time_ns: Option<u64>,
        connection: u32,
        side: &'static str,
        call: &'a str,
        failed: bool,
    },
    /// What the kernels say of their sockets; `client_state` and `server_state` are tcpviz's at that moment.
    Kernel {
        #[serde(skip_serializing_if = "Option::is_none")]
        time_ns: Option<u64>,
        connection: u32,
        #[serde(skip_serializing_if = "Option::is_none")]
        client: Option<KernelEnd<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        server: Option<KernelEnd<'a>>,
        client_state: &'static str,
        server_state: &'static str,
    },
    /// What a kernel did.
    #[serde(rename = "kernel-deed")]
    Deed {
        #[serde(skip_serializing_if = "Option::is_none")]
        time_ns: Option<u64>,
        connection: u32,
        side: &'static str,
        deed: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        words: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a str>,
    },
    /// Something befell a host, a process or the wire in the lab.
    Order {
        #[serde(skip_serializing_if = "Option::is_none")]
        time_ns: Option<u64>,
        connection: u32,
        order: &'a str,
    },
    Revision {
        connection: u32,
        frame: u32,
        client_state: &'static str,
        server_state: &'static str,
    },
    End {
        frames: u64,
        segments: usize,
        dropped: u64,
        truncated: bool,
    },
    Connection(Box<Connection>),
}

#[derive(Serialize)]
pub(super) struct KernelEnd<'a> {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recv_q: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_q: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timer: Option<&'a str>,
}

/// Appends a line.
pub(super) fn line(out: &mut Vec<u8>, line: &Line<'_>) {
    // Writing into memory doesn't fail, and no line has a map with keys that aren't text.
    let _ = serde_json::to_writer(&mut *out, line);
    out.push(b'\n');
}

/// The first line. `live`: what it counts has only begun.
pub(super) fn capture<'a>(trace: &Trace, source: &'a str, live: bool) -> Line<'a> {
    Line::Capture {
        schema: SCHEMA,
        source,
        link_type: trace.link.map(|link| link.to_string()),
        frames: trace.tally.frames,
        segments: trace.segments(),
        dropped: trace.tally.dropped,
        truncated: trace.breaks_off().is_some(),
        live,
    }
}

/// What is told beside the segments. ICMP errors have lines of their own.
pub(super) fn aside<'a>(trace: &Trace, aside: &'a Aside) -> Option<Line<'a>> {
    // Recordings tell places only.
    let time_ns = (aside.time_ns > 0).then_some(aside.time_ns);
    let connection = aside.connection + 1;
    Some(match &aside.said {
        Said::Error(_) => return None,
        Said::Call { side, text, failed } => Line::Call {
            time_ns,
            connection,
            side: side.name(),
            call: text,
            failed: *failed,
        },
        Said::Order(order) => Line::Order {
            time_ns,
            connection,
            order,
        },
        Said::Kernel(ends) => {
            let shown = trace.states_at(aside);
            let end = |side: Side| {
                let end = ends[side].as_ref()?;
                Some(KernelEnd {
                    state: end.state.name(),
                    recv_q: end.queues.map(|queues| queues.receive),
                    send_q: end.queues.map(|queues| queues.send),
                    timer: end.queues.map(|_| end.timer.as_str()),
                })
            };
            Line::Kernel {
                time_ns,
                connection,
                client: end(Side::Client),
                server: end(Side::Server),
                client_state: shown.client.name(),
                server_state: shown.server.name(),
            }
        }
        Said::Deed { side, deed } => {
            let (deed, reason, error) = match deed {
                Deed::SentReset(name) => ("sent-reset", Some(name.as_str()), None),
                Deed::TookReset(error) => ("took-reset", None, Some(error.as_str())),
                Deed::SentAgain => ("sent-again", None, None),
                Deed::Error(error) => ("error", None, Some(error.as_str())),
            };
            let told = |text: &&str| !text.is_empty();
            Line::Deed {
                time_ns,
                connection,
                side: side.name(),
                deed,
                reason: reason.filter(told),
                words: reason.and_then(reason::find).map(|reason| reason.words),
                error: error.filter(told),
            }
        }
    })
}

#[derive(Serialize)]
pub(super) struct Connection {
    #[serde(rename = "connection")]
    number: u32,
    client: String,
    server: String,
    client_known: bool,
    first_ns: u64,
    last_ns: u64,
    segments: usize,
    client_bytes: u64,
    server_bytes: u64,
    client_state: &'static str,
    server_state: &'static str,
    /// What is known from time alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by_clock: Vec<&'static str>,
    opening: &'static str,
    ending: Ending,
    programs: Programs,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
pub(super) struct Programs {
    client: Program,
    server: Program,
}

#[derive(Serialize)]
pub(super) struct Program {
    #[serde(skip_serializing_if = "Option::is_none")]
    connect: Option<&'static str>,
    read: Vec<&'static str>,
    write: Vec<&'static str>,
    undelivered_bytes: u64,
    discarded_bytes_at_most: u64,
    summary: String,
}

#[derive(Serialize)]
pub(super) struct Finding {
    id: &'static str,
    side: &'static str,
    frames: Vec<u32>,
    seen: String,
    means: String,
    r#try: String,
}

#[derive(Serialize)]
pub(super) struct Ending {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_first: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reset_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<bool>,
    causes: Vec<Cause>,
    /// What the kernel that sent the RST says.
    #[serde(skip_serializing_if = "Option::is_none")]
    kernel: Option<KernelsReason>,
    frames: Vec<u32>,
    summary: String,
}

#[derive(Serialize)]
pub(super) struct KernelsReason {
    reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<&'static str>,
    /// What it has to do with tcpviz's causes.
    verdict: &'static str,
}

#[derive(Serialize)]
pub(super) struct Cause {
    id: &'static str,
    certainty: &'static str,
    frames: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<&'static str>,
}

pub(super) fn icmp(record: &ErrorRecord) -> Line<'static> {
    let error = record.seen.error;
    Line::Icmp {
        frame: record.place.frame,
        time_ns: record.time_ns,
        connection: record.connection + 1,
        about: record.seen.about.name(),
        reporter: error.reporter.to_string(),
        icmp_type: error.kind,
        icmp_code: error.code,
        message: error.words(),
        errno: error.errno(),
    }
}

pub(super) fn program(
    trace: &Trace,
    id: ConnectionId,
    side: Side,
    ending: &ending::Ending,
) -> Program {
    let program = program::program(trace, id, side, ending);
    let names = |outcomes: &[Outcome]| outcomes.iter().map(|outcome| outcome.name()).collect();
    Program {
        connect: program.connect.map(Outcome::name),
        read: names(&program.read),
        write: names(&program.write),
        undelivered_bytes: program.undelivered,
        discarded_bytes_at_most: program.discarded,
        summary: program.sentence(),
    }
}

pub(super) fn connection(trace: &Trace, id: ConnectionId) -> Line<'static> {
    let connection = trace.connection(id);
    let ending = ending::ending(trace, id);
    let rows = trace.len(id);
    let frames = |rows: &[usize]| -> Vec<u32> {
        rows.iter()
            .map(|&row| trace.row(id, row).place.frame)
            .collect()
    };
    Line::Connection(Box::new(Connection {
        number: id + 1,
        client: connection.addresses.client.to_string(),
        server: connection.addresses.server.to_string(),
        client_known: connection.roles == crate::conn::Roles::Seen,
        first_ns: trace.row(id, 0).time_ns,
        last_ns: trace.row(id, rows - 1).time_ns,
        segments: rows,
        client_bytes: connection.ends.client.octets_sent,
        server_bytes: connection.ends.server.octets_sent,
        client_state: clock::state_now(trace, id, Side::Client).name(),
        server_state: clock::state_now(trace, id, Side::Server).name(),
        by_clock: Side::BOTH
            .into_iter()
            .filter(|side| clock::ended_it(trace, id, *side))
            .map(Side::name)
            .collect(),
        opening: connection.opening.name(),
        ending: Ending {
            kind: ending.kind.name(),
            closed_first: ending.closed_first.map(Side::name),
            reset_by: ending.reset_by.map(Side::name),
            reply: ending.reply,
            causes: ending
                .causes
                .iter()
                .map(|cause| Cause {
                    id: cause.id.name(),
                    certainty: cause.confidence.name(),
                    frames: frames(&cause.rows),
                    reason: cause.reason,
                    against: cause.against,
                })
                .collect(),
            kernel: reason::told(trace, id).map(|(_, name)| KernelsReason {
                reason: name.into(),
                words: reason::find(name).map(|reason| reason.words),
                verdict: reason::compare(name, &ending.causes).name(),
            }),
            frames: frames(&ending.evidence),
            summary: ending.summary.clone(),
        },
        programs: Programs {
            client: program(trace, id, Side::Client, &ending),
            server: program(trace, id, Side::Server, &ending),
        },
        findings: findings(trace, id, &ending)
            .into_iter()
            .map(|found| Finding {
                id: found.id,
                side: found.side.name(),
                frames: frames(&found.rows),
                seen: found.seen,
                means: found.means,
                r#try: found.attempt,
            })
            .collect(),
    }))
}
