#!/usr/bin/env python3
"""A small client of Pleo's External API on Python's standard library, for the conformance suite:

    cargo run --bin pleo-conformance -- run --client "python3 crates/pleo-conformance/adapters/python_client.py"

The upper part is the client, which knows nothing of the suite. The lower part, from `Adapter` on, speaks the
protocol that docs/conformance-protocol.md describes.
"""

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import sys
import threading
import time
import urllib.parse

TIMEOUT = 3  # seconds for one answer
REFRESH_ATTEMPTS = 3


class Refused(Exception):
    """The request is not in order. Nothing was sent."""


class Unsupported(Refused):
    """This client has no way to do it."""


class Failed(Exception):
    """There was no usable answer."""


def exchange(method, url, headers, body=None):
    """Sends one request and returns the status and body. Redirects are not followed, proxies not asked."""
    parts = urllib.parse.urlsplit(url)
    connections = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in connections or parts.hostname is None:
        raise Refused("the address is no URL of HTTP")
    connection = connections[parts.scheme](parts.hostname, parts.port, timeout=TIMEOUT)
    target = parts.path + ("?" + parts.query if parts.query else "")
    try:
        connection.request(method, target, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise Failed(type(error).__name__) from error
    finally:
        connection.close()


def is_visible(text):
    """Whether text can stand in a header as it is."""
    return bool(text) and all(33 <= ord(character) <= 126 for character in text)


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class ApiKey:
    """A standalone or integrated API key."""

    def __init__(self, environment, key):
        # A colon would end the user name (RFC 7617, section 2).
        if not is_visible(key) or ":" in key:
            raise Refused("an API key has visible ASCII characters only, and no colon")
        self.environment = environment
        self._header = basic(key, "")

    def __repr__(self):
        return f"ApiKey({self.environment!r}, ...)"

    def authorization(self, rejected=None):
        """The header for the next request; none if there is no other one than the rejected one."""
        return None if rejected else self._header


class AccessToken:
    """An OAuth 2.0 access token that somebody else renews."""

    def __init__(self, environment, token):
        if not is_visible(token):
            raise Refused("an access token has visible ASCII characters only")
        self.environment = environment
        self._header = "Bearer " + token

    def __repr__(self):
        return f"AccessToken({self.environment!r}, ...)"

    def authorization(self, rejected=None):
        """As that of an API key."""
        return None if rejected else self._header


class App:
    """A registered OAuth 2.0 app at its authorisation server."""

    def __init__(self, environment, server, client_id, client_secret, redirect_uri):
        self.environment = environment
        self.server = server.rstrip("/")
        self.client_id = client_id
        self.redirect_uri = redirect_uri
        # The form encoding is that of RFC 6749, section 2.3.1.
        encoded = [urllib.parse.quote_plus(text) for text in (client_id, client_secret)]
        self._authorization = basic(*encoded)

    def __repr__(self):
        return f"App({self.environment!r}, {self.client_id!r}, ...)"

    def token(self, **form):
        """Asks the token endpoint. Returns the status and what it answered."""
        headers = {
            "Authorization": self._authorization,
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urllib.parse.urlencode(form)
        status, text = exchange("POST", self.server + "/oauth/token", headers, body)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        return status, answer if isinstance(answer, dict) else {}


class Authorization:
    """An authorisation that the user has not decided yet. It is good for one redirect."""

    def __init__(self, app, scopes):
        self.app = app
        self._state = secrets.token_urlsafe(32)
        self._verifier = secrets.token_urlsafe(32)
        challenge = hashlib.sha256(self._verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": app.redirect_uri,
            "scope": " ".join(scopes),
            "state": self._state,
            "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        encoded = urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        self.url = f"{app.server}/oauth/authorize?{encoded}"

    def finish(self, redirect):
        """Takes the redirect that came back, and exchanges its code for tokens."""
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(redirect).query)
        if any(len(values) > 1 for values in query.values()):
            raise Refused("the redirect has a parameter twice")
        [state] = query.get("state", [""])
        if not hmac.compare_digest(state.encode(), self._state.encode()):
            raise Refused("the redirect does not belong to this authorisation")
        if "error" in query:
            raise Refused("access was not granted")
        if "code" not in query:
            raise Refused("the redirect has no code")
        [code] = query["code"]
        status, answer = self.app.token(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.app.redirect_uri,
            code_verifier=self._verifier,
        )
        return RefreshingToken(self.app, *tokens(status, answer))


def tokens(status, answer):
    """The access token, refresh token (or none) and lifetime in an answer of the token endpoint."""
    access, refresh = answer.get("access_token"), answer.get("refresh_token")
    lifetime, kind = answer.get("expires_in", 300), answer.get("token_type") or "bearer"
    if status not in (200, 201):
        raise Failed(f"the authorisation server answered {status}")
    if not isinstance(access, str) or not isinstance(refresh, (str, type(None))):
        raise Failed("the authorisation server's answer has no tokens")
    if not isinstance(lifetime, (int, float)) or not is_visible(access):
        raise Failed("the authorisation server's answer cannot be used")
    if str(kind).lower() != "bearer":
        raise Failed("the authorisation server's token is of another type than Bearer")
    return access, refresh or None, lifetime


class RefreshingToken:
    """A pair of tokens that renews itself. One renewal is under way at a time, and all others wait for it."""

    def __init__(self, app, access, refresh, lifetime):
        self.environment = app.environment
        self._app = app
        self._lock = threading.Lock()
        self._ended = False
        self._keep(access, refresh, lifetime)

    def __repr__(self):
        return f"RefreshingToken({self._app!r}, ...)"

    def _keep(self, access, refresh, lifetime):
        self._header = "Bearer " + access
        self._refresh_token = refresh
        self._valid_until = time.monotonic() + lifetime

    def authorization(self, rejected=None):
        """The header for the next request, renewed if it has expired or is the rejected one."""
        with self._lock:
            if self._ended:
                raise Refused("the session has ended; authorise again")
            if time.monotonic() >= self._valid_until or self._header == rejected:
                self._renew()
            return self._header

    def _renew(self):
        if self._refresh_token is None:
            self._ended = True
            raise Refused("the access token has expired, and there is no refresh token")
        for attempt in range(REFRESH_ATTEMPTS):
            time.sleep(0.1 * attempt)
            try:
                status, answer = self._app.token(
                    grant_type="refresh_token", refresh_token=self._refresh_token
                )
            except Failed:
                continue
            if status >= 500 or status == 429:
                continue
            if 400 <= status < 500:
                # Presented again, it would end every token of the authorisation.
                self._ended = True
                self._refresh_token = None
                raise Failed("the refresh token was refused")
            access, refresh, lifetime = tokens(status, answer)
            self._keep(access, refresh or self._refresh_token, lifetime)
            return
        raise Failed("the authorisation server did not renew the token")


class Client:
    """Sends requests to one environment with one credential, perhaps for one company."""

    def __init__(self, base_url, own_url, credential, scopes=None, company=None):
        if base_url.removesuffix("/") != own_url.removesuffix("/"):
            raise Refused(f"a credential of {credential.environment} is for {own_url} and goes nowhere else")
        self.base_url = base_url.removesuffix("/")
        self.credential = credential
        self.scopes = scopes
        self.company = company
        self.log = []

    def __repr__(self):
        return f"Client({self.base_url!r}, {self.credential!r}, company={self.company!r})"

    def send(self, operation, path, query, body, times=1):
        """Sends a request so many times at once. Returns a status or an error for each."""
        self._check_scopes(operation)
        if self.company is not None and path.get("companyId", self.company).lower() != self.company.lower():
            raise Refused("the path names another company than the client")
        query, body = self._with_company(operation, query, body)
        url = self._url(operation["path"], path, query)
        # A request that cannot be authorised is refused before any other is sent.
        first = self.credential.authorization()
        outcomes = [None] * times

        def run(index):
            try:
                outcomes[index] = self._send_once(operation, url, body, first)
            except (Failed, Refused) as error:
                outcomes[index] = error

        threads = [threading.Thread(target=run, args=(index,)) for index in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def _send_once(self, operation, url, body, authorization):
        headers = {"Authorization": authorization, "Accept": "application/json"}
        content = None
        if body is not None:
            headers["Content-Type"] = operation.get("media_type") or "application/json"
            content = json.dumps(body)
        status, _ = exchange(operation["method"], url, headers, content)
        self.log.append(f"{operation['method']} {operation['path']}: {status}")
        if status == 401:
            renewed = self.credential.authorization(rejected=authorization)
            if renewed is not None:
                headers["Authorization"] = renewed
                status, _ = exchange(operation["method"], url, headers, content)
                self.log.append(f"{operation['method']} {operation['path']}: {status}, with a new token")
        return status

    def _check_scopes(self, operation):
        needed = operation.get("scopes")
        if needed is None or self.scopes is None:
            return
        missing = [scope for scope in needed if scope not in self.scopes]
        if missing:
            raise Refused(f"the credential lacks {' '.join(missing)}")

    def _with_company(self, operation, query, body):
        """The same query and body with the company where the operation takes it."""
        place = operation.get("company")
        if place is None:
            return query, body
        name = place["name"]
        if place["in"] == "query":
            named = [value for key, value in query if key == name]
        elif body is None or isinstance(body, dict):
            named = [value for value in [(body or {}).get(name)] if value is not None]
        elif self.company is None and not place["required"]:
            return query, body
        else:
            raise Refused("the company goes into the body, which is no object")
        if not named and self.company is None and place["required"]:
            raise Refused("the operation needs a company")
        if len(named) > 1:
            raise Refused("a request is for one company")
        if named and self.company is not None and str(named[0]).lower() != self.company.lower():
            raise Refused("the request is for another company than the client")
        if named or self.company is None:
            return query, body
        if place["in"] == "query":
            query = query + [(name, self.company)]
        else:
            body = {**(body or {}), name: self.company}
        return query, body

    def _url(self, template, path, query):
        for name, value in path.items():
            # Such a value would lead to another operation.
            if value in ("", ".", ".."):
                raise Refused(f"{name} cannot stand in a path")
            template = template.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
        if "{" in template:
            raise Refused("a parameter of the path is missing")
        encoded = urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="")
        return self.base_url + template + ("?" + encoded if encoded else "")


class Session:
    """What the client keeps from call to call."""

    def __init__(self):
        self.pending = None  # an authorisation
        self.authorized = None  # the tokens that it brought
        self.renewing = None  # the tokens that the runner gave
        self.given = None  # what it gave them as


class Adapter:
    """Answers the runner."""

    CAPABILITIES = [
        "api_keys",
        "access_tokens",
        "environments",
        "companies",
        "scopes",
        "sessions",
        "oauth",
        "refresh",
        "parallel",
        "shown",
        "time_limits",
    ]

    def __init__(self):
        self.environments = {}
        self.name = None
        self.session = Session()

    def hello(self, message):
        self.environments = message["environments"]
        return {
            "type": "hello",
            "protocol": 1,
            "name": "python",
            "version": "1",
            "capabilities": self.CAPABILITIES,
        }

    def call(self, message):
        global TIMEOUT  # a setting of the client's user
        TIMEOUT = message.get("time_limit_ms", 3000) / 1000
        if message["session"] != self.name:
            self.name, self.session = message["session"], Session()
        actions = {"send": self.send, "authorize": self.authorize, "finish": self.finish}
        answer = {"type": "result", "id": message["id"]}
        try:
            if message["action"] not in actions:
                raise Unsupported(f"no {message['action']}")
            return answer | actions[message["action"]](message)
        except Refused as error:
            unsupported = isinstance(error, Unsupported)
            refusal = {"type": "refuse", "reason": str(error), "unsupported": unsupported}
            return answer | refusal | {"shown": {"error": repr(error)}}
        except Failed as error:
            return answer | {"answers": self.failures(message, error), "shown": {"error": repr(error)}}

    @staticmethod
    def failures(message, error):
        return [{"failure": str(error)}] * message.get("times", 1)

    def send(self, message):
        given = message["credential"]
        client = Client(
            message["base_url"],
            self.environment(given["environment"])["base_url"],
            self.credential(given),
            given.get("scopes"),
            message.get("company"),
        )
        query = [(parameter["name"], parameter["value"]) for parameter in message.get("query", [])]
        outcomes = client.send(
            message["operation"],
            message.get("path", {}),
            query,
            message.get("body"),
            message.get("times", 1),
        )
        answers = [
            {"status": outcome} if isinstance(outcome, int) else {"failure": str(outcome)}
            for outcome in outcomes
        ]
        errors = [repr(outcome) for outcome in outcomes if not isinstance(outcome, int)]
        shown = {"log": "\n".join(client.log), "debug": repr(client), "error": "\n".join(errors)}
        return {"answers": answers, "shown": shown}

    def authorize(self, message):
        app = self.app(message["environment"], message["app"])
        self.session.pending = Authorization(app, message["scopes"])
        return {"url": self.session.pending.url}

    def finish(self, message):
        pending, self.session.pending = self.session.pending, None
        if pending is None:
            raise Refused("no authorisation is under way")
        self.session.authorized = pending.finish(message["redirect"])
        return {"shown": {"debug": repr(self.session.authorized)}}

    def environment(self, name):
        if name not in self.environments:
            raise Refused(f"there is no environment {name}")
        return self.environments[name]

    def app(self, environment, app):
        server = self.environment(environment)["authorization_server"]
        return App(environment, server, app["client_id"], app["client_secret"], app["redirect_uri"])

    def credential(self, given):
        kind, environment = given["kind"], given["environment"]
        if kind in ("standalone_api_key", "integrated_api_key"):
            return ApiKey(environment, given["secret"])
        if kind == "access_token":
            return AccessToken(environment, given["secret"])
        if kind == "legacy_token":
            raise Refused("a legacy token does not work on the External API")
        if kind == "oauth_tokens":
            credential = self.renewing(given)
        elif kind == "oauth_session":
            credential = self.session.authorized
        else:
            raise Unsupported(f"no credential of the kind {kind}")
        if credential is None:
            raise Refused("there are no tokens")
        if credential.environment != environment:
            raise Refused(f"the tokens are those of {credential.environment}")
        return credential

    def renewing(self, given):
        """The tokens that the session has by now, or new ones if the runner gives others than before."""
        session, tokens_now = self.session, given.get("tokens")
        if tokens_now is not None and tokens_now != session.given:
            app = self.app(given["environment"], tokens_now["app"])
            pair = (tokens_now["access_token"], tokens_now["refresh_token"])
            session.renewing = RefreshingToken(app, *pair, tokens_now["expires_in"])
            session.given = tokens_now
        return session.renewing


def main():
    adapter = Adapter()
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "bye":
            break
        answer = adapter.hello(message) if message["type"] == "hello" else adapter.call(message)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
