//! How far a file has been read: the rule under the title becomes a bar.
//!
//! ```text
//! ─ 47 % · 1,610,000 segments/s · 3 s left ━━━━━━━━━━━━━━━━━━━━━━━━━━━━────────────────────────────────────
//! ```

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::App;
use crate::story::Charset;
use crate::story::numbers::grouped;
use crate::story::summary::whole;
use crate::wire::Batch;

/// What is read faster needs no word.
const WORTH_TELLING: Duration = Duration::from_millis(100);

/// How far a source has been read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Progress {
    /// Octets of the file up to the newest segment's end.
    octets: u64,
    /// Since reading began; told by whoever has a clock.
    pub elapsed: Duration,
}

impl Progress {
    /// Takes what a batch tells.
    pub(super) fn note(&mut self, batch: &Batch) {
        let segments = batch.segments.last().map(|it| it.place);
        let errors = batch.errors.last().map(|it| it.place);
        for place in segments.into_iter().chain(errors) {
            let end = place.offset.saturating_add(place.captured.into());
            self.octets = self.octets.max(end);
        }
    }

    /// Per mille of a file of `size` octets.
    fn per_mille(&self, size: u64) -> u64 {
        let share = u128::from(self.octets.min(size)) * 1000 / u128::from(size.max(1));
        u64::try_from(share).unwrap_or(1000)
    }

    /// What reading the rest of a file of `size` octets takes, if it goes on so.
    fn left(&self, size: u64) -> Option<Duration> {
        let left = size.saturating_sub(self.octets);
        let ns = self.elapsed.as_nanos() * u128::from(left) / u128::from(self.octets).max(1);
        let ns = u64::try_from(ns).ok()?;
        (self.octets > 0).then_some(Duration::from_nanos(ns))
    }
}

impl App {
    /// How far the file has been read, while it takes its time.
    fn is_loading(&self) -> bool {
        let takes_time = self.progress.elapsed >= WORTH_TELLING;
        takes_time && !self.origin.growing && self.trace.ended.is_none()
    }

    /// `47 %`, while a file is being read whose size is known.
    #[must_use]
    pub(super) fn percent_read(&self) -> Option<String> {
        let size = self.origin.size.filter(|_| self.is_loading())?;
        Some(format!("{} %", self.progress.per_mille(size) / 10))
    }
}

/// Segments in a second: three digits, so that they can be read.
fn rate(segments: u64, elapsed: Duration) -> u64 {
    let ms = elapsed.as_millis().max(1);
    let rate = u64::try_from(u128::from(segments) * 1000 / ms).unwrap_or(u64::MAX);
    let unit = 10_u64.pow(rate.checked_ilog10().unwrap_or(0).saturating_sub(2));
    rate / unit * unit
}

/// Draws it over a rule, if a file is being read.
pub fn draw(app: &App, rule: Rect, buffer: &mut Buffer) {
    if rule.is_empty() || !app.is_loading() {
        return;
    }
    let progress = &app.progress;
    let ns = |time: Duration| whole(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    let left = app.origin.size.and_then(|size| progress.left(size));
    let segments = app.trace.segments() as u64;
    let facts = [
        app.percent_read().unwrap_or_else(|| "reading".into()),
        format!("{} segments/s", grouped(rate(segments, progress.elapsed))),
        left.map_or_else(|| ns(progress.elapsed), |left| format!("{} left", ns(left))),
    ];
    let dot = format!(" {} ", app.style.charset.dot());
    let room = usize::from(rule.width.saturating_sub(1));
    let texts = (0..=facts.len()).rev();
    let texts = texts.map(|count| format!(" {} ", facts[..count].join(&dot)));
    let text = texts.into_iter().find(|text| text.chars().count() <= room);
    let text = text.unwrap_or_default();
    let (x, y) = buffer.set_stringn(rule.x + 1, rule.y, text, room, app.theme.news());
    let read = app.origin.size.map_or(0, |size| progress.per_mille(size));
    let columns = u64::from(rule.right().saturating_sub(x)) * read / 1000;
    let done = if app.style.charset == Charset::Ascii {
        "="
    } else {
        "━"
    };
    let bar = done.repeat(usize::try_from(columns).unwrap_or(0));
    buffer.set_string(x, y, bar, app.theme.news());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_three_digits() {
        let second = Duration::from_secs(1);
        let told = [0, 7, 999, 1_614_322].map(|segments| rate(segments, second));
        assert_eq!(told, [0, 7, 999, 1_610_000]);
        assert_eq!(rate(1_000, Duration::ZERO), 1_000_000);
    }

    #[test]
    fn a_file_that_is_longer_than_it_was_is_read_to_its_end_and_not_further() {
        let progress = Progress {
            octets: 3_000,
            elapsed: Duration::from_secs(3),
        };
        assert_eq!(progress.per_mille(4_000), 750);
        assert_eq!(progress.left(4_000), Some(Duration::from_secs(1)));
        assert_eq!(
            (progress.per_mille(2_000), progress.per_mille(0)),
            (1000, 0)
        );
        assert_eq!(progress.left(2_000), Some(Duration::ZERO));
        assert_eq!(Progress::default().left(2_000), None);
    }
}
