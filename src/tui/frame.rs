//! The whole screen: every panel in its area (`layout`), and what stands between them.
//!
//! ```text
//!  tcpviz  close.pcap                          7 segments · 1 connection · step 4/7
//! ─────────────────────────────────────────────────────────────────────────────────
//!  ...
//!  ←→ segment  q leave  ? help
//! ```

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::app::{App, ListView, Panel, Popup};
use super::clean::clean;
use super::layout::Areas;
use super::listing::Sort;
use super::{explain, figure, help, keys, ladder, list, panel, prompt, timeline};
use crate::story::Charset;
use crate::story::numbers::{counted, grouped, read_without};
use crate::trace::Said;

/// Draws everything that is on the screen.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let screen = frame.area();
    if screen.is_empty() {
        return;
    }
    let buffer = frame.buffer_mut();
    let areas = Areas::of(app, screen);
    draw_title(app, areas.title, buffer);
    draw_rules(app, &areas, buffer);
    if !areas.list.is_empty() {
        let owners = |id| app.owner_of(id);
        list::draw(
            app.look(),
            &app.trace,
            &app.listing,
            &owners,
            app.connection,
            areas.list,
            buffer,
        );
    }
    if app.has_ladder() {
        draw_connection(app, &areas, buffer);
    } else {
        draw_nothing_yet(app, areas.ladder, buffer);
    }
    draw_cue(app, areas.cue, buffer);
    draw_foot(app, areas.foot, buffer);
    draw_popup(app, areas.over, buffer);
    clean(app.style.charset, buffer);
}

/// The connection chosen: its course in time, its ladder, its figure, and what is told of it.
fn draw_connection(app: &App, areas: &Areas, buffer: &mut Buffer) {
    if !areas.timeline.is_empty() {
        let row = app.row_until_here().unwrap_or(0);
        timeline::draw(app.look(), app.timeline(), row, areas.timeline, buffer);
    }
    if !areas.ladder.is_empty() {
        ladder::draw(app, areas.ladder, buffer);
    }
    if !areas.figure.is_empty() {
        let (look, row) = (app.look(), app.row_until_here());
        let (trace, course) = (&app.trace, &app.focus.course);
        figure::draw(
            look,
            trace,
            app.connection,
            row,
            course,
            areas.figure,
            buffer,
        );
    }
    if !areas.panel.is_empty() {
        panel::draw(app, areas.panel, buffer);
    }
}

fn draw_popup(app: &App, area: Rect, buffer: &mut Buffer) {
    let look = app.look();
    match (&app.popup, &app.play) {
        (Some(Popup::Help { scroll }), _) => {
            help::draw(look, keys::SECTIONS, *scroll, area, buffer);
        }
        (
            Some(Popup::Explain {
                title,
                words,
                chosen,
                scroll,
            }),
            _,
        ) => {
            explain::draw(look, title, words, *chosen, *scroll, area, buffer);
        }
        (Some(Popup::About { scroll }), Some(play)) => {
            help::draw_about(look, &play.title, &play.about, *scroll, area, buffer);
        }
        _ => {}
    }
}

/// The lines between the panels; the first says it if the capture breaks off.
fn draw_rules(app: &App, areas: &Areas, buffer: &mut Buffer) {
    for rule in areas.rules {
        draw_rule(app, rule, buffer);
    }
    let upright = if app.style.charset == Charset::Ascii {
        "|"
    } else {
        "│"
    };
    for line in areas.divider.rows() {
        buffer.set_string(line.x, line.y, upright, app.theme.quiet());
    }
    draw_list_title(app, areas, buffer);
    if let Some(why) = app.trace.breaks_off() {
        let rule = areas.rules[0];
        let room = usize::from(rule.width) * usize::from(rule.height);
        // What matters comes first: where the capture ends.
        let fits = |text: &str| text.chars().count() + 2 <= room;
        let first = why.split("; ").next().unwrap_or(why);
        let text = if fits(why) { why } else { first };
        buffer.set_stringn(rule.x, rule.y, format!(" {text} "), room, app.theme.alarm());
    }
}

