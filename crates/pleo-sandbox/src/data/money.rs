//! Money of the sandbox: four currencies, and both of Pleo's ways to write an amount.

use serde_json::{Value, json};

use super::SEEDED;

/// A currency: its ISO 4217 code, its decimals, and what a hundred of its minor units are in øre.
struct Currency(&'static str, i32, i64);

/// The first is the one that wallets hold.
const CURRENCIES: [Currency; 4] =
    [Currency("DKK", 2, 100), Currency("EUR", 2, 746), Currency("JPY", 0, 470), Currency("KWD", 3, 220)];

/// The currency of the entry of this number: the wallet's where only the usual number is there.
pub(super) fn currency_of(number: usize) -> &'static str {
    CURRENCIES[if number < SEEDED { 0 } else { number % CURRENCIES.len() }].0
}

fn currency(money: &Value) -> &'static Currency {
    CURRENCIES.iter().find(|currency| money["currency"] == currency.0).unwrap_or(&CURRENCIES[0])
}

/// The same in the wallet's currency, in minor units.
pub(super) fn in_wallet(money: &Value) -> Value {
    let minors = money["minors"].as_i64().unwrap_or_default() * currency(money).2 / 100;
    json!({ "currency": CURRENCIES[0].0, "minors": minors })
}

/// Minor units as the decimal number that exports show.
pub(super) fn decimal(money: &Value) -> Value {
    let value = money["minors"].as_f64().unwrap_or_default() / 10_f64.powi(currency(money).1);
    json!({ "currency": money["currency"], "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        for (currency, decimal_value, minors_in_wallet) in [
            ("DKK", 123.45, 12_345),
            ("EUR", 123.45, 92_093),
            ("JPY", 12_345.0, 58_021),
            ("KWD", 12.345, 27_159),
        ] {
            let money = json!({ "currency": currency, "minors": 12_345 });
            assert_eq!(decimal(&money), json!({ "currency": currency, "value": decimal_value }));
            assert_eq!(in_wallet(&money), json!({ "currency": "DKK", "minors": minors_in_wallet }));
        }
    }
}
