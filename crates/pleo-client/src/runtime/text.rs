//! Values that travel as text.

/// Implements `serde` for types with `Display` and `FromStr`, as that text: for the ids, scopes, environments and amounts of
/// the crates above. No type that holds a secret may have it. `deserialize` is the half of it for a type
/// with values that cannot be written as text.
#[doc(hidden)]
#[macro_export]
macro_rules! serde_as_text {
    (deserialize $name:ty) => {
        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    };
    ($($name:ty),* $(,)?) => {
        $(
            impl ::serde::Serialize for $name {
                fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }

            $crate::serde_as_text!(deserialize $name);
        )*
    };
}
