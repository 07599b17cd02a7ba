use std::sync::mpsc::channel;

use super::*;
use crate::source::save::SaveFile;
use crate::wire::{Captured, Frame};

/// A capture as the live one does it: frames are in the file before they are handed on.
struct Capturing {
    save: SaveFile,
    collector: Collector,
    giver: Giver,
    frames: u32,
}

impl Capturing {
    fn begin() -> (Capturing, Taker) {
        let mut save = SaveFile::unnamed().unwrap();
        save.begin(LinkType::ETHERNET).unwrap();
        let store = Store::new(save.reader().unwrap());
        let handed = Stand {
            octets: save.written(),
            ..Stand::default()
        };
        let (giver, taker) = handing_on(store, Selection::default(), LinkType::ETHERNET, handed);
        let capturing = Capturing {
            save,
            collector: Collector::new(Selection::default()),
            giver,
            frames: 0,
        };
        (capturing, taker)
    }

    /// So many frames, of which the kernel dropped some more until then.
    fn capture(&mut self, frames: u32, dropped: u64) {
        for _ in 0..frames {
            self.frames += 1;
            let data = syn(self.frames);
            let time_ns = u64::from(self.frames) * 1000;
            let wire_len = u32::try_from(data.len()).unwrap();
            let frame = Frame {
                number: self.frames,
                time_ns,
                link: LinkType::ETHERNET,
                offset: self.save.add(time_ns, wire_len, &data),
                wire_len,
                data: &data,
            };
            self.collector.take(&frame).unwrap();
        }
        self.save.flush().unwrap();
        self.collector.batch.tally.dropped = dropped;
        self.giver.give(self.collector.flush(), self.save.written());
    }
}

/// An Ethernet frame with a SYN.
fn syn(seq: u32) -> Vec<u8> {
    let ethernet = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
    let ip = [
        0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ];
    let mut frame = [&ethernet[..], &ip[..], &[4, 210, 0, 80]].concat();
    frame.extend(seq.to_be_bytes());
    frame.extend([0, 0, 0, 0, 5 << 4, 2, 0, 100, 0, 0, 0, 0]);
    frame
}

/// What a segment was captured as.
fn facts(captured: &Captured) -> (u32, u64, u64, u32) {
    let (place, segment) = (&captured.place, &captured.segment);
    (place.frame, place.offset, captured.time_ns, segment.seq.0)
}

/// All that is handed on until the capture has ended, by a taker that begins only then.
fn handed_on_late(capture: impl FnOnce(&mut Capturing)) -> (Vec<Arc<Batch>>, Ended) {
    let (mut capturing, taker) = Capturing::begin();
    capture(&mut capturing);
    let (sender, feeds) = channel();
    let mut sink: Sink = Box::new(move |feed| sender.send(feed).is_ok());
    let taking = thread::spawn(move || taker.run(&mut sink, None));
    capturing.giver.end(Ended::default());
    taking.join().unwrap();
    let mut batches = Vec::new();
    for feed in feeds {
        match feed {
            Feed::Batch(batch) => batches.push(batch),
            Feed::Ended(ended) => return (batches, ended),
        }
    }
    panic!("no last word");
}

#[test]
fn what_nobody_took_in_time_comes_from_the_file_each_segment_once_and_as_it_was() {
    let given = 3 * u32::try_from(WAITING).unwrap();
    let (batches, ended) = handed_on_late(|capturing| {
        for _ in 0..given {
            capturing.capture(10, 0);
        }
    });
    assert_eq!(ended, Ended::default());
    let all: Vec<_> = batches
        .iter()
        .flat_map(|batch| batch.segments.iter().map(facts))
        .collect();
    let octets = 14 + 20 + 20;
    let wanted = (1..=10 * given).map(|frame| {
        let before = 24 + u64::from(frame - 1) * (16 + octets) + 16;
        (frame, before, u64::from(frame) * 1000, frame)
    });
    assert_eq!(all, wanted.collect::<Vec<_>>());
    let last = batches.last().unwrap();
    assert_eq!(
        (last.tally.frames, last.tally.behind),
        (u64::from(10 * given), 0)
    );
    assert_eq!(last.link, Some(LinkType::ETHERNET));
    assert!(batches[WAITING].tally.behind > 0);
}

#[test]
fn frames_dropped_behind_are_told_where_they_were_dropped() {
    let (batches, _) = handed_on_late(|capturing| {
        for n in 0..WAITING + 50 {
            capturing.capture(1000, if n < WAITING + 20 { 0 } else { 7 });
        }
    });
    let told = batches
        .iter()
        .find(|batch| batch.tally.dropped == 7)
        .unwrap();
    let dropped_after = 1000 * (WAITING as u64 + 20);
    let before = told.segments[0].place.frame;
    let last = told.segments.last().unwrap().place.frame;
    assert!(
        u64::from(before) <= dropped_after + 1000 && u64::from(last) >= dropped_after,
        "{before} to {last}"
    );
    assert_eq!(batches.last().unwrap().tally.dropped, 7);
}

#[test]
fn once_it_has_caught_up_batches_are_handed_on_as_they_come() {
    let (mut capturing, taker) = Capturing::begin();
    for _ in 0..2 * WAITING {
        capturing.capture(5, 0);
    }
    let (sender, feeds) = channel();
    let mut sink: Sink = Box::new(move |feed| sender.send(feed).is_ok());
    thread::spawn(move || taker.run(&mut sink, None));
    let mut next = 1;
    let mut take_until = |frames: u32| {
        while next <= frames {
            let Feed::Batch(batch) = feeds.recv().unwrap() else {
                panic!("it has ended")
            };
            for captured in &batch.segments {
                assert_eq!(captured.place.frame, next);
                next += 1;
            }
        }
    };
    take_until(10 * u32::try_from(WAITING).unwrap());
    capturing.capture(5, 0);
    take_until(10 * u32::try_from(WAITING).unwrap() + 5);
    let behind = Arc::clone(&capturing.giver.behind);
    capturing.giver.end(Ended::default());
    assert!(matches!(feeds.recv(), Ok(Feed::Ended(_))));
    assert!(locked(&behind).is_none());
}
