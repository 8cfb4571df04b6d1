//! US dollars per million tokens, exactly.

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::fmt;

/// Digits after the point.
const DECIMALS: usize = 6;
/// Digits before it: no model costs a million dollars for a million tokens.
const WHOLE_DIGITS: usize = 6;

/// A price: US dollars per million tokens with six decimals, which is whole picodollars per token; below 10¹².
///
/// Written as text (`"0.075"`) or as a number (`0.075`). A number of TOML is a binary fraction and not exact, but its
/// shortest decimal form is what was typed, as long as that has fewer than sixteen digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usd(u64);

impl Usd {
    /// 10⁻¹² dollars per token.
    pub(super) const fn picodollars_per_token(self) -> u64 {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || whole.len() > WHOLE_DIGITS
            || part.len() > DECIMALS
            || !digits(whole)
            || !digits(part)
        {
            return None;
        }
        format!("{whole}{part:0<DECIMALS$}").parse().ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Usd;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a price in US dollars per million tokens, such as \"0.075\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Usd, E> {
                Usd::parse(text).ok_or_else(|| {
                    E::custom(format!(
                        "{:?} is no price: US dollars per million tokens, with at most {DECIMALS} digits after the point, \
                         such as \"0.075\"",
                        text.chars().take(40).collect::<String>()
                    ))
                })
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Usd, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Usd, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Usd, E> {
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_any(Written)
    }
}
