//! Numbers as a document writes them, kept to the last digit or refused.

use serde_json::Number;

use super::fault::shortened;

/// The longest decimal form of a 64-bit floating-point number, in significant digits.
const DIGITS: usize = 767;

/// Reads a decimal number: a sign, digits, a point, an exponent, in the form of YAML or JSON.
///
/// # Errors
/// Says why JSON, as programs read it, cannot hold the number exactly.
pub(super) fn decimal(text: &str) -> Result<Number, String> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if let Ok(number) = unsigned.parse::<i64>() {
        return Ok(number.into());
    }
    if let Ok(number) = unsigned.parse::<u64>() {
        return Ok(number.into());
    }
    let number = unsigned.parse::<f64>().ok().filter(|number| same_digits(unsigned, *number));
    number
        .and_then(Number::from_f64)
        .ok_or_else(|| format!("the number {} cannot be kept exactly", shortened(text)))
}

/// Whether `number`, written with as many digits as `text` has, is `text` again.
fn same_digits(text: &str, number: f64) -> bool {
    let significant = |text: &str| {
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_start_matches('0').trim_end_matches('0').to_owned()
    };
    let wanted = significant(text);
    if wanted.is_empty() {
        return number == 0.0;
    }
    number.is_finite()
        && wanted.len() <= DIGITS
        && significant(&format!("{number:.*e}", wanted.len() - 1)) == wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_kept_to_the_last_digit() {
        for (text, kept) in [
            ("0", "0"),
            ("+12", "12"),
            ("-0.5", "-0.5"),
            ("0123", "123"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("1e22", "1e+22"),
            ("1.10", "1.1"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("0.10000000000000001", "0.1"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("0.000e-999", "0.0"),
            ("5.", "5.0"),
            (".5", "0.5"),
        ] {
            assert_eq!(decimal(text).map(|number| number.to_string()), Ok(kept.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_number_that_would_lose_digits_is_refused() {
        for text in [
            "18446744073709551617",
            "-9223372036854775809",
            "3.14159265358979323846",
            "1e400",
            "1e-400",
            "0.1234567890123456789",
        ] {
            assert!(decimal(text).is_err(), "{text}");
        }
        assert!(decimal(&"1".repeat(100_000)).is_err());
    }
}
