"""A real OpenID provider for tests, in a process of its own: `python tests/provider.py PORT`.

oidc-provider-mock, with what it lacks: it checks PKCE, takes tokens back (RFC 7009) and can forget
access tokens, as when they run out. Clients register, and everybody is signed on who is named.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

sys.path.insert(0, str(Path(__file__).parent))

from browsing import free_port, stop, wait_for


class Provider:
    """The provider as the tests and a person in front of it use it."""

    def __init__(self, address: str, process: "subprocess.Popen[bytes]") -> None:
        self.address, self.process = address, process
        self.client = httpx.Client(base_url=address, trust_env=False)

    def register(self, redirect_uri: str) -> tuple[str, str]:
        """The name and the secret of a new client."""
        told = self.client.post("/oauth2/clients", json={"redirect_uris": [redirect_uri]}).json()
        return told["client_id"], told["client_secret"]

    def person(self, name: str, **claims: object) -> None:
        """Make a person, or change what is said of them."""
        assert self.client.put(f"/users/{name}", json=claims).status_code == 204

    def sign_on(self, address: str, name: str) -> str:
        """Sign a person on where our server sent them; gives the address they are sent back to."""
        assert address.startswith(self.address)
        return self.client.post(address, data={"sub": name}).headers["location"]

    def forget(self, what: str) -> None:
        """Let all `access` tokens, or `all` tokens, be no good any more."""
        assert self.client.post(f"/forget/{what}").status_code == 204

    def asked(self, path: str) -> int:
        """How often a path has been asked for."""
        return int(self.client.get("/asked", params={"path": path}).text)


@contextmanager
def running() -> Iterator[Provider]:
    """A provider for as long as it is needed."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen([sys.executable, __file__, str(port)], stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(address + "/jwks", process)
            provider = Provider(address, process)
            yield provider
            provider.client.close()
        finally:
            stop(process)


def main(port: int) -> None:
    """Serve the provider until stopped."""
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
    import flask
    import uvicorn
    from authlib import jose
    from oidc_provider_mock import app as make
    from oidc_provider_mock._storage import storage

    app = make(require_client_registration=True, require_nonce=True)
    challenges: dict[str, str] = {}
    asked: list[str] = []

    def check() -> object:
        asked.append(flask.request.path)
        if (
            flask.request.path == "/oauth2/authorize"
            and flask.request.args.get("code_challenge_method") != "S256"
        ):
            return "no PKCE", 400
        form = flask.request.form
        if flask.request.path == "/oauth2/token" and form.get("grant_type") == "authorization_code":
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            told = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if challenges.get(form.get("code", "")) != told:
                return {"error": "invalid_grant"}, 400
        return None

    def remember(answer: flask.Response) -> flask.Response:
        code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code")
        if code:
            challenges[code[0]] = flask.request.args["code_challenge"]
        if flask.request.path == "/.well-known/openid-configuration":
            told = {**json.loads(answer.get_data()), "revocation_endpoint": f"http://127.0.0.1:{port}/revoke"}
            answer.set_data(json.dumps(told))
        said = answer.get_json(silent=True) or {}
        if flask.request.path == "/userinfo" and said.get("userinfo") == "without groups":
            answer.set_data(json.dumps({"sub": said["sub"]}))
        if flask.request.path == "/userinfo" and said.get("userinfo") == "of another":
            answer.set_data(json.dumps({**said, "sub": "another"}))
        if flask.request.path == "/oauth2/token" and "id_token" not in said and "access_token" in said:
            answer.set_data(json.dumps({**said, "id_token": id_token(said["access_token"])}))
        return answer

    def id_token(access: str) -> str:
        """Write the id_token of renewed tokens."""
        person = storage.get_access_token(access).get_user()
        client, now = flask.request.authorization, int(time.time())
        told: dict[str, object] = {"iss": f"http://127.0.0.1:{port}", "sub": person.sub}
        told |= {
            "aud": client.username if client else None,
            "iat": now,
            "exp": now + 300,
            "groups": person.claims.get("groups"),
        }
        token: bytes = jose.jwt.encode({"alg": "RS256"}, told, storage.jwk)
        return token.decode()

    def revoke() -> object:
        given = storage.remove_refresh_token(flask.request.form["token"])
        storage.remove_access_token(given.access_token if given else flask.request.form["token"])
        return ""

    def forget(what: str) -> object:
        for token in storage.access_tokens():
            storage.remove_access_token(token.token)
        for token in storage.refresh_tokens() if what == "all" else []:
            storage.remove_refresh_token(token.token)
        return "", 204

    def count() -> object:
        return str(asked.count(flask.request.args["path"]))

    app.before_request(check)
    app.after_request(remember)
    app.add_url_rule("/revoke", view_func=revoke, methods=["POST"])
    app.add_url_rule("/forget/<what>", view_func=forget, methods=["POST"])
    app.add_url_rule("/asked", view_func=count)
    uvicorn.run(app, interface="wsgi", host="127.0.0.1", port=port, log_level="error")


if __name__ == "__main__":
    main(int(sys.argv[1]))
