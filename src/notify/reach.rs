//! Local network addresses: this machine, its network link, and metadata servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Metadata servers of clouds that are not link-local. They serve tokens, among other things.
/// Sources: <https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata>,
/// <https://learn.microsoft.com/en-us/azure/virtual-network/what-is-ip-address-168-63-129-16>,
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html>,
/// <https://cloud.google.com/compute/docs/metadata/querying-metadata>.
const METADATA: [IpAddr; 4] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
];

/// Whether an address belongs to this machine, its network link, a cloud's metadata server, or a reserved
/// range: a webhook's name must not resolve to it unless the rule file allows it.
pub(super) fn is_local(ip: IpAddr) -> bool {
    METADATA.contains(&ip)
        || match ip {
            IpAddr::V4(ip) => is_local_v4(ip),
            IpAddr::V6(ip) => match embedded(ip) {
                Some(ip) => is_local(IpAddr::V4(ip)),
                None => is_local_v6(ip),
            },
        }
}

/// Linux treats 0.0.0.0 as this machine.
fn is_local_v4(ip: Ipv4Addr) -> bool {
    ip.octets()[0] == 0
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_broadcast()
        || ip.is_multicast()
}

fn is_local_v6(ip: Ipv6Addr) -> bool {
    // fec0::/10 was the range of site-local addresses.
    let is_site_local = ip.segments()[0] & 0xffc0 == 0xfec0;
    is_site_local || ip.is_unicast_link_local() || ip.is_multicast()
}

/// The IPv4 address embedded in an IPv6 address: mapped, compatible (including `::1`), translated
/// (64:ff9b::/96, 64:ff9b:1::/48) or 6to4.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => of(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0x64, 0xff9b, 1, _, _, _, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_its_link_and_metadata_servers_are_local_however_they_are_written()
    {
        for local in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "0.1.2.3",
            "169.254.169.254",
            "169.254.0.1",
            "100.100.100.200",
            "168.63.129.16",
            "255.255.255.255",
            "224.0.0.1",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::a9fe:a9fe",
            "2002:7f00:1::",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:100.100.100.200",
        ] {
            assert!(is_local(local.parse().unwrap()), "{local}");
        }
        for elsewhere in [
            "1.1.1.1",
            "10.0.0.1",
            "192.168.1.1",
            "169.253.1.1",
            "100.100.100.201",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
            "fd00::1",
        ] {
            assert!(!is_local(elsewhere.parse().unwrap()), "{elsewhere}");
        }
    }
}
