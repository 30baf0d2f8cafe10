#!/usr/bin/env python3
"""A small client of Pleo's External API on httpx, and the adapter that lets the conformance suite judge it:

    python3 -m pip install httpx
    cargo run --bin pleo-conformance -- run --client "python3 crates/pleo-conformance/adapters/python_httpx.py"

The upper part is the client, which leaves scopes to the service. The lower part speaks the protocol of
docs/conformance-protocol.md.
"""

import asyncio
import base64
import json
import sys
from urllib.parse import quote

import httpx

TLS = httpx.create_ssl_context(trust_env=False)  # making one takes longer than a request


class Refused(Exception):
    """The request is not in order. Nothing was sent."""


def authorization(credential):
    kind, secret = credential["kind"], credential.get("secret") or ""
    if kind == "legacy_token":
        raise Refused("a legacy token does not work on the External API")
    if kind not in ("standalone_api_key", "integrated_api_key", "access_token"):
        raise NotImplementedError(f"this client has no credentials of the kind {kind}")
    if not secret or not all("!" <= character <= "~" for character in secret):
        raise Refused("a key or token has visible ASCII characters only")
    if kind == "access_token":
        return "Bearer " + secret
    if ":" in secret:
        raise Refused("an API key has no colon, which would end the user name")
    return "Basic " + base64.b64encode(f"{secret}:".encode()).decode()


def url_of(base_url, template, path, query):
    for name, value in path.items():
        if value in ("", ".", ".."):
            raise Refused(f"{name} cannot be a segment of a path: it would lead to another operation")
        # Without `safe`, a slash stays a slash.
        template = template.replace("{" + name + "}", quote(value, safe=""))
    if "{" in template:
        raise Refused("a parameter of the path is missing")
    pairs = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query]
    return base_url + template + ("?" + "&".join(pairs) if pairs else "")


class Client:
    """Sends requests with one credential, to the environment where it was made, perhaps for one company."""

    def __init__(self, http, own_url, base_url, credential, company):
        if base_url.removesuffix("/") != own_url:
            raise Refused(f"a credential of {credential['environment']} goes to {own_url} only")
        self.http, self.base_url, self.company = http, own_url, company
        self._authorization = authorization(credential)

    def __repr__(self):
        return f"Client({self.base_url!r}, company={self.company!r})"

    async def send(self, operation, path, query, body, times):
        """Sends a request so many times at once. Returns a response or an error for each."""
        if operation.get("company"):
            query, body = self._with_company(operation["company"], query, body)
        self._check_company([path["companyId"]] if "companyId" in path else [])
        headers = {"Authorization": self._authorization, "Accept": "application/json"}
        if body is not None and operation.get("media_type"):
            headers["Content-Type"] = operation["media_type"]
        url = url_of(self.base_url, operation["path"], path, query)

        async def once():
            try:
                return await self.http.request(operation["method"], url, headers=headers, json=body)
            except httpx.HTTPError as error:
                return error

        return await asyncio.gather(*(once() for _ in range(times)))

    def _check_company(self, named):
        if len(named) > 1:
            raise Refused("a request is for one company")
        if named and self.company and str(named[0]).lower() != self.company.lower():
            raise Refused("the request is for another company than the client")

    def _with_company(self, place, query, body):
        name, in_query = place["name"], place["in"] == "query"
        members = body.items() if isinstance(body, dict) else []
        named = [value for key, value in (query if in_query else members) if key == name and value is not None]
        self._check_company(named)
        if named or not (self.company or place["required"]):
            return query, body
        if not self.company:
            raise Refused("the operation needs a company")
        if in_query:
            return [*query, (name, self.company)], body
        if not isinstance(body, (dict, type(None))):
            raise Refused("the company goes into the body, which is not an object")
        return query, {**(body or {}), name: self.company}


class Adapter:
    def hello(self, message):
        self.environments, self.session, self.http = message["environments"], None, None
        can = "api_keys access_tokens environments companies sessions parallel shown time_limits".split()
        return {"type": "hello", "protocol": 1, "name": "httpx", "version": httpx.__version__, "capabilities": can}

    async def call(self, message):
        if message["session"] != self.session:
            if self.http:
                await self.http.aclose()
            # The environment may name proxies. A redirect is an answer.
            self.http = httpx.AsyncClient(verify=TLS, trust_env=False, follow_redirects=False)
            self.session = message["session"]
        self.http.timeout = message.get("time_limit_ms", 4000) / 1000  # for a connection, and for each wait
        answer = {"type": "result", "id": message["id"], "shown": {}}
        try:
            return {**answer, "answers": await self.send(message, answer["shown"])}
        except (Refused, NotImplementedError) as error:
            unsupported, answer["shown"]["error"] = isinstance(error, NotImplementedError), repr(error)
            return {**answer, "type": "refuse", "reason": str(error), "unsupported": unsupported}

    async def send(self, message, shown):
        if message["action"] != "send":
            raise NotImplementedError("this client has no OAuth")
        credential, operation = message["credential"], message["operation"]
        own_url = self.environments.get(credential["environment"], {}).get("base_url")
        client = Client(self.http, own_url, message["base_url"], credential, message.get("company"))
        query = [(parameter["name"], parameter["value"]) for parameter in message.get("query", [])]
        shown["debug"], shown["log"] = repr(client), f"{operation['method']} {operation['path']}"
        path, body, times = message.get("path", {}), message.get("body"), message.get("times", 1)
        outcomes = await client.send(operation, path, query, body, times)
        shown["error"] = " ".join(repr(outcome) for outcome in outcomes if isinstance(outcome, Exception))
        return [{"failure": repr(o)} if isinstance(o, Exception) else {"status": o.status_code} for o in outcomes]


async def main():
    adapter = Adapter()
    for message in map(json.loads, sys.stdin.buffer):
        if message["type"] == "bye":
            break
        answer = adapter.hello(message) if message["type"] == "hello" else await adapter.call(message)
        print(json.dumps(answer), flush=True)


asyncio.run(main())
