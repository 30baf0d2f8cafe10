//! Exact amounts, against the published table of ISO 4217.

use pleo::{
    Currency, InvalidCurrency, Money, MoneyError, common::types as minor_units, export::types::MoneyModel,
    rust_decimal::Decimal,
};
use proptest::prelude::*;

use crate::in_process::runner;

/// The codes of list one as published on 1 January 2026, by the number of decimal places.
const LIST_ONE: [(Option<u32>, &str); 5] = [
    (Some(0), "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        Some(2),
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF \
     CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD \
     GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL \
     MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR \
     PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP \
     TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    ),
    (Some(3), "BHD IQD JOD KWD LYD OMR TND"),
    (Some(4), "CLF UYW"),
    (None, "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX"),
];

/// The currencies of list one that amounts can be in.
fn currencies() -> Vec<Currency> {
    let with_units = LIST_ONE.iter().filter(|(decimals, _)| decimals.is_some());
    with_units.flat_map(|(_, codes)| codes.split_whitespace()).map(|code| code.parse().unwrap()).collect()
}

fn money(minors: i64, code: &str) -> Money {
    Money::new(minors, code.parse().unwrap())
}

#[test]
fn every_currency_has_the_decimal_places_of_iso_4217() {
    let mut count = 0;
    for (decimals, codes) in LIST_ONE {
        for code in codes.split_whitespace() {
            match (code.parse::<Currency>(), decimals) {
                (Ok(currency), Some(decimals)) => assert_eq!(currency.decimals(), decimals, "{code}"),
                (Err(InvalidCurrency::NoMinorUnits { code: named }), None) => assert_eq!(named, code),
                (other, _) => panic!("{code}: {other:?}"),
            }
            count += 1;
        }
    }
    assert_eq!(count, 178);
}

#[test]
fn any_amount_of_every_currency_survives_every_form() {
    for currency in currencies() {
        let outcome = runner(64).run(&prop_oneof![any::<i64>(), -2_000..2_000_i64], |minors| {
            let money = Money::new(minors, currency);
            let in_minors: minor_units::Money = money.try_into().unwrap();
            prop_assert_eq!((in_minors.minors, &*in_minors.currency), (minors, currency.code()));
            prop_assert_eq!(Money::try_from(in_minors).unwrap(), money);

            let in_decimals: MoneyModel = money.try_into().unwrap();
            let json = serde_json::to_string(&in_decimals).unwrap();
            let in_decimals: MoneyModel = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(in_decimals.value.get().scale(), currency.decimals());
            // An independent way from minor to major units: as whole numbers.
            let factor = Decimal::from(10_i64.pow(currency.decimals()));
            prop_assert_eq!(in_decimals.value.get() * factor, Decimal::from(minors));
            prop_assert_eq!(Money::try_from(&in_decimals).unwrap(), money);

            prop_assert_eq!(money.to_string().parse::<Money>().unwrap(), money);
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), money);
            let (amount, code) = (money.amount().to_string(), currency.to_string());
            prop_assert_eq!(Money::from_texts(&amount, &code).unwrap(), money);
            Ok(())
        });
        outcome.unwrap();
    }
}

#[test]
fn amounts_are_shown_with_the_decimal_places_of_their_currency() {
    for (minors, code, shown) in [
        (1234, "EUR", "12.34 EUR"),
        (-1234, "EUR", "-12.34 EUR"),
        (-5, "EUR", "-0.05 EUR"),
        (0, "EUR", "0.00 EUR"),
        (1200, "DKK", "12.00 DKK"),
        (-1234, "JPY", "-1234 JPY"),
        (0, "JPY", "0 JPY"),
        (1234, "KWD", "1.234 KWD"),
        (-1, "KWD", "-0.001 KWD"),
        (12_345, "CLF", "1.2345 CLF"),
        (-12_345, "UYW", "-1.2345 UYW"),
        (i64::MIN, "EUR", "-92233720368547758.08 EUR"),
        (i64::MAX, "CLF", "922337203685477.5807 CLF"),
    ] {
        let money = money(minors, code);
        assert_eq!(money.to_string(), shown);
        assert_eq!(shown.parse(), Ok(money));
        let json = serde_json::to_value(money).unwrap();
        let amount = shown.split(' ').next().unwrap();
        assert_eq!(json, serde_json::json!({ "amount": amount, "currency": code }));
    }
    assert_eq!(format!("{:>12}|{:<12}|", money(1234, "EUR"), money(5, "JPY")), "   12.34 EUR|5 JPY       |");
}

#[test]
fn amounts_survive_csv_in_a_column_each_and_as_a_record() {
    let amounts = [money(-1234, "JPY"), money(1_234_567_891, "KWD"), money(-5, "CLF"), money(0, "EUR")];
    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for money in amounts {
        writer.write_record([money.amount().to_string(), money.currency().to_string()]).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    assert_eq!(text, "-1234,JPY\n1234567.891,KWD\n-0.0005,CLF\n0.00,EUR\n");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let read: Vec<Money> = reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            Money::from_texts(&record[0], &record[1]).unwrap()
        })
        .collect();
    assert_eq!(read, amounts);

    let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    for money in amounts {
        writer.serialize(("entry", money)).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    assert_eq!(text.lines().next(), Some("entry,-1234,JPY"));
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let read: Vec<(String, Money)> = reader.deserialize().map(Result::unwrap).collect();
    assert_eq!(read.into_iter().map(|(_, money)| money).collect::<Vec<_>>(), amounts);
}