/// On the line above the list: which connections it shows, and in what order, where that isn't plain.
fn draw_list_title(app: &App, areas: &Areas, buffer: &mut Buffer) {
    let rule = areas.rules[0];
    let is_plain = app.listing.query().is_empty() && app.listing.sort() == Sort::Number;
    if areas.list.is_empty() || rule.is_empty() || is_plain {
        return;
    }
    let title = format!(" {} ", app.listing.title(app.style.charset.dot()));
    let width = u16::try_from(title.chars().count()).unwrap_or(u16::MAX);
    let x = rule
        .right()
        .saturating_sub(width.saturating_add(1))
        .max(rule.x);
    buffer.set_stringn(
        x,
        rule.y,
        title,
        usize::from(rule.right() - x),
        app.theme.news(),
    );
}

fn draw_rule(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.height > 0 {
        let line = if app.style.charset == Charset::Ascii {
            "-"
        } else {
            "─"
        };
        buffer.set_string(
            area.x,
            area.y,
            line.repeat(area.width.into()),
            app.theme.quiet(),
        );
    }
}

/// ` tcpviz  NAME ............ counts`; the counts keep their place and give way in words, then the name gives way.
fn draw_title(app: &App, area: Rect, buffer: &mut Buffer) {
    const BEFORE: &str = " tcpviz  ";
    let name = app.origin.name.as_str();
    let width = |counts: &[Span<'_>]| counts.iter().map(Span::width).sum::<usize>();
    // Of a name this much is enough to know it by.
    let least = BEFORE.len() + name.chars().count().min(16) + 1;
    let fits = |counts: &Vec<Span<'_>>| width(counts) + least <= usize::from(area.width);
    let mut brevities = [Brevity::Words, Brevity::Short, Brevity::Least].into_iter();
    let counts = brevities.find_map(|brevity| Some(counts(app, brevity)).filter(fits));
    let counts = counts.unwrap_or_else(|| self::counts(app, Brevity::Least));
    let left = Line::from_iter([Span::styled(BEFORE, app.theme.news()), Span::raw(name)]);
    let taken = u16::try_from(width(&counts)).unwrap_or(u16::MAX);
    let room = area.width.saturating_sub(taken.saturating_add(1));
    buffer.set_line(area.x, area.y, &left, room);
    Line::from(counts).right_aligned().render(area, buffer);
}

/// How few words the counts may do with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brevity {
    Words,
    Short,
    Least,
}

/// What was read, and what wasn't: a drop is never out of sight.
fn counts(app: &App, brevity: Brevity) -> Vec<Span<'static>> {
    let (words, least) = (brevity == Brevity::Words, brevity == Brevity::Least);
    let (news, alarm) = (app.theme.news(), app.theme.alarm());
    let tally = app.tally();
    let mut facts: Vec<(String, Style)> = Vec::new();
    if app.origin.listening.is_some() {
        let received = if words { "received" } else { "rcvd" };
        if !least {
            facts.push((
                format!("{} {received}", grouped(tally.frames)),
                Style::new(),
            ));
        }
        let style = if tally.dropped > 0 {
            alarm
        } else {
            Style::new()
        };
        facts.push((format!("{} dropped", grouped(tally.dropped)), style));
    } else if words {
        let counts = [
            counted(app.trace.records.len() as u64, "segment"),
            counted(app.connections() as u64, "connection"),
        ];
        facts.extend(counts.map(|text| (text, Style::new())));
    }
    if app.is_held() {
        let text = if words { "held (p goes on)" } else { "held" };
        facts.push((text.into(), news));
    }
    if app.playing {
        let text = if least {
            "playing".into()
        } else {
            format!("playing, {}", app.pace)
        };
        facts.push((text, news));
    }
    if app.has_ladder() {
        let place = match (least, app.following) {
            (true, _) => "",
            (false, true) => "following ",
            (false, false) => "step ",
        };
        let total = grouped(app.trace.entries(app.connection) as u64);
        let at = grouped(app.line as u64 + 1);
        facts.push((format!("{place}{at}/{total}"), Style::new()));
    }
    if app.trace.breaks_off().is_some() {
        facts.push(("breaks off".into(), alarm));
    }
    let dot = format!(" {} ", app.style.charset.dot());
    let mut spans = Vec::new();
    for (text, style) in facts {
        if !spans.is_empty() {
            spans.push(Span::raw(dot.clone()));
        }
        spans.push(Span::styled(text, style));
    }
    spans.push(Span::raw(" "));
    spans
}

