//! Companies and organisations, and the URNs that name them.

use std::{fmt, str::FromStr};

use uuid::Uuid;

macro_rules! id {
    ($(#[$docs:meta])* $name:ident, $variant:ident) => {
        $(#[$docs])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// The id as Pleo's documents type it.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The id as the generated client takes it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        /// Reads a UUID.
        impl FromStr for $name {
            type Err = InvalidSubject;

            fn from_str(text: &str) -> Result<Self, InvalidSubject> {
                Uuid::parse_str(text.trim()).map(Self).map_err(|_| InvalidSubject::NotUuid)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<$name> for Subject {
            fn from(id: $name) -> Self {
                Self::$variant(id)
            }
        }
    };
}

id!(
    /// The id of a company, that is, of one legal entity (Z38, K1).
    CompanyId,
    Company
);
id!(
    /// The id of an organisation, that is, of a group of companies (Z44, K1).
    OrganizationId,
    Organization
);

/// What a credential belongs to: a company or an organisation (Z37, A63).
///
/// ```
/// use pleo_auth::Subject;
///
/// let subject: Subject = "urn:pleo:company:11111111-2222-4333-8444-555555555555".parse()?;
/// assert!(subject.company().is_some());
/// # Ok::<(), pleo_auth::InvalidSubject>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// One company.
    Company(CompanyId),
    /// A group of companies.
    Organization(OrganizationId),
}

impl Subject {
    /// The company, if it is one.
    pub const fn company(self) -> Option<CompanyId> {
        match self {
            Self::Company(id) => Some(id),
            Self::Organization(_) => None,
        }
    }

    /// The organisation, if it is one.
    pub const fn organization(self) -> Option<OrganizationId> {
        match self {
            Self::Organization(id) => Some(id),
            Self::Company(_) => None,
        }
    }
}

/// Writes the URN, with Pleo's British `organisation` (A64).
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Company(id) => write!(f, "urn:pleo:company:{id}"),
            Self::Organization(id) => write!(f, "urn:pleo:organisation:{id}"),
        }
    }
}

/// Reads `urn:pleo:company:<uuid>` or `urn:pleo:organisation:<uuid>` (A63, A64); case and the American
/// spelling make no difference.
impl FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(urn: &str) -> Result<Self, InvalidSubject> {
        let mut parts = urn.trim().splitn(4, ':');
        let mut next = || parts.next().unwrap_or_default();
        if !next().eq_ignore_ascii_case("urn") || !next().eq_ignore_ascii_case("pleo") {
            return Err(InvalidSubject::NotPleo);
        }
        match next().to_ascii_lowercase().as_str() {
            "company" => Ok(Self::Company(next().parse()?)),
            "organisation" | "organization" => Ok(Self::Organization(next().parse()?)),
            _ => Err(InvalidSubject::Kind),
        }
    }
}

pleo_client::serde_as_text!(CompanyId, OrganizationId, Subject);

/// A text that names neither a company nor an organisation.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSubject {
    /// No `urn:pleo:` at the beginning.
    #[error("this is not a URN of Pleo's such as urn:pleo:company:<uuid>")]
    NotPleo,
    /// A URN of something else.
    #[error("this URN of Pleo's names neither a company nor an organisation")]
    Kind,
    /// The id is not a UUID.
    #[error("the id is not a UUID such as 11111111-2222-4333-8444-555555555555")]
    NotUuid,
}

pleo_client::debug_by_chain!(InvalidSubject);

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "11111111-2222-4333-8444-aaaaaaaaaaaa";

    #[test]
    fn urns_are_read_and_written() {
        let company: Subject = format!("urn:pleo:company:{ID}").parse().unwrap();
        assert_eq!(company, CompanyId::from_str(ID).unwrap().into());
        assert_eq!(
            (company.company().map(|id| id.to_string()).as_deref(), company.organization()),
            (Some(ID), None)
        );
        assert_eq!(company.to_string(), format!("urn:pleo:company:{ID}"));
        for text in [
            format!("urn:pleo:organisation:{ID}"),
            format!("URN:Pleo:Organization:{}", ID.to_uppercase()),
            format!(" urn:pleo:organisation:{ID}\n"),
        ] {
            let organization: Subject = text.parse().unwrap();
            assert_eq!(organization.company(), None);
            assert_eq!(organization.organization(), Some(ID.parse().unwrap()));
            assert_eq!(organization.to_string(), format!("urn:pleo:organisation:{ID}"));
        }
    }

    #[test]
    fn other_texts_are_told_apart() {
        for (text, error) in [
            ("", InvalidSubject::NotPleo),
            (ID, InvalidSubject::NotPleo),
            ("urn:other:company:1", InvalidSubject::NotPleo),
            ("urx:pleo:company:1", InvalidSubject::NotPleo),
            ("urn:pleo:employee:1", InvalidSubject::Kind),
            ("urn:pleo", InvalidSubject::Kind),
            ("urn:pleo:company", InvalidSubject::NotUuid),
            ("urn:pleo:company:1", InvalidSubject::NotUuid),
            ("urn:pleo:organisation:11111111-2222-4333-8444-aaaaaaaaaaaa:x", InvalidSubject::NotUuid),
        ] {
            assert_eq!(text.parse::<Subject>(), Err(error), "{text}");
        }
        assert_eq!("x".parse::<CompanyId>(), Err(InvalidSubject::NotUuid));
    }

    #[test]
    fn json_has_the_texts_and_refuses_others_by_name() {
        let subjects: Vec<Subject> = [CompanyId::from_str(ID).unwrap().into()]
            .into_iter()
            .chain([OrganizationId::from_str(ID).unwrap().into()])
            .collect();
        let json = serde_json::to_string(&subjects).unwrap();
        assert_eq!(json, format!(r#"["urn:pleo:company:{ID}","urn:pleo:organisation:{ID}"]"#));
        assert_eq!(serde_json::from_str::<Vec<Subject>>(&json).unwrap(), subjects);
        let company: CompanyId = serde_json::from_value(ID.into()).unwrap();
        assert_eq!(serde_json::to_value(company).unwrap(), ID);
        let organization: OrganizationId = serde_json::from_value(ID.into()).unwrap();
        assert_eq!(serde_json::to_value(organization).unwrap(), ID);
        for (refused, error) in [
            (serde_json::from_str::<CompanyId>("\"x\"").unwrap_err(), InvalidSubject::NotUuid),
            (serde_json::from_str::<OrganizationId>("\"\"").unwrap_err(), InvalidSubject::NotUuid),
        ] {
            assert!(refused.to_string().starts_with(&error.to_string()), "{refused}");
        }
        let refused = serde_json::from_value::<Subject>(ID.into()).unwrap_err();
        assert_eq!(refused.to_string(), InvalidSubject::NotPleo.to_string());
    }

    #[test]
    fn ids_convert_to_and_from_uuids() {
        let uuid = Uuid::parse_str(ID).unwrap();
        assert_eq!(Uuid::from(CompanyId::from(uuid)), uuid);
        assert_eq!(OrganizationId::new(uuid).uuid(), uuid);
    }
}
