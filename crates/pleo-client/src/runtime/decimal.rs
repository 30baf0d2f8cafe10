//! Exact decimal numbers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// An exact decimal number: an amount in major units of its currency, or a rate.
///
/// Values of up to 28 significant digits with up to 28 decimal places survive decoding and encoding,
/// trailing zeros included; no value passes through a float, and what would have to be rounded is
/// refused. It is a [`rust_decimal::Decimal`], which JSON writes as a number.
///
/// Reading and writing go through `serde_json`'s raw values, so formats other than JSON show
/// their own form of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(rust_decimal::Decimal);

/// The most decimal places that a `rust_decimal::Decimal` holds.
const MAX_SCALE: i64 = 28;

impl Decimal {
    /// The number itself.
    pub fn get(self) -> rust_decimal::Decimal {
        self.0
    }
}

/// Text that is not a decimal number, or one of more than 28 significant digits or decimal places.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most 28 significant digits and 28 decimal places")]
pub struct InvalidDecimal;

crate::debug_by_chain!(InvalidDecimal);

impl FromStr for Decimal {
    type Err = InvalidDecimal;

    /// Reads a JSON number, or the same with a leading plus. What cannot be held exactly is refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(amount) = short(text) {
            return Ok(amount);
        }
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i64>().map_err(|_| InvalidDecimal)?),
            None => (text, 0),
        };
        let (negative, number) = match number.strip_prefix('-') {
            Some(number) => (true, number),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = format!("{whole}{fraction}");
        if whole.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidDecimal);
        }
        let mut digits = digits.trim_start_matches('0');
        let places = i64::try_from(fraction.len()).map_err(|_| InvalidDecimal)?;
        let mut scale = places.checked_sub(exponent).ok_or(InvalidDecimal)?;
        // Trailing zeros of the fraction go only where there is no room for them.
        while (scale > MAX_SCALE || digits.len() > 28) && scale > 0 && digits.ends_with('0') {
            digits = &digits[..digits.len() - 1];
            scale -= 1;
        }
        if digits.is_empty() {
            scale = scale.clamp(0, MAX_SCALE);
        }
        let zeros = usize::try_from(-scale.min(0)).map_err(|_| InvalidDecimal)?;
        if scale > MAX_SCALE || digits.len().saturating_add(zeros) > 29 {
            return Err(InvalidDecimal);
        }
        let mantissa: i128 = format!("0{digits}{}", "0".repeat(zeros)).parse().map_err(|_| InvalidDecimal)?;
        let mantissa = if negative { -mantissa } else { mantissa };
        let scale = u32::try_from(scale.max(0)).map_err(|_| InvalidDecimal)?;
        rust_decimal::Decimal::try_from_i128_with_scale(mantissa, scale).map(Self).map_err(|_| InvalidDecimal)
    }
}

/// Reads a number of at most 18 characters without exponent, as most amounts are; `None` for others.
fn short(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.len() > 18 || !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let (mut mantissa, mut scale, mut fraction) = (0, 0, false);
    for byte in digits.bytes() {
        match byte {
            b'0'..=b'9' => {
                mantissa = mantissa * 10 + i64::from(byte - b'0');
                scale += u32::from(fraction);
            }
            b'.' if !fraction => fraction = true,
            _ => return None,
        }
    }
    let negative = digits.len() < text.len();
    Some(Decimal(rust_decimal::Decimal::new(if negative { -mantissa } else { mantissa }, scale)))
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({})", self.0)
    }
}

impl From<rust_decimal::Decimal> for Decimal {
    fn from(value: rust_decimal::Decimal) -> Self {
        Self(value)
    }
}

impl From<Decimal> for rust_decimal::Decimal {
    fn from(value: Decimal) -> Self {
        value.0
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self(value.into())
    }
}

impl TryFrom<&str> for Decimal {
    type Error = InvalidDecimal;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        // A number in quotes is taken as well: some services send amounts so.
        raw.get().trim_matches('"').parse().map_err(de::Error::custom)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_number_of_up_to_28_significant_digits_survives_decode_and_encode(
            digits in "[1-9][0-9]{0,27}", scale in 0usize..=28, negative: bool,
        ) {
            let padded = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            let point = if fraction.is_empty() { "" } else { "." };
            let text = format!("{}{whole}{point}{fraction}", if negative { "-" } else { "" });
            let decoded: Decimal = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(serde_json::to_string(&decoded).unwrap(), text);
        }

        #[test]
        fn an_exponent_only_moves_the_point(digits in "[1-9][0-9]{0,27}", shift in 0usize..=27, more in 0i64..40) {
            let shift = shift.min(digits.len() - 1);
            let (whole, fraction) = digits.split_at(digits.len() - shift);
            let point = if fraction.is_empty() { "" } else { "." };
            let plain: Decimal = format!("{whole}{point}{fraction}").parse().unwrap();
            for text in [
                format!("{digits}e-{shift}"),
                format!("{digits}{}E-{}", "0".repeat(more as usize), shift as i64 + more),
                format!("0.{}{digits}e{}", "0".repeat(more as usize), digits.len() as i64 - shift as i64 + more),
            ] {
                prop_assert_eq!(text.parse::<Decimal>().unwrap(), plain, "{}", text);
            }
        }
    }

    proptest! {
        #[test]
        fn short_numbers_are_read_as_the_others_are(text in "-?[0-9.]{0,18}") {
            let longer = format!("{text}e0").parse::<Decimal>();
            prop_assert_eq!(text.parse::<Decimal>().map(|short| short.to_string()), longer.map(|it| it.to_string()));
        }
    }

    #[test]
    fn floats_that_binary_cannot_hold_stay_exact() {
        let sum: rust_decimal::Decimal =
            serde_json::from_str::<Vec<Decimal>>("[0.1, 0.2]").unwrap().into_iter().map(Decimal::get).sum();
        assert_eq!(sum.to_string(), "0.3");
    }

    #[test]
    fn trailing_zeros_exponents_and_quoted_numbers_are_read() {
        for (text, shown) in [
            ("12.50", "12.50"),
            ("1E+2", "100"),
            ("1.5e-3", "0.0015"),
            ("\"7.10\"", "7.10"),
            ("0.00000000000000000000000000000123e10", "0.0000000000000000000123"),
            ("1.00000000000000000000000000000000", "1.000000000000000000000000000"),
            ("0e-99", "0.0000000000000000000000000000"),
        ] {
            assert_eq!(serde_json::from_str::<Decimal>(text).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_would_be_rounded_is_refused() {
        for text in [
            "0.12345678901234567890123456789012",
            "123456789012345678901234567890123",
            "true",
            "\"\"",
            "null",
        ] {
            assert!(serde_json::from_str::<Decimal>(text).is_err(), "{text} was taken");
        }
    }
}
