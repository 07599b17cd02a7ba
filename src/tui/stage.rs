//! An experiment that is played while it is looked at, and a replay that goes on by itself.

use super::app::{App, Effect};
use super::keys::Action;
use super::pace::Pace;

/// An experiment under way.
#[derive(Clone, Debug, Default)]
pub struct Playbill {
    pub title: String,
    /// What is to be seen, and why.
    pub about: String,
    /// What isn't as it would be elsewhere.
    pub note: Option<String>,
    /// What happens at the next cue; `None` while something happens.
    pub next: Option<String>,
    /// What happens then.
    pub doing: String,
    /// It goes on by itself.
    pub runs: bool,
    /// It is over: how it came out.
    pub over: Option<String>,
}

/// What whoever watches tells an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// Make the next call.
    Next,
    /// Go on by itself, or wait again.
    Run(bool),
}

impl App {
    /// In an experiment the next call is made; otherwise the replay goes on by itself, or stops.
    pub(super) fn play(&mut self) -> Effect {
        match &self.play {
            Some(play) if play.over.is_none() => self.cue(),
            // One key too many isn't to take the end out of sight.
            Some(_) if self.next_entry().is_none() => {
                self.tell("it is over; Home, then Space plays it again");
                Effect::None
            }
            _ => {
                self.playing = !self.playing && self.has_ladder();
                self.following &= !self.playing;
                if self.playing && self.next_entry().is_none() {
                    self.walk(Action::First);
                }
                Effect::None
            }
        }
    }

    pub(super) fn change_pace(&mut self, pace: Pace) {
        self.pace = pace;
        if !self.playing {
            self.tell(format!("pace: {pace}; Space plays"));
        }
    }

    /// The next call of an experiment is made, and followed.
    fn cue(&mut self) -> Effect {
        match &mut self.play {
            // A key that was pressed too early means nothing: nobody has read yet what comes.
            Some(play) if play.next.is_some() => {
                play.doing = play.next.take().unwrap_or_default();
                self.walk(Action::Last);
                Effect::Cue(Cue::Next)
            }
            _ => Effect::None,
        }
    }

    pub(super) fn play_on(&mut self) -> Effect {
        match &mut self.play {
            Some(play) if play.over.is_none() => {
                play.runs = !play.runs;
                let runs = play.runs;
                self.walk(Action::Last);
                Effect::Cue(Cue::Run(runs))
            }
            _ => {
                self.tell_failure("nothing is being played; tcpviz lab plays experiments");
                Effect::None
            }
        }
    }
}
