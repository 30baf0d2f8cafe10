//! Exact decimal numbers.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

/// An exact decimal number: an amount in major units of its currency, or a rate.
///
/// Up to 28 significant digits survive decoding and encoding, trailing zeros included; no value
/// passes through a float. It is a [`rust_decimal::Decimal`], which JSON writes as a number.
///
/// Reading and writing go through `serde_json`'s raw values, so other formats than JSON show
/// their own form of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(pub rust_decimal::Decimal);

impl Decimal {
    /// The number itself.
    pub fn get(self) -> rust_decimal::Decimal {
        self.0
    }
}

/// Text that is no decimal number, or one of more than 28 significant digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most 28 significant digits")]
pub struct InvalidDecimal;

impl FromStr for Decimal {
    type Err = InvalidDecimal;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = if text.contains(['e', 'E']) {
            rust_decimal::Decimal::from_scientific(text)
        } else {
            rust_decimal::Decimal::from_str_exact(text)
        };
        parsed.map(Self).map_err(|_| InvalidDecimal)
    }
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
            digits in "[1-9][0-9]{0,27}", point in 0usize..=28, negative: bool,
        ) {
            let point = point.min(digits.len());
            let (whole, fraction) = digits.split_at(point);
            let text = format!(
                "{}{}{}{}",
                if negative { "-" } else { "" },
                if whole.is_empty() { "0" } else { whole },
                if fraction.is_empty() { "" } else { "." },
                fraction,
            );
            let decoded: Decimal = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(serde_json::to_string(&decoded).unwrap(), text);
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
        for (text, shown) in [("12.50", "12.50"), ("1E+2", "100"), ("1.5e-3", "0.0015"), ("\"7.10\"", "7.10")]
        {
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
