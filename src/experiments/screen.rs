//! An experiment on the screen, step by step.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};

use tcpviz::lab::play::{Audience, Report};
use tcpviz::lab::script::Experiment;
use tcpviz::story::numbers::printable;
use tcpviz::trace::{Aside, Trace};
use tcpviz::tui::{self, App, Cue, Export, Message, Origin, Outside, Playbill, ReadBack};
use tcpviz::wire::{Feed, Place, Ports};

use super::{about, open};
use crate::cli::LabArgs;
use crate::formats;
use crate::signals;
use crate::view::{self, QUEUE};

/// Pause between two calls where somebody lets an experiment go on by itself.
const PACE: Duration = Duration::from_millis(700);

/// What is otherwise while somebody steps through an experiment.
const AT_LEISURE: &str = "There is time to talk between the calls: a closed socket waits an hour in FIN-WAIT-2 here \
                          (tcp_fin_timeout is 3600; by default 60 s).";

/// Plays on the screen.
pub fn show(args: &LabArgs, experiment: &'static Experiment) -> anyhow::Result<()> {
    let mut play = open(args, experiment)?;
    if args.pace.is_none() {
        play.unhurried()?;
    }
    let (store, leave) = (play.store(), Arc::default());
    play.leave_when(&leave);
    let fin_wait = play.fin_wait();
    let (sender, messages) = sync_channel(QUEUE);
    let (cue, cues) = channel();
    let mut watching = Watching {
        messages: sender.clone(),
        cues,
        pace: args.pace.unwrap_or(PACE),
        runs: args.pace.is_some(),
    };
    let player = thread::Builder::new()
        .name("player".into())
        .spawn(move || {
            let report = play.run(&mut watching);
            let over = Message::Over(outcome(&report));
            // Nobody may be there any more.
            let _ = watching.messages.send(over);
        })?;
    let origin = Origin {
        name: format!("lab: {}", experiment.name),
        growing: true,
        size: None,
        listening: None,
        rescue: None,
        port: experiment.port,
    };
    let read_back = Box::new(move |place: &_| store.frame(place));
    let (style, theme) = (args.look.style(), args.look.theme());
    let mut app = App::new(
        Trace::new(Ports::default()),
        origin,
        Some(read_back),
        style,
        theme,
    );
    app.trace.fin_wait_ns = fin_wait.and_then(|wait| u64::try_from(wait.as_nanos()).ok());
    let is_slow = fin_wait.is_some() && args.pace.is_none();
    app.play = Some(Playbill {
        title: experiment.title.clone(),
        about: about(experiment),
        note: is_slow.then(|| AT_LEISURE.into()),
        runs: args.pace.is_some(),
        ..Playbill::default()
    });
    let signalled = sender.clone();
    signals::on_signal(move || {
        let _ = signalled.send(Message::Leave);
    })?;
    signals::on_going_on(sender.clone())?;
    let mut stage = Stage { cue };
    let shown = tui::run(&mut app, &messages, sender, &mut stage);
    leave.store(true, Ordering::Relaxed);
    drop((messages, stage));
    let played = player.join();
    shown.context("the terminal can't be used")?;
    played.map_err(|_| anyhow!("the experiment broke off"))?;
    if let Some(path) = &args.write {
        let path = printable(&path.to_string_lossy());
        say!("tcpviz: saved in {path}; to see it again: tcpviz {path}");
    }
    Ok(())
}

/// Passes on what whoever watches asks for.
struct Stage {
    cue: Sender<Cue>,
}

impl Outside for Stage {
    fn stop(&mut self) {
        signals::stop();
    }

    fn cue(&mut self, cue: Cue) {
        // The experiment may be over.
        let _ = self.cue.send(cue);
    }

    fn write(
        &mut self,
        path: &Path,
        frames: &[(u64, Place)],
        read_back: &ReadBack,
    ) -> Result<u64, String> {
        view::write_frames(path, frames, read_back)
    }

    fn export(&mut self, path: &Path, shown: &Export<'_>) -> Result<(), String> {
        formats::export(path, shown)
    }
}

pub fn outcome(report: &Report) -> String {
    if report.differences.is_empty() {
        "It is over, and came out as it must.".into()
    } else {
        format!("It came out otherwise: {}", report.differences.join("; "))
    }
}

/// Whoever looks at the screen, from the player's thread.
struct Watching {
    messages: SyncSender<Message>,
    cues: Receiver<Cue>,
    /// The pause between two calls.
    pace: Duration,
    /// It goes on by itself.
    runs: bool,
}

impl Audience for Watching {
    fn feed(&mut self, feed: Feed) {
        let _ = self.messages.send(Message::Feed(feed));
    }

    fn aside(&mut self, aside: &Aside) {
        let _ = self.messages.send(Message::Aside(aside.clone()));
    }

    fn before(&mut self, next: &str) -> bool {
        let next = Some(next.to_string());
        if self.messages.send(Message::Waits(next)).is_err() {
            return false;
        }
        let goes_on = loop {
            let cue = if self.runs {
                self.cues.recv_timeout(self.pace)
            } else {
                self.cues.recv().map_err(Into::into)
            };
            match cue {
                Ok(Cue::Next) | Err(RecvTimeoutError::Timeout) => break true,
                Ok(Cue::Run(runs)) => {
                    self.runs = runs;
                }
                Err(_) => break false,
            }
        };
        goes_on && self.messages.send(Message::Waits(None)).is_ok()
    }
}
