//! Large outputs: chunks of text are put together by several threads, and written in order.

use std::io::Write;
use std::sync::mpsc::sync_channel;
use std::thread;

/// Chunks of a thread that may wait to be written.
const WAITING: usize = 2;

/// Threads at most.
const MOST: usize = 8;

/// How many threads to work with.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, |count| count.get().min(MOST))
}

/// Writes `count` chunks; `make` appends the text of the one with a number, from 0, to what it is given.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    count: usize,
    make: impl Fn(usize, &mut Vec<u8>) + Sync,
) -> anyhow::Result<()> {
    let (make, threads) = (&make, threads());
    thread::scope(|scope| {
        let makers: Vec<_> = (0..threads)
            .map(|first| {
                let (sender, texts) = sync_channel(WAITING);
                let (back, spent) = sync_channel(WAITING + 1);
                scope.spawn(move || {
                    for number in (first..count).step_by(threads) {
                        let mut text: Vec<u8> = spent.try_recv().unwrap_or_default();
                        text.clear();
                        make(number, &mut text);
                        if sender.send(text).is_err() {
                            return;
                        }
                    }
                });
                (texts, back)
            })
            .collect();
        for (texts, back) in makers.iter().cycle().take(count) {
            let text = texts.recv()?;
            out.write_all(&text)?;
            let _ = back.try_send(text);
        }
        Ok(())
    })
}
