//! Networks in CIDR notation (RFC 4632, RFC 4291 section 2.3).

use std::fmt;
use std::net::IpAddr;

/// A range of addresses, such as `10.0.0.0/8`. Bits after the prefix are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetworkRejection {
    /// Not an address, a slash and a number of bits.
    #[error("not an address and a number of bits, such as `10.0.0.0/8`")]
    Malformed,
    /// Bits are set behind the prefix: likely a typing error.
    #[error("bits are set behind the prefix")]
    HostBits,
    /// `/0`: everybody would be a trusted proxy.
    #[error("the whole internet is no network of proxies")]
    Everything,
}

impl Network {
    /// Reads `ADDRESS/BITS`; a bare address is a network of one.
    pub fn parse(text: &str) -> Result<Self, NetworkRejection> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NetworkRejection::Malformed)?;
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match bits {
            None => width,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().ok().filter(|bits| *bits <= width).ok_or(NetworkRejection::Malformed)?
            }
            Some(_) => return Err(NetworkRejection::Malformed),
        };
        if prefix == 0 {
            return Err(NetworkRejection::Everything);
        }
        let number = numbered(address);
        if head(number, prefix) != number {
            return Err(NetworkRejection::HostBits);
        }
        Ok(Self { address, prefix })
    }

    /// Whether the address lies in it. An IPv4 address that came in through an IPv6 socket (`::ffff:10.0.0.1`) is
    /// taken as the IPv4 address that it is.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.address.is_ipv4() == address.is_ipv4() && head(numbered(address), self.prefix) == numbered(self.address)
    }
}

/// The address at the top of 128 bits.
fn numbered(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn head(number: u128, bits: u8) -> u128 {
    number & !(u128::MAX.checked_shr(u32::from(bits)).unwrap_or(0))
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("192.0.2.7/32", "::ffff:192.0.2.7", "::ffff:192.0.2.8"),
            ("2001:db8::/32", "2001:db8::1", "2001:db9::1"),
            ("::1/128", "::1", "0.0.0.1"),
            ("128.0.0.0/1", "200.0.0.1", "100.0.0.1"),
        ] {
            let network = Network::parse(network).unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{network} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        use NetworkRejection as R;
        for (text, why) in [
            ("", R::Malformed),
            ("10.0.0.0/33", R::Malformed),
            ("10.0.0.0/", R::Malformed),
            ("10.0.0.0/+8", R::Malformed),
            ("proxy.corp.example", R::Malformed),
            ("10.0.0.1/8", R::HostBits),
            ("0.0.0.0/0", R::Everything),
            ("::/0", R::Everything),
        ] {
            assert_eq!(Network::parse(text), Err(why), "{text}");
        }
    }
}
