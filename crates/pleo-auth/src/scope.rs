//! Scopes: what a credential may do.

use std::{borrow::Borrow, collections::BTreeSet, fmt, str::FromStr};

use pleo_client::Operation;

/// One permission, such as `export-jobs:read` (Z46 to Z48).
///
/// `Debug` shows it only if it has the form of an [identifier](pleo_client::identifier), since it may have come
/// with a response; `Display` writes it as it is.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scope(Box<str>);

impl Scope {
    /// A scope by its name. Any `scope-token` of RFC 6749, section 3.3, is taken, since Pleo's lists are
    /// not complete.
    ///
    /// # Errors
    /// When `name` is empty or holds white space, quotes, backslashes or anything beyond ASCII.
    pub fn new(name: &str) -> Result<Self, InvalidScope> {
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        if !name.is_empty() && name.bytes().all(allowed) { Ok(Self(name.into())) } else { Err(InvalidScope) }
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({})", pleo_client::identifier(&self.0).unwrap_or(NOT_SHOWN))
    }
}

/// Shown instead of a scope that does not have the form of an identifier.
const NOT_SHOWN: &str = "(not shown)";

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Scope {
    type Err = InvalidScope;

    fn from_str(name: &str) -> Result<Self, InvalidScope> {
        Self::new(name)
    }
}

impl Borrow<str> for Scope {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A text that is not a scope.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a scope; a scope is a word such as export-jobs:read")]
pub struct InvalidScope;

pleo_client::debug_by_chain!(InvalidScope);

/// A set of scopes, in alphabetical order.
///
/// ```
/// use pleo_auth::ScopeSet;
///
/// let scopes: ScopeSet = "users:read export-jobs:read".parse()?;
/// assert!(scopes.contains("users:read"));
/// assert_eq!(scopes.to_string(), "export-jobs:read users:read");
/// # Ok::<(), pleo_auth::InvalidScope>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// The least set that a list of operations needs (Z50), as far as Pleo's documents tell.
    ///
    /// ```
    /// use pleo_auth::{ScopeSet, pleo_client::operations};
    ///
    /// let needed = ScopeSet::needed_for(operations::find("list_export_jobs_v3"));
    /// assert_eq!(needed.scopes.to_string(), "export-jobs:read");
    /// assert!(needed.unknown.is_empty());
    /// ```
    pub fn needed_for(operations: impl IntoIterator<Item = &'static Operation>) -> NeededScopes {
        let mut needed = NeededScopes::default();
        for operation in operations {
            match operation.scopes {
                Some(scopes) => needed.scopes.0.extend(scopes.iter().map(|scope| Scope((*scope).into()))),
                None => needed.unknown.push(operation),
            }
        }
        needed
    }

    /// Whether the set has a scope.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// What this set has and `other` lacks.
    #[must_use]
    pub fn missing_in(&self, other: &Self) -> Self {
        Self(self.0.difference(&other.0).cloned().collect())
    }

