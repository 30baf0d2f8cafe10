#!/usr/bin/env node
// A small client of Pleo's External API on Node's own fetch, and the adapter that lets the conformance suite judge it:
//
//   cargo run --bin pleo-conformance -- run --client "node crates/pleo-conformance/adapters/node_fetch.mjs"
//
// The upper part is the client. The lower part speaks the protocol that docs/conformance-protocol.md describes.

import { createInterface } from "node:readline";
import { inspect } from "node:util";

const TIMEOUT = 5000; // milliseconds for a whole response; fetch by itself waits for minutes

/** The request is not in order. Nothing was sent. */
class Refused extends Error {}

/** This client has no way to do it. */
class Unsupported extends Refused {}

function authorization({ kind, secret }) {
  if (kind === "legacy_token") throw new Refused("a legacy token does not work on the External API");
  if (!["standalone_api_key", "integrated_api_key", "access_token"].includes(kind)) {
    throw new Unsupported(`this client has no credentials of the kind ${kind}`);
  }
  if (!/^[!-~]+$/.test(secret ?? "")) throw new Refused("a key or token has visible ASCII characters only");
  if (kind === "access_token") return `Bearer ${secret}`;
  if (secret.includes(":")) throw new Refused("an API key has no colon, which would end the user name");
  return `Basic ${btoa(`${secret}:`)}`;
}

function urlOf(baseUrl, template, path, query) {
  const filled = template.replace(/\{(\w+)\}/g, (_, name) => {
    const value = path[name];
    // URLs take the last two for steps in the hierarchy, however they are encoded.
    if (["", ".", "..", undefined].includes(value)) throw new Refused(`${name} cannot be a segment of a path`);
    return encodeURIComponent(value);
  });
  const pairs = query.map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return baseUrl + filled + (pairs.length ? `?${pairs.join("&")}` : "");
}

/** Sends requests with one credential, to the environment where it was made, perhaps for one company. */
class Client {
  #authorization; // private members are not in the output of console.log

  constructor(environments, baseUrl, credential, company) {
    const own = environments[credential.environment]?.base_url;
    if (!own || baseUrl.replace(/\/$/, "") !== own) {
      throw new Refused(`a credential of ${credential.environment} goes to ${own ?? "no address that is known"} only`);
    }
    this.#authorization = authorization(credential);
    Object.assign(this, { baseUrl: own, company, scopes: credential.scopes });
  }

  /** Sends a request so many times at once. Returns a status or an error for each. */
  async send(operation, path, query, body, times, timeLimit) {
    const missing = (operation.scopes ?? []).filter((scope) => this.scopes && !this.scopes.includes(scope));
    if (missing.length) throw new Refused(`the credential lacks ${missing.join(" ")}`);
    this.#checkCompany("companyId" in path ? [path.companyId] : []);
    if (operation.company) [query, body] = this.#withCompany(operation.company, query, body);
    const url = urlOf(this.baseUrl, operation.path, path, query);
    const headers = { Authorization: this.#authorization, Accept: "application/json" };
    if (body !== null) headers["Content-Type"] = operation.media_type ?? "application/json";
    // No bytes at all, where there could be some, have a length that says so and no media type.
    const nothing = operation.method === "GET" ? undefined : new Uint8Array();
    const content = body === null ? nothing : JSON.stringify(body);
    const once = async () => {
      const signal = AbortSignal.timeout(timeLimit);
      // A redirect is an answer; fetch would follow it.
      const request = { method: operation.method, headers, body: content, redirect: "manual", signal };
      const response = await fetch(url, request);
      await response.arrayBuffer();
      return response.status;
    };
    const outcomes = await Promise.allSettled(Array.from({ length: times }, once));
    return outcomes.map(({ value, reason }) => value ?? reason);
  }

  #checkCompany(named) {
    if (named.length > 1) throw new Refused("a request is for one company");
    // As text, a list of one company would look like the company.
    const isBound = (name) => typeof name === "string" && name.toLowerCase() === this.company.toLowerCase();
    if (this.company && !named.every(isBound)) {
      throw new Refused("the request is for another company than the client");
    }
  }

  #withCompany({ in: location, name, required }, query, body) {
    const isObject = typeof body === "object" && !Array.isArray(body); // or null
    const member = isObject ? body?.[name] : undefined;
    const inQuery = query.filter((parameter) => parameter.name === name).map((parameter) => parameter.value);
    const named = location === "query" ? inQuery : member == null ? [] : [member];
    this.#checkCompany(named);
    if (named.length || !(this.company || required)) return [query, body];
    if (!this.company) throw new Refused("the operation needs a company");
    if (location === "query") return [[...query, { name, value: this.company }], body];
    if (!isObject) throw new Refused("the company goes into the body, which is not an object");
    return [query, { ...body, [name]: this.company }];
  }
}

let environments = {};

function hello(message) {
  environments = message.environments;
  const capabilities =
    "api_keys access_tokens environments companies scopes sessions parallel shown time_limits".split(" ");
  return { type: "hello", protocol: 1, name: "fetch", version: process.version, capabilities };
}

async function send(message, shown) {
  const { action, base_url, credential, company, operation, path, query, body, times, time_limit_ms } = message;
  if (action !== "send") throw new Unsupported("this client has no OAuth");
  const client = new Client(environments, base_url, credential, company);
  shown.debug = inspect(client);
  shown.log = `${operation.method} ${operation.path}`;
  const outcomes = await client.send(operation, path ?? {}, query ?? [], body ?? null, times ?? 1,
    time_limit_ms ?? TIMEOUT);
  shown.error = outcomes.filter((outcome) => outcome instanceof Error).map((error) => inspect(error)).join("\n");
  // What went wrong is the cause of fetch's own error.
  const failure = (error) => ({ failure: String(error.cause ?? error) });
  return outcomes.map((outcome) => (outcome instanceof Error ? failure(outcome) : { status: outcome }));
}

async function call(message) {
  const answer = { id: message.id, shown: {} };
  try {
    return { type: "result", ...answer, answers: await send(message, answer.shown) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    answer.shown.error = inspect(error);
    return { type: "refuse", ...answer, reason: error.message, unsupported: error instanceof Unsupported };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  if (message.type === "bye") break;
  const answer = message.type === "hello" ? hello(message) : await call(message);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.exit(); // connections that are kept alive would keep the program alive
