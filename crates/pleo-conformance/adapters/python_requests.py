#!/usr/bin/env python3
"""A small client of Pleo's External API on requests, and the adapter that lets the conformance suite judge it:

    python3 -m pip install requests
    cargo run --bin pleo-conformance -- run --client "python3 crates/pleo-conformance/adapters/python_requests.py"

The upper part is the client. The lower part speaks the protocol that docs/conformance-protocol.md describes.
"""

import base64
import json
import sys
from urllib.parse import quote

import requests

TIMEOUT = 4  # seconds to connect, and for each wait for more of a response; requests itself has no limit


class Refused(Exception):
    """The request is not in order. Nothing was sent."""


class Unsupported(Refused):
    """This client has no way to do it."""


def authorization(credential):
    kind, secret = credential["kind"], credential.get("secret") or ""
    if kind == "legacy_token":
        raise Refused("a legacy token does not work on the External API")
    if kind not in ("standalone_api_key", "integrated_api_key", "access_token"):
        raise Unsupported(f"this client has no credentials of the kind {kind}")
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

    def __init__(self, http, own_url, base_url, credential, company, timeout):
        if base_url.removesuffix("/") != own_url:
            raise Refused(f"a credential of {credential['environment']} goes to {own_url} only")
        self.http, self.base_url, self.company = http, own_url, company
        self.scopes = credential.get("scopes")
        self._authorization, self.timeout = authorization(credential), timeout

    def __repr__(self):
        return f"Client({self.base_url!r}, company={self.company!r}, scopes={self.scopes!r})"

    def send(self, operation, path, query, body):
        missing = set(operation.get("scopes") or []) - set(self.scopes or [])
        if self.scopes is not None and missing:
            raise Refused(f"the credential lacks {' '.join(sorted(missing))}")
        if operation.get("company"):
            query, body = self._with_company(operation["company"], query, body)
        self._check_company([path["companyId"]] if "companyId" in path else [])
        headers = {"Authorization": self._authorization, "Accept": "application/json"}
        if body is not None and operation.get("media_type"):
            headers["Content-Type"] = operation["media_type"]
        url = url_of(self.base_url, operation["path"], path, query)
        # A redirect is an answer; requests would follow it.
        options = {"timeout": self.timeout, "allow_redirects": False}
        return self.http.request(operation["method"], url, headers=headers, json=body, **options).status_code

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
        can = ["api_keys", "access_tokens", "environments", "companies", "scopes", "sessions", "shown", "time_limits"]
        about = {"name": "requests", "version": requests.__version__, "capabilities": can}
        return {"type": "hello", "protocol": 1, **about}

    def call(self, message):
        if message["session"] != self.session:
            self.session, self.http = message["session"], requests.Session()
            # The environment may name proxies, and ~/.netrc a password, which requests prefers to our header.
            self.http.trust_env = False
        answer = {"type": "result", "id": message["id"], "shown": {}}
        try:
            return {**answer, "answers": [self.send(message, answer["shown"])]}
        except Refused as error:
            unsupported, answer["shown"]["error"] = isinstance(error, Unsupported), repr(error)
            return {**answer, "type": "refuse", "reason": str(error), "unsupported": unsupported}

    def send(self, message, shown):
        if message["action"] != "send" or message.get("times", 1) > 1:
            raise Unsupported("this client has no OAuth, and sends one request at a time")
        credential, operation = message["credential"], message["operation"]
        own_url = self.environments.get(credential["environment"], {}).get("base_url")
        timeout = message["time_limit_ms"] / 1000 if "time_limit_ms" in message else TIMEOUT
        client = Client(self.http, own_url, message["base_url"], credential, message.get("company"), timeout)
        query = [(parameter["name"], parameter["value"]) for parameter in message.get("query", [])]
        shown["debug"], shown["log"] = repr(client), f"{operation['method']} {operation['path']}"
        try:
            return {"status": client.send(operation, message.get("path", {}), query, message.get("body"))}
        except requests.RequestException as error:
            shown["error"] = repr(error)
            return {"failure": type(error).__name__}


adapter = Adapter()
for message in map(json.loads, sys.stdin.buffer):
    if message["type"] == "bye":
        break
    answer = adapter.hello(message) if message["type"] == "hello" else adapter.call(message)
    print(json.dumps(answer), flush=True)
