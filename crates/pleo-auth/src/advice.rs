//! What people need to know when something does not work: data, to be printed by programs.
//!
//! [`explain`] supplements a response from the service and never replaces it. [`key_access`] and
//! [`choose_method`] answer the two questions that come before any call: why can I not make a key, and
//! which method is mine.

use std::fmt;

use http::StatusCode;
use pleo_client::Error;

use crate::AuthenticationMethod;

/// A few sentences of help.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advice {
    /// What it is about.
    pub title: &'static str,
    /// What may be the matter, the likeliest first.
    pub points: &'static [Point],
}

/// One thing that may be the matter, and what to do then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Point {
    /// What may be the matter.
    pub cause: &'static str,
    /// What to do, for everybody.
    pub remedy: &'static str,
    /// What helps with it in this crate, where something does.
    pub in_rust: Option<&'static str>,
    /// The statements and facts that say so, see [`sources`](crate::sources). They are not printed.
    pub sources: &'static [&'static str],
}

/// Prints the title and one line per point. With `{:#}` the points say what helps in this crate, too.
impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)?;
        for point in self.points {
            f.write_str("\n- ")?;
            point.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.cause, self.remedy)?;
        match self.in_rust {
            Some(in_rust) if f.alternate() => write!(f, " {in_rust}"),
            _ => Ok(()),
        }
    }
}

const fn point(cause: &'static str, remedy: &'static str, sources: &'static [&'static str]) -> Point {
    Point { cause, remedy, in_rust: None, sources }
}

impl Point {
    const fn in_rust(self, in_rust: &'static str) -> Self {
        Self { in_rust: Some(in_rust), ..self }
    }
}

/// About a 401.
pub static UNAUTHORIZED: Advice = Advice {
    title: "Pleo does not accept the credential.",
    points: &[
        point(
            "The credential expired, was deleted or was revoked.",
            "Look at it under Settings, API Keys, or have the user authorise again; replace it.",
            &["A9", "A14", "A56", "E2"],
        ),
        point(
            "It was made in the other environment.",
            "Use a staging key in staging and a production key in production.",
            &["Z7", "Z8", "Z9", "Z10"],
        )
        .in_rust("A credential made with Staging or Production keeps to that environment."),
        point(
            "An API key was sent as Bearer, or an access token as Basic.",
            "Send an API key as the Basic user name with an empty password, and an access token as Bearer.",
            &["Z25", "Z30", "field notes"],
        )
        .in_rust("StandaloneApiKey, IntegratedApiKey and AccessToken do that."),
        point("It was not copied whole.", "Pleo shows a key once only: make a new one.", &["A10"]),
    ],
};

/// About a 403.
pub static FORBIDDEN: Advice = Advice {
    title: "Pleo knows the credential, but it may not do this.",
    points: &[
        point(
            "A scope is missing. Scopes are chosen when a key is made and again when an app is authorised.",
            "Make a key, or authorise the app, with the scopes that the operation needs.",
            &["Z46", "Z47", "E3", "field notes"],
        )
        .in_rust("ScopeSet::needed_for names them."),
        point(
            "The request is about a company other than the credential's.",
            "Use the company that the credential was made for; GET /v1/installations/me names it.",
            &["Z37", "Z39", "K3"],
        )
        .in_rust("Client::connect finds it and binds the session to it."),
        point(
            "The API is not enabled for this customer or partner.",
            "Ask Pleo: an API can be documented without being enabled for you.",
            &["Z20", "Z64", "Z66"],
        ),
    ],
};

/// About a 404.
pub static NOT_FOUND: Advice = Advice {
    title: "Pleo does not find what the request asks for.",
    points: &[
        point(
            "There is no such thing in this environment or for this company.",
            "Check the id, the environment and the company.",
            &["E4"],
        ),
        point(
            "Every path answers 404: the credential is a token of the legacy API.",
            "Make a key of the External API; legacy tokens work at openapi.pleo.io only.",
            &["Z17", "field notes"],
        ),
    ],
};

