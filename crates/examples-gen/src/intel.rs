//! Small lists that know some of the day's addresses and names, each in the shape of a list that people have.
//!
//! Sources: *ipsum* (address, tab, number of lists that it is on), plain domain lists, and MISP's warning lists, which
//! name what is known to be good.

use crate::File;
use crate::brute_force::{KNOWN, LOUD};
use crate::company::SCANNER;
use crate::json::Object;
use crate::outside::{
    CONSOLE_INTRUDER, DELIVERY_NETWORK, PHISHING_HOST, PHISHING_NAME, REGULARS, SHOP_CONTROL,
    SHOP_CONTROL_NAME, SPRAYER, TUNNEL_DOMAIN, WEB_ATTACKER,
};

/// Addresses, with the number of lists that each is on.
pub const BAD_ADDRESSES: [(&str, u8); 13] = [
    (SHOP_CONTROL, 9),
    (LOUD, 8),
    (SPRAYER, 7),
    (REGULARS[0], 6),
    (REGULARS[4], 6),
    (WEB_ATTACKER, 5),
    (REGULARS[7], 5),
    (REGULARS[2], 4),
    (KNOWN, 3),
    (PHISHING_HOST, 3),
    (REGULARS[5], 2),
    (REGULARS[8], 2),
    (CONSOLE_INTRUDER, 1),
];

/// Every list.
pub(crate) fn files() -> Vec<File> {
    vec![
        File { path: "intel/bad-addresses.txt", text: bad_addresses() },
        File { path: "intel/bad-domains.txt", text: bad_domains() },
        File { path: "intel/known-good.json", text: known_good() },
    ]
}

fn bad_addresses() -> String {
    let mut text = String::from(
        "# Addresses seen attacking, with the number of lists that each is on\n# (made up for the examples)\n#\n",
    );
    for (address, lists) in BAD_ADDRESSES {
        text.push_str(address);
        text.push('\t');
        text.push_str(&lists.to_string());
        text.push('\n');
    }
    text
}

fn bad_domains() -> String {
    format!(
        "# Domains of malware and phishing (made up for the examples)\n{SHOP_CONTROL_NAME}\n{PHISHING_NAME}\n{TUNNEL_DOMAIN}\n"
    )
}

fn known_good() -> String {
    let mut list = vec![format!("{}/32", SCANNER.ip)];
    list.extend(DELIVERY_NETWORK.map(str::to_owned));
    let object = Object::new()
        .with("name", "Halden Instruments: known good")
        .with("version", 1_u8)
        .with("description", "The authorised vulnerability scanner and the content-delivery network.")
        .with("type", "cidr")
        .with("matching_attributes", vec!["ip-src", "ip-dst", "domain|ip"])
        .with("list", list);
    // One key a line, as people edit it.
    let line = object.line();
    match serde_json::from_str::<serde_json::Value>(&line) {
        Ok(value) => serde_json::to_string_pretty(&value).unwrap_or(line) + "\n",
        Err(_) => line,
    }
}
