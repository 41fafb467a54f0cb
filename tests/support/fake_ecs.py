# SPDX-License-Identifier: Apache-2.0
"""A strict ECS endpoint on loopback, for tests and for `make demo`.

It keeps task definitions in memory and takes nothing on trust: the signature is computed anew from
the request as it arrived by botocore's signer, dates must be within five minutes, headers and types
are checked, and definitions are held against ECS's rules with its own texts.  Faults are injected
on demand.  Needs the Python standard library and botocore.

    python3 tests/support/fake_ecs.py --print            READY http://127.0.0.1:PORT
"""

import argparse
import datetime
import email.utils
import http.server
import json
import pathlib
import re
import signal
import ssl
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

try:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    from support import ecs_model, ecs_rules
except ImportError as missing:
    if not (missing.name or "").startswith("botocore"):
        raise
    sys.exit("fake_ecs: botocore is missing: apt-get install python3-botocore")

ACCOUNT = "123456789012"
TARGET = "AmazonEC2ContainerServiceV20141113."
TOLERATED_SECONDS = 300
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, "
    r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})\Z"
)
KEY_ID = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"


class Answer(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, status, code, message, headers=None):
        super().__init__(f"{code}: {message}")
        self.status, self.headers = status, headers or {}
        self.body = {"__type": code, "message": message}


def client_exception(message, code="ClientException"):
    return Answer(400, code, message)


class Key:
    """An access key that the fake knows."""

    def __init__(self, secret_key, token=None, expired=False):
        self.secret_key, self.token, self.expired = secret_key, token, expired


