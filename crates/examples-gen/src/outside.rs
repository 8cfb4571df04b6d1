//! The world outside: who scans, who attacks, who works from home.
//!
//! All addresses are from the ranges that are kept for documentation (RFC 5737, RFC 3849), all names end in `.example`
//! (RFC 2606). The parts of the ranges do not overlap, so that an address tells its role:
//!
//! | addresses | role |
//! |---|---|
//! | 198.51.100.2–120, 203.0.113.2–60, 192.0.2.2–60, 2001:db8:5ca::/64 | strangers who scan |
//! | 198.51.100.130–190 | the brute-force scenario |
//! | 203.0.113.64–200, 198.51.100.201–, 192.0.2.64–80 | attackers of the day |
//! | 192.0.2.128–191 | staff at home |
//! | 192.0.2.200–223 | content delivery, mirrors, partners |

use crate::dice::Dice;

/// The address that sprays passwords.
pub const SPRAYER: &str = "203.0.113.77";
/// The address that uses what the sprayer found.
pub const CONSOLE_INTRUDER: &str = "203.0.113.144";
/// The address that attacks the shop.
pub const WEB_ATTACKER: &str = "198.51.100.201";
/// Where the shop's beacon goes.
pub const SHOP_CONTROL: &str = "203.0.113.90";
/// The name of that place.
pub const SHOP_CONTROL_NAME: &str = "static-cdn.bluefinch.example";
/// Where the phishing mail's second stage lies.
pub const PHISHING_HOST: &str = "192.0.2.66";
/// The name of that place.
pub const PHISHING_NAME: &str = "invoice-portal.example";
/// The domain whose name server takes the laboratory's data.
pub const TUNNEL_DOMAIN: &str = "quietpond.example";
/// That name server.
pub const TUNNEL_SERVER: &str = "203.0.113.181";

/// Strangers who come back all day; reputation lists know them.
pub const REGULARS: [&str; 10] = [
    "198.51.100.14",
    "198.51.100.31",
    "198.51.100.77",
    "198.51.100.90",
    "203.0.113.9",
    "203.0.113.22",
    "203.0.113.41",
    "192.0.2.17",
    "192.0.2.44",
    "2001:db8:5ca::1f",
];

/// The content-delivery network that the company uses, as ranges.
pub const DELIVERY_NETWORK: [&str; 2] = ["192.0.2.200/30", "192.0.2.208/30"];

/// Servers that company hosts fetch from: address and name.
pub const SUPPLIERS: [(&str, &str); 6] = [
    ("192.0.2.201", "cdn.northlane.example"),
    ("192.0.2.202", "cdn.northlane.example"),
    ("192.0.2.209", "deb.mirror.example"),
    ("192.0.2.210", "rpm.mirror.example"),
    ("192.0.2.216", "api.paymentpartner.example"),
    ("192.0.2.220", "mail.lumenoptics.example"),
];

/// A stranger: one of the regulars, or someone never seen before or after.
pub fn stranger(dice: &mut Dice) -> String {
    match dice.below(100) {
        0..45 => (*dice.pick(&REGULARS)).to_owned(),
        45..65 => format!("198.51.100.{}", dice.between(2, 120)),
        65..80 => format!("203.0.113.{}", dice.between(2, 60)),
        80..94 => format!("192.0.2.{}", dice.between(2, 60)),
        _ => format!("2001:db8:5ca::{:x}", dice.between(2, 0xffff)),
    }
}

/// The address that one of the company's people has at home: always the same for the same person.
pub fn at_home(person: &str) -> String {
    let sum: u32 = person.bytes().map(u32::from).sum();
    format!("192.0.2.{}", 128 + sum % 64)
}

/// A server that company hosts fetch from: address and name.
pub fn supplier(dice: &mut Dice) -> (&'static str, &'static str) {
    *dice.pick(&SUPPLIERS)
}
