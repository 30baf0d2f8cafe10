//! Values that are written as text.

/// Implements `Debug`, `TryFrom<&str>` and `serde` for a type with `Display` and `FromStr`, all as that text.
macro_rules! as_text {
    ($name:ident) => {
        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = <Self as ::std::str::FromStr>::Err;

            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        ::pleo_auth::pleo_client::serde_as_text!($name);
    };
}

pub(crate) use as_text;