#[test]
fn a_decimal_that_would_have_to_be_rounded_is_an_error() {
    for (text, outcome) in [
        ("12.340 EUR", Ok(1234)),
        ("100.0 JPY", Ok(100)),
        ("1e2 JPY", Ok(100)),
        ("12.345 EUR", Err("more than the 2 decimal places of EUR")),
        ("0.5 JPY", Err("more than the 0 decimal places of JPY")),
        ("1.00001 CLF", Err("more than the 4 decimal places of CLF")),
        ("92233720368547758.08 EUR", Err("beyond 9,223,372,036,854,775,807 minor units")),
        ("9999999999999999999999999999 CLF", Err("beyond")),
        ("1,234.50 EUR", Err("the amount is not a decimal number")),
        ("12,34 EUR", Err("the amount is not a decimal number")),
        (" EUR", Err("the amount is not a decimal number")),
        ("NaN EUR", Err("the amount is not a decimal number")),
        ("12.34", Err("not an amount with a currency such as `12.34 EUR`")),
        ("12.34  EUR", Err("not a code of three capital letters")),
    ] {
        match (text.parse::<Money>(), outcome) {
            (Ok(money), Ok(minors)) => assert_eq!(money.minors(), minors, "{text}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (other, _) => panic!("{text}: {other:?}"),
        }
    }
    let float = r#"{"amount":12.34,"currency":"EUR"}"#;
    assert!(
        serde_json::from_str::<Money>(float).is_err(),
        "an amount that is not text may have been rounded"
    );
}

#[test]
fn an_unknown_currency_is_an_error_that_names_only_a_code() {
    for (code, shown) in [
        ("QQQ", "`QQQ` is not a currency"),
        ("ANG", "`ANG` is not a currency"),
        ("XAU", "`XAU` has no minor units"),
        ("UNDEFINED", "is `UNDEFINED`"),
        ("eur", "not a code of three capital letters"),
        ("ÄÖ", "not a code of three capital letters"),
        ("\u{1b}[2J", "not a code of three capital letters"),
        ("", "not a code of three capital letters"),
    ] {
        let minors: minor_units::Money =
            serde_json::from_value(serde_json::json!({ "currency": code, "minors": 1234 })).unwrap();
        let decimals: MoneyModel =
            serde_json::from_str(&format!(r#"{{"currency":{},"value":12.34}}"#, serde_json::json!(code)))
                .unwrap();
        for error in [Money::try_from(minors).unwrap_err(), Money::try_from(decimals).unwrap_err()] {
            assert!(matches!(error, MoneyError::Currency(_)), "{error:?}");
            assert!(error.to_string().contains(shown), "{code:?}: {error}");
            assert_eq!(format!("{error:?}"), error.to_string());
        }
    }
}

#[test]
fn every_currency_that_pleo_lists_is_known_or_a_named_error() {
    let unknown: Vec<_> = pleo::export::types::CurrencyCode::KNOWN
        .iter()
        .filter(|code| matches!(code.parse::<Currency>(), Err(InvalidCurrency::Unknown { .. })))
        .collect();
    // All of them were withdrawn, and the standard no longer says how many decimal places they have.
    assert_eq!(unknown, [&"ANG", &"BYR", &"LTL", &"MRO", &"RUR", &"STD", &"USS", &"VEF"]);
}

#[test]
fn arithmetic_is_exact_and_refuses_to_mix_currencies() {
    let (one, two) = (money(100, "EUR"), money(250, "EUR"));
    assert_eq!(one.checked_add(two), Ok(money(350, "EUR")));
    assert_eq!(one.checked_sub(two), Ok(money(-150, "EUR")));
    assert_eq!(one.checked_neg(), Ok(money(-100, "EUR")));
    assert!(one < two && one.partial_cmp(&money(100, "DKK")).is_none());

    let (left, right) = ("EUR".parse().unwrap(), "DKK".parse().unwrap());
    let mixed = Err(MoneyError::DifferentCurrencies { left, right });
    assert_eq!(one.checked_add(money(0, "DKK")), mixed);
    assert_eq!(one.checked_sub(money(0, "DKK")), mixed);
    assert_eq!(Money::sum([one, two, money(0, "DKK")]).map(drop), mixed.map(drop));

    let greatest = money(i64::MAX, "JPY");
    assert_eq!(greatest.checked_add(money(1, "JPY")), Err(MoneyError::TooLarge));
    assert_eq!(money(i64::MIN, "JPY").checked_neg(), Err(MoneyError::TooLarge));
    assert_eq!(Money::sum([greatest, money(1, "JPY"), money(-1, "JPY")]), Ok(Some(greatest)));
    assert_eq!(Money::sum([greatest, money(1, "JPY")]), Err(MoneyError::TooLarge));
    assert_eq!(Money::sum([]), Ok(None));
}

#[test]
fn the_values_are_shared_between_threads() {
    fn shared<T: Send + Sync + Copy + std::fmt::Debug>() {}
    shared::<Money>();
    shared::<Currency>();
    shared::<pleo::Month>();
    shared::<pleo::TimeRange>();
    shared::<pleo::EntryPeriod>();
}
