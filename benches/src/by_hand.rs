//! The types of two kinds of pages, as a careful person writes them for serde: the same fields as the
//! generated ones, text for enums, since Pleo adds values, and exact numbers for money.

use std::collections::BTreeMap;

use pleo_client::chrono::{DateTime, FixedOffset};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;
use uuid::Uuid;

type Time = DateTime<FixedOffset>;

macro_rules! structs {
    ($($(#[$meta:meta])* $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$meta])*
            #[allow(missing_docs, reason = "the fields are those of the generated type")]
            #[derive(Debug, Serialize, Deserialize)]
            #[serde(rename_all = "camelCase")]
            pub struct $name { $($(#[$field_meta])* pub $field: $type,)* }
        )*
    };
}

/// A page of a list.
#[derive(Debug, Serialize, Deserialize)]
pub struct Page<T> {
    /// What stands on the page.
    pub data: Vec<T>,
    /// Where the page lies.
    pub pagination: PageInfo,
}

structs! {
    /// Where a page lies.
    PageInfo {
        current_request_pagination: CurrentRequest,
        #[serde(skip_serializing_if = "Option::is_none")]
        end_cursor: Option<String>,
        has_next_page: bool,
        has_previous_page: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        start_cursor: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<i64>,
    }

    /// What was asked for.
    CurrentRequest {
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<i32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        offset: Option<i64>,
        parameters: BTreeMap<String, Vec<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sorting_keys: Option<Vec<String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sorting_order: Option<Vec<String>>,
    }

    /// An accounting entry.
    AccountingEntry {
        #[serde(skip_serializing_if = "Option::is_none")]
        account_code: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        account_id: Option<Uuid>,
        attendees: Vec<Attendee>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bookkeeping_date: Option<Time>,
        company_id: Uuid,
        created_at: Time,
        #[serde(skip_serializing_if = "Option::is_none")]
        deleted_at: Option<Time>,
        #[serde(skip_serializing_if = "Option::is_none")]
        employee_id: Option<Uuid>,
        export_status: String,
        family: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        foreign_extension_id: Option<String>,
        id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        performed_at: Time,
        receipt_ids: Vec<Uuid>,
        review_status: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        settled_at: Option<Time>,
        split_items: Vec<SplitItem>,
        status: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        sub_family: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        supplier: Option<EntrySupplier>,
        tags: Vec<EntryTag>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tax_code_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        team_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total_bill_value: Option<Minors>,
        transaction_value: Minors,
        updated_at: Time,
    }

    /// Somebody who took part.
    Attendee {
        attendable_id: String,
        attendable_type: String,
        id: String,
    }

    /// An amount in minor units.
    Minors {
        currency: String,
        minors: i64,
    }

    /// A part of an entry.
    SplitItem {
        #[serde(skip_serializing_if = "Option::is_none")]
        account_code: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        account_id: Option<Uuid>,
        created_at: Time,
        id: Uuid,
        tags: Vec<EntryTag>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tax_code_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total_bill_value: Option<Minors>,
        #[serde(skip_serializing_if = "Option::is_none")]
        transaction_value: Option<Minors>,
        updated_at: Time,
    }

    /// A tag of an entry.
    EntryTag {
        tag_group_id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        tag_id: Option<Uuid>,
    }

    /// A supplier of an entry.
    EntrySupplier {
        #[serde(skip_serializing_if = "Option::is_none")]
        cif: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        document_number: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        document_type: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        external_account_number: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        external_supplier_id: Option<String>,
    }

    /// An item to be exported.
    ExportItem {
        accounting_entry_id: Uuid,
        accounting_entry_lines: Vec<Line>,
        additional_information: AdditionalInformation,
        amount: Amounts,
        #[serde(skip_serializing_if = "Option::is_none")]
        bookkeeping: Option<Bookkeeping>,
        company_id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        contra_account: Option<Account>,
        date: Time,
        #[serde(skip_serializing_if = "Option::is_none")]
        files: Option<Vec<Option<File>>>,
        #[serde(rename = "_links")]
        links: Links,
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        service_period: Option<ServicePeriod>,
        #[serde(skip_serializing_if = "Option::is_none")]
        sub_type: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        supplier: Option<Supplier>,
        #[serde(skip_serializing_if = "Option::is_none")]
        team: Option<Named>,
        r#type: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<Named>,
        #[serde(skip_serializing_if = "Option::is_none")]
        vendor: Option<Vendor>,
    }

    /// A line of an item.
    Line {
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<Account>,
        accounting_entry_line_id: Uuid,
        line_amount: Amounts,
        net_amount: Amounts,
        #[serde(skip_serializing_if = "Option::is_none")]
        tags: Option<Vec<Option<Tag>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tax: Option<Tax>,
    }

    /// An account of the ledger.
    Account {
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        identifier: Option<String>,
        name: String,
    }

    /// An amount in two currencies.
    Amounts {
        in_supplier_currency: Money,
        in_wallet_currency: Money,
    }

    /// An exact amount in major units.
    Money {
        currency: String,
        #[serde(with = "exact")]
        value: Decimal,
    }

    /// A tag of a line.
    Tag {
        code: String,
        group_code: String,
        id: Uuid,
    }

    /// The tax of a line.
    Tax {
        amount: Amounts,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        ingoing_tax_account: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        outgoing_tax_account: Option<String>,
        #[serde(with = "exact")]
        rate: Decimal,
        r#type: String,
    }

    /// What else there is on an item.
    AdditionalInformation {
        #[serde(skip_serializing_if = "Option::is_none")]
        attendees: Option<Vec<Option<String>>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        invoice_information: Option<Invoice>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reconciled_entries: Option<Vec<Option<String>>>,
        reconciliation_id: String,
    }

    /// An invoice.
    Invoice {
        #[serde(skip_serializing_if = "Option::is_none")]
        due_date: Option<String>,
        invoice_date: String,
        invoice_number: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        payment_date: Option<String>,
        status: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        supplier_bank_account: Option<BankAccount>,
    }

    /// A bank account.
    BankAccount {
        #[serde(skip_serializing_if = "Option::is_none")]
        account_number: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        bank_code: Option<String>,
        bank_name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        bic: Option<String>,
        country: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        iban: Option<String>,
    }

    /// How an item is to be booked.
    Bookkeeping {
        method: String,
    }

    /// A file of an item.
    File {
        size: i32,
        r#type: String,
        url: String,
    }

    /// Links to an item.
    Links {
        #[serde(skip_serializing_if = "Option::is_none")]
        api: Option<BTreeMap<String, String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        mobile: Option<BTreeMap<String, String>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        web: Option<BTreeMap<String, String>>,
    }

    /// When a service was rendered.
    ServicePeriod {
        from: Time,
        to: Time,
    }

    /// A supplier of an item.
    Supplier {
        #[serde(skip_serializing_if = "Option::is_none")]
        account: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        category_code: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        country: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tax_identifier: Option<String>,
    }

    /// A team or a person.
    Named {
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        id: Uuid,
        name: String,
    }

    /// A vendor.
    Vendor {
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        country: Option<String>,
        default_currency: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        external_id: Option<String>,
        id: Uuid,
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        registration_number: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        tax_registration_number: Option<String>,
    }
}

/// Numbers that pass through no float: the text of the JSON is read as it stands.
mod exact {
    use super::*;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = <&RawValue>::deserialize(deserializer)?.get();
        let number = if text.contains(['e', 'E']) {
            Decimal::from_scientific(text)
        } else {
            Decimal::from_str_exact(text)
        };
        number.map_err(de::Error::custom)
    }

    pub(super) fn serialize<S: Serializer>(number: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(number.to_string()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}
