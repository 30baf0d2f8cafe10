//! Exact amounts of money in the currencies of ISO 4217.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Decimal, rust_decimal, text::as_text};

/// A currency of ISO 4217 that has minor units, or none to divide it into, such as the yen.
///
/// It knows all currencies of the standard's list one as published on 1 January 2026, and of the withdrawn ones
/// BGN, CUC, HRK, SLL and ZWL. Gold and the other codes without minor units cannot be one: see
/// [`InvalidCurrency::NoMinorUnits`].
///
/// ```
/// use pleo::Currency;
///
/// let dinar: Currency = "KWD".parse()?;
/// assert_eq!(dinar.decimals(), 3);
/// # Ok::<(), pleo::InvalidCurrency>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    known: iso_currency::Currency,
    decimals: u16,
}

as_text!(Currency);

impl Currency {
    /// The code of three capital letters.
    pub fn code(&self) -> &'static str {
        self.known.code()
    }

    /// How many decimal places an amount in major units has: 0, 2, 3 or 4.
    pub fn decimals(&self) -> u32 {
        self.decimals.into()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Currency {
    type Err = InvalidCurrency;

    /// Reads a code of three capital letters.
    fn from_str(code: &str) -> Result<Self, InvalidCurrency> {
        let known = iso_currency::Currency::from_code(code).ok_or_else(|| InvalidCurrency::unknown(code))?;
        let decimals = known.exponent().ok_or(InvalidCurrency::NoMinorUnits { code: known.code() })?;
        Ok(Self { known, decimals })
    }
}

/// Why text is not the code of a [`Currency`].
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCurrency {
    /// It has the form of a code, but ISO 4217 lists no such currency, or no longer does.
    #[error(
        "`{code}` is not a currency that this version knows, so the number of its decimal places is not known; \
         update the crate, or read the amount without converting it"
    )]
    Unknown {
        /// The code.
        code: String,
    },
    /// ISO 4217 lists the code, but gives it no minor units: precious metals, units of account, and codes for tests.
    #[error("`{code}` has no minor units in ISO 4217; read the amount without converting it")]
    NoMinorUnits {
        /// The code.
        code: &'static str,
    },
    /// Pleo says that it knows no currency.
    #[error("the currency is `UNDEFINED`; Pleo does not know it")]
    Undefined,
    /// It does not have the form of a code.
    #[error("the currency is not a code of three capital letters")]
    NotACode,
}

crate::debug_by_chain!(InvalidCurrency);

impl InvalidCurrency {
    fn unknown(code: &str) -> Self {
        match code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            true => Self::Unknown { code: code.to_owned() },
            false if code == "UNDEFINED" => Self::Undefined,
            false => Self::NotACode,
        }
    }
}

/// An exact amount of money: a whole number of minor units of its currency.
///
/// Pleo writes amounts in two forms, and both convert to it and back: minor units
/// (`accounting_entries::types::Money`) and decimal numbers in major units (`export::types::MoneyModel`). Nothing
/// is rounded anywhere. What would have to be is an error.
///
/// ```
/// use pleo::Money;
///
/// let lunch: Money = "12.34 EUR".parse()?;
/// assert_eq!(lunch.minors(), 1234);
/// let total = lunch.checked_add("0.66 EUR".parse()?)?;
/// assert_eq!(total.to_string(), "13.00 EUR");
/// # Ok::<(), pleo::MoneyError>(())
/// ```
///
/// # As text
///
/// `Display` and `FromStr` use the form `12.34 EUR`, and `serde` has two members, both text:
/// `{"amount": "12.34", "currency": "EUR"}`. In CSV, write [`amount`](Self::amount) and
/// [`currency`](Self::currency) to a column each: an amount has the currency's decimal places, a point, and no
/// thousands separators.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Money {
    minors: i64,
    currency: Currency,
}

/// The form that `serde` writes.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Money")]
struct Written {
    amount: String,
    currency: String,
}

