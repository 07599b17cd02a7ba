//! The terminal UI: `app` holds the state and `update` changes it, the panels draw it and change nothing.
//!
//! `app` (the state), `keys` (the one table of keys), `typing`, `walk`, `mouse` and `pace` (what changes the state),
//! `focus` (what is known of the connection shown), `layout` (which panel gets which lines), `frame` (draws all of them),
//! and a file a panel.

mod alarm;
pub mod app;
pub mod background;
mod clean;
mod clipboard;
pub mod details;
mod drawn;
pub mod explain;
pub mod figure;
mod focus;
mod foot;
mod frame;
mod gate;
pub mod help;
mod intake;
pub mod keys;
mod ladder;
mod layout;
pub mod list;
pub mod listing;
mod mouse;
mod owners;
pub mod pace;
mod panel;
mod parts;
mod popup;
mod progress;
mod prompt;
mod seek;
mod stage;
pub mod theme;
pub mod timeline;
mod title;
mod typing;
mod verdict;
mod waiting;
mod walk;
mod why;

pub use app::{App, Cue, Effect, Export, Origin, Playbill, ReadBack};
pub use drawn::Drawn;
pub use frame::draw;
pub use gate::Gate;
pub use listing::{Listing, Sort};
pub use pace::Pace;
pub use progress::Progress;
pub use prompt::{Prompt, Question};
pub use theme::{Look, Theme};

use std::io;
use std::mem;
use std::panic;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crossterm::event::{self, DisableMouseCapture, EnableMouseCapture, Event, KeyEventKind};
use crossterm::{execute, terminal};

use self::background::LateAnswer;
use crate::story::Owned;
use crate::trace::{Aside, Heard};
use crate::wire::{Feed, Place};

/// The screen isn't drawn more often than this for what comes by itself; a key is answered at once.
const BETWEEN_FRAMES: Duration = Duration::from_millis(50);

/// While much comes, drawing takes one part in so many of the time, unless that makes the screen stand still.
const DRAWING: u32 = 20;
const STILL: Duration = Duration::from_millis(200);

/// What has come by the time a key is answered is drawn with it, if that delays the answer no longer than this.
const ANSWERED: Duration = Duration::from_millis(4);

/// How often the ages of states are drawn anew while nothing comes.
const AGEING: Duration = Duration::from_secs(1);

/// What wakes the UI.
#[derive(Debug)]
pub enum Message {
    Feed(Feed),
    /// Who holds sockets of this machine: those that are new, or have changed.
    Owners(Vec<Owned>),
    /// What this machine's kernel says of sockets that are captured.
    Heard(Vec<Heard>),
    /// An experiment tells something beside the segments.
    Aside(Aside),
    /// An experiment waits for its cue: what comes next; or it is over.
    Waits(Option<String>),
    Over(String),
    Input(Event),
    /// A signal asks to leave.
    Leave,
    /// The program goes on after it was stopped, and the terminal may have been anybody's meanwhile.
    GoesOn,
}

/// What the screen asks of the world outside.
pub trait Outside {
    /// Tells an experiment what whoever watches wants.
    fn cue(&mut self, _cue: Cue) {}

    /// Stops the program, as a shell's Ctrl-Z does; returns once it goes on. Who has no shell that could let it go on isn't stopped.
    fn stop(&mut self);

    /// Writes frames (when each came, and where it stands) to a capture file that doesn't exist yet; says how many.
    ///
    /// # Errors
    /// What is wrong, in one line for people.
    fn write(
        &mut self,
        path: &Path,
        frames: &[(u64, Place)],
        read_back: &ReadBack,
    ) -> Result<u64, String>;

    /// Writes a connection as it is shown to a file that doesn't exist yet, in the format that its name asks for.
    ///
    /// # Errors
    /// What is wrong, in one line for people.
    fn export(&mut self, path: &Path, shown: &Export<'_>) -> Result<(), String>;
}

/// Runs until the user or a signal leaves; the terminal is as before afterwards, also after a
/// panic.
///
/// # Errors
/// The terminal can't be used.
pub fn run(
    app: &mut App,
    messages: &Receiver<Message>,
    input: SyncSender<Message>,
    outside: &mut dyn Outside,
) -> io::Result<()> {
    // crossterm heeds NO_COLOR by itself, also where colour was asked for.
    crossterm::style::force_color_output(app.theme.is_colored());
    let mut terminal = ratatui::try_init()?;
    restore_more_on_panic();
    // Without a mouse everything works.
    let _ = execute!(io::stdout(), EnableMouseCapture);
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
    let result = follow(app, messages, &mut terminal, outside);
    if give_back().is_err() {
        // Its destructor would panic.
        mem::forget(terminal);
    }
    result
}

/// The terminal is as it was before. It may have been closed: `ratatui::restore` would panic then.
fn give_back() -> io::Result<()> {
    let is_there = execute!(io::stdout(), DisableMouseCapture, crossterm::cursor::Show);
    ratatui::try_restore().and(is_there)
}

/// Takes the terminal again after somebody else had it.
fn take_again(terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
    // What raw mode is to be left for is what the shell made of it.
    terminal::disable_raw_mode()?;
    terminal::enable_raw_mode()?;
    execute!(
        io::stdout(),
        terminal::EnterAlternateScreen,
        EnableMouseCapture
    )?;
    redraw(terminal)
}

/// Draws everything with the next frame, whatever stands on the terminal.
fn redraw(terminal: &mut ratatui::DefaultTerminal) -> io::Result<()> {
    // Not `clear`: that asks the terminal where the cursor is, and the answer would go to the thread that reads keys.
    terminal.resize(terminal.size()?.into())
}

/// ratatui's hook restores the terminal but leaves the cursor to a destructor, which doesn't run
/// where a panic ends the program, and knows nothing of the mouse.
fn restore_more_on_panic() {
    let restore_and_tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _ = execute!(io::stdout(), DisableMouseCapture, crossterm::cursor::Show);
        restore_and_tell(info);
    }));
}

