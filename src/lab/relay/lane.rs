//! One direction of the wire: where its frames come in, and those that are kept back.

use std::collections::VecDeque;
use std::time::Instant;

use pcap::{Active, Capture, Direction};

use crate::lab::LabError;
use crate::lab::policy::Policy;
use crate::source::live::OpenError;

/// An Ethernet header and what the links' MTU allows behind it.
const LARGEST: usize = 14 + 1_500;

/// Octets of kernel buffer for frames that the relay hasn't taken yet.
const KERNEL_BUFFER: i32 = 16 << 20;

/// What came from one side so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames of any kind.
    pub taken: u64,
    /// Those with TCP.
    pub tcp_taken: u64,
    /// TCP frames handed to the other side, injected ones too.
    pub tcp_passed: u64,
    /// TCP frames held or on their way now.
    pub waiting: u64,
}

/// A frame kept back, and its number in the log.
pub struct Kept {
    pub frame: Vec<u8>,
    pub number: usize,
    /// When it goes on; `None` when it is told.
    pub due: Option<Instant>,
}

/// What comes from one side.
pub struct Lane {
    pub capture: Capture<Active>,
    pub policy: Policy,
    pub held: VecDeque<Kept>,
    pub delayed: VecDeque<Kept>,
    pub counts: Counts,
    pub newest: Option<Vec<u8>>,
}

impl Lane {
    pub fn open(interface: &str) -> Result<Lane, LabError> {
        let capture = Capture::from_device(interface)
            .and_then(|capture| {
                capture
                    .immediate_mode(true)
                    .promisc(true)
                    .snaplen(2_048)
                    .buffer_size(KERNEL_BUFFER)
                    .open()
            })
            .and_then(Capture::setnonblock)
            .and_then(|capture| capture.direction(Direction::In).map(|()| capture))
            .map_err(|why| OpenError::Other {
                interface: interface.into(),
                why: why.to_string(),
            })?;
        Ok(Lane {
            capture,
            policy: Policy::default(),
            held: VecDeque::new(),
            delayed: VecDeque::new(),
            counts: Counts::default(),
            newest: None,
        })
    }

    /// Takes what has come. An interface that goes down has its frames later or never: that is no failure.
    pub fn take(&mut self) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        let _ = self.capture.dispatch(None, |packet| {
            assert!(
                packet.header.len as usize <= LARGEST,
                "segmentation offload is on: {} octets",
                packet.header.len
            );
            frames.push(packet.data.to_vec());
        });
        frames
    }

    pub fn unhold(&mut self, count: usize) -> Vec<Kept> {
        let count = count.min(self.held.len());
        self.held.drain(..count).collect()
    }

    pub fn counts(&self) -> Counts {
        Counts {
            waiting: (self.held.len() + self.delayed.len()) as u64,
            ..self.counts
        }
    }
}
