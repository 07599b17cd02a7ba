//! The program in a pseudo-terminal, and what stands on its screen.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::PATIENCE;
use super::recording::Recording;

/// What ratatui sends last in every frame: it hides the cursor.
const END_OF_FRAME: &[u8] = b"\x1b[?25l";

/// What the program asks of the terminal besides drawing.
#[derive(Default)]
struct Asked {
    /// Texts for the clipboard, in base64 (OSC 52).
    copied: Vec<Vec<u8>>,
}

impl vt100::Callbacks for Asked {
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.copied.push(data.to_vec());
    }
}

pub struct Screen {
    terminal: vt100::Parser<Asked>,
    /// The last octets received.
    tail: Vec<u8>,
    octets: Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    pub child: Box<dyn Child + Send + Sync>,
    /// What is drawn and pressed is kept.
    recording: Option<Recording>,
}

fn non_zero(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a screen has lines and columns")
}

impl Screen {
    /// Starts the program on a screen of `columns` by `lines`.
    pub fn start(arguments: &[&str], columns: u16, lines: u16) -> Screen {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
        command.args(arguments);
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        Screen::start_command(command, columns, lines)
    }

    /// Starts any command, such as a shell with a pipe.
    pub fn start_command(command: CommandBuilder, columns: u16, lines: u16) -> Screen {
        let size = PtySize {
            rows: lines,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        let mut output = pair.master.try_clone_reader().expect("a reader");
        let (sender, octets) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Screen {
            terminal: vt100::Parser::new_with_callbacks(
                non_zero(lines),
                non_zero(columns),
                0,
                Asked::default(),
            ),
            tail: Vec::new(),
            octets,
            keys: pair.master.take_writer().expect("a writer"),
            master: pair.master,
            child,
            recording: None,
        }
    }

    /// Keeps what is drawn and pressed from here on; `command` is what a person types to get here.
    pub fn record(mut self, title: &str, command: &str) -> Screen {
        let (lines, columns) = self.terminal.screen().size();
        let size = (columns.get(), lines.get());
        self.recording = Some(Recording::new(title, command, size));
        self
    }

    /// The journey is over: its last screen must be the one that was recorded (see `Recording::keep`).
    pub fn keep(&mut self, name: &str, facts: Option<&[&str]>) {
        let now = self.text();
        let recording = self.recording.as_mut().expect("it was recorded");
        recording.keep(name, &now, facts);
    }

    fn take(&mut self, octets: &[u8]) {
        self.terminal.process(octets);
        self.tail.extend(octets);
        let old = self.tail.len().saturating_sub(END_OF_FRAME.len());
        self.tail.drain(..old);
        let is_whole = self.is_alternate() && !self.is_drawing();
        if let Some(recording) = self.recording.as_mut().filter(|_| is_whole) {
            recording.drawn(self.terminal.screen());
        }
    }

    /// Whether a frame is only partly on the screen.
    fn is_drawing(&self) -> bool {
        self.is_alternate() && self.tail != END_OF_FRAME
    }

    pub fn text(&self) -> String {
        self.terminal.screen().contents()
    }

    /// Whether the program has the alternate screen.
    pub fn is_alternate(&self) -> bool {
        self.terminal.screen().alternate_screen()
    }

    /// Whether the terminal tells the program what the mouse does.
    pub fn reports_mouse(&self) -> bool {
        self.terminal.screen().mouse_protocol_mode() != vt100::MouseProtocolMode::None
    }

    /// What was put on the clipboard, in base64.
    pub fn copied(&self) -> &[Vec<u8>] {
        &self.terminal.callbacks().copied
    }

    pub fn hides_cursor(&self) -> bool {
        self.terminal.screen().hide_cursor()
    }

    /// Waits until the screen is as wanted; what stood there instead is the failure's message.
    pub fn wait(&mut self, wanted: &str, is_so: impl Fn(&str) -> bool) -> String {
        self.wait_until(Instant::now() + PATIENCE, wanted, is_so)
    }

    /// The same, for as long as is said.
    pub fn wait_until(
        &mut self,
        deadline: Instant,
        wanted: &str,
        is_so: impl Fn(&str) -> bool,
    ) -> String {
        loop {
            let text = self.text();
            if !self.is_drawing() && is_so(&text) {
                if let Some(recording) = &mut self.recording {
                    recording.seen();
                }
                return text;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.octets.recv_timeout(left) {
                Ok(octets) => self.take(&octets),
                Err(why) => panic!("never on the screen ({why}): {wanted}\n{text}"),
            }
        }
    }

    /// The same for what takes a debug build on a busy machine long.
    pub fn wait_patiently(&mut self, text: &str) -> String {
        let deadline = Instant::now() + 30 * PATIENCE;
        self.wait_until(deadline, text, |screen| screen.contains(text))
    }

    pub fn wait_for(&mut self, text: &str) -> String {
        self.wait(text, |screen| screen.contains(text))
    }

    /// Every colour of text on the screen.
    pub fn colors(&self) -> Vec<vt100::Color> {
        let screen = self.terminal.screen();
        let (lines, columns) = screen.size();
        let (lines, columns) = (lines.get(), columns.get());
        let places = (0..lines).flat_map(|line| (0..columns).map(move |column| (line, column)));
        let cells = places.filter_map(|(line, column)| screen.cell(line, column));
        cells.map(vt100::Cell::fgcolor).collect()
    }

    /// Writes over the screen without the program's knowledge, as another process on the terminal may.
    pub fn scribble(&mut self) {
        self.terminal
            .process(b"\x1b[3;1Hscribble scribble scribble");
    }

    pub fn press(&mut self, keys: &str) {
        if let Some(recording) = &mut self.recording {
            recording.pressed(keys);
        }
        self.keys
            .write_all(keys.as_bytes())
            .expect("the program reads keys");
    }

    pub fn resize(&mut self, columns: u16, lines: u16) {
        self.terminal
            .screen_mut()
            .set_size(non_zero(lines), non_zero(columns));
        let size = PtySize {
            rows: lines,
            cols: columns,
            pixel_width: 0,
            pixel_height: 0,
        };
        self.master
            .resize(size)
            .expect("the terminal can be resized");
    }

    /// Waits for the program's end; returns its exit code. What it printed last stands on the
    /// screen then.
    pub fn wait_for_end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        // The master reads no more once the last process has closed the terminal.
        while let Ok(octets) = self
            .octets
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.terminal.process(&octets);
        }
        assert!(
            Instant::now() < deadline,
            "the program ends:\n{}",
            self.text()
        );
        self.child.wait().expect("an exit code").exit_code()
    }
}

pub const LEFT: &str = "\x1b[D";
pub const RIGHT: &str = "\x1b[C";
pub const UP: &str = "\x1b[A";
pub const DOWN: &str = "\x1b[B";
pub const HOME: &str = "\x1b[H";
pub const END: &str = "\x1b[F";
pub const PAGE_DOWN: &str = "\x1b[6~";
