// An authorisation server on a free port of this machine: npm's oidc-provider, with Pleo's paths, a clock that can be
// set, a user who decides at once, and an API that takes the access tokens.
//
//   PUT /judge/clock?ahead=3600      sets the server's clock an hour ahead of the machine's
//   PUT /judge/user?decision=deny    lets the user deny access from now on
//   GET /judge/token-requests        the requests to the token endpoint: grant type, status, error

import { createServer } from "node:http";
import { Provider } from "oidc-provider";
import { ready } from "../judge.js";

const LIFETIME = 3600;
const SCOPES = ["export-jobs:read", "users:read"];
const USER = "FAKE-USER";

let ahead = 0;
const machineTime = Date.now;
Date.now = () => machineTime() + ahead;

let decision = "allow";
const tokenRequests = [];

const client = {
  redirect_uris: ["https://app.test/callback"],
  grant_types: ["authorization_code", "refresh_token"],
  response_types: ["code"],
};

const configuration = {
  clients: [
    { ...client, client_id: "FAKE-CONFIDENTIAL", client_secret: "FAKE/CLIENT+SECRET=" },
    { ...client, client_id: "FAKE-PUBLIC", token_endpoint_auth_method: "none" },
  ],
  cookies: { keys: ["FAKE-COOKIE-KEY"] },
  features: { devInteractions: { enabled: false }, introspection: { enabled: true } },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  interactions: { url: (_, interaction) => `/user/${interaction.uid}` },
  issueRefreshToken: () => true,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  routes: {
    authorization: "/oauth/authorize",
    introspection: "/oauth/token/introspect",
    token: "/oauth/token",
  },
  scopes: SCOPES,
  ttl: {
    AccessToken: LIFETIME,
    AuthorizationCode: 60,
    Grant: 14 * 24 * LIFETIME,
    Interaction: LIFETIME,
    RefreshToken: 14 * 24 * LIFETIME,
    Session: 14 * 24 * LIFETIME,
  },
};

/** The user logs in and allows or denies what is asked for. */
async function decide(provider, request, response) {
  const { params } = await provider.interactionDetails(request, response);
  if (decision === "deny") {
    const denial = { error: "access_denied", error_description: "FAKE-DESCRIPTION" };
    return provider.interactionFinished(request, response, denial);
  }
  const grant = new provider.Grant({ accountId: USER, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { grantId: await grant.save() };
  return provider.interactionFinished(request, response, { login: { accountId: USER }, consent });
}

/** Answers 204 to an access token that is valid now, and 401 to everything else. */
async function api(provider, request, response) {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  const found = scheme === "Bearer" ? await provider.AccessToken.find(token) : undefined;
  response.writeHead(found?.isValid ? 204 : 401).end();
}

function control(url, response) {
  if (url.pathname === "/judge/clock") ahead = Number(url.searchParams.get("ahead")) * 1000;
  if (url.pathname === "/judge/user") decision = url.searchParams.get("decision");
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(tokenRequests));
}

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const address = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(address, configuration);
  provider.use(async (context, next) => {
    await next();
    if (context.path === "/oauth/token") {
      const grantType = context.oidc?.params?.grant_type ?? "none";
      tokenRequests.push([grantType, context.status, context.body?.error].filter(Boolean).join(" "));
    }
  });
  const protocol = provider.callback();
  server.on("request", (request, response) => {
    const url = new URL(request.url, address);
    const failed = (error) => response.writeHead(500).end(String(error));
    if (url.pathname.startsWith("/judge/")) control(url, response);
    else if (url.pathname.startsWith("/user/")) decide(provider, request, response).catch(failed);
    else if (url.pathname.startsWith("/v1/")) api(provider, request, response).catch(failed);
    else protocol(request, response);
  });
  ready({ address });
});
