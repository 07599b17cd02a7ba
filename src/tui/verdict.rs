//! The verdict: how the connection ended, how sure that is, and the segments that show it.
//!
//! ```text
//!  Reset by the client: data reached it after close().  certain, see segments 4, 6, 7
//!
//!  Half-closed: the client has sent its FIN, the server has not.  CLOSE-WAIT 41 s: httpd 814
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};
use unicode_width::UnicodeWidthStr;

use super::app::App;
use crate::conn::{Side, State};
use crate::story::Charset;
use crate::story::clock::{lasted, state_now};
use crate::story::summary::whole;

/// Lines that it takes: more on a narrow screen, but the ladder keeps most of a low one.
#[must_use]
pub fn lines(app: &App, area: Rect) -> u16 {
    let wanted = u16::try_from(wrapped(app, area).len()).unwrap_or(u16::MAX);
    wanted.min(area.height)
}

/// Draws it.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let mut lines = wrapped(app, area);
    lines.truncate(area.height.into());
    Paragraph::new(lines).render(area, buffer);
}

/// From here on a program that doesn't close is worth a word.
const SLOW_NS: u64 = 1_000_000_000;

/// How long a side has been in CLOSE-WAIT, and whose it is; the longest text first.
fn unclosed(app: &App) -> Vec<String> {
    let (trace, id) = (&app.trace, app.connection);
    let waits = |side: &Side| {
        state_now(trace, id, *side) == State::CloseWait && lasted(trace, id, *side) >= SLOW_NS
    };
    let Some(side) = Side::BOTH.into_iter().find(waits) else {
        return Vec::new();
    };
    let age = format!("CLOSE-WAIT {}", whole(lasted(trace, id, side)));
    let owners = app.owner_of(id);
    let owner = owners[side].iter();
    let whose = owner.flat_map(|owner| [owner.to_string(), owner.short().to_string()]);
    let whose = whose.map(|owner| format!("{age}: {owner}"));
    whose.chain([age.clone()]).collect()
}

/// The sentence, and behind it (where that costs no line) how sure it is and where to look.
fn wrapped(app: &App, area: Rect) -> Vec<Line<'static>> {
    let Some(ending) = &app.focus.ending else {
        return Vec::new();
    };
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let most = match area.height {
        0..=1 => 1,
        2..=11 => 2,
        _ => 3,
    };
    let mut sentences = crate::story::wrap::wrapped(&ending.summary, room);
    if sentences.len() > most {
        sentences.truncate(most);
        let more = if app.style.charset == Charset::Ascii {
            "..."
        } else {
            "…"
        };
        let last = sentences.last_mut().expect("there is at least one");
        while last.chars().count() + more.chars().count() > room {
            last.pop();
        }
        last.push_str(more);
    }
    // How sure it is, and where to look, costs a line only where it has to: how sure it is is always told.
    let sure = ending
        .causes
        .first()
        .map_or("", |cause| cause.confidence.name());
    let free = room.saturating_sub(sentences.last().map_or(0, |line| line.chars().count()) + 2);
    let plain = unclosed(app).into_iter().map(|text| (text, Style::new()));
    let quiet = [ending.pointer(), sure.to_string()].map(|text| (text, app.theme.quiet()));
    let choices: Vec<_> = plain.chain(quiet).collect();
    let mut behind = choices.iter().find(|(text, _)| text.width() <= free);
    if behind.is_none() && sentences.len() < most {
        sentences.push(String::new());
        behind = choices.iter().find(|(text, _)| text.width() + 2 <= room);
    }
    let (behind, style) = behind.cloned().unwrap_or_default();
    let last = sentences.len().saturating_sub(1);
    let line = |(at, sentence): (usize, String)| {
        let sentence_is_empty = sentence.is_empty();
        let mut line = Line::from(vec![
            Span::raw(" "),
            Span::styled(sentence, app.theme.news()),
        ]);
        if at == last {
            let space = if sentence_is_empty { "" } else { "  " };
            line.push_span(Span::styled(format!("{space}{behind}"), style));
        }
        line
    };
    sentences.into_iter().enumerate().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story;
    use crate::story::owner::{Owned, Owner, Process};
    use crate::story::tests::trace_of;
    use crate::tui::Theme;
    use crate::tui::app::Origin;

    const MINUTE_NS: u64 = 60_000_000_000;

    /// The verdict's lines so long after the client's FIN, in so many columns.
    fn after(waited_ns: u64, width: u16) -> String {
        let mut trace = trace_of("> F. 1:1 ack 1\n< . 1:1 ack 2");
        let since = trace.connection(0).ends[Side::Server].since;
        let addresses = trace.connection(0).addresses;
        let [local, remote] = [Side::Server, Side::Client].map(|side| addresses[side]);
        trace.pass(since + waited_ns);
        let origin = Origin {
            name: "lo".into(),
            growing: true,
            size: None,
            listening: Some("tcp".into()),
            rescue: None,
            port: 4321,
        };
        let mut app = App::new(
            trace,
            origin,
            None,
            story::Style::default(),
            Theme::new(true),
        );
        let process = Process {
            pid: 814,
            program: "httpd".into(),
            others: 0,
            descriptor: Some(7),
        };
        let owner = Owner {
            process: Some(process),
            user: None,
        };
        app.learn_owners(vec![Owned {
            local,
            remote,
            owner,
        }]);
        app.prepare();
        let area = Rect::new(0, 0, width, 20);
        let mut buffer = Buffer::empty(area);
        draw(&app, area, &mut buffer);
        let cells = buffer.content().iter().map(ratatui::buffer::Cell::symbol);
        cells.collect()
    }

    #[test]
    fn a_close_wait_that_lasts_is_told_with_whose_it_is() {
        for (width, wanted) in [
            (100, "CLOSE-WAIT 60 s: httpd 814"),
            (60, "CLOSE-WAIT 60 s: httpd 814"),
            (45, "CLOSE-WAIT 60 s"),
        ] {
            let text = after(MINUTE_NS, width);
            assert!(text.contains(wanted), "{text}");
        }
    }

    #[test]
    fn a_close_wait_of_a_moment_is_nothing_to_tell() {
        let text = after(SLOW_NS / 2, 100);
        assert!(
            !text.contains("CLOSE-WAIT") && text.contains("see segment"),
            "{text}"
        );
    }
}
