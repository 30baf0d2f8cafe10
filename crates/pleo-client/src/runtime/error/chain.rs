//! An error with its causes, in one line.

use std::{error::Error, fmt};

/// Shows an error and everything that caused it, in one line.
///
/// A cause that the text before it already contains is left out, so nothing is said twice.
/// An example is `list_companies: no connection to the service: connection refused`.
#[derive(Clone, Copy)]
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        f.write_str(&said)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said.push_str(&text);
            }
            next = cause.source();
        }
        Ok(())
    }
}

/// Implements `Debug` for error types by [`ErrorChain`](crate::ErrorChain), so that a program whose `main` returns
/// the error prints a sentence.
#[macro_export]
macro_rules! debug_by_chain {
    ($($error:ty),* $(,)?) => {
        $(
            impl ::std::fmt::Debug for $error {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    ::std::fmt::Display::fmt(&$crate::ErrorChain(self), f)
                }
            }
        )*
    };
}

impl fmt::Debug for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn a_chain_says_each_thing_once() {
        let last = Layer("connection refused", None);
        let middle = Layer("connection refused", Some(Box::new(last)));
        let first = Layer("no connection", Some(Box::new(middle)));
        assert_eq!(ErrorChain(&first).to_string(), "no connection: connection refused");
    }
}