class FakeEcs:
    """`with FakeEcs() as ecs:` serves at ecs.url until the end of the block."""

    def __init__(self, region="us-east-1", tls=None):
        self.region = region
        self.keys = {KEY_ID: Key(SECRET_KEY)}
        self.clock_offset = 0
        self.model = ecs_model.load()
        self.families = {}
        self.requests = []  # {"target", "headers", "body", "status"} in order of arrival
        self.faults = []
        self.released = threading.Event()  # ends a "slow" answer
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.fake = self
        self.scheme = "http"
        if tls is not None:  # (certificate file, key file)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.authority = f"127.0.0.1:{self.server.server_address[1]}"
        self.url = f"{self.scheme}://{self.authority}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def now(self):
        return time.time() + self.clock_offset

    def inject(self, fault, times=1):
        """The next requests meet a fault of FAULTS instead of an answer."""
        if fault not in FAULTS:
            raise ValueError(f"no fault {fault!r}; there are {', '.join(FAULTS)}")
        self.faults.extend([fault] * times)

    # ---- operations ----

    def arn(self, family, revision):
        return f"arn:aws:ecs:{self.region}:{ACCOUNT}:task-definition/{family}:{revision}"

    def op_RegisterTaskDefinition(self, body):
        try:
            ecs_rules.check(body)
        except ecs_rules.Refused as why:
            raise client_exception(str(why)) from None
        with self.lock:
            revisions = self.families.setdefault(body["family"], [])
            definition = ecs_rules.normalise(body)
            definition.update(
                taskDefinitionArn=self.arn(body["family"], len(revisions) + 1),
                revision=len(revisions) + 1,
                status="ACTIVE",
                registeredAt=round(self.now(), 3),
                registeredBy=f"arn:aws:iam::{ACCOUNT}:user/berth",
            )
            revisions.append({"taskDefinition": definition, "tags": body.get("tags", [])})
            return revisions[-1]

    def find(self, name):
        found = re.fullmatch(r"(?:arn:aws:ecs:[^:]+:\d+:task-definition/)?([^:/]+)(?::(\d+))?", name)
        active = [
            r
            for r in self.families.get(found.group(1) if found else None, [])
            if found.group(2) or r["taskDefinition"]["status"] == "ACTIVE"
        ]
        for revision in reversed(active):
            number = revision["taskDefinition"]["revision"]
            if found.group(2) in (None, str(number)):
                return revision
        raise client_exception("Unable to describe task definition.")

    def op_DescribeTaskDefinition(self, body):
        found = self.find(body["taskDefinition"])
        if "TAGS" in body.get("include", []):
            return found
        return {"taskDefinition": found["taskDefinition"]}

    def op_DeregisterTaskDefinition(self, body):
        if ":" not in body["taskDefinition"]:
            raise client_exception("Revision is missing.")
        found = self.find(body["taskDefinition"])
        found["taskDefinition"]["status"] = "INACTIVE"
        return {"taskDefinition": found["taskDefinition"]}

    def op_ListTaskDefinitionFamilies(self, body):
        prefix = body.get("familyPrefix", "")
        return {"families": sorted(f for f in self.families if f.startswith(prefix))}

    def op_ListTaskDefinitions(self, body):
        arns = [
            r["taskDefinition"]["taskDefinitionArn"]
            for family in sorted(self.families)
            for r in self.families[family]
            if body.get("familyPrefix", family) == family
            and r["taskDefinition"]["status"] == body.get("status", "ACTIVE")
        ]
        return {"taskDefinitionArns": arns[::-1] if body.get("sort") == "DESC" else arns}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "Server", ""
    disable_nagle_algorithm = True  # or a small answer waits for the client's delayed ACK

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(self.server.fake.now(), usegmt=True)

    def reply(self, status, body, content_type="application/x-amz-json-1.1", headers=None):
        self.send_response(status)
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.reply(405, b'{"__type":"MethodNotAllowedException"}')
        self.close_connection = True

    do_PUT = do_HEAD = do_DELETE = do_GET

    def do_POST(self):
        fake = self.server.fake
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.reply(411, b'{"__type":"LengthRequired"}')
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        record = {
            "target": self.headers.get("X-Amz-Target", ""),
            "headers": dict(self.headers.items()),
            "body": body,
            "status": None,
        }
        fake.requests.append(record)
        try:
            operation = self.check_request(body)
            if fake.faults:
                record["status"] = "fault"
                FAULTS[fake.faults.pop(0)](self)
                return
            answer = self.operate(operation, body)
            record["status"] = 200
            self.reply(200, json.dumps(answer).encode())
        except Answer as refusal:
            record["status"] = refusal.status
            self.reply(refusal.status, json.dumps(refusal.body).encode(), headers=refusal.headers)

    def operate(self, operation, body):
        fake = self.server.fake
        method = getattr(fake, "op_" + operation, None)
        if method is None:
            raise client_exception("", "UnknownOperationException")
        try:
            parsed = json.loads(body.decode("utf-8"), object_pairs_hook=no_twins)
            ecs_model.check(fake.model.operation_model(operation).input_shape, parsed)
        except (UnicodeDecodeError, ValueError, ecs_model.WrongType) as why:
            raise client_exception(str(why), "SerializationException") from None
        return method(parsed)

    # ---- the request as such ----

    def check_request(self, body):
        fake = self.server.fake
        for name in self.headers:
            if len(self.headers.get_all(name)) > 1:
                raise client_exception(f"header {name} is there twice", "BadRequest")
        if self.path != "/" or self.request_version != "HTTP/1.1":
            raise client_exception(f"want POST / HTTP/1.1, got {self.requestline}", "BadRequest")
        if self.headers.get("Host") != fake.authority:
            raise client_exception(f"Host is {self.headers.get('Host')}", "BadRequest")
        if self.headers.get("Content-Type") != "application/x-amz-json-1.1":
            raise client_exception("Content-Type", "BadRequest")
        if "X-Amz-Content-Sha256" in self.headers:
            raise client_exception("X-Amz-Content-Sha256 is not for ECS", "BadRequest")
        target = self.headers.get("X-Amz-Target", "")
        if not target.startswith(TARGET):
            raise client_exception("", "UnknownOperationException")
        self.check_signature(body)
        return target[len(TARGET) :]

    def check_signature(self, body):
        fake = self.server.fake
        found = AUTHORIZATION.match(self.headers.get("Authorization", ""))
        if not found:
            raise client_exception(
                "Authorization header requires 'Credential' parameter.",
                "IncompleteSignatureException",
            )
        key_id, day, region, service, names, signature = found.groups()
        names = names.split(";")
        self.check_scope(day, region, service, names)
        key = fake.keys.get(key_id)
        token = self.headers.get("X-Amz-Security-Token")
        if key is None or key.token != token:
            raise client_exception(
                "The security token included in the request is invalid.",
                "UnrecognizedClientException",
            )
        if key.expired:
            raise client_exception(
                "The security token included in the request is expired", "ExpiredTokenException"
            )
        canonical, wanted = self.sign(key_id, key, region, names, body)
        if wanted != signature:
            raise client_exception(
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method. Consult the service "
                "documentation for details.\n\nThe Canonical String for this request should have "
                f"been\n'{canonical}'\n",
                "InvalidSignatureException",
            )

    def check_scope(self, day, region, service, names):
        """Raises unless scope, list of signed headers and date are as they must be."""
        fake = self.server.fake
        stamp = self.headers.get("X-Amz-Date", "")
        if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or stamp[:8] != day:
            raise client_exception("Date in Credential scope", "InvalidSignatureException")
        if region != fake.region or service != "ecs":
            raise client_exception(
                f"Credential should be scoped to a valid region, not '{region}'.",
                "InvalidSignatureException",
            )
        must = {"content-type", "host", "x-amz-date", "x-amz-target"}
        if "X-Amz-Security-Token" in self.headers:
            must.add("x-amz-security-token")
        if names != sorted(set(names)) or not must <= set(names):
            raise client_exception(f"SignedHeaders={names}", "InvalidSignatureException")
        when = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
        when = when.replace(tzinfo=datetime.timezone.utc).timestamp()
        if abs(when - fake.now()) > TOLERATED_SECONDS:
            now = datetime.datetime.fromtimestamp(fake.now(), datetime.timezone.utc)
            word = "earlier" if when < fake.now() else "later"
            raise client_exception(
                f"Signature expired: {stamp} is now {word} than {now:%Y%m%dT%H%M%SZ}",
                "InvalidSignatureException",
            )

    def sign(self, key_id, key, region, names, body):
        """Canonical request and signature, by botocore, of what arrived."""
        request = AWSRequest(
            method=self.command,
            url=f"http://{self.headers['Host']}{self.path}",
            headers={n: self.headers[n] for n in names if n in self.headers},
            data=body,
        )
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        signer = SigV4Auth(Credentials(key_id, key.secret_key), "ecs", region)
        canonical = signer.canonical_request(request)
        to_sign = signer.string_to_sign(request, canonical)
        return canonical, signer.signature(to_sign, request)


