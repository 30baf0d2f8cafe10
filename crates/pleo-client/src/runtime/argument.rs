//! What is wrong with an argument, found before anything is sent.

use std::borrow::Cow;

/// An argument of a call that cannot be sent.
///
/// It names the argument and the mistake, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidArgument {
    /// A required argument was not given.
    #[error("`{name}` is required and was not given")]
    Missing {
        /// The argument.
        name: &'static str,
    },
    /// The value does not convert to the argument's type.
    #[error("the value given for `{name}` is no {wanted}")]
    Conversion {
        /// The argument.
        name: &'static str,
        /// The type that it has to become.
        wanted: &'static str,
    },
    /// The request body lacks a required field or holds one that does not convert.
    #[error("the request body is incomplete: {problem}")]
    Body {
        /// Which field, and what is wrong with it.
        problem: String,
    },
    /// The body cannot be written as JSON.
    #[error("the request body cannot be written as JSON")]
    NotJson,
    /// A path parameter that would lead to another path: empty, `.` or `..`.
    #[error("`{name}` would change the path: it is empty, `.` or `..`")]
    PathSegment {
        /// The argument.
        name: &'static str,
    },
    /// A header value with bytes that HTTP does not allow (RFC 9110, section 5.5).
    #[error("`{name}` holds a character that no header value may hold")]
    Header {
        /// The argument.
        name: &'static str,
    },
    /// The URL is longer than the 65,534 bytes that `http::Uri` takes.
    #[error("the request's URL is too long")]
    UrlTooLong,
}

impl InvalidArgument {
    /// Converts a value to an argument's type.
    pub(crate) fn convert<V: TryInto<T>, T>(name: &'static str, value: V) -> Result<T, Self> {
        value.try_into().map_err(|_| Self::Conversion { name, wanted: short_name::<T>() })
    }

    /// A body whose builder lacks a field or holds one that does not convert.
    pub(crate) fn body(problem: ConversionError) -> Self {
        Self::Body { problem: problem.0.into_owned() }
    }

    /// Converts what was given as a whole body to the builder of its type.
    pub(crate) fn convert_body<V, T, B>(value: V) -> Result<B, Self>
    where
        V: TryInto<T>,
        V::Error: Into<ConversionError>,
        B: From<T>,
    {
        value.try_into().map(B::from).map_err(|problem| Self::body(problem.into()))
    }
}

/// Converts a value to the type of a body's field; the problem names the field.
///
/// What the conversion says itself is left out: it may quote the value.
pub(crate) fn convert_field<V: TryInto<T>, T>(name: &'static str, value: V) -> Result<T, String> {
    value.try_into().map_err(|_| format!("the value given for `{name}` is no {}", short_name::<T>()))
}

/// The name of a type without the modules of the outermost one.
fn short_name<T>() -> &'static str {
    let full = std::any::type_name::<T>();
    let end = full.find('<').unwrap_or(full.len());
    let start = full[..end].rfind("::").map_or(0, |at| at + 2);
    &full[start..]
}

/// A value that does not convert to a generated type. It says which field is missing or wrong; a
/// conversion of your own must not quote the value.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConversionError(Cow<'static, str>);

impl std::fmt::Debug for ConversionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ConversionError").field(&self.0).finish()
    }
}

impl From<&'static str> for ConversionError {
    fn from(problem: &'static str) -> Self {
        Self(problem.into())
    }
}

impl From<std::convert::Infallible> for ConversionError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<String> for ConversionError {
    fn from(problem: String) -> Self {
        Self(problem.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversion_names_the_argument_and_the_type_but_not_the_value() {
        let error = InvalidArgument::convert::<i64, i32>("limit", i64::MAX).unwrap_err();
        assert_eq!(error.to_string(), "the value given for `limit` is no i32");
        assert_eq!(short_name::<Vec<uuid::Uuid>>(), "Vec<uuid::Uuid>");
    }
}
