//! The arrows of RFC 9293's figure 5 (3.3.2), one arm each. What *counts* as an event (which number
//! was acknowledged, whether a FIN was reached in order) is decided in `connection.rs` and its
//! neighbours; here is only the figure.

use super::State;

/// What moves a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// This end sent a SYN without ACK.
    SendSyn,
    /// This end, not known to have received a SYN, sent SYN and ACK.
    SendSynAck,
    /// A SYN without ACK reached this end.
    ReceiveSyn,
    /// A SYN that acknowledges this end's SYN reached it.
    ReceiveSynAck,
    /// This end's SYN was acknowledged.
    AckOfSyn,
    /// This end sent its FIN.
    SendFin,
    /// This end's FIN was acknowledged.
    AckOfFin,
    /// The peer's FIN was reached in order.
    ReceiveFin,
    /// An RST that counts, sent or received.
    Reset,
}

impl Event {
    pub const ALL: [Event; 9] = [
        Event::SendSyn,
        Event::SendSynAck,
        Event::ReceiveSyn,
        Event::ReceiveSynAck,
        Event::AckOfSyn,
        Event::SendFin,
        Event::AckOfFin,
        Event::ReceiveFin,
        Event::Reset,
    ];
}

/// The state an event leads to, or `None` where the figure has no such arrow: nothing moves.
#[must_use]
#[expect(
    clippy::match_same_arms,
    reason = "one arm for each arrow, under its own section"
)]
pub fn next(state: State, event: Event) -> Option<State> {
    use Event::*;
    use State::*;
    Some(match (state, event) {
        // 3.5: the active open.
        (Closed | Listen, SendSyn) => SynSent,
        // 3.10.7.2: a passive open receives a SYN, and answers with SYN,ACK.
        (Listen, ReceiveSyn) | (Closed | Listen, SendSynAck) => SynReceived,
        // 3.10.7.3: the SYN,ACK that answers ours.
        (SynSent, ReceiveSynAck) => Established,
        // 3.5, figure 7: simultaneous open; both SYNs cross.
        (SynSent, ReceiveSyn) => SynReceived,
        // 3.10.7.4, fifth: our SYN is acknowledged.
        (SynReceived, AckOfSyn | ReceiveSynAck) => Established,
        // 3.10.4: CLOSE in SYN-RECEIVED or ESTABLISHED sends FIN.
        (SynReceived | Established, SendFin) => FinWait1,
        // 3.10.4: CLOSE in CLOSE-WAIT.
        (CloseWait, SendFin) => LastAck,
        // 3.10.7.4, eighth: the peer's FIN.
        (SynReceived | Established, ReceiveFin) => CloseWait,
        (FinWait1, ReceiveFin) => Closing,
        (FinWait2, ReceiveFin) => TimeWait,
        // 3.10.7.4, fifth: our FIN is acknowledged.
        (FinWait1, AckOfFin) => FinWait2,
        (Closing, AckOfFin) => TimeWait,
        (LastAck, AckOfFin) => Closed,
        // 3.10.7.4, second: RST. A listener that had answered a SYN goes on listening, but this
        // connection is gone.
        (_, Reset) => Closed,
        _ => return None,
    })
}

/// The state before an event that turned out not to have happened: the same arrows, backwards. A
/// state that the event doesn't lead to stays.
#[must_use]
pub fn back(state: State, event: Event) -> State {
    use Event::*;
    use State::*;
    match (state, event) {
        (SynReceived, ReceiveSyn) => Listen,
        (Established, AckOfSyn) => SynReceived,
        (Established, ReceiveSynAck) => SynSent,
        (CloseWait, ReceiveFin) => Established,
        (Closing | LastAck, ReceiveFin) | (FinWait2, AckOfFin) => FinWait1,
        (TimeWait, ReceiveFin) => FinWait2,
        (TimeWait, AckOfFin) => Closing,
        (Closed, AckOfFin) => LastAck,
        _ => state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_event_moves_nothing() {
        for state in State::ALL {
            for event in Event::ALL
                .into_iter()
                .filter(|event| *event != Event::Reset)
            {
                if let Some(after) = next(state, event) {
                    assert_ne!(after, state, "{state} {event:?} is an arrow to itself");
                    let again = next(after, event);
                    assert!(
                        again.is_none(),
                        "{state} {event:?} twice leads on to {again:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_event_taken_back_leads_to_where_it_came_from() {
        use Event::*;
        for state in State::ALL {
            for event in [AckOfSyn, ReceiveSynAck, AckOfFin, ReceiveFin] {
                // Linux and the figure let a FIN come in SYN-RECEIVED too.
                let only_way_in = !(state == State::SynReceived && event != AckOfSyn);
                if let Some(after) = next(state, event).filter(|_| only_way_in) {
                    assert_eq!(back(after, event), state, "{state} {event:?}");
                }
            }
        }
    }
}