def no_twins(pairs):
    keys = [k for k, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError("a key is there twice")
    return dict(pairs)


# ---- faults ----


def fail(status, code, message, **more):
    def answer(handler):
        body = json.dumps({"__type": "com.amazonaws.ecs#" + code, "message": message})
        handler.reply(status, body.encode(), **more)

    return answer


def cut(handler):
    handler.close_connection = True


def cut_body(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"taskDefinition":{"taskDefini')
    handler.close_connection = True


def slow(handler):
    handler.server.fake.released.wait(60)
    handler.close_connection = True


def huge(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", str(1 << 30))
    handler.end_headers()
    handler.close_connection = True
    try:
        for _ in range(1 << 10):
            handler.wfile.write(b" " * (1 << 20))
    except OSError:
        pass  # the client has hung up, as it should


def page(status):
    text = b"<html>\n<head><title>Sign in to the network</title></head>\n</html>\n"
    return lambda handler: handler.reply(status, text, content_type="text/html")


def text(status, body, **more):
    return lambda handler: handler.reply(status, body, **more)


def echo(handler):
    """Quotes the request back, as AWS does for a wrong signature."""
    quoted = "\n".join(f"{k}:{v}" for k, v in handler.headers.items())
    key = next(iter(handler.server.fake.keys.values()))
    fail(
        400,
        "InvalidSignatureException",
        f"The Canonical String should have been\n'POST\n/\n\n{quoted}' with {key.secret_key}",
    )(handler)


FAULTS = {
    "throttle": fail(400, "ThrottlingException", "Rate exceeded"),
    "server-error": fail(500, "ServerException", "Service Unavailable. Please try again later."),
    "empty-503": text(503, b""),
    "limit": fail(400, "LimitExceededException", "The limit for the resource was exceeded."),
    "concurrent": fail(
        400,
        "ClientException",
        "Too many concurrent attempts to create a new revision of the specified family.",
    ),
    "expired": fail(
        400, "ExpiredTokenException", "The security token included in the request is expired"
    ),
    "access-denied": fail(
        400,
        "AccessDeniedException",
        f"User: arn:aws:iam::{ACCOUNT}:user/berth is not authorized to perform: "
        "ecs:RegisterTaskDefinition on resource: * because no identity-based policy allows the "
        "ecs:RegisterTaskDefinition action",
    ),
    "capital-message": text(400, b'{"__type":"ClientException","Message":"With a capital."}'),
    "errortype-header": text(
        400,
        b'{"message":"Named by the header."}',
        headers={"x-amzn-ErrorType": "InvalidParameterException:http://internal.amazon.com/x"},
    ),
    "forged-lines": fail(400, "ClientException", "one\r\ntaskgen: all is well\x1b[2J\tend"),
    "html": page(200),
    "html-403": page(403),
    "html-502": page(502),
    "not-an-object": text(200, b"[]"),
    "no-arn": text(200, b'{"taskDefinition":{}}'),
    "nul": text(200, b'{"taskDefinition":{"taskDefinitionArn":"a\\u0000b"}}'),
    "redirect": text(307, b"", headers={"Location": "http://127.0.0.1:9/"}),
    "echo": echo,
    "cut": cut,
    "cut-body": cut_body,
    "slow": slow,
    "huge": huge,
}


def main():
    parser = argparse.ArgumentParser(description="A strict ECS endpoint on loopback.")
    parser.add_argument("--print", action="store_true", help="print READY URL (always done)")
    parser.add_argument("--ready-file", metavar="FILE", help="write READY URL to FILE as well")
    parser.add_argument("--region", default="us-east-1")
    parser.add_argument("--key-id", default=KEY_ID)
    parser.add_argument("--secret-key", default=SECRET_KEY)
    parser.add_argument("--token")
    parser.add_argument("--inject", action="append", default=[], choices=sorted(FAULTS))
    args = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with FakeEcs(region=args.region) as fake:
        fake.keys = {args.key_id: Key(args.secret_key, args.token)}
        for fault in args.inject:
            fake.inject(fault)
        ready = f"READY {fake.url}\n"
        if args.ready_file:
            # Renamed into place, so that whoever waits for it never reads half a line.
            target = pathlib.Path(args.ready_file)
            half = target.with_name(target.name + ".half")
            half.write_text(ready)
            half.rename(target)
        sys.stdout.write(ready)
        sys.stdout.flush()
        stop.wait()


if __name__ == "__main__":
    main()
