//! Reading from an open capture: frames go to the save file and the collector, the drops are counted.

#[cfg(target_os = "linux")]
use std::time::{Duration, Instant};

use pcap::{Active, Capture};

use super::stopped::Stopped;
use crate::source::Collector;
#[cfg(target_os = "linux")]
use crate::source::interface::Interface;
use crate::source::save::SaveFile;
use crate::wire::{Frame, LinkType, Tally};

/// How often at most the interface is asked.
#[cfg(target_os = "linux")]
const BETWEEN_ASKING: Duration = Duration::from_millis(200);

/// Frames to take before the file is written and a batch handed on.
const BATCH: usize = 1024;

/// What every frame needs besides its octets.
pub struct Reader {
    pub link: LinkType,
    pub unit_ns: u64,
    pub frames: u32,
    #[cfg(target_os = "linux")]
    pub beside: Option<Interface>,
    /// When the interface was asked last.
    #[cfg(target_os = "linux")]
    pub asked: Instant,
    /// Frames that the interface itself has lost.
    pub lost: u64,
}

impl Reader {
    /// Takes a batch of what is there and writes it to the file; returns how many frames.
    pub fn take(
        &mut self,
        capture: &mut Capture<Active>,
        save: &mut SaveFile,
        collector: &mut Collector,
    ) -> Result<usize, Stopped> {
        let mut unusable = Ok(());
        let mut written = Ok(());
        let taken = capture.dispatch(Some(BATCH), |packet| {
            let header = packet.header;
            let seconds = u64::try_from(header.ts.tv_sec).unwrap_or(0);
            let fraction = u64::try_from(header.ts.tv_usec).unwrap_or(0);
            let time_ns = seconds * 1_000_000_000 + fraction * self.unit_ns;
            self.frames = self.frames.saturating_add(1);
            let frame = Frame {
                number: self.frames,
                time_ns,
                link: self.link,
                offset: save.add(time_ns, header.len, packet.data),
                wire_len: header.len,
                data: packet.data,
            };
            if unusable.is_ok() {
                unusable = collector.take(&frame);
            }
            if save.is_full() && written.is_ok() {
                written = save.flush();
            }
        });
        // Even if reading broke off, what came before is written.
        if let Err(why) = written.and_then(|()| save.flush()) {
            collector.keep_only(save.frames(), save.written());
            return Err(Stopped::Unwritten(why));
        }
        collector.batch.tally.is_removed = save.held.is_removed();
        self.ask(capture, &mut collector.batch.tally);
        unusable.map_err(Stopped::Other)?;
        taken.map_err(|why| match why.to_string() {
            why if why.contains("interface disappeared") => Stopped::Gone,
            why => Stopped::Other(why),
        })
    }

    /// Asks the kernel what it dropped, and now and then the interface.
    fn ask(&mut self, capture: &mut Capture<Active>, tally: &mut Tally) {
        #[cfg(target_os = "linux")]
        if self.asked.elapsed() >= BETWEEN_ASKING {
            self.asked = Instant::now();
            if let Some(said) = self.beside.as_ref().and_then(Interface::ask) {
                (self.lost, tally.is_down) = (said.lost, said.is_down);
            }
        }
        if let Ok(stats) = capture.stats() {
            let lost = self.lost.max(stats.if_dropped.into());
            tally.dropped = u64::from(stats.dropped) + lost;
        }
    }
}
