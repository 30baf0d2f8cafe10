//! Maps, which may have members that Pleo's documents do not know.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor, value::SeqAccessDeserializer},
};

use super::{Sensitive, object::Object};

/// The members of a map.
///
/// A member whose kind is not that of the map's values, such as a text among lists, is one that Pleo's documents
/// do not know, and is ignored as an unknown field is. One of the right kind that cannot be read is an
/// error: it is what was asked for.
pub(crate) struct Members<V>(pub(crate) BTreeMap<String, V>);

/// What a map holds, by the kind of JSON that it is read from.
pub(crate) trait Member<'de>: Sized {
    /// What a text is, if values are texts.
    fn text(_: String) -> Option<Self> {
        None
    }

    /// What a list is, if values are lists.
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_seq(list).map(|_| None)
    }

    /// What an object is, if values are objects.
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_map(object).map(|_| None)
    }
}

impl Member<'_> for String {
    fn text(text: String) -> Option<Self> {
        Some(text)
    }
}

impl Member<'_> for Sensitive {
    fn text(text: String) -> Option<Self> {
        Some(text.into())
    }
}

impl<'de, T: Deserialize<'de>> Member<'de> for Vec<T> {
    fn list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Self::deserialize(SeqAccessDeserializer::new(list)).map(Some)
    }
}

impl<'de, T: Object<'de>> Member<'de> for T {
    fn object<A: MapAccess<'de>>(object: A) -> Result<Option<Self>, A::Error> {
        T::read(object).map(Some)
    }
}

impl<'de, V: Member<'de>> Deserialize<'de> for Members<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map<V>(PhantomData<V>);

        impl<'de, V: Member<'de>> Visitor<'de> for Map<V> {
            type Value = Members<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<V>, A::Error> {
                let mut members = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if let Known(Some(value)) = map.next_value()? {
                        members.insert(name, value);
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Map(PhantomData))
    }
}

/// The value of a member, if it is of the right kind.
struct Known<V>(Option<V>);

impl<'de, V: Member<'de>> Deserialize<'de> for Known<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any<V>(PhantomData<V>);

        impl<'de, V: Member<'de>> Visitor<'de> for Any<V> {
            type Value = Option<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_unit<E>(self) -> Result<Option<V>, E> {
                Ok(None)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Option<V>, E> {
                Ok(None)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Option<V>, E> {
                Ok(None)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Option<V>, E> {
                Ok(None)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Option<V>, E> {
                Ok(None)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<V>, E> {
                Ok(V::text(text.to_owned()))
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Option<V>, E> {
                Ok(V::text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<V>, A::Error> {
                V::list(list)
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Option<V>, A::Error> {
                V::object(object)
            }
        }

        deserializer.deserialize_any(Any(PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::runtime::object::object;

    #[derive(Debug, PartialEq)]
    struct Amount {
        value: i64,
    }

    object! { Amount { required value = "value", } }

    #[derive(Debug, PartialEq)]
    struct Maps {
        lists: BTreeMap<String, Vec<String>>,
        texts: Option<BTreeMap<String, String>>,
        amounts: Option<BTreeMap<String, Amount>>,
    }

    object! { Maps { required_map lists = "lists", optional_map texts = "texts", nullable_map amounts = "amounts", } }

    /// One member of each kind.
    fn members() -> Value {
        json!({
            "null": null, "bool": true, "negative": -1, "number": 1, "fraction": 0.5, "text": "t",
            "list": ["a"], "object": { "value": 3, "new": [{}] },
        })
    }

    #[test]
    fn a_member_of_another_kind_is_ignored() {
        let body = json!({ "lists": members(), "texts": members(), "amounts": members() });
        let expected = Maps {
            lists: [("list".to_owned(), vec!["a".to_owned()])].into(),
            texts: Some([("text".to_owned(), "t".to_owned())].into()),
            amounts: Some([("object".to_owned(), Amount { value: 3 })].into()),
        };
        assert_eq!(serde_json::from_value::<Maps>(body.clone()).unwrap(), expected);
        let read: Maps = serde_json::from_str(&body.to_string()).unwrap();
        assert_eq!(read, expected);
        let sent = json!({ "lists": { "list": ["a"] }, "texts": { "text": "t" }, "amounts": { "object": { "value": 3 } } });
        assert_eq!(serde_json::to_value(read).unwrap(), sent);
    }

    #[test]
    fn a_member_of_the_right_kind_that_cannot_be_read_is_an_error() {
        for body in [
            json!({ "lists": { "a": [1] } }),
            json!({ "lists": {}, "amounts": { "a": {} } }),
            json!({ "lists": {}, "amounts": { "a": { "value": "text" } } }),
            json!({ "lists": [] }),
            json!({}),
        ] {
            assert!(serde_json::from_value::<Maps>(body.clone()).is_err(), "{body}");
        }
        let absent = Maps { lists: BTreeMap::new(), texts: None, amounts: None };
        let read = json!({ "lists": {}, "texts": null, "amounts": null });
        assert_eq!(serde_json::from_value::<Maps>(read).unwrap(), absent);
        assert_eq!(serde_json::to_value(absent).unwrap(), json!({ "lists": {}, "amounts": null }));
    }
}
