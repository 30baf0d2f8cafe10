//! Enums that keep values they do not know.

/// Declares a string enum that any string decodes to.
///
/// The values of Pleo's responses grow: one list has 14 members in one place and 18 in a newer one.
/// A value that is not listed becomes `Unknown` and is written back unchanged. One that documentation
/// would take for more than text has a documentation comment of its own.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $($(#[doc = $shown:literal])? $variant:ident = $value:literal,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub enum $name {
            $(
                #[doc = $crate::runtime::open_enum!(@shown $value $($shown)?)]
                $variant,
            )*
            /// A value that Pleo's documents did not list when this was generated.
            Unknown(::std::string::String),
        }

        impl $name {
            /// The values that Pleo's documents list.
            pub const KNOWN: &'static [&'static str] = &[$($value),*];

            /// The value as it is in JSON and in queries.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(value) => value,
                }
            }

            fn known(value: &str) -> ::std::option::Option<Self> {
                match value {
                    $($value => ::std::option::Option::Some(Self::$variant),)*
                    _ => ::std::option::Option::None,
                }
            }
        }

        $crate::runtime::open_enum!(@traits $name);
    };
    (@shown $value:literal) => { concat!("`", $value, "`") };
    (@shown $value:literal $shown:literal) => { $shown };
    (@traits $name:ident) => {
        impl ::std::convert::From<&str> for $name {
            fn from(value: &str) -> Self {
                Self::known(value).unwrap_or_else(|| Self::Unknown(value.to_owned()))
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            fn from(value: ::std::string::String) -> Self {
                Self::known(&value).unwrap_or(Self::Unknown(value))
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            fn from_str(value: &str) -> ::std::result::Result<Self, Self::Err> {
                ::std::result::Result::Ok(value.into())
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl ::std::cmp::PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.as_str() == other.as_str()
            }
        }

        impl ::std::cmp::Eq for $name {}

        impl ::std::cmp::PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl ::std::cmp::PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl ::std::hash::Hash for $name {
            fn hash<H: ::std::hash::Hasher>(&self, state: &mut H) {
                self.as_str().hash(state);
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                struct Text;
                impl ::serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("a string")
                    }

                    fn visit_str<E: ::serde::de::Error>(self, value: &str) -> ::std::result::Result<$name, E> {
                        ::std::result::Result::Ok(value.into())
                    }

                    fn visit_string<E: ::serde::de::Error>(
                        self,
                        value: ::std::string::String,
                    ) -> ::std::result::Result<$name, E> {
                        ::std::result::Result::Ok(value.into())
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl $crate::runtime::UrlValue for $name {
            fn write(&self, url: &mut ::std::string::String) {
                $crate::runtime::UrlValue::write(self.as_str(), url);
            }
        }
    };
}

pub(crate) use open_enum;

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro declares public types")]
mod tests {
    open_enum! {
        /// For the tests.
        pub enum Status {
            InProgress = "in_progress",
            Done = "done",
        }
    }

    #[test]
    fn a_known_value_is_its_variant() {
        let status: Status = serde_json::from_str("\"in_progress\"").unwrap();
        assert!(matches!(status, Status::InProgress));
        assert_eq!(Status::KNOWN, ["in_progress", "done"]);
    }

    #[test]
    fn an_unknown_value_is_kept_readable_and_sent_back_unchanged() {
        let status: Status = serde_json::from_str("\"päused \\\"x\\\"\"").unwrap();
        assert_eq!(status.as_str(), "päused \"x\"");
        assert_eq!(serde_json::to_string(&status).unwrap(), "\"päused \\\"x\\\"\"");
    }

    #[test]
    fn equality_goes_by_the_value() {
        assert_eq!(Status::Unknown("done".to_owned()), Status::Done);
        assert_ne!(Status::from("other"), Status::Done);
        assert_eq!(Status::InProgress, "in_progress");
    }
}
