//! An address and a port in one text.

use std::net::IpAddr;

/// Cuts `192.0.2.1:80` or `[2001:db8::1]:80` in two. `None` where there is no port, or no address before it.
pub fn address_and_port(text: &str) -> Option<(&str, &str)> {
    let (address, port) = text.rsplit_once(':')?;
    let address = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    let sound = address.parse::<IpAddr>().is_ok() && port.parse::<u16>().is_ok();
    sound.then_some((address, port))
}

#[cfg(test)]
mod tests {
    use super::address_and_port;

    #[test]
    fn what_is_not_both_an_address_and_a_port_is_left_whole() {
        assert_eq!(address_and_port("192.0.2.1:80"), Some(("192.0.2.1", "80")));
        assert_eq!(address_and_port("[2001:db8::1]:443"), Some(("2001:db8::1", "443")));
        assert_eq!(address_and_port("2001:db8::1:99999"), None);
        assert_eq!(address_and_port("é:80"), None);
    }
}
