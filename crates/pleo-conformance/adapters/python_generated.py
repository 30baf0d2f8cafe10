#!/usr/bin/env python3
"""The adapter of a client that somebody else's generator makes from Pleo's documents, openapi-python-client:

    python3 -m pip install openapi-python-client
    openapi-python-client generate --meta none --path spec/openapi.json --output-path target/generated_client
    cargo run --bin pleo-conformance -- run --client \
        "python3 crates/pleo-conformance/adapters/python_generated.py target/generated_client"

The generated client takes a token and the word before it; for an API key, its user writes Basic authentication into
them. It knows nothing of companies, environments, scopes and OAuth, so that this adapter claims none of them.
"""

import base64
import importlib
import importlib.metadata
import io
import json
import logging
import pkgutil
import re
import ssl
import sys
import types
import typing
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

FOLDER = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(FOLDER.parent))
PACKAGE = importlib.import_module(FOLDER.name)
API = importlib.import_module(FOLDER.name + ".api")
TLS = ssl.create_default_context()  # one for all clients: making it takes longer than a request
UNSET = importlib.import_module(FOLDER.name + ".types").Unset
OPERATIONS = {
    module.name.rpartition(".")[2]: module.name
    for module in pkgutil.walk_packages(API.__path__, API.__name__ + ".")
    if not module.ispkg
}


class Refused(Exception):
    """Nothing was sent."""


class Unsupported(Refused):
    """The client has no way to do it."""


def typed(hint, value):
    """The value as what the client's method takes."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        [hint] = [part for part in typing.get_args(hint) if part not in (UNSET, type(None))]
    if typing.get_origin(hint) is list:
        [item] = typing.get_args(hint)
        return [typed(item, part) for part in value]
    if isinstance(value, list):
        [value] = value
    if hasattr(hint, "from_dict"):
        return hint.from_dict(value)
    return value == "true" if hint is bool else hint(value)


def arguments(method, message):
    """The arguments of the client's method."""
    hints = typing.get_type_hints(method)
    given = {name: [value] for name, value in message.get("path", {}).items()}
    for parameter in message.get("query", []):
        given.setdefault(parameter["name"], []).append(parameter["value"])
    named = {re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower(): value for name, value in given.items()}
    if message.get("body") is not None:
        named["body"] = message["body"]
    unknown = named.keys() - hints.keys()
    if unknown:
        raise Unsupported(f"no argument {' '.join(sorted(unknown))}")
    try:
        return {name: typed(hints[name], value) for name, value in named.items()}
    except Exception as error:
        raise Refused(f"{type(error).__name__}: {error}") from error


class Session:
    """The client of one session, made anew for another credential or address."""

    def __init__(self):
        self.made_of = None
        self.sent = False

    def client(self, base_url, credential):
        kind, secret = credential["kind"], credential.get("secret")
        if secret is None:
            raise Unsupported(f"no credential of the kind {kind}")
        word, token = "Bearer", secret
        if kind.endswith("_api_key"):
            word, token = "Basic", base64.b64encode(f"{secret}:".encode()).decode()
        if self.made_of != (base_url, word, token):
            self.made_of = (base_url, word, token)
            hooks = {"request": [lambda _: setattr(self, "sent", True)]}
            options = {"trust_env": False, "event_hooks": hooks}
            self.made = PACKAGE.AuthenticatedClient(
                base_url, token, word, timeout=httpx.Timeout(4), verify_ssl=TLS, httpx_args=options
            )
            self.made.get_httpx_client()
        return self.made

    def send(self, message):
        operation = message.get("operation", {}).get("id", message["action"])
        if operation not in OPERATIONS:
            raise Unsupported(f"no {operation}")
        method = importlib.import_module(OPERATIONS[operation]).sync_detailed
        client, named = self.client(message["base_url"], message["credential"]), arguments(method, message)

        def attempt(_):
            try:
                return {"status": int(method(client=client, **named).status_code)}
            except Exception as error:
                return {"failure": repr(error)}

        self.sent = False
        with ThreadPoolExecutor() as pool:
            answers = list(pool.map(attempt, range(message.get("times", 1))))
        failures = "\n".join(answer["failure"] for answer in answers if "failure" in answer)
        if failures and not self.sent:
            raise Refused(failures)
        return {"answers": answers, "shown": {"debug": repr(client), "error": failures}}


HELLO = {
    "type": "hello",
    "protocol": 1,
    "name": "openapi-python-client",
    "version": importlib.metadata.version("openapi-python-client"),
    "capabilities": ["api_keys", "access_tokens", "sessions", "parallel", "shown"],
    "operations": sorted(OPERATIONS),
}


def main():
    log, name, session = io.StringIO(), None, None
    logging.basicConfig(stream=log, level=logging.DEBUG)
    for line in sys.stdin:
        message, answer = json.loads(line), HELLO
        if message["type"] == "bye":
            break
        if message["type"] == "call":
            if message["session"] != name:
                name, session = message["session"], Session()
            answer = {"type": "result", "id": message["id"]}
            try:
                answer |= session.send(message)
                answer["shown"]["log"] = log.getvalue()
            except Refused as refusal:
                unsupported = isinstance(refusal, Unsupported)
                answer |= {"type": "refuse", "reason": str(refusal), "unsupported": unsupported}
            log.seek(log.truncate(0))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
