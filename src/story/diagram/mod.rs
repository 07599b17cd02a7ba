//! RFC 9293's state diagram (3.3.2, figure 5) as data: its arrows, where they run on a grid of
//! characters, and what a connection has gone of them. Every output draws from here.

mod grids;
pub mod layout;
pub mod walk;

pub use grids::LAYOUTS;
pub use layout::{Layout, Marks, Node, Wire};
pub use walk::{How, Step, Walk};

use crate::conn::State;
use crate::conn::transition::Event;

/// An arrow of the figure.
#[derive(Clone, Copy, Debug)]
pub struct Arrow {
    pub from: State,
    pub to: State,
    /// The event, and after a slash what is sent, as short as a label must be.
    pub label: &'static str,
    /// What has happened, in words for the line below the figure.
    pub happened: &'static str,
    /// RFC 9293's section.
    pub section: &'static str,
    /// What moves a state along it; `None`: a call or a timer that no segment shows, or what ends
    /// only the wait of a listener.
    pub event: Option<Event>,
}

impl Arrow {
    /// Where it leads to on the figure, which has CLOSED twice: where all begins, and where all ends.
    #[must_use]
    pub fn end(&self) -> Spot {
        match self.from {
            State::LastAck | State::TimeWait => Spot::End,
            _ => Spot::Of(self.to),
        }
    }
}

/// A place on the figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A state's; CLOSED before anything happened.
    Of(State),
    /// CLOSED once it is over.
    End,
}

impl Spot {
    /// Every place, in the order of their indices.
    pub const ALL: [Spot; SPOTS] = {
        let mut all = [Spot::End; SPOTS];
        let mut at = 0;
        while at < State::ALL.len() {
            all[at] = Spot::Of(State::ALL[at]);
            at += 1;
        }
        all
    };

    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Spot::Of(state) => state as usize,
            Spot::End => State::ALL.len(),
        }
    }

    #[must_use]
    pub fn state(self) -> State {
        match self {
            Spot::Of(state) => state,
            Spot::End => State::Closed,
        }
    }
}

/// How many places the figure has.
pub const SPOTS: usize = State::ALL.len() + 1;

/// What the figure says instead of drawing eleven arrows.
pub const RESET: &str = "RST, from any state";

const fn arrow(
    (from, to): (State, State),
    label: &'static str,
    happened: &'static str,
    section: &'static str,
    event: Option<Event>,
) -> Arrow {
    Arrow {
        from,
        to,
        label,
        happened,
        section,
        event,
    }
}

/// How many arrows the figure has.
pub const ARROWS_COUNT: usize = 20;

