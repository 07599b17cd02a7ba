//! How a connection is expected to end, as scripts write it: `orderly`, `reset:unread-data`.

use std::fmt;

use super::cause::CauseId;
use super::ending::Kind;
use super::query::one_of;
use super::summary::Summary;

/// An ending that is as expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    kind: Kind,
    /// One of the two likeliest causes; any if none is named.
    cause: Option<CauseId>,
}

impl Expected {
    /// Reads `ENDING` or `ENDING:CAUSE`.
    ///
    /// # Errors
    /// There is no such ending or cause; the error names what there is.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, cause) = match text.split_once(':') {
            Some((kind, cause)) => (kind, Some(cause)),
            None => (text, None),
        };
        let kind = one_of("ending", &Kind::ALL, Kind::name, kind)?;
        let cause = cause.map(|cause| one_of("cause", &CauseId::ALL, CauseId::name, cause));
        let cause = cause.transpose()?;
        let has_causes = matches!(kind, Kind::Reset | Kind::Refused | Kind::TimedOut);
        if let Some(cause) = cause.filter(|_| !has_causes) {
            return Err(format!(
                "{} has no cause such as {}: reset, refused and timed-out have",
                kind.name(),
                cause.name()
            ));
        }
        Ok(Expected { kind, cause })
    }

    /// Whether a connection ended so.
    #[must_use]
    pub fn is_met(&self, summary: &Summary) -> bool {
        let mut causes = summary.causes.iter().flatten();
        let is_so = self
            .cause
            .is_none_or(|wanted| causes.any(|(cause, _)| *cause == wanted));
        summary.kind == self.kind && is_so
    }

    /// Whether `is_met` tells of a connection that has lost its oldest rows what it would tell if it had all. The kind follows
    /// from what each end is remembered to have sent, SYN, FINs, RST, and from the last segment: unless that one repeats what
    /// nobody answered, when those before it count. They count for causes, too.
    #[must_use]
    pub fn needs_no_rows(&self, summary: &Summary) -> bool {
        let is_silence = summary.is_silent || summary.kind == Kind::TimedOut;
        !is_silence && (summary.kind != self.kind || self.cause.is_none())
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            None => f.write_str(self.kind.name()),
            Some(cause) => write!(f, "{}:{}", self.kind.name(), cause.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::trace_of;

    fn is_met(expected: &str, lines: &str) -> bool {
        let summary = Summary::of(&trace_of(lines), 0);
        Expected::parse(expected).unwrap().is_met(&summary)
    }

    #[test]
    fn an_ending_is_met_by_its_kind_and_where_one_is_named_its_cause() {
        let orderly = "> F. 1:1 ack 1\n< F. 1:1 ack 2\n> . 2:2 ack 2";
        assert!(is_met("orderly", orderly));
        assert!(!is_met("reset", orderly));
        let unread = "> P. 1:11 ack 1\n< R. 1:1 ack 11";
        assert!(is_met("reset", unread) && is_met("reset:unread-data", unread));
        assert!(!is_met("reset:data-after-close", unread) && !is_met("orderly", unread));
    }

    #[test]
    fn what_is_written_is_read_again_and_what_there_is_not_is_answered_with_what_there_is() {
        for text in ["orderly", "half-closed", "reset:linger-zero"] {
            assert_eq!(Expected::parse(text).unwrap().to_string(), text);
        }
        for (wrong, said) in [
            ("tidy", "there is no ending \"tidy\": orderly, simultaneous"),
            (
                "reset:fun",
                "there is no cause \"fun\": unread-data, linger-zero",
            ),
            ("orderly:linger-zero", "orderly has no cause"),
            ("", "there is no ending \"\""),
        ] {
            let error = Expected::parse(wrong).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }
}