/// What an experiment does next.
fn draw_cue(app: &App, area: Rect, buffer: &mut Buffer) {
    let Some(play) = &app.play else { return };
    if area.height == 0 {
        return;
    }
    let theme = app.theme;
    let mut spans = vec![Span::raw(" ")];
    match (&play.over, &play.next) {
        (Some(how), _) => spans.push(Span::styled(how.clone(), theme.news())),
        (None, Some(next)) => {
            let mark = if app.style.charset == Charset::Ascii {
                ">"
            } else {
                "▶"
            };
            spans.push(Span::styled(format!("{mark} next  "), theme.key()));
            spans.push(Span::styled(next.clone(), theme.news()));
        }
        (None, None) => {
            spans.push(Span::styled("under way  ", theme.quiet()));
            spans.push(Span::raw(play.doing.clone()));
        }
    }
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}

/// Before the first segment: what is awaited, and what would make it come.
fn draw_nothing_yet(app: &App, area: Rect, buffer: &mut Buffer) {
    let tally = app.tally();
    let mut lines = vec![Line::default()];
    if let Some(play) = &app.play {
        lines.push(Line::styled(play.title.clone(), app.theme.news()));
        lines.push(Line::default());
        lines.extend(play.note.iter().map(|note| Line::raw(note.clone())));
        lines.push(Line::default());
        for aside in app.trace.asides(0) {
            if let Said::Call { side, text, .. } = &aside.said {
                lines.push(Line::raw(format!("{side}: {text}")));
            }
        }
    }
    match (&app.origin.listening, &app.trace.ended) {
        _ if app.play.is_some() => {}
        (_, Some(_)) if !app.trace.is_empty() => lines.push(Line::raw(format!(
            "There is no connection {}: the capture has {}.",
            app.connection + 1,
            app.connections()
        ))),
        (_, Some(_)) => {
            lines.push(Line::raw(app.trace.breaks_off().map_or_else(
                || "No TCP segment to show.".into(),
                |why| format!("No TCP segment: {why}."),
            )));
            lines.push(Line::raw(read_without(&tally)));
        }
        (Some(filter), None) => {
            let port = app.origin.port;
            lines.push(Line::styled(
                format!(
                    "Listening on {} for {filter}; nothing yet.",
                    app.origin.name
                ),
                app.theme.news(),
            ));
            lines.push(Line::default());
            lines.push(Line::raw(
                "Connections made from now on appear here. To try it, in two other terminals:",
            ));
            lines.push(Line::raw(format!(
                "  python3 -m http.server {port} --bind 127.0.0.1"
            )));
            lines.push(Line::raw(format!("  curl http://127.0.0.1:{port}/")));
        }
        (None, None) => lines.push(Line::raw(format!(
            "Reading {}; no TCP segment yet.",
            app.origin.name
        ))),
    }
    let inner = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    Paragraph::new(lines)
        .wrap(Wrap { trim: false })
        .render(inner, buffer);
}

/// The foot: what is typed, a word to whoever pressed a key, or the keys.
fn draw_foot(app: &App, area: Rect, buffer: &mut Buffer) {
    if let Some(typed) = &app.prompt {
        prompt::draw(app.look(), typed, area, buffer);
    } else if let Some(notice) = &app.notice {
        let style = if notice.failed {
            app.theme.alarm()
        } else {
            app.theme.news()
        };
        prompt::draw_words(&notice.text, style, area, buffer);
    } else if app.letter.is_some() {
        let text = " a letter: the name of the mark";
        buffer.set_stringn(area.x, area.y, text, area.width.into(), app.theme.news());
    } else {
        draw_keys(app, area, buffer);
    }
}