/// Every arrow of figure 5, from the top. Of two ways between the same states the first is taken for
/// a change that is both in one: an acknowledgement counts before the FIN beside it (3.10.7.4).
pub const ARROWS: [Arrow; ARROWS_COUNT] = {
    use Event::*;
    use State::*;
    [
        arrow((Closed, Listen), "passive open", "listens", "3.5", None),
        arrow(
            (Listen, Closed),
            "close",
            "stopped listening",
            "3.10.4",
            None,
        ),
        arrow(
            (Closed, SynSent),
            "active open / SYN",
            "opens, SYN sent",
            "3.5",
            Some(SendSyn),
        ),
        arrow((SynSent, Closed), "close", "gave up", "3.10.4", None),
        arrow(
            (Listen, SynReceived),
            "rcv SYN / SYN,ACK",
            "SYN received",
            "3.5",
            Some(ReceiveSyn),
        ),
        arrow(
            (SynReceived, Listen),
            "rcv RST",
            "RST received",
            "3.5.3",
            None,
        ),
        arrow(
            (Listen, SynSent),
            "send / SYN",
            "SYN sent",
            "3.10.2",
            Some(SendSyn),
        ),
        arrow(
            (SynSent, SynReceived),
            "rcv SYN / SYN,ACK",
            "SYN received: both open",
            "3.5",
            Some(ReceiveSyn),
        ),
        arrow(
            (SynSent, Established),
            "rcv SYN,ACK / ACK",
            "SYN,ACK received",
            "3.5",
            Some(ReceiveSynAck),
        ),
        arrow(
            (SynReceived, Established),
            "rcv ACK of SYN",
            "its SYN acknowledged",
            "3.5",
            Some(AckOfSyn),
        ),
        arrow(
            (SynReceived, FinWait1),
            "close / FIN",
            "closes, FIN sent",
            "3.6",
            Some(SendFin),
        ),
        arrow(
            (Established, FinWait1),
            "close / FIN",
            "closes, FIN sent",
            "3.6",
            Some(SendFin),
        ),
        arrow(
            (Established, CloseWait),
            "rcv FIN / ACK",
            "FIN received",
            "3.6",
            Some(ReceiveFin),
        ),
        arrow(
            (FinWait1, FinWait2),
            "rcv ACK of FIN",
            "its FIN acknowledged",
            "3.6",
            Some(AckOfFin),
        ),
        arrow(
            (FinWait1, Closing),
            "rcv FIN / ACK",
            "FIN received: they crossed",
            "3.6",
            Some(ReceiveFin),
        ),
        arrow(
            (CloseWait, LastAck),
            "close / FIN",
            "closes too, FIN sent",
            "3.6",
            Some(SendFin),
        ),
        arrow(
            (FinWait2, TimeWait),
            "rcv FIN / ACK",
            "FIN received",
            "3.6",
            Some(ReceiveFin),
        ),
        arrow(
            (Closing, TimeWait),
            "rcv ACK of FIN",
            "its FIN acknowledged",
            "3.6",
            Some(AckOfFin),
        ),
        arrow(
            (LastAck, Closed),
            "rcv ACK of FIN",
            "its FIN acknowledged",
            "3.6",
            Some(AckOfFin),
        ),
        arrow(
            (TimeWait, Closed),
            "2 MSL",
            "the wait is over by the clock (60 s on Linux)",
            "3.10.8",
            None,
        ),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conn::transition::next;

    fn is_drawn(from: State, to: State) -> bool {
        ARROWS.iter().any(|it| (it.from, it.to) == (from, to))
    }

    #[test]
    fn every_arrow_of_the_transitions_is_drawn_or_two_that_are() {
        let mut as_two = Vec::new();
        for from in State::ALL {
            for event in Event::ALL.into_iter().filter(|it| *it != Event::Reset) {
                let Some(to) = next(from, event) else {
                    continue;
                };
                if !is_drawn(from, to) {
                    assert_eq!(walk::path(from, to).len(), 2, "{from} {event:?} {to}");
                    as_two.push((from, event));
                }
            }
        }
        // A SYN,ACK from an end whose SYN wasn't captured; the text (3.10.7.4, eighth) has a FIN in
        // SYN-RECEIVED, the figure hasn't.
        assert_eq!(
            as_two,
            [
                (State::Closed, Event::SendSynAck),
                (State::SynReceived, Event::ReceiveFin)
            ]
        );
    }

    #[test]
    fn every_arrow_drawn_is_one_of_the_transitions_or_shown_by_no_segment() {
        for arrow in ARROWS {
            match arrow.event {
                Some(event) => assert_eq!(next(arrow.from, event), Some(arrow.to), "{arrow:?}"),
                None => assert!(
                    Event::ALL
                        .into_iter()
                        .filter(|it| *it != Event::Reset)
                        .all(|event| next(arrow.from, event) != Some(arrow.to)),
                    "{arrow:?}"
                ),
            }
        }
        let unseen = ARROWS.iter().filter(|it| it.event.is_none()).count();
        assert_eq!(unseen, 5, "what only the RFC's figure has");
    }

    #[test]
    fn places_are_in_the_order_of_their_indices() {
        assert!(
            Spot::ALL
                .iter()
                .enumerate()
                .all(|(i, spot)| spot.index() == i)
        );
    }
}
