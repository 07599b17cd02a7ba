//! What ICMP and ICMPv6 errors say, by the words that stand in the verdict.

use super::{Explanation, explain};

/// For each of `IcmpError::words`.
pub(super) static ERRORS: [Explanation; 9] = [
    explain(
        "net unreachable",
        "A router has no route to the other network. connect() fails at once with ENETUNREACH; an open connection goes on \
         repeating, for a route may come back.",
        "RFC 792; RFC 4443 3.1; RFC 9293 3.9.2.2",
    ),
    explain(
        "host unreachable",
        "A router can't reach the host itself: nobody answers ARP there. connect() fails at once with EHOSTUNREACH (EHOSTDOWN \
         for one code); an open connection goes on repeating.",
        "RFC 792; RFC 4443 3.1; RFC 9293 3.9.2.2",
    ),
    explain(
        "protocol unreachable",
        "The host has no TCP, or a firewall says so. connect() fails with ENOPROTOOPT; an open connection goes on repeating.",
        "RFC 792; RFC 9293 3.9.2.2",
    ),
    explain(
        "port unreachable",
        "Nothing accepts on that port, says somebody: a host would say it with RST, so this is usually a firewall that \
         rejects. connect() fails with ECONNREFUSED; an open connection goes on repeating.",
        "RFC 792; RFC 4443 3.1; RFC 9293 3.9.2.2",
    ),
    explain(
        "packet too big",
        "A router may not cut the datagram and can't pass it whole: its sender should make smaller segments. It ends nothing. \
         Where firewalls drop this message, large segments vanish and small ones pass.",
        "RFC 1191; RFC 8201; RFC 9293 3.7.2",
    ),
    explain(
        "administratively prohibited",
        "A firewall forbids it, and says so. connect() fails at once with EHOSTUNREACH, ENETUNREACH or (IPv6) EACCES; an \
         open connection goes on repeating.",
        "RFC 1812 5.2.7.1; RFC 4443 3.1",
    ),
    explain(
        "time exceeded",
        "The datagram went through too many routers, often in a circle, or its parts didn't all come. connect() fails with \
         EHOSTUNREACH; an open connection goes on repeating.",
        "RFC 792; RFC 4443 3.3",
    ),
    explain(
        "parameter problem",
        "Somebody couldn't read the IP header of the segment. connect() fails with EPROTO; an open connection goes on \
         repeating.",
        "RFC 792; RFC 4443 3.4",
    ),
    explain(
        "unreachable",
        "The segment couldn't be delivered, for a reason that is rare: see the code of the ICMP error. connect() fails at \
         once; an open connection goes on repeating.",
        "RFC 792; RFC 4443 3.1; RFC 9293 3.9.2.2",
    ),
];
