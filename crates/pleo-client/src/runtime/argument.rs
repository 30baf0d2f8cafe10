//! What is wrong with an argument, found before anything is sent.

use std::borrow::Cow;

/// An argument of a call that cannot be sent.
///
/// It names the argument and the mistake, never the value.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidArgument {
    /// The value does not convert to the argument's type.
    #[error("the value given for `{name}` is not a valid {wanted}")]
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
    /// A required parameter, or the body, was not given to a call that is made at run time.
    #[error("`{name}` is missing")]
    Missing {
        /// The parameter, or `body`.
        name: &'static str,
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

crate::debug_by_chain!(InvalidArgument);

impl InvalidArgument {
    /// The argument whose value did not convert, or `body`.
    fn converted(&self) -> Option<&'static str> {
        match self {
            Self::Conversion { name, .. } => Some(name),
            Self::Body { .. } => Some("body"),
            _ => None,
        }
    }
}

/// The place of an argument or field: an `Option`, or [`Required`] for what a body has to have.
pub(crate) trait Place {
    /// What the place holds.
    type Value;

    /// Fills the place.
    fn fill(&mut self, value: Self::Value);
}

impl<T> Place for Option<T> {
    type Value = T;

    fn fill(&mut self, value: T) {
        *self = Some(value);
    }
}

/// The place of a field that a body has to have.
#[derive(Debug, Clone)]
pub(crate) struct Required<T>(Option<T>);

impl<T> Required<T> {
    /// The value.
    ///
    /// # Errors
    /// Where there is none: it names the field.
    pub(crate) fn supplied(self, name: &'static str) -> Result<T, ConversionError> {
        self.0.ok_or_else(|| ConversionError(format!("no value supplied for {name}").into()))
    }
}

impl<T> Default for Required<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> From<T> for Required<T> {
    fn from(value: T) -> Self {
        Self(Some(value))
    }
}

impl<T> Place for Required<T> {
    type Value = T;

    fn fill(&mut self, value: T) {
        self.0 = Some(value);
    }
}

/// What is wrong with the arguments of a call, or with the fields of a body, in the order in which they
/// were given. A later value of the same name replaces
/// what was noted of an earlier one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems(Vec<InvalidArgument>);

impl Problems {
    /// Converts a value and puts it in its place.
    pub(crate) fn set<P: Place>(&mut self, name: &'static str, place: &mut P, value: impl TryInto<P::Value>) {
        self.forget(name);
        if let Some(value) = self.converted(name, value) {
            place.fill(value);
        }
    }

    /// The value as an argument's type; where it does not convert, that is noted.
    ///
    /// What the conversion says itself is left out: it may quote the value.
    pub(crate) fn converted<T>(&mut self, name: &'static str, value: impl TryInto<T>) -> Option<T> {
        let converted = value.try_into().ok();
        if converted.is_none() {
            self.0.push(InvalidArgument::Conversion { name, wanted: short_name::<T>() });
        }
        converted
    }

    /// Converts what was given as a body and puts it in its place.
    pub(crate) fn set_body<T>(
        &mut self,
        place: &mut Option<T>,
        value: impl TryInto<T, Error: Into<ConversionError>>,
    ) {
        self.forget("body");
        if let Some(body) = self.converted_body(value) {
            *place = Some(body);
        }
    }

    /// What was given as a body; where a field of it is missing or wrong, that is noted.
    pub(crate) fn converted_body<T>(
        &mut self,
        value: impl TryInto<T, Error: Into<ConversionError>>,
    ) -> Option<T> {
        let problem = match value.try_into() {
            Ok(body) => return Some(body),
            Err(problem) => problem.into(),
        };
        self.0.push(problem.into());
        None
    }

    #[inline]
    fn forget(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.retain(|problem| problem.converted() != Some(name));
        }
    }

    pub(crate) fn first(&self) -> Option<&InvalidArgument> {
        self.0.first()
    }

    /// An error where a field of a body has a problem.
    pub(crate) fn check(&self) -> Result<(), ConversionError> {
        self.first().map_or(Ok(()), |problem| Err(ConversionError(problem.to_string().into())))
    }
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

impl From<ConversionError> for InvalidArgument {
    fn from(problem: ConversionError) -> Self {
        Self::Body { problem: problem.0.into_owned() }
    }
}

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

mod sealed {
    pub trait Sealed {}

    impl Sealed for &str {}
    impl Sealed for String {}
    impl Sealed for &String {}
    impl<C: Sealed> Sealed for Option<C> {}
}

/// A cursor of a list, or none: `&str`, `String`, `&String`, or an `Option` of these, such as what a page says of the next
/// one. `None` takes back what was set before.
pub trait IntoCursor: sealed::Sealed {
    /// The cursor.
    fn into_cursor(self) -> Option<String>;
}

impl IntoCursor for &str {
    fn into_cursor(self) -> Option<String> {
        Some(self.to_owned())
    }
}

impl IntoCursor for String {
    fn into_cursor(self) -> Option<String> {
        Some(self)
    }
}

impl IntoCursor for &String {
    fn into_cursor(self) -> Option<String> {
        Some(self.clone())
    }
}

impl<C: IntoCursor> IntoCursor for Option<C> {
    fn into_cursor(self) -> Option<String> {
        self.and_then(C::into_cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversion_names_the_argument_and_the_type_but_not_the_value() {
        let (mut problems, mut place) = (Problems::default(), None::<i32>);
        problems.set("limit", &mut place, 77_777_777_777_i64);
        let error = problems.first().unwrap().to_string();
        assert_eq!(error, "the value given for `limit` is not a valid i32");
        assert_eq!(problems.check().unwrap_err().to_string(), error);
        assert_eq!(short_name::<Vec<uuid::Uuid>>(), "Vec<uuid::Uuid>");
    }

    #[test]
    fn the_last_value_of_each_name_counts() {
        let (mut problems, mut limit, mut offset) =
            (Problems::default(), None::<i32>, Required::<i32>::default());
        problems.set("limit", &mut limit, i64::MAX);
        problems.set("offset", &mut offset, i64::MAX);
        problems.set("limit", &mut limit, 20_i64);
        assert_eq!(limit, Some(20));
        let wanted = InvalidArgument::Conversion { name: "offset", wanted: "i32" };
        assert_eq!(problems.first(), Some(&wanted));
        problems.set("offset", &mut offset, 5);
        assert_eq!((problems.first(), offset.supplied("offset")), (None, Ok(5)));
    }

    #[test]
    fn a_body_that_does_not_convert_is_a_problem_until_one_does() {
        #[derive(Debug, PartialEq)]
        struct Body(i32);

        impl TryFrom<&str> for Body {
            type Error = ConversionError;

            fn try_from(text: &str) -> Result<Self, ConversionError> {
                text.parse().map(Self).map_err(|_| "no number".into())
            }
        }

        let (mut problems, mut place) = (Problems::default(), None::<Body>);
        problems.set_body(&mut place, "x");
        assert_eq!(problems.first(), Some(&InvalidArgument::Body { problem: "no number".to_owned() }));
        problems.set_body(&mut place, "1");
        assert_eq!((problems.first(), place), (None, Some(Body(1))));
        assert_eq!(problems.converted_body::<Body>("2"), Some(Body(2)));
        assert_eq!(problems.converted_body::<Body>("y"), None);
        assert!(problems.first().is_some());
    }

    #[test]
    fn a_required_field_is_named_where_it_is_missing() {
        let error = Required::<i32>::default().supplied("name").unwrap_err();
        assert_eq!(error.to_string(), "no value supplied for name");
        assert_eq!(Required::from(1).supplied("name"), Ok(1));
    }
}
