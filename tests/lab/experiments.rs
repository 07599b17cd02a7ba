//! Every experiment of the lab, played and compared with what must come out.

use libtest_mimic::Trial;
use tcpviz::lab::catalog;
use tcpviz::lab::play::{Empty, Play};
use tcpviz::report::ladder;
use tcpviz::report::page::How;

pub fn all() -> Vec<Trial> {
    catalog::experiments()
        .filter(|experiment| !experiment.slow)
        .map(|experiment| {
            Trial::test(format!("experiment::{}", experiment.name), || {
                let report = Play::open(experiment, None, false)?.run(&mut Empty);
                let mut text = Vec::new();
                ladder::write(&mut text, &report.trace, None, How::default())?;
                let ladder = String::from_utf8_lossy(&text);
                assert!(
                    report.differences.is_empty(),
                    "{}\n{ladder}",
                    report.differences.join("\n")
                );
                Ok(())
            })
        })
        .collect()
}