impl Money {
    /// An amount of this many minor units, such as cents.
    pub fn new(minors: i64, currency: Currency) -> Self {
        Self { minors, currency }
    }

    /// Nothing, in this currency.
    pub fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// An amount of this many major units, such as euros. Zeros at the end may be more than the currency has places.
    ///
    /// # Errors
    /// [`MoneyError::TooManyPlaces`] if it would have to be rounded, and [`MoneyError::TooLarge`].
    pub fn from_decimal(
        amount: impl Into<rust_decimal::Decimal>,
        currency: Currency,
    ) -> Result<Self, MoneyError> {
        let amount = amount.into().normalize();
        let places = currency.decimals().checked_sub(amount.scale());
        let factor = places.and_then(|places| 10_i128.checked_pow(places));
        let factor = factor.ok_or(MoneyError::TooManyPlaces { currency })?;
        let minors = amount.mantissa().checked_mul(factor).and_then(|minors| i64::try_from(minors).ok());
        Ok(Self::new(minors.ok_or(MoneyError::TooLarge)?, currency))
    }

    /// The amount in minor units of the currency.
    pub fn minors(&self) -> i64 {
        self.minors
    }

    /// The amount in major units, with exactly the currency's decimal places.
    pub fn amount(&self) -> Decimal {
        rust_decimal::Decimal::new(self.minors, self.currency.decimals()).into()
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.minors == 0
    }

    /// Whether it is less than nothing: in accounting entries, a refund (field notes).
    pub fn is_negative(&self) -> bool {
        self.minors < 0
    }

    /// Both amounts together.
    ///
    /// # Errors
    /// [`MoneyError::DifferentCurrencies`], and [`MoneyError::TooLarge`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combined(other, i64::checked_add)
    }

    /// This amount less the other.
    ///
    /// # Errors
    /// [`MoneyError::DifferentCurrencies`], and [`MoneyError::TooLarge`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combined(other, i64::checked_sub)
    }

    /// The amount with the other sign.
    ///
    /// # Errors
    /// [`MoneyError::TooLarge`] for the one amount whose opposite a 64-bit integer does not hold.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        Self::zero(self.currency).checked_sub(self)
    }

    /// All amounts together, or `None` if there are none. The order does not matter, even where a part of the sum is
    /// too large and the whole is not.
    ///
    /// # Errors
    /// [`MoneyError::DifferentCurrencies`], and [`MoneyError::TooLarge`].
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Option<Self>, MoneyError> {
        let mut amounts = amounts.into_iter();
        let Some(first) = amounts.next() else { return Ok(None) };
        let mut sum = i128::from(first.minors);
        for amount in amounts {
            first.same_currency(amount)?;
            sum = sum.checked_add(amount.minors.into()).ok_or(MoneyError::TooLarge)?;
        }
        let minors = i64::try_from(sum).map_err(|_| MoneyError::TooLarge)?;
        Ok(Some(Self::new(minors, first.currency)))
    }

    fn combined(self, other: Self, combine: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minors = combine(self.minors, other.minors).ok_or(MoneyError::TooLarge)?;
        Ok(Self::new(minors, self.currency))
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        match self.currency == other.currency {
            true => Ok(()),
            false => Err(MoneyError::DifferentCurrencies { left: self.currency, right: other.currency }),
        }
    }

    /// Reads an amount and a currency that come apart, as from two columns of a CSV file.
    ///
    /// # Errors
    /// When one of them is not valid, or the amount would have to be rounded.
    pub fn from_texts(amount: &str, currency: &str) -> Result<Self, MoneyError> {
        let currency = currency.parse()?;
        let amount: Decimal = amount.parse().map_err(|_| MoneyError::NotANumber)?;
        Self::from_decimal(amount, currency)
    }
}

