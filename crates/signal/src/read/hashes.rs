//! Several hashes of one file in one text, as Sysmon writes them.

/// Of `SHA1=…,MD5=…,SHA256=…,IMPHASH=…` the strongest of those that threat intelligence is asked for. An import hash is
/// none of them: many files share it.
pub fn best_hash(hashes: &str) -> Option<&str> {
    ["SHA256", "SHA1", "MD5"].into_iter().find_map(|wanted| {
        let mut pairs = hashes.split(',').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, hash)| hash)
    })
}