/// About a 404 of an operation that names nothing in its path, such as an introspection: what is not found is
/// access.
pub static NO_ACCESS: Advice = Advice {
    title: "Pleo does not know this path for this credential.",
    points: &[
        point(
            "Every path answers 404: the credential is a token of the legacy API.",
            "Make a key of the External API; legacy tokens work at openapi.pleo.io only.",
            &["Z17", "field notes"],
        ),
        point(
            "An integration with an API key has no installation yet.",
            "Create it with POST /v1/installations/me.",
            &["N41"],
        )
        .in_rust("Client::connect_or_install does that."),
        point(
            "The API is not enabled for this customer or partner.",
            "Ask Pleo: an API can be documented without being enabled for you.",
            &["Z20", "Z64", "Z66"],
        ),
    ],
};

/// About a redirect, which is never followed with a credential.
pub static REDIRECT: Advice = Advice {
    title: "A redirect is never followed with a credential.",
    points: &[point(
        "Pleo documents no redirects: a proxy, a login page or a wrong address may be the cause.",
        "Look where the Location header leads; do not send the credential there.",
        &["Z1", "Z2"],
    )],
};

/// About tokens of the legacy API.
pub static LEGACY_TOKEN: Advice = Advice {
    title: "This is a token of Pleo's legacy API, which is another API.",
    points: &[
        point(
            "Legacy tokens do not work on the External API, nor its keys on the legacy API.",
            "Make a key of the External API, or use OAuth 2.0.",
            &["Z13", "Z14", "Z17", "Z18", "Z22"],
        ),
        point(
            "Most customers still have the legacy API only, and it does not offer standalone keys.",
            "Ask Pleo whether the External API is enabled for you.",
            &["Z15", "Z20", "Z23", "Z24"],
        ),
        point(
            "The legacy API is deprecated, and the External API does not promise the same features.",
            "Plan the move along Pleo's migration pages.",
            &["Z16", "Z21"],
        ),
    ],
};

/// The usual causes of a response to this operation: 401, 403, 404 and redirects.
///
/// ```
/// # fn report(error: &pleo_auth::pleo_client::Error) {
/// eprintln!("{error}");
/// if let Some(advice) = pleo_auth::advice::explain(error) {
///     eprintln!("{advice}");
/// }
/// # }
/// ```
pub fn explain(error: &Error) -> Option<&'static Advice> {
    match error.api_error()?.status() {
        StatusCode::UNAUTHORIZED => Some(&UNAUTHORIZED),
        StatusCode::FORBIDDEN => Some(&FORBIDDEN),
        StatusCode::NOT_FOUND if error.operation().names_something() => Some(&NOT_FOUND),
        StatusCode::NOT_FOUND => Some(&NO_ACCESS),
        status if status.is_redirection() => Some(&REDIRECT),
        _ => None,
    }
}

/// What somebody is to Pleo (Z68).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relation {
    /// A partner without access yet.
    NewPartner,
    /// A partner with a login.
    ExistingPartner,
    /// A customer who has not used the External API yet.
    NewCustomer,
    /// A customer with a login.
    ExistingCustomer,
}

/// A person's role in Pleo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// May make keys.
    Admin,
    /// May make keys.
    Bookkeeper,
    /// May not.
    Other,
}

/// What somebody sees who wants to make a standalone API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// What they are to Pleo.
    pub relation: Relation,
    /// Whether they can log in to the environment's web app (Z59).
    pub can_log_in: bool,
    /// Their role there.
    pub role: Role,
    /// Whether the menu has Settings, API Keys (Z60).
    pub sees_api_keys: bool,
}

static CAN_MAKE_KEY: Advice = Advice {
    title: "You have access: a key can be made.",
    points: &[
        point(
            "Settings, API Keys, Create API Key.",
            "Choose the fewest scopes that are enough, and copy the key at once: it is shown only once.",
            &["Z46", "Z50", "A7", "A10"],
        ),
        point(
            "A key is for approved uses within one company.",
            "Have its use in production approved by Pleo, and keep it where only your own systems read it.",
            &["Z37", "Z52", "Z54", "Z67", "Z89"],
        ),
    ],
};

static NOT_ENABLED: Advice = Advice {
    title: "Standalone API keys are not enabled here.",
    points: &[
        point(
            "The role is right and the menu is missing: Pleo has not enabled the access. It is not self-service.",
            "Raise your use case with Pleo by chat; access is given in approved cases only.",
            &["Z62", "Z64", "Z65", "Z66", "Z74", "Z75"],
        ),
        point(
            "Several customers, or acting for users, is not what keys are for.",
            "Use OAuth 2.0, which is the recommended way for most integrations.",
            &["Z83", "Z84", "Z87"],
        ),
    ],
};