/// The keys that matter now, as many as fit.
fn draw_keys(app: &App, area: Rect, buffer: &mut Buffer) {
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, what) in keys_now(app) {
        let text = [
            Span::styled(key, app.theme.key()),
            Span::styled(format!(" {what}  "), app.theme.quiet()),
        ];
        let width: usize = text.iter().map(Span::width).sum();
        if used + width <= usize::from(area.width) + 2 {
            used += width;
            spans.extend(text);
        }
    }
    Line::from(spans).render(area, buffer);
}

/// The keys that matter now, the most important first, and what they do.
fn keys_now(app: &App) -> Vec<(&'static str, &'static str)> {
    let ascii = app.style.charset == Charset::Ascii;
    let arrows = |unicode: &'static str, text: &'static str| if ascii { text } else { unicode };
    let along = arrows("←→", "left/right");
    let up_down = arrows("↑↓", "up/down");
    match &app.popup {
        Some(Popup::Help { .. }) => {
            return vec![
                (up_down, "scroll"),
                ("?", "the words of the selected row"),
                ("any key", "back"),
            ];
        }
        Some(Popup::Explain { .. }) => {
            return vec![(up_down, "the words"), ("any key", "back")];
        }
        Some(Popup::About { .. }) => return vec![("any key", "back")],
        None => {}
    }
    let mut keys = Vec::new();
    if let Some(play) = &app.play {
        if play.over.is_none() {
            keys.push(("Space", "next call"));
            keys.push(("r", if play.runs { "stop" } else { "go on" }));
        }
        keys.push(("i", "about"));
    }
    if !app.has_ladder() {
        keys.extend([("q", "leave"), ("?", "help")]);
        return keys;
    }
    if app.list == ListView::Alone && app.chooses_connections() {
        keys.extend([
            (up_down, "connection"),
            ("Enter", "ladder"),
            ("/", "filter"),
        ]);
        keys.extend([
            ("q", "leave"),
            ("?", "help"),
            ("s", "sort"),
            ("Tab", "ladder"),
        ]);
        return keys;
    }
    if app.is_held() {
        keys.push(("p", "go on"));
    } else if app.origin.growing && !app.following {
        keys.push(("End", "follow"));
    } else if app.is_live() && app.play.is_none() {
        keys.push(("p", "hold"));
    }
    keys.push((along, "segment"));
    if app.chooses_connections() {
        keys.push((up_down, "connection"));
    }
    keys.extend([("q", "leave"), ("?", "help")]);
    keys.extend(keys_of_ladder(app));
    keys
}

fn keys_of_ladder(app: &App) -> Vec<(&'static str, &'static str)> {
    let mut keys = Vec::new();
    if !app.evidence_rows().is_empty() {
        keys.push(("e", "evidence"));
    }
    keys.push(match app.panel {
        Panel::Account => ("v", "findings"),
        Panel::Findings => ("v", "details"),
        Panel::Details | Panel::Payload => ("v", "why"),
    });
    keys.push(("d", if app.figure { "no figure" } else { "states" }));
    keys.push(("n/N", "state change"));
    if app.play.is_none() {
        keys.push(("Space", if app.playing { "stop" } else { "play" }));
    }
    if app.has_list() {
        keys.push(("Tab", "list"));
    }
    keys.push(("/", "find"));
    keys.push((
        "c",
        if app.wanted.control_only {
            "all"
        } else {
            "control only"
        },
    ));
    keys.push((
        "x",
        if app.panel == Panel::Payload {
            "details"
        } else {
            "payload"
        },
    ));
    keys.push((
        "a",
        if app.style.absolute {
            "relative"
        } else {
            "absolute"
        },
    ));
    keys
}
