# SPDX-License-Identifier: Apache-2.0
"""A registry on loopback that misbehaves on demand: distribution-spec 1.1 as far as a client sees it.

`faults` counts down what shall go wrong, such as {"500": 1, "cut-download": 1}; `requests` is what was asked.
"""

import base64
import hashlib
import http.server
import json
import secrets
import ssl
import threading
import time
import urllib.parse


class Request:
    def __init__(self, handler):
        self.method = handler.command
        self.path = handler.path
        self.headers = dict(handler.headers)

    def __repr__(self):
        return f"{self.method} {self.path}"


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that has seen enough goes away in the middle of an answer."""


class FakeRegistry:
    def __init__(self, auth=None, user="user", password="password", certificate=None):
        self.auth, self.user, self.password = auth, user, password
        self.blobs, self.manifests, self.uploads = {}, {}, {}
        self.tokens = {}  # text -> (scopes, uses left)
        self.token_uses = 1000
        self.faults, self.requests = {}, []
        self.realm = None
        self.redirect_to = None  # base URL for blobs
        self.location = "absolute"
        self.say = "requested access to the resource is denied"
        self.content_type = None  # of manifests, instead of the right one
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.fake = self
        self.scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.scheme = "https"
        self.name = f"127.0.0.1:{self._server.server_address[1]}"
        self.url = f"{self.scheme}://{self.name}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *args):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fails(self, fault):
        if self.faults.get(fault, 0) <= 0:
            return False
        self.faults[fault] -= 1
        return True

    def asked(self, method, part=""):
        return [r for r in self.requests if r.method == method and part in r.path]

    def add_blob(self, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return digest


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, code, message, **headers):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.answer(status, body, Content_Type="application/json", **headers)

    def cut(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.close()

    def basic_is_right(self):
        want = base64.b64encode(f"{self.fake.user}:{self.fake.password}".encode()).decode()
        return self.headers.get("Authorization") == f"Basic {want}"

    def may(self):
        """Checks the log-in; answers and returns False where it is missing."""
        fake = self.fake
        given = self.headers.get("Authorization", "")
        if fake.auth == "basic" and not self.basic_is_right():
            self.read_body()
            self.refuse(401, "UNAUTHORIZED", fake.say, WWW_Authenticate='Basic realm="fake"')
            return False
        if fake.auth == "bearer":
            token = fake.tokens.get(given.removeprefix("Bearer "))
            repository = self.path.removeprefix("/v2/").split("/blobs/")[0].split("/manifests/")[0]
            wanted = f"repository:{repository}:pull"
            if token is None or token[1] <= 0 or not any(s.startswith(wanted) for s in token[0]):
                self.read_body()
                realm = fake.realm or f"{fake.url}/token"
                challenge = f'Bearer realm="{realm}",service="the, \\"fake\\"",scope="{wanted}"'
                self.refuse(401, "UNAUTHORIZED", fake.say, WWW_Authenticate=challenge)
                return False
            token[1] -= 1
        return True

    def read_body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def give_token(self):
        if not self.basic_is_right():
            return self.refuse(401, "UNAUTHORIZED", self.fake.say)
        if self.fake.fails("token-redirect"):
            return self.answer(307, Location=self.fake.redirect_to + "/token")
        if self.fake.fails("cut-token"):
            return self.cut()
        if self.fake.fails("large-token"):
            return self.answer(200, b" " * 100_000)
        scopes = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("scope", [])
        token = "planted-token-" + secrets.token_hex(8)
        self.fake.tokens[token] = [scopes, self.fake.token_uses]
        return self.answer(200, json.dumps({"token": token, "expires_in": 300}).encode())

    def handle_any(self):
        self.fake = self.server.fake
        fake = self.fake
        fake.requests.append(Request(self))
        parts = urllib.parse.urlsplit(self.path)
        if parts.path == "/token":
            return self.give_token()
        if fake.fails("429"):
            self.read_body()
            return self.refuse(429, "TOOMANYREQUESTS", "slow down", Retry_After="1")
        if fake.fails("500"):
            self.read_body()
            return self.refuse(500, "UNKNOWN", "it hurts")
        if not self.may():
            return None
        if fake.fails("repeat"):
            said = self.headers["Authorization"].split(" ")[1]
            return self.refuse(403, "DENIED", f"not with {said}")
        if "/manifests/" in parts.path:
            return self.manifest(*parts.path.removeprefix("/v2/").split("/manifests/"))
        if "/blobs/uploads/" in parts.path:
            return self.upload(parts)
        return self.blob(parts.path.split("/blobs/")[1])

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def manifest(self, repository, reference):
        fake = self.fake
        if self.command == "PUT":
            data = self.read_body()
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            for name in {reference, digest}:
                fake.manifests[repository, name] = (self.headers["Content-Type"], data)
            return self.answer(201, Docker_Content_Digest=digest)
        if (repository, reference) not in fake.manifests:
            return self.refuse(404, "NAME_UNKNOWN", "repository name not known to registry")
        kind, data = fake.manifests[repository, reference]
        if fake.fails("wrong-manifest"):
            data += b" "
        return self.answer(200, data, Content_Type=fake.content_type or kind)

    def blob(self, digest):
        fake = self.fake
        if self.command == "GET" and fake.redirect_to:
            return self.answer(307, Location=fake.redirect_to + self.path)
        data = fake.blobs.get(digest)
        if data is None:
            return self.refuse(404, "BLOB_UNKNOWN", "blob unknown to registry")
        if self.command == "HEAD":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            return None
        if fake.fails("wrong-blob"):
            data = bytes([data[0] ^ 1]) + data[1:]
        if fake.fails("short-blob"):
            data = data[:-1]
        if fake.fails("long-blob"):
            data += b"x"
        start, status, headers = 0, 200, {}
        if "Range" in self.headers and not fake.fails("no-range"):
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            told = start + 1 if fake.fails("wrong-range") else start
            headers["Content-Range"] = f"bytes {told}-{len(data) - 1}/{len(data)}"
            status = 206
        if fake.fails("cut-download"):
            self.send_response(status)
            self.send_header("Content-Length", str(len(data) - start))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[start : start + (len(data) - start) // 2])
            return self.cut()
        return self.answer(status, data[start:], **{k.replace("-", "_"): v for k, v in headers.items()})

    def upload(self, parts):
        fake = self.fake
        query = urllib.parse.parse_qs(parts.query)
        if self.command == "POST":
            if query.get("mount", [""])[0] in fake.blobs and not fake.fails("no-mount"):
                return self.answer(201, Location="/v2/x")
            session = secrets.token_hex(8)
            fake.uploads[session] = True
            path = f"{parts.path}{session}?_state=a%2Bb%3D"
            if fake.location == "relative":
                path = f"{session}?_state=a%2Bb%3D"
            if fake.location == "absolute":
                path = fake.url + path
            if fake.location.startswith("http"):
                path = fake.location + path
            return self.answer(202, Location=path)
        session = parts.path.rsplit("/", 1)[1]
        if session not in fake.uploads or query.get("_state") != ["a+b="]:
            self.read_body()
            return self.refuse(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        if self.command == "DELETE":
            del fake.uploads[session]
            return self.answer(204)
        if fake.fails("cut-upload"):
            self.rfile.read(int(self.headers["Content-Length"]) // 2)
            return self.cut()
        if fake.fails("slow-upload"):
            time.sleep(30)
        data = self.read_body()
        digest = query["digest"][0]
        if "sha256:" + hashlib.sha256(data).hexdigest() != digest:
            return self.refuse(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        del fake.uploads[session]
        fake.blobs[digest] = data
        return self.answer(201, Location="/v2/x")