static WRONG_ROLE: Advice = Advice {
    title: "Your role may not make keys.",
    points: &[point(
        "Only Admins and Bookkeepers may, and a personal e-mail sign-up cannot.",
        "Ask an Admin or Bookkeeper of the company to make the key, or to change your role.",
        &["Z61", "Z63", "Z76", "A12"],
    )],
};

static NEW_PARTNER: Advice = Advice {
    title: "Partners begin with access to staging.",
    points: &[
        point(
            "A new partner has no login yet.",
            "Go through Pleo's access procedure for OAuth in staging first.",
            &["Z58", "Z69", "V7"],
        ),
        point(
            "Pleo may enable keys while you are taken on, to explore the API.",
            "Ask for it; what goes to customers uses OAuth 2.0.",
            &["Z70", "Z71", "Z31"],
        ),
    ],
};

static EXISTING_PARTNER_LOGIN: Advice = Advice {
    title: "Log in with the access you have.",
    points: &[point(
        "Staging and production have logins of their own.",
        "Log in to the environment that you want a key for.",
        &["Z58", "Z72", "V8"],
    )],
};

static NEW_CUSTOMER: Advice = Advice {
    title: "A Pleo account does not bring API keys with it.",
    points: &[
        point(
            "The External API is not enabled for customers by default.",
            "Raise your use case with Pleo by chat.",
            &["Z20", "Z73", "Z74", "Z75"],
        ),
        point(
            "Most customers have the legacy API.",
            "Its tokens and paths are different and do not work here.",
            &["Z17", "Z23", "Z24"],
        ),
    ],
};

static CUSTOMER_LOGIN: Advice = Advice {
    title: "Log in to see whether you have access.",
    points: &[point(
        "Access shows in the web app: a login, the role Admin or Bookkeeper, and Settings, API Keys.",
        "Log in to the environment you use and look.",
        &["Z58", "Z59", "Z60", "Z61", "Z76"],
    )],
};

/// What to do about making a standalone API key (Z58 to Z76).
pub fn key_access(situation: Situation) -> &'static Advice {
    match (situation.can_log_in, situation.role, situation.sees_api_keys) {
        (false, ..) => match situation.relation {
            Relation::NewPartner => &NEW_PARTNER,
            Relation::ExistingPartner => &EXISTING_PARTNER_LOGIN,
            Relation::NewCustomer => &NEW_CUSTOMER,
            Relation::ExistingCustomer => &CUSTOMER_LOGIN,
        },
        (true, Role::Other, _) => &WRONG_ROLE,
        (true, Role::Admin | Role::Bookkeeper, true) => &CAN_MAKE_KEY,
        (true, Role::Admin | Role::Bookkeeper, false) => &NOT_ENABLED,
    }
}

/// What an integration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UseCase {
    /// It serves several Pleo customers. Several companies of one organisation are one customer (Z44).
    pub several_customers: bool,
    /// It acts for users or organisations other than its owner.
    pub acts_for_others: bool,
    /// Customers have to consent, and be able to take it back.
    pub needs_consent: bool,
    /// It is distributed, as a partner's or in the marketplace.
    pub distributed: bool,
    /// Pleo has approved it as an accounting or ERP integration with keys of its own.
    pub approved_for_integrated_keys: bool,
}

/// A method with the reasons for it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recommendation {
    /// The method to use.
    pub method: AuthenticationMethod,
    /// Why.
    pub reasons: Vec<&'static Point>,
}

/// A reason for OAuth 2.0, and when it applies.
struct Reason {
    applies: fn(&UseCase) -> bool,
    point: Point,
}

static FOR_OAUTH: [Reason; 4] = [
    Reason {
        applies: |case| case.several_customers,
        point: point(
            "It serves several Pleo customers.",
            "A standalone key serves one.",
            &["Z45", "Z83", "Z90"],
        ),
    },
    Reason {
        applies: |case| case.acts_for_others,
        point: point(
            "It acts for others.",
            "A standalone key belongs to its own company only.",
            &["Z77", "Z80", "Z84"],
        ),
    },
    Reason {
        applies: |case| case.needs_consent,
        point: point(
            "Customers consent and may revoke.",
            "Standalone keys have no consent flow.",
            &["Z85", "Z88"],
        ),
    },
    Reason {
        applies: |case| case.distributed,
        point: point(
            "It is distributed.",
            "Partner integrations have to use OAuth 2.0.",
            &["Z31", "Z86", "A6"],
        ),
    },
];

