//! Which frames are wanted: the ports asked for, and a libpcap filter expression.

use crate::wire::{Frame, Ports};

/// Unreachable, time exceeded, parameter problem; in ICMPv6 errors are below 5.
const ICMP_ERRORS: &str =
    "(icmp and (icmp[0] == 3 or icmp[0] == 11 or icmp[0] == 12)) or (icmp6 and ip6[40] < 5)";

/// Octets of a filter that libpcap is given. Its compiler recurses, and takes time with the square of the alternatives: some 20,000
/// octets overflow a thread's stack of 2 MiB, and 4,096 may take a minute.
const LONGEST: usize = 4096;

/// What to keep of a capture.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub ports: Ports,
    /// A libpcap filter expression (`man pcap-filter`).
    pub expression: Option<String>,
}

impl Selection {
    /// What is captured live, as a filter: TCP, the ports, and the expression.
    #[must_use]
    pub fn words(&self) -> String {
        let ports: Vec<_> = self
            .ports
            .ranges()
            .iter()
            .map(|&(low, high)| {
                if low == high {
                    format!("port {low}")
                } else {
                    format!("portrange {low}-{high}")
                }
            })
            .collect();
        let mut filter = String::from("tcp");
        if !ports.is_empty() {
            filter += &format!(" and ({})", ports.join(" or "));
        }
        if let Some(expression) = &self.expression {
            filter += &format!(" and ({expression})");
        }
        filter
    }

    /// Whether that isn't too long.
    ///
    /// # Errors
    /// It is: what to type, in one line.
    pub fn check_length(&self) -> Result<(), String> {
        let octets = self.words().len();
        if octets <= LONGEST {
            return Ok(());
        }
        Err(format!(
            "the filter of -p and -f is too long for libpcap ({octets} of at most {LONGEST} octets): ranges (-p 5000-5010) \
             and networks (-f 'net 192.0.2.0/24') make it shorter"
        ))
    }

    /// The kernel filter for that: ICMP errors quote the ports where a filter can't look, so all of
    /// them come too.
    #[must_use]
    pub fn kernel_filter(&self) -> String {
        format!("({}) or {ICMP_ERRORS}", self.words())
    }
}

/// Applies a filter expression to frames read from a file; compiled once for each link type that
/// comes along.
pub(super) struct FrameFilter {
    expression: Option<String>,
    #[cfg(feature = "live")]
    programs: Vec<(crate::wire::LinkType, pcap::BpfProgram)>,
}

impl FrameFilter {
    pub(super) fn new(expression: Option<String>) -> Self {
        FrameFilter {
            expression,
            #[cfg(feature = "live")]
            programs: Vec::new(),
        }
    }

    /// Whether the frame is wanted; an error says why the expression can't be used. A link type that
    /// nobody can read is left to the decoder to count.
    pub(super) fn matches(&mut self, frame: &Frame<'_>) -> Result<bool, String> {
        match &self.expression {
            Some(_) if frame.link.is_known() => self.apply(frame),
            _ => Ok(true),
        }
    }

    #[cfg(feature = "live")]
    fn apply(&mut self, frame: &Frame<'_>) -> Result<bool, String> {
        let expression = self.expression.as_deref().unwrap_or_default();
        let program = match self
            .programs
            .iter()
            .position(|(link, _)| *link == frame.link)
        {
            Some(known) => &self.programs[known].1,
            None => {
                self.programs
                    .push((frame.link, compile(expression, frame.link)?));
                &self.programs[self.programs.len() - 1].1
            }
        };
        Ok(program.filter(frame.data))
    }

    /// Without libpcap there is no filter language.
    #[cfg(not(feature = "live"))]
    #[expect(clippy::unused_self, reason = "as the other one")]
    fn apply(&mut self, _: &Frame<'_>) -> Result<bool, String> {
        Err("-f needs libpcap, and this tcpviz was built without it; --port works".into())
    }
}

#[cfg(feature = "live")]
fn compile(expression: &str, link: crate::wire::LinkType) -> Result<pcap::BpfProgram, String> {
    use crate::wire::LinkType;
    // libpcap takes its own number for raw IP, not the file's.
    let dlt = if link == LinkType::RAW { 12 } else { link.0 };
    pcap::Capture::dead(pcap::Linktype(dlt))
        .and_then(|capture| capture.compile(expression, true))
        .map_err(|why| {
            let why = why.to_string();
            let trouble = if why.contains("syntax") {
                "isn't a filter that libpcap understands".into()
            } else {
                format!("can't be used on {link}")
            };
            format!("-f '{expression}' {trouble}: {why}; `man pcap-filter` tells the language")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filter_joins_ports_and_expression() {
        let selection = Selection {
            ports: Ports::new(vec![(4321, 4321), (5000, 5010)]),
            expression: Some("host 127.0.0.7 or ip6".into()),
        };
        assert_eq!(
            selection.words(),
            "tcp and (port 4321 or portrange 5000-5010) and (host 127.0.0.7 or ip6)"
        );
        assert_eq!(Selection::default().words(), "tcp");
    }
}
