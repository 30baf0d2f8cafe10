//! Dates, times and numbers.

use std::{fmt::Display, str::FromStr};

use pleo_auth::pleo_client::{DateOrDateTime, Decimal};
use serde::{Serialize, de::DeserializeOwned};

/// What is read of a text is read again from what is written of it, and is the same in JSON.
fn comes_back<T>(text: &str) -> Option<T>
where
    T: FromStr + Display + Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let value: T = text.parse().ok()?;
    let written = value.to_string();
    assert_eq!(written.parse().ok().as_ref(), Some(&value), "{text} is written as {written}");
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value, "{text} is {json}");
    Some(value)
}

pub(crate) fn time(_: u8, input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let value = comes_back::<DateOrDateTime>(&text);
    // JSON's text is read as the same text.
    let quoted = serde_json::to_string(&text).unwrap();
    assert_eq!(serde_json::from_str(&quoted).ok(), value, "{text}");
}

pub(crate) fn decimal(_: u8, input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let value = comes_back::<Decimal>(&text);
    if let Some(value) = value {
        // As near as a float gets to it.
        let (exact, float): (f64, f64) = (value.to_string().parse().unwrap(), text.parse().unwrap());
        assert!((exact - float).abs() <= float.abs() * 1e-12, "{text} is read as {value}");
    }
    // JSON's numbers are read as the same texts.
    if serde_json::from_str::<serde_json::Number>(&text).is_ok() && text.trim() == text {
        assert_eq!(serde_json::from_str(&text).ok(), value, "{text}");
    }
}