fn follow(
    app: &mut App,
    messages: &Receiver<Message>,
    terminal: &mut ratatui::DefaultTerminal,
    outside: &mut dyn Outside,
) -> io::Result<()> {
    let begun = Instant::now();
    let mut stepped = begun;
    loop {
        let drawing = Instant::now();
        app.progress.elapsed = begun.elapsed();
        app.screen = terminal.size()?.into();
        app.prepare();
        terminal.draw(|frame| draw(app, frame))?;
        app.drawn.count(drawing.elapsed());
        let step = app
            .step_after()
            .map(|wait| wait.saturating_sub(stepped.elapsed()));
        let rest = (drawing.elapsed() * DRAWING).clamp(BETWEEN_FRAMES, STILL);
        let mut draw_by = Instant::now() + step.map_or(rest, |step| step.min(rest));
        let age = app.is_live().then_some(AGEING);
        let behind = app.listing.is_behind().then_some(Duration::ZERO);
        let mut message = match [step, age, behind].into_iter().flatten().min() {
            Some(wait) => messages.recv_timeout(wait),
            None => messages.recv().map_err(Into::into),
        };
        while let Ok(came) = message {
            let soon = Instant::now() + ANSWERED;
            if !came.can_wait() {
                draw_by = draw_by.min(soon);
            }
            match take(app, came) {
                Effect::None => {}
                Effect::Redraw => {
                    redraw(terminal)?;
                    draw_by = draw_by.min(soon);
                }
                Effect::Stop => {
                    give_back()?;
                    outside.stop();
                    take_again(terminal)?;
                    draw_by = draw_by.min(soon);
                }
                Effect::GoOn => {
                    take_again(terminal)?;
                    draw_by = draw_by.min(soon);
                }
                Effect::Leave => return Ok(()),
                effect => act(app, effect, outside)?,
            }
            message = match draw_by.checked_duration_since(Instant::now()) {
                Some(left) => messages.recv_timeout(left),
                None => Err(RecvTimeoutError::Timeout),
            };
        }
        if message.is_err_and(|why| why == RecvTimeoutError::Disconnected) {
            return Ok(());
        }
        // The next step is one among the rows that are there now.
        app.prepare();
        if app
            .step_after()
            .is_some_and(|wait| stepped.elapsed() >= wait)
        {
            app.play_step();
            stepped = Instant::now();
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now_ns = now.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0));
        app.pass(now_ns);
    }
}

/// Does what has to be done outside of the screen.
fn act(app: &mut App, effect: Effect, outside: &mut dyn Outside) -> io::Result<()> {
    match effect {
        Effect::Cue(told) => outside.cue(told),
        Effect::Copy(text) => clipboard::copy(&text)?,
        Effect::Write { connection, path } => {
            let frames = app.trace.frames_of(connection);
            let written = match &app.read_back {
                Some(read_back) => outside.write(&path, &frames, read_back),
                None => Err("its frames can't be read back".into()),
            };
            app.tell_written(connection, &path, written);
        }
        Effect::Export { connection, path } => {
            let shown = Export {
                trace: &app.trace,
                connection,
                style: app.style,
                wanted: app.wanted,
                name: &app.origin.name,
                read_back: app.read_back.as_ref(),
            };
            let written = outside.export(&path, &shown);
            app.tell_exported(connection, &path, written);
        }
        Effect::None | Effect::Redraw | Effect::Stop | Effect::GoOn | Effect::Leave => {}
    }
    Ok(())
}

impl Message {
    /// Whether it may be drawn with what comes after it: a file or a busy network tells more than can be seen.
    fn can_wait(&self) -> bool {
        let is_feed = matches!(self, Message::Feed(Feed::Batch(_)));
        is_feed || matches!(self, Message::Owners(_) | Message::Heard(_))
    }
}

fn take(app: &mut App, message: Message) -> Effect {
    match message {
        Message::Feed(feed) => app.feed(feed),
        Message::Owners(owned) => {
            app.owners_told(owned);
            Effect::None
        }
        Message::Heard(heard) => {
            app.heard(heard);
            Effect::None
        }
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
        Message::Input(Event::Key(key)) if key.kind != KeyEventKind::Release => app.key(key),
        Message::Input(Event::Mouse(event)) => {
            app.mouse(event);
            Effect::None
        }
        // A resize needs nothing but the next frame.
        Message::Input(_) => Effect::None,
        Message::Leave => Effect::Leave,
        Message::GoesOn => Effect::GoOn,
    }
}
