//! What a client does in which each flaw shows.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use pleo_conformance::protocol::{Credential, CredentialKind, Parameter, Send};
use serde_json::json;

use super::{
    bench::{
        COMPANY, KEY, Lab, OTHER_COMPANY, RICH_KEY, TOKEN, TROUBLES, WRONG_REDIRECTS, create, credential,
        describe, key, list, long_key, long_token, optional, replace, rich_app, search, show, token, tokens,
    },
    player::Player,
};
use crate::reference::Reference;

/// Lets a client do everything that some rule is about.
pub(super) fn play(lab: &Lab, client: Reference) -> Player<'_> {
    let mut player = Player::new(lab, client);
    let mut session = 0;
    let mut alone = |player: &mut Player<'_>, send: Send| {
        session += 1;
        player.send(&format!("alone {session}"), send)
    };

    for credential in [key(), credential(CredentialKind::IntegratedApiKey, "production", KEY), token()] {
        alone(&mut player, show(lab, credential.clone(), "a/b-c %"));
        alone(&mut player, list(lab, credential.clone(), Some(COMPANY)));
        alone(&mut player, create(lab, credential.clone(), Some(COMPANY)));
        alone(&mut player, search(lab, credential.clone()));
        alone(&mut player, describe(lab, credential.clone()));
        alone(&mut player, replace(lab, credential));
    }
    for key in [RICH_KEY.to_owned(), long_key(70), long_key(300)] {
        let credential = credential(CredentialKind::IntegratedApiKey, "staging", &key);
        alone(&mut player, show(lab, credential, "1"));
    }
    let long = credential(CredentialKind::AccessToken, "production", &long_token(300));
    alone(&mut player, show(lab, long, "1"));
    for credential in [key(), token()] {
        alone(&mut player, Send { times: 3, ..list(lab, credential, Some(COMPANY)) });
    }
    for impossible in ["FAKE:KEY", "FAKE\nKEY", ""] {
        alone(
            &mut player,
            show(lab, credential(CredentialKind::StandaloneApiKey, "staging", impossible), "1"),
        );
    }
    let expired = format!("e30.{}.FAKE", URL_SAFE_NO_PAD.encode(r#"{"exp":1}"#));
    alone(&mut player, show(lab, credential(CredentialKind::AccessToken, "staging", &expired), "1"));
    alone(&mut player, show(lab, credential(CredentialKind::LegacyToken, "legacy", TOKEN), "1"));
    let staging = lab.base_url("staging");
    for base_url in [
        format!("{staging}/"),
        lab.base_url("production"),
        lab.hello.legacy_base_url.clone(),
        lab.elsewhere(),
        format!("{staging}@{}", lab.elsewhere().trim_start_matches("http://")),
    ] {
        alone(&mut player, Send { base_url, ..show(lab, key(), "1") });
    }

    alone(&mut player, list(lab, key(), None));
    let named = |company: &str| Parameter { name: "company_id".to_owned(), value: company.to_owned() };
    for companies in [&[OTHER_COMPANY][..], &[COMPANY], &[COMPANY, OTHER_COMPANY], &[OTHER_COMPANY, COMPANY]]
    {
        let mut other = list(lab, key(), Some(COMPANY));
        other.query.extend(companies.iter().map(|company| named(company)));
        alone(&mut player, other);
    }
    let mut unbound = optional(list(lab, key(), None));
    unbound.query.push(named(COMPANY));
    alone(&mut player, unbound);
    let mut unbound = create(lab, key(), None);
    unbound.body = Some(json!({ "companyId": COMPANY, "name": "Æble" }));
    alone(&mut player, unbound);
    for id in TROUBLES {
        for mut failing in [list(lab, key(), Some(COMPANY)), create(lab, key(), Some(COMPANY))] {
            failing.operation.path = "/v1/things/{thingId}".to_owned();
            failing.path.insert("thingId".to_owned(), id.to_owned());
            alone(&mut player, failing);
        }
    }
    let mut other = create(lab, key(), Some(COMPANY));
    other.body = Some(json!({ "companyId": OTHER_COMPANY }));
    alone(&mut player, other);
    alone(&mut player, Send { company: Some(COMPANY.to_owned()), ..show(lab, key(), "1") });
    let mut other = Send { company: Some(COMPANY.to_owned()), ..show(lab, key(), "1") };
    other.operation.path = "/v1/companies/{companyId}".to_owned();
    other.path.insert("companyId".to_owned(), OTHER_COMPANY.to_owned());
    alone(&mut player, other);
    for known in [
        ["things:read"].as_slice(),
        &["others:read"],
        &[],
        &["things:write"],
        &["THINGS:READ"],
        &["things:reader"],
        &["my-things:read"],
        &["things"],
        &["*"],
        &["things:*"],
        &["others:read", "things:read"],
        &["things:read", "others:read"],
    ] {
        let scopes = Some(known.iter().map(|scope| (*scope).to_owned()).collect());
        alone(&mut player, show(lab, Credential { scopes, ..key() }, "1"));
    }
    let mut untold = show(lab, Credential { scopes: Some(Vec::new()), ..key() }, "1");
    untold.operation.scopes = None;
    alone(&mut player, untold);
    for id in TROUBLES {
        for credential in [key(), token()] {
            alone(&mut player, show(lab, credential, id));
        }
    }
    for company in [Some(COMPANY), None] {
        alone(&mut player, optional(list(lab, key(), company)));
        alone(&mut player, optional(create(lab, key(), company)));
    }
    play_changes(lab, &mut player);
    play_authorisations(lab, &mut player);
    play_renewals(lab, &mut player);
    player
}

/// Changes what a session's client is set up with.
fn play_changes(lab: &Lab, player: &mut Player<'_>) {
    player.send("rotation", show(lab, key(), "1"));
    let rotated = |environment| credential(CredentialKind::StandaloneApiKey, environment, "FAKE-KEY-2");
    player.send("rotation", show(lab, rotated("staging"), "1"));
    player.send("switch", show(lab, key(), "1"));
    player.send("switch", show(lab, rotated("production"), "1"));
    player.send("tokens", show(lab, token(), "1"));
    player.send("tokens", show(lab, credential(CredentialKind::AccessToken, "production", TOKEN), "1"));
    for company in [Some(COMPANY), Some(OTHER_COMPANY), None] {
        player.send("companies", optional(list(lab, key(), company)));
    }
    player.send("companies", optional(list(lab, rotated("staging"), None)));
    let legacy = lab.hello.legacy_base_url.clone();
    for base_url in [lab.base_url("staging"), lab.base_url("production"), lab.elsewhere(), legacy.clone()] {
        player.send("later", Send { base_url, ..show(lab, key(), "1") });
    }
    let old = credential(CredentialKind::LegacyToken, "legacy", TOKEN);
    player.send("later", Send { base_url: legacy, ..show(lab, old, "1") });
}

/// Authorises the app, and goes on with what comes of it.
fn play_authorisations(lab: &Lab, player: &mut Player<'_>) {
    let granted = credential(CredentialKind::OauthSession, "production", "");
    let granted = Credential { secret: None, ..granted };
    let others = [
        "code=FAKE-CODE&state=STATE",
        "code=FAKE-CODE-RICH&state=STATE",
        "code=FAKE-CODE-DOWN&state=STATE",
        "code=FAKE-CODE-EMPTY&state=STATE",
        "code=FAKE-CODE-ALONE&state=STATE",
        "code=FAKE-CODE-MAC&state=STATE",
        "code=FAKE%252BCODE%2B%26%3D%25%3B&state=STATE",
        "code=FAKE-CODE&error=access_denied&state=STATE",
    ];
    for query in others.into_iter().chain(WRONG_REDIRECTS) {
        player.authorize(query);
        player.finish(query, query);
        player.send(query, list(lab, granted.clone(), Some(COMPANY)));
    }
    player.authorize("earlier");
    player.authorize("earlier");
    player.finish("earlier", "code=FAKE-CODE&state=EARLIER");
    player.authorize("again");
    player.finish("again", "code=FAKE-CODE&state=STATE");
    player.finish("again", "code=FAKE-CODE&state=STATE");
    for code in ["FAKE-CODE", "FAKE-CODE-RICH"] {
        player.authorize("twice");
        player.finish("twice", &format!("code={code}&state=STATE"));
        player.send("twice", list(lab, granted.clone(), Some(COMPANY)));
    }
    player.authorize_app("rich", rich_app());
    player.finish("rich", "code=FAKE-CODE&state=STATE");
}

/// Keeps tokens, good and bad, and renews them.
fn play_renewals(lab: &Lab, player: &mut Player<'_>) {
    let expired = tokens("production", "FAKE-ACCESS-1", "FAKE-REFRESH-1", 0);
    player.send(
        "storm",
        Send { times: 8, ..show(lab, tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 0), "1") },
    );
    for send in
        [show(lab, expired.clone(), "1"), create(lab, expired.clone(), Some(COMPANY)), replace(lab, expired)]
    {
        player.send("expired", send);
    }
    for name in ["DEAD", "DOWN", "EMPTY", "HALF", "MAC"] {
        for _ in 0..2 {
            let refresh = format!("FAKE-REFRESH-{name}");
            player.send(name, show(lab, tokens("staging", "FAKE-ACCESS-1", &refresh, 0), "1"));
        }
    }
    let rich = tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH+&=%41;", 0);
    player.send("rich", show(lab, rich, "1"));
    let good = tokens("staging", "FAKE-ACCESS-1", "FAKE-REFRESH-9", 3600);
    for id in ["1", "away", "forbidden", "2"] {
        player.send("good", show(lab, good.clone(), id));
    }
    player.send("good", list(lab, good, Some(COMPANY)));
    let hopeless = tokens("staging", "FAKE-ACCESS-STALE", "FAKE-REFRESH-STALE", 3600);
    for id in ["1", "2"] {
        player.send("hopeless", show(lab, hopeless.clone(), id));
    }
    let stale = tokens("staging", "FAKE-ACCESS-STALE", "FAKE-REFRESH-9", 3600);
    player.send("stale list", list(lab, stale.clone(), Some(COMPANY)));
    player.send("stale", show(lab, stale.clone(), "1"));
    player.send("stale and unsafe", create(lab, stale.clone(), Some(COMPANY)));
    player.send("stale and unsafe", create(lab, stale, Some(COMPANY)));
}
