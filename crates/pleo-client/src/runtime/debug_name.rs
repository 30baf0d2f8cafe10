//! `Debug` by name alone.

/// Implements `Debug` for generated types that are being built, without what they were given: it may be anybody's data.
macro_rules! debug_name {
    ($($name:ident $(<$lifetime:lifetime>)?),* $(,)?) => {
        $(
            impl ::std::fmt::Debug for $name $(<$lifetime>)? {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.debug_struct(stringify!($name)).finish_non_exhaustive()
                }
            }
        )*
    };
}

pub(crate) use debug_name;
