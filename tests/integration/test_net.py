# SPDX-License-Identifier: Apache-2.0
"""TLS as a user meets it: whom the static programs trust, and what they say when they do not."""

import http.server
import json
import ssl
import subprocess
import threading

import pytest

BODY = json.dumps({
    "family": "web", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "containerDefinitions": [{"name": "web", "image": "web:1", "essential": True}],
})
ARN = "arn:aws:ecs:eu-west-1:123456789012:task-definition/web:1"


class Service(http.server.BaseHTTPRequestHandler):
    """Answers every call as if the definition was registered."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls += 1
        definition = {"taskDefinitionArn": ARN, "family": "web", "revision": 1}
        body = json.dumps({"taskDefinition": definition}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    calls = 0

    def handle_error(self, request, client_address):
        """A client that does not trust us goes away in the middle of the handshake."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1 and no other name: (certificate, key)."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
         "-days", "2", "-subj", "/CN=berth test", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def service(certificate):
    server = Server(("127.0.0.1", 0), Service)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def register(taskgen, url, *options, **variables):
    env = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-key-value",
           "AWS_REGION": "eu-west-1", **variables}
    done = taskgen("register", "--endpoint-url", url, *options, stdin=BODY, env=env)
    assert "secret-key-value" not in done.stdout + done.stderr
    return done


def url_of(service, host="127.0.0.1"):
    return f"https://{host}:{service.server_address[1]}"


def test_a_certificate_that_nobody_vouches_for_is_refused(taskgen, service):
    done = register(taskgen, url_of(service))
    assert done.status == 1
    assert service.calls == 0
    assert "self" in done.stderr and "SSL_CERT_FILE" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_ca_that_the_user_names_is_trusted(taskgen, service, certificate, by):
    trusted = str(certificate[0])
    if by == "option":
        done = register(taskgen, url_of(service), "--ca-bundle", trusted)
    else:
        done = register(taskgen, url_of(service), SSL_CERT_FILE=trusted)
    assert done.stderr == ""
    assert done.stdout == ARN + "\n"
    assert service.calls == 1


def test_a_trusted_certificate_of_another_name_is_refused(taskgen, service, certificate):
    done = register(taskgen, url_of(service, "localhost"), SSL_CERT_FILE=str(certificate[0]))
    assert done.status == 1
    assert service.calls == 0
    assert "localhost" in done.stderr


def test_a_missing_ca_bundle_is_named_with_the_remedy(taskgen, service, tmp_path):
    missing = str(tmp_path / "none.pem")
    done = register(taskgen, url_of(service), SSL_CERT_FILE=missing)
    assert done.status == 1
    assert missing in done.stderr and "PEM" in done.stderr
    assert service.calls == 0


def test_plain_http_is_recognized_where_tls_was_meant(taskgen):
    server = Server(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        done = register(taskgen, url_of(server))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert done.status == 1
    assert "is http:// meant?" in done.stderr
