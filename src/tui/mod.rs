//! The terminal UI: `app` holds the state and changes it, the panels draw it and change nothing.

pub mod app;
pub mod background;
mod details;
mod frame;
mod help;
pub mod keys;
mod ladder;
mod list;
pub mod theme;
pub mod timeline;
mod why;

use background::LateAnswer;

pub use app::{App, Cue, Effect, Origin, Playbill, ReadBack};
pub use frame::draw;
pub use theme::{Look, Theme};

use std::io;
use std::panic;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;

use crossterm::event::{self, Event, KeyEventKind};

use crate::trace::Aside;
use crate::wire::Feed;

/// Messages handled before the screen is drawn again, so that a flood can't keep the screen still.
const BETWEEN_FRAMES: usize = 64;

/// What wakes the UI.
#[derive(Debug)]
pub enum Message {
    Feed(Feed),
    /// An experiment tells something beside the segments.
    Aside(Aside),
    /// An experiment waits for its cue: what comes next; or it is over.
    Waits(Option<String>),
    Over(String),
    Input(Event),
    /// A signal asks to leave.
    Leave,
}

/// Runs until the user or a signal leaves; the terminal is as before afterwards, also after a
/// panic. `cue` passes on what an experiment is told.
///
/// # Errors
/// The terminal can't be used.
pub fn run(
    app: &mut App,
    messages: &Receiver<Message>,
    input: SyncSender<Message>,
    cue: &mut dyn FnMut(Cue),
) -> io::Result<()> {
    // Whether NO_COLOR counts has been decided: crossterm would heed it over --color and --theme.
    crossterm::style::force_color_output(app.theme.is_colored());
    let mut terminal = ratatui::try_init()?;
    show_cursor_on_panic();
    thread::spawn(move || {
        let mut late = LateAnswer::default();
        while let Ok(event) = event::read() {
            if late.takes(&event) {
                continue;
            }
            if input.send(Message::Input(event)).is_err() {
                return;
            }
        }
        // Without a terminal to read keys from nobody could ever leave.
        let _ = input.send(Message::Leave);
    });
    let result = follow(app, messages, &mut terminal, cue);
    ratatui::restore();
    result
}

/// ratatui's hook restores the terminal but leaves the cursor to a destructor, which doesn't run
/// where a panic ends the program.
fn show_cursor_on_panic() {
    let restore_and_tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _ = crossterm::execute!(io::stdout(), crossterm::cursor::Show);
        restore_and_tell(info);
    }));
}

fn follow(
    app: &mut App,
    messages: &Receiver<Message>,
    terminal: &mut ratatui::DefaultTerminal,
    cue: &mut dyn FnMut(Cue),
) -> io::Result<()> {
    loop {
        terminal.draw(|frame| draw(app, frame))?;
        let Ok(first) = messages.recv() else {
            return Ok(());
        };
        let rest = std::iter::from_fn(|| messages.try_recv().ok()).take(BETWEEN_FRAMES);
        for message in std::iter::once(first).chain(rest) {
            match take(app, message) {
                Effect::None => {}
                // Not `clear`: that asks the terminal where the cursor is, and the answer would go to
                // the thread that reads keys.
                Effect::Redraw => terminal.resize(terminal.size()?.into())?,
                Effect::Cue(told) => cue(told),
                Effect::Leave => return Ok(()),
            }
        }
    }
}

fn take(app: &mut App, message: Message) -> Effect {
    match message {
        Message::Feed(feed) => app.feed(&feed),
        Message::Aside(aside) => {
            app.remark(aside);
            Effect::None
        }
        Message::Waits(next) => {
            let play = app.play.get_or_insert_default();
            // While something happens it is said what.
            play.doing = play.next.take().unwrap_or(std::mem::take(&mut play.doing));
            play.next = next;
            Effect::None
        }
        Message::Over(how) => {
            app.play.get_or_insert_default().over = Some(how);
            Effect::None
        }
        Message::Input(Event::Key(key)) if key.kind != KeyEventKind::Release => {
            app.press(keys::action(key))
        }
        // A resize needs nothing but the next frame.
        Message::Input(_) => Effect::None,
        Message::Leave => Effect::Leave,
    }
}
