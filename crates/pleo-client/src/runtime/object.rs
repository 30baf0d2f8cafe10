//! JSON objects without derive macros.
//!
//! serde's derives of 200 structs take two thirds of this crate's compile time, most of it for
//! input that is not JSON: sequences, field numbers, byte strings. See
//! `docs/decisions/0004-objects-without-derive.md`.

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

use chrono::{DateTime, FixedOffset};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IgnoredAny, MapAccess, Visitor},
    ser::SerializeStruct,
};

use super::{
    members::{Member, Members},
    time::Time,
};

/// Implements `Serialize` and `Deserialize` for a struct that is a JSON object.
///
/// Each field is given with its name on the wire and its kind: `required`, `optional` (absent when
/// `None`, null read as absent) or `nullable` (null when `None`, absent read as null), and the same
/// with `_time` for a time and with `_map` for a map. An unknown field is ignored; of a repeated one the last counts.
macro_rules! object {
    ($name:ident { $($kind:ident $field:ident = $wire:literal,)* }) => {
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                const FIELDS: &[&str] = &[$($wire),*];
                $crate::runtime::object::Writer::new(serializer.serialize_struct(stringify!($name), FIELDS.len()))
                    $(.$kind($wire, &self.$field))*
                    .end()
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                deserializer.deserialize_map($crate::runtime::object::Reader::<Self>::new(stringify!($name)))
            }
        }

        impl<'de> $crate::runtime::object::Object<'de> for $name {
            fn read<A: ::serde::de::MapAccess<'de>>(mut map: A) -> ::std::result::Result<Self, A::Error> {
                $(let mut $field = ::std::option::Option::None;)*
                while let ::std::option::Option::Some(key) = $crate::runtime::object::key(&mut map)? {
                    match key.as_str() {
                        $($wire => $crate::runtime::object::object!(@read $kind map $field),)*
                        _ => $crate::runtime::object::ignore(&mut map),
                    }?;
                }
                ::std::result::Result::Ok($name {
                    $($field: $crate::runtime::object::object!(@$kind $field $wire),)*
                })
            }
        }
    };
    (@read required_time $map:ident $field:ident) => { $crate::runtime::object::time(&mut $map, &mut $field) };
    (@read optional_time $map:ident $field:ident) => { $crate::runtime::object::maybe_time(&mut $map, &mut $field) };
    (@read nullable_time $map:ident $field:ident) => { $crate::runtime::object::maybe_time(&mut $map, &mut $field) };
    (@read required_map $map:ident $field:ident) => { $crate::runtime::object::members(&mut $map, &mut $field) };
    (@read optional_map $map:ident $field:ident) => { $crate::runtime::object::maybe_members(&mut $map, &mut $field) };
    (@read nullable_map $map:ident $field:ident) => { $crate::runtime::object::maybe_members(&mut $map, &mut $field) };
    (@read $kind:ident $map:ident $field:ident) => { $crate::runtime::object::value(&mut $map, &mut $field) };
    (@required $field:ident $wire:literal) => { $crate::runtime::object::required($field, $wire)? };
    (@required_time $field:ident $wire:literal) => { $crate::runtime::object::required($field, $wire)? };
    (@required_map $field:ident $wire:literal) => { $crate::runtime::object::required($field, $wire)? };
    (@$kind:ident $field:ident $wire:literal) => { $field.flatten() };
}

pub(crate) use object;

/// The name of a field, borrowed from the input where it holds no escapes.
pub(crate) struct Key<'de>(Cow<'de, str>);

impl Key<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_identifier(Text)
    }
}

/// A struct that is a JSON object.
pub(crate) trait Object<'de>: Sized {
    /// Reads the fields.
    fn read<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

/// Reads a JSON object into a struct.
pub(crate) struct Reader<T> {
    name: &'static str,
    object: PhantomData<T>,
}

impl<T> Reader<T> {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, object: PhantomData }
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the object {}", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::read(map)
    }
}

/// The name of the next field.
pub(crate) fn key<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<Key<'de>>, A::Error> {
    map.next_key()
}

/// Reads a field's value into its slot.
pub(crate) fn value<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    slot: &mut Option<T>,
) -> Result<(), A::Error> {
    *slot = Some(map.next_value()?);
    Ok(())
}

/// Reads a time into its slot.
pub(crate) fn time<'de, A: MapAccess<'de>>(
    map: &mut A,
    slot: &mut Option<DateTime<FixedOffset>>,
) -> Result<(), A::Error> {
    *slot = Some(map.next_value::<Time>()?.0);
    Ok(())
}

/// Reads a time or null into its slot.
pub(crate) fn maybe_time<'de, A: MapAccess<'de>>(
    map: &mut A,
    slot: &mut Option<Option<DateTime<FixedOffset>>>,
) -> Result<(), A::Error> {
    *slot = Some(map.next_value::<Option<Time>>()?.map(|time| time.0));
    Ok(())
}

/// Reads a map into its slot.
pub(crate) fn members<'de, A: MapAccess<'de>, V: Member<'de>>(
    map: &mut A,
    slot: &mut Option<BTreeMap<String, V>>,
) -> Result<(), A::Error> {
    *slot = Some(map.next_value::<Members<V>>()?.0);
    Ok(())
}

/// Reads a map or null into its slot.
pub(crate) fn maybe_members<'de, A: MapAccess<'de>, V: Member<'de>>(
    map: &mut A,
    slot: &mut Option<Option<BTreeMap<String, V>>>,
) -> Result<(), A::Error> {
    *slot = Some(map.next_value::<Option<Members<V>>>()?.map(|members| members.0));
    Ok(())
}

