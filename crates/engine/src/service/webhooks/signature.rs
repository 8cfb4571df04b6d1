//! A signature that says who sent a request, and when: HMAC-SHA256 (RFC 2104, FIPS 180-4) over the time and the body, under a
//! secret that the receiver knows.
//!
//! The time is signed too, so that what somebody overheard can't be sent again tomorrow: a receiver refuses what is older than
//! a few minutes.

use super::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt::Write;

/// The header's value: `t=UNIX,v1=HEX`, where HEX is the HMAC of `UNIX.BODY`.
pub fn signature(secret: &Secret, unix_seconds: i64, body: &[u8]) -> String {
    let mut signature = format!("t={unix_seconds},v1=");
    // Keys of any length are keys of HMAC.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(secret.bytes()) else { return signature };
    hmac.update(unix_seconds.to_string().as_bytes());
    hmac.update(b".");
    hmac.update(body);
    for byte in hmac.finalize().into_bytes() {
        let _ = write!(signature, "{byte:02x}");
    }
    signature
}

#[cfg(test)]
mod tests {
    use super::{Secret, signature};

    #[test]
    fn it_is_what_openssl_says() {
        // printf '1795244400.{"a":1}' | openssl dgst -sha256 -hmac 'a secret of enough bytes'
        let secret = Secret::new("a secret of enough bytes").unwrap();
        assert_eq!(signature(&secret, 1_795_244_400, b"{\"a\":1}"), EXPECTED);
        assert!(Secret::new("fifteen bytes..").is_none());
        assert_eq!(format!("{secret:?}"), "Secret");
    }

    const EXPECTED: &str = "t=1795244400,v1=36c57d44f466c111080544ea8751150a21b5da73d826c7f1ad419aaa5e9c7d35";
}