    /// The names as an error shows them: those that have the form of an identifier.
    pub(crate) fn shown(&self) -> impl fmt::Display + '_ {
        let name = |scope: &'_ Scope| pleo_client::identifier(&scope.0).unwrap_or(NOT_SHOWN).to_owned();
        self.0.iter().map(name).collect::<Vec<_>>().join(" ")
    }

    /// The scopes.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What a list of operations needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct NeededScopes {
    /// The scopes of those operations whose scopes Pleo's documents tell.
    pub scopes: ScopeSet,
    /// The operations of which they do not tell. Ask Pleo, or try.
    pub unknown: Vec<&'static Operation>,
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl IntoIterator for ScopeSet {
    type Item = Scope;
    type IntoIter = std::collections::btree_set::IntoIter<Scope>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Reads names separated by white space, as Pleo and RFC 6749 write them (A36, A63).
impl FromStr for ScopeSet {
    type Err = InvalidScope;

    fn from_str(names: &str) -> Result<Self, InvalidScope> {
        names.split_whitespace().map(Scope::new).collect()
    }
}

/// Writes the names separated by one space each.
impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.0.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

pleo_client::serde_as_text!(Scope, ScopeSet);

#[cfg(test)]
mod tests {
    use pleo_client::operations;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_scope_is_a_scope_token_of_rfc_6749() {
        for name in ["users:read", "test:test", "a", "!", "~", "#[]"] {
            assert_eq!(Scope::new(name).unwrap().as_str(), name);
        }
        for name in ["", " ", "a b", "a\"", "a\\", "ä", "a\u{7f}", "a\n", "\u{1f}"] {
            assert_eq!(Scope::new(name), Err(InvalidScope), "{name:?}");
            assert_eq!(name.parse::<Scope>(), Err(InvalidScope), "{name:?}");
        }
    }

    #[test]
    fn sets_are_read_written_and_compared() {
        let set: ScopeSet = " b:read\ta:write  b:read ".parse().unwrap();
        assert_eq!(set.to_string(), "a:write b:read");
        assert_eq!((set.len(), set.is_empty()), (2, false));
        assert_eq!(set.iter().map(Scope::as_str).collect::<Vec<_>>(), ["a:write", "b:read"]);
        let held: ScopeSet = "b:read c".parse().unwrap();
        assert_eq!(set.missing_in(&held).to_string(), "a:write");
        assert!(set.contains("b:read") && !set.contains("b:rea"));
        assert_eq!("a \"".parse::<ScopeSet>(), Err(InvalidScope));
        assert_eq!(("".parse::<ScopeSet>().unwrap().len(), ScopeSet::default().is_empty()), (0, true));
        assert_eq!(set.clone().into_iter().collect::<ScopeSet>(), set);
    }

    #[test]
    fn json_has_the_names() {
        let set: ScopeSet = "b:read a:write".parse().unwrap();
        let json = serde_json::to_value(&set).unwrap();
        assert_eq!(json, "a:write b:read");
        assert_eq!(serde_json::from_value::<ScopeSet>(json).unwrap(), set);
        let list: Vec<Scope> = set.into_iter().collect();
        let json = serde_json::to_value(&list).unwrap();
        assert_eq!(json, serde_json::json!(["a:write", "b:read"]));
        assert_eq!(serde_json::from_value::<Vec<Scope>>(json).unwrap(), list);
        let refused = serde_json::from_str::<Scope>("\"a b\"").unwrap_err().to_string();
        assert!(refused.starts_with(&InvalidScope.to_string()), "{refused}");
    }

    #[test]
    fn what_came_with_a_response_is_shown_as_identifiers_alone() {
        let set: ScopeSet = "users:read <FAKE> https://fake.test/?FAKE".parse().unwrap();
        assert_eq!(set.shown().to_string(), "(not shown) (not shown) users:read");
        let debug = format!("{set:?}");
        assert!(debug.contains("users:read") && !debug.contains("FAKE"), "{debug}");
        assert!(set.to_string().contains("<FAKE>"), "Display is what goes into a URL");
    }

    proptest! {
        #[test]
        fn the_least_set_is_the_union_of_the_documented_ones(picked in proptest::collection::vec(any::<proptest::sample::Index>(), 0..20)) {
            let all: Vec<&'static Operation> = operations::all().collect();
            let list: Vec<_> = picked.iter().map(|index| *index.get(&all)).collect();
            let needed = ScopeSet::needed_for(list.iter().copied());
            for operation in &list {
                match operation.scopes {
                    Some(scopes) => prop_assert!(scopes.iter().all(|scope| needed.scopes.contains(scope))),
                    None => prop_assert!(needed.unknown.contains(operation)),
                }
            }
            for scope in needed.scopes.iter() {
                let asked_for = |operation: &&'static Operation| {
                    operation.scopes.is_some_and(|scopes| scopes.contains(&scope.as_str()))
                };
                prop_assert!(list.iter().any(asked_for));
            }
            prop_assert!(needed.unknown.iter().all(|operation| operation.scopes.is_none() && list.contains(operation)));
        }
    }
}