/// Passes over the value of a field that nobody asked for.
pub(crate) fn ignore<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

/// The value of a field that has to be there.
pub(crate) fn required<T, E: de::Error>(slot: Option<T>, wire: &'static str) -> Result<T, E> {
    slot.ok_or_else(|| E::missing_field(wire))
}

/// Writes the fields of a struct; the first error ends the writing.
pub(crate) struct Writer<O: SerializeStruct>(Result<O, O::Error>);

impl<O: SerializeStruct> Writer<O> {
    pub(crate) fn new(object: Result<O, O::Error>) -> Self {
        Self(object)
    }

    pub(crate) fn required<T: Serialize>(self, wire: &'static str, value: &T) -> Self {
        Self(self.0.and_then(|mut object| object.serialize_field(wire, value).map(|()| object)))
    }

    pub(crate) fn optional<T: Serialize>(self, wire: &'static str, value: &Option<T>) -> Self {
        match value {
            Some(value) => self.required(wire, value),
            None => self,
        }
    }

    pub(crate) fn nullable<T: Serialize>(self, wire: &'static str, value: &Option<T>) -> Self {
        self.required(wire, value)
    }

    pub(crate) fn required_time(self, wire: &'static str, value: &DateTime<FixedOffset>) -> Self {
        self.required(wire, &Time(*value))
    }

    pub(crate) fn optional_time(self, wire: &'static str, value: &Option<DateTime<FixedOffset>>) -> Self {
        self.optional(wire, &value.map(Time))
    }

    #[allow(dead_code, reason = "no field of today holds a time that may be null and has to be there")]
    pub(crate) fn nullable_time(self, wire: &'static str, value: &Option<DateTime<FixedOffset>>) -> Self {
        self.nullable(wire, &value.map(Time))
    }

    pub(crate) fn required_map<V: Serialize>(self, wire: &'static str, map: &BTreeMap<String, V>) -> Self {
        self.required(wire, map)
    }

    pub(crate) fn optional_map<V: Serialize>(
        self,
        wire: &'static str,
        map: &Option<BTreeMap<String, V>>,
    ) -> Self {
        self.optional(wire, map)
    }

    #[allow(dead_code, reason = "no field of today holds a map that may be null and has to be there")]
    pub(crate) fn nullable_map<V: Serialize>(
        self,
        wire: &'static str,
        map: &Option<BTreeMap<String, V>>,
    ) -> Self {
        self.nullable(wire, map)
    }

    pub(crate) fn end(self) -> Result<O::Ok, O::Error> {
        self.0.and_then(O::end)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset};

    #[derive(Debug, PartialEq)]
    struct Thing {
        id: i32,
        note: Option<String>,
        parent: Option<i32>,
    }

    object! { Thing { required id = "thingId", optional note = "note", nullable parent = "parent", } }

    #[test]
    fn each_kind_is_read_and_written_its_way() {
        let thing = Thing { id: 1, note: None, parent: None };
        for text in [
            r#"{"thingId":1}"#,
            r#"{"thingId":1,"note":null,"parent":null,"new":{"a":[1]}}"#,
            r#"{"thing\u0049d":1}"#,
        ] {
            assert_eq!(serde_json::from_str::<Thing>(text).unwrap(), thing, "{text}");
        }
        assert_eq!(serde_json::to_string(&thing).unwrap(), r#"{"thingId":1,"parent":null}"#);
    }

    #[derive(Debug, PartialEq)]
    struct Times {
        made: DateTime<FixedOffset>,
        gone: Option<DateTime<FixedOffset>>,
        paid: Option<DateTime<FixedOffset>>,
    }

    object! { Times { required_time made = "made", optional_time gone = "gone", nullable_time paid = "paid", } }

    #[test]
    fn times_are_of_the_same_kinds() {
        let made = DateTime::parse_from_rfc3339("2026-03-14T09:26:53.589+01:00").unwrap();
        let times = Times { made, gone: None, paid: None };
        for rest in ["", r#","gone":null,"paid":null"#] {
            let text = format!(r#"{{"made":"2026-03-14T09:26:53.589+01:00"{rest}}}"#);
            assert_eq!(serde_json::from_str::<Times>(&text).unwrap(), times);
        }
        let text = r#"{"made":"2026-03-14T09:26:53.589+01:00","paid":null}"#;
        assert_eq!(serde_json::to_string(&times).unwrap(), text);
        let text = format!(r#"{{"made":"{0}","gone":"{0}","paid":"{0}"}}"#, "2026-03-14T09:26:53Z");
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Times>(&text).unwrap()).unwrap(), text);
        for text in ["{}", r#"{"made":null}"#, r#"{"made":"yesterday"}"#, r#"{"made":1}"#] {
            assert!(serde_json::from_str::<Times>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_missing_required_field_and_another_shape_are_refused() {
        let missing = serde_json::from_str::<Thing>(r#"{"note":"n"}"#).unwrap_err();
        assert!(missing.to_string().contains("thingId"), "{missing}");
        assert!(serde_json::from_str::<Thing>("[1, null, null]").is_err());
        assert!(serde_json::from_str::<Thing>(r#"{"thingId":null}"#).is_err());
    }

    #[test]
    fn values_are_read_as_text_is() {
        let value = serde_json::json!({"thingId": 2, "note": "n", "parent": 1});
        let thing: Thing = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(thing).unwrap(), value);
    }
}