/// Amounts in different currencies are neither equal nor one greater than the other.
impl PartialOrd for Money {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.minors.cmp(&other.minors))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.amount(), self.currency))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Money({self})")
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads the form that `Display` writes. The amount may be any decimal number of JSON.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let (amount, currency) = text.split_once(' ').ok_or(MoneyError::Form)?;
        Self::from_texts(amount, currency)
    }
}

impl TryFrom<&str> for Money {
    type Error = MoneyError;

    fn try_from(text: &str) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl TryFrom<Written> for Money {
    type Error = MoneyError;

    fn try_from(written: Written) -> Result<Self, MoneyError> {
        Self::from_texts(&written.amount, &written.currency)
    }
}

impl From<Money> for Written {
    fn from(money: Money) -> Self {
        Self { amount: money.amount().to_string(), currency: money.currency.to_string() }
    }
}

/// Why something is not an exact amount of money, or amounts cannot be put together.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The currency is not valid.
    #[error(transparent)]
    Currency(#[from] InvalidCurrency),
    /// The amount is not a decimal number.
    #[error("the amount is not a decimal number such as -1234.56 with at most 28 digits")]
    NotANumber,
    /// The text is not an amount and a currency with a space between them.
    #[error("not an amount with a currency such as `12.34 EUR`")]
    Form,
    /// The amount has more decimal places than its currency.
    #[error(
        "the amount has more than the {} decimal places of {currency}; round it before converting it",
        .currency.decimals()
    )]
    TooManyPlaces {
        /// The currency.
        currency: Currency,
    },
    /// The amount in minor units is beyond what a 64-bit integer holds, which Pleo's own form is.
    #[error("the amount is beyond 9,223,372,036,854,775,807 minor units")]
    TooLarge,
    /// The amounts are in different currencies.
    #[error("an amount in {left} and one in {right} cannot be added; convert one of them first")]
    DifferentCurrencies {
        /// The currency of the first.
        left: Currency,
        /// The currency of the second.
        right: Currency,
    },
}

crate::debug_by_chain!(MoneyError);

/// Conversions from and to minor units.
#[cfg(any(feature = "accounting-entries", feature = "tax-codes"))]
mod minor_units {
    use super::{Money, MoneyError};
    use crate::{ConversionError, common::types};

    impl TryFrom<&types::Money> for Money {
        type Error = MoneyError;

        fn try_from(money: &types::Money) -> Result<Self, MoneyError> {
            Ok(Self::new(money.minors, money.currency.parse()?))
        }
    }

    impl TryFrom<types::Money> for Money {
        type Error = MoneyError;

        fn try_from(money: types::Money) -> Result<Self, MoneyError> {
            (&money).try_into()
        }
    }

    /// It always succeeds. It is not a `From`, since the type is made by its builder.
    impl TryFrom<Money> for types::Money {
        type Error = ConversionError;

        fn try_from(money: Money) -> Result<Self, ConversionError> {
            Self::builder().currency(money.currency.code()).minors(money.minors).try_into()
        }
    }
}

/// Conversions from and to decimal numbers.
#[cfg(feature = "export")]
mod decimals {
    use super::{Money, MoneyError};
    use crate::{ConversionError, export::types::MoneyModel};

    impl TryFrom<&MoneyModel> for Money {
        type Error = MoneyError;

        fn try_from(money: &MoneyModel) -> Result<Self, MoneyError> {
            Self::from_decimal(money.value, money.currency.as_str().parse()?)
        }
    }

    impl TryFrom<MoneyModel> for Money {
        type Error = MoneyError;

        fn try_from(money: MoneyModel) -> Result<Self, MoneyError> {
            (&money).try_into()
        }
    }

    /// It always succeeds. It is not a `From`, since the type can only be made from JSON.
    impl TryFrom<Money> for MoneyModel {
        type Error = ConversionError;

        fn try_from(money: Money) -> Result<Self, ConversionError> {
            let json = format!(r#"{{"currency":"{}","value":{}}}"#, money.currency, money.amount());
            serde_json::from_str(&json).map_err(|_| "the amount has no decimal form".into())
        }
    }
}
