//! The judge: random scripts of socket calls between two hosts, and after each round of calls, once all is quiet, what
//! tcpviz infers from one side of the wire beside what both kernels say.
//!
//! All connections of a seed are played in lockstep, so that their retransmission time-outs overlap.
//!
//! One thing no observer can know: whether an RST that is sent once has arrived. Where the relay dropped a side's
//! newest segment and it is an RST, one state is forgiven, and counted apart: the server's.

mod causes;
mod compare;
mod fates;
mod quiet;
mod report;
mod script;
mod seed;

use std::time::{SystemTime, UNIX_EPOCH};

use libtest_mimic::{Failed, Trial};
use tcpviz::lab::Family;

use report::Summary;
pub use report::print_table;
use seed::Play;

/// The probability that a segment is lost, where any is.
const LOSS: f64 = 0.08;

pub fn all() -> Vec<Trial> {
    let trial = |name: &'static str, family, loss: bool| {
        Trial::test(name, move || {
            judge(name, family, if loss { LOSS } else { 0.0 })
        })
    };
    vec![
        Trial::test("judge::only_the_servers_state_is_forgiven", || {
            compare::only_the_servers_state_is_forgiven();
            Ok(())
        }),
        trial("judge::without_loss::ipv4", Family::Ipv4, false),
        trial("judge::without_loss::ipv6", Family::Ipv6, false),
        trial("judge::with_loss::ipv4", Family::Ipv4, true),
        trial("judge::with_loss::ipv6", Family::Ipv6, true),
    ]
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

fn judge(name: &'static str, family: Family, loss: f64) -> Result<(), Failed> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let first = number("TCPVIZ_SEED", now.as_secs());
    let connections = usize::try_from(number("TCPVIZ_CONNECTIONS", 100)).expect("not that many");
    let mut summary = Summary::new(name, first);
    for seed in first..first + number("TCPVIZ_SEEDS", 1) {
        eprintln!("TCPVIZ_SEED={seed}");
        let mut play = Play::begin(seed, family, loss, connections);
        let played = play.play();
        play.summary.seconds = play.begun.elapsed().as_secs_f64();
        summary.add(play.summary);
        if let Err(why) = played {
            report::remember(summary);
            return Err(format!("TCPVIZ_SEED={}: {why}", play.seed).into());
        }
    }
    let verdict = summary.verdict(loss == 0.0);
    report::remember(summary);
    verdict
}
