//! What the judge found: a line a trial, and everything about each disagreement.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Mutex;

use libtest_mimic::Failed;
use tcpviz::conn::state::PerSide;
use tcpviz::conn::{ConnectionId, Side, State};
use tcpviz::report::ladder;
use tcpviz::report::page::How;
use tcpviz::trace::Trace;
use tcpviz::wire::Flags;

use super::causes::Seen;
use super::script::Scripted;

/// The share of pairs of states that must agree where segments are lost.
const WANTED: f64 = 0.999;

/// Disagreements that are told in full.
const TOLD: usize = 5;

/// What a trial counted. A pair is a connection's two states at one quiet moment.
#[derive(Debug, Default)]
pub struct Summary {
    name: &'static str,
    first_seed: u64,
    pub agreed: u64,
    pub unknowable: u64,
    pub disagreed: u64,
    /// Pairs not compared because the connection waited for a timer; it went on later.
    pub postponed: u64,
    /// Connections that took so long that the kernel would soon have forgotten them.
    pub left_out: u64,
    pub resets: u64,
    pub causes_told: u64,
    pub certain: u64,
    pub certain_and_wrong: u64,
    pub seconds: f64,
    disagreements: Vec<String>,
    pub wrong_causes: Vec<String>,
    /// Segments dropped behind the capture, and those of them that are told to be lost.
    pub dropped: u64,
    pub dropped_told: u64,
    pub wrong_fates: Vec<String>,
    /// Connections of the seed under way that were told of: the first disagreement says most.
    told_of: BTreeSet<usize>,
}

static SUMMARIES: Mutex<Vec<Summary>> = Mutex::new(Vec::new());

/// A trial is over: the table will have it.
pub fn remember(summary: Summary) {
    SUMMARIES.lock().expect("one trial at a time").push(summary);
}

impl Summary {
    pub fn new(name: &'static str, first_seed: u64) -> Self {
        Summary {
            name,
            first_seed,
            ..Summary::default()
        }
    }

    pub fn disagree<'a>(&mut self, connection: usize, what: impl FnOnce() -> Disagreement<'a>) {
        self.disagreed += 1;
        if self.told_of.insert(connection) {
            self.disagreements.push(what().text());
        }
    }

    /// Adds a seed's.
    pub fn add(&mut self, seed: Summary) {
        self.agreed += seed.agreed;
        self.unknowable += seed.unknowable;
        self.disagreed += seed.disagreed;
        self.postponed += seed.postponed;
        self.left_out += seed.left_out;
        self.resets += seed.resets;
        self.causes_told += seed.causes_told;
        self.certain += seed.certain;
        self.certain_and_wrong += seed.certain_and_wrong;
        self.seconds += seed.seconds;
        self.disagreements.extend(seed.disagreements);
        self.wrong_causes.extend(seed.wrong_causes);
        self.dropped += seed.dropped;
        self.dropped_told += seed.dropped_told;
        self.wrong_fates.extend(seed.wrong_fates);
    }

    /// Fails with everything that is wrong.
    pub fn verdict(&self, lossless: bool) -> Result<(), Failed> {
        #[expect(clippy::cast_precision_loss, reason = "these are small")]
        let share = self.agreed as f64 / (self.agreed + self.disagreed).max(1) as f64;
        let states_hold = if lossless {
            self.disagreed + self.unknowable == 0
        } else {
            // In a single short seed one connection that stays in TIME-WAIT is already more than that.
            share >= WANTED || self.disagreements.len() <= 1
        };
        if states_hold && self.wrong_causes.is_empty() && self.wrong_fates.is_empty() {
            // Where a few are allowed, they are still shown.
            self.disagreements
                .iter()
                .for_each(|text| eprintln!("{text}"));
            return Ok(());
        }
        let mut text = String::new();
        for (what, all) in [
            ("states", &self.disagreements),
            ("causes", &self.wrong_causes),
            ("fates", &self.wrong_fates),
        ] {
            let hidden = all.len().saturating_sub(TOLD);
            for one in all.iter().take(TOLD) {
                let _ = writeln!(text, "\n== {what}: {one}");
            }
            if hidden > 0 {
                let _ = writeln!(text, "\n== {what}: {hidden} more connections; in short:");
            }
            for one in all.iter().skip(TOLD) {
                let _ = writeln!(text, "   {}", one.lines().next().unwrap_or_default());
            }
        }
        let _ = writeln!(text, "\n{HEADING}\n{}", self.line());
        Err(text.into())
    }

    fn line(&self) -> String {
        let Summary {
            name,
            first_seed,
            disagreed,
            unknowable,
            postponed,
            left_out,
            ..
        } = self;
        let Summary {
            resets,
            causes_told,
            certain,
            certain_and_wrong,
            dropped,
            dropped_told,
            seconds,
            ..
        } = self;
        let pairs = self.agreed + disagreed;
        format!(
            "{name:26} {first_seed:>10} | {pairs:>6} {disagreed:>8} {unknowable:>10} {postponed:>9} {left_out:>8} | \
             {resets:>5} {causes_told:>5} {certain:>7} {certain_and_wrong:>17} | {dropped:>7} \
             {dropped_told:>4} | {seconds:>7.1}"
        )
    }
}