static FOR_INTEGRATED: Point = point(
    "Pleo has approved it for integrated keys.",
    "Each customer's installation gets a key of its own.",
    &["Z32", "A17"],
);

static FOR_STANDALONE: Point = point(
    "It works within one organisation and needs nobody's consent.",
    "Exploration, internal tools, reports, migrations and pre-approved integrations may use a key.",
    &["Z33", "Z79", "Z81", "Z82"],
);

/// Which method an integration should use (Z81 to Z90).
pub fn choose_method(case: &UseCase) -> Recommendation {
    if case.approved_for_integrated_keys {
        return Recommendation {
            method: AuthenticationMethod::IntegratedApiKey,
            reasons: vec![&FOR_INTEGRATED],
        };
    }
    let reasons: Vec<_> =
        FOR_OAUTH.iter().filter(|reason| (reason.applies)(case)).map(|reason| &reason.point).collect();
    if reasons.is_empty() {
        Recommendation { method: AuthenticationMethod::StandaloneApiKey, reasons: vec![&FOR_STANDALONE] }
    } else {
        Recommendation { method: AuthenticationMethod::AccessToken, reasons }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_situation_gets_its_own_advice() {
        let situation = |relation, can_log_in, role, sees_api_keys| {
            key_access(Situation { relation, can_log_in, role, sees_api_keys }).title
        };
        for relation in [
            Relation::NewPartner,
            Relation::ExistingPartner,
            Relation::NewCustomer,
            Relation::ExistingCustomer,
        ] {
            for role in [Role::Admin, Role::Bookkeeper] {
                assert_eq!(situation(relation, true, role, true), CAN_MAKE_KEY.title);
                assert_eq!(situation(relation, true, role, false), NOT_ENABLED.title);
            }
            assert_eq!(situation(relation, true, Role::Other, true), WRONG_ROLE.title);
            assert_eq!(situation(relation, true, Role::Other, false), WRONG_ROLE.title);
        }
        for (relation, advice) in [
            (Relation::NewPartner, &NEW_PARTNER),
            (Relation::ExistingPartner, &EXISTING_PARTNER_LOGIN),
            (Relation::NewCustomer, &NEW_CUSTOMER),
            (Relation::ExistingCustomer, &CUSTOMER_LOGIN),
        ] {
            assert_eq!(situation(relation, false, Role::Admin, true), advice.title);
        }
    }

    #[test]
    fn each_reason_for_oauth_leads_to_oauth() {
        let none = UseCase::default();
        for (case, source) in [
            (UseCase { several_customers: true, ..none }, "Z83"),
            (UseCase { acts_for_others: true, ..none }, "Z84"),
            (UseCase { needs_consent: true, ..none }, "Z85"),
            (UseCase { distributed: true, ..none }, "Z86"),
        ] {
            let recommended = choose_method(&case);
            assert_eq!(recommended.method, AuthenticationMethod::AccessToken);
            assert_eq!(recommended.reasons.len(), 1);
            assert!(recommended.reasons[0].sources.contains(&source));
            let approved = choose_method(&UseCase { approved_for_integrated_keys: true, ..case });
            assert_eq!(approved.method, AuthenticationMethod::IntegratedApiKey);
        }
        let recommended = choose_method(&none);
        assert_eq!(recommended.method, AuthenticationMethod::StandaloneApiKey);
        assert!(recommended.reasons[0].sources.contains(&"Z81"));
    }

    #[test]
    fn advice_prints_one_line_per_point_without_its_sources() {
        let text = REDIRECT.to_string();
        assert_eq!(
            text,
            "A redirect is never followed with a credential.\n\
             - Pleo documents no redirects: a proxy, a login page or a wrong address may be the cause. \
             Look where the Location header leads; do not send the credential there."
        );
        assert_eq!(NEW_CUSTOMER.to_string().lines().count(), 3);
        assert_eq!(crate::LegacyToken::new("FAKE").advice(), &LEGACY_TOKEN);
    }
}