const HEADING: &str = concat!(
    "trial                      first seed |  pairs disagree unknowable postponed left out |",
    "  RSTs cause certain certain and wrong | dropped lost | seconds",
);

const LEGEND: &str = "\
pairs: a connection's two states at a quiet moment, compared with the kernels'; unknowable: an RST was lost and nobody \
spoke since, or a FIN that crossed was never captured;
postponed: the connection waited for a timer then; left out: 50 s in TIME-WAIT; cause: the right one was among those told;
dropped: segments that the relay dropped behind the capture; lost: those of them that are told to be lost";

/// The table at the end.
pub fn print_table() {
    let summaries = SUMMARIES.lock().expect("all trials are over");
    if summaries.is_empty() {
        return;
    }
    println!("{HEADING}");
    for summary in summaries.iter() {
        println!("{}", summary.line());
    }
    println!("{LEGEND}");
}

/// A moment in which tcpviz and a kernel disagree.
pub struct Disagreement<'a> {
    pub seed: u64,
    pub scripted: &'a Scripted,
    pub kernel: PerSide<State>,
    pub told: Option<PerSide<State>>,
    pub trace: &'a Trace,
    pub id: Option<ConnectionId>,
    pub seen: &'a [Seen],
}

impl Disagreement<'_> {
    fn text(&self) -> String {
        let pair = |states: PerSide<State>| format!("{} / {}", states.client, states.server);
        let told = self.told.map_or("nothing".into(), pair);
        let rest = connection(self.seed, self.scripted, self.trace, self.id, self.seen);
        format!(
            "the kernels have {}, tcpviz {told}\n{rest}",
            pair(self.kernel)
        )
    }
}

/// A connection's script, its ladder, and what came to the relay: only there is seen what was lost.
pub fn connection(
    seed: u64,
    scripted: &Scripted,
    trace: &Trace,
    id: Option<ConnectionId>,
    seen: &[Seen],
) -> String {
    let mut text = format!(
        "TCPVIZ_SEED={seed}, connection {}: {scripted}\n",
        scripted.number
    );
    if let Some(id) = id {
        let mut page = Vec::new();
        ladder::write(&mut page, trace, Some(id), How::default()).expect("memory takes it");
        text += &String::from_utf8_lossy(&page);
    }
    let Some(first) = seen.first() else {
        return text;
    };
    text += "at the relay:\n";
    for Seen { round, logged } in seen {
        let since = (logged.time_ns - first.logged.time_ns) / 1_000;
        let seg = &logged.segment;
        let relative = |side: Side, seq| id.map_or(0, |id| trace.relative(id, side, seq));
        let seq = relative(logged.from, seg.seq);
        let ack = seg.ack_seq().map_or(String::new(), |ack| {
            format!(", ack {}", relative(logged.from.peer(), ack))
        });
        let arrow = if logged.from == Side::Client {
            '>'
        } else {
            '<'
        };
        let flags = if seg.flags == Flags(0) {
            "none".into()
        } else {
            seg.flags.to_string()
        };
        let _ = writeln!(
            text,
            "  round {round:2} {:4}.{:06} {arrow} Flags [{flags}], seq {seq}:{}{ack}, win {} {:?}",
            since / 1_000_000,
            since % 1_000_000,
            seq.wrapping_add(seg.len),
            seg.wnd,
            logged.fate,
        );
    }
    text
}
