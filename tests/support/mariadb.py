# SPDX-License-Identifier: Apache-2.0
"""A mariadbd of the suite's own: a new data folder, a unix socket, a loopback port the system chose, real users with
passwords, and a TLS certificate whose authority is made for it."""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode

from support import proc

# Before anybody has a password only the operating system's users of these names may log in, by the socket.
SETUP = """\
CREATE DATABASE test CHARACTER SET utf8mb4;
CREATE USER app@'%' IDENTIFIED BY 'S3cret/of:app';
GRANT ALL ON test.* TO app@'%';
CREATE USER ed@'%' IDENTIFIED VIA ed25519 USING PASSWORD('S3cret of ed');
GRANT SELECT ON test.* TO ed@'%';
CREATE USER limited@'%' IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 1;
GRANT SELECT ON test.* TO limited@'%';
"""
PATH = os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin"
PASSWORDS = {"app": "S3cret/of:app", "ed": "S3cret of ed", "limited": "x"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def command(*args, stdin=None, cwd=None):
    done = proc.run(args, stdin=stdin, cwd=cwd, timeout=120)
    assert done.status == 0, f"{args[0]}: {done}"
    return done.stdout


def make_authority(folder, name):
    """name.crt and name.key: an authority that signs certificates."""
    command(
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
        "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt", cwd=folder,
    )


def make_certificate(folder, authority):
    """server.crt and server.key, for the name localhost only."""
    command(
        "openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
        "-keyout", "server.key", "-out", "server.csr", cwd=folder,
    )
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost\n")
    command(
        "openssl", "x509", "-req", "-in", "server.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key",
        "-CAcreateserial", "-days", "30", "-extfile", "server.ext", "-out", "server.crt", cwd=folder,
    )


def missing():
    """What is not installed, or None."""
    for tool in ("mariadbd", "mariadb-install-db", "mariadb", "openssl"):
        if not shutil.which(tool, path=PATH):
            return tool
    return None


class Server:
    def __init__(self, tls=True, arguments=()):
        # Not in pytest's folder: the names of sockets are short, and that folder is closed to the server's user.
        self.folder = Path(tempfile.mkdtemp(prefix="berth-mariadb-"))
        self.socket = self.folder / "sock"
        self.port = None
        self._tls = tls
        self._arguments = list(arguments)
        self._process = None
        # It does not run as root.
        self._me = "mysql" if os.getuid() == 0 else None
        try:
            self._install()
        except BaseException:
            self.close()
            raise

    def _install(self):
        make_authority(self.folder, "authority")
        make_authority(self.folder, "stranger")
        make_certificate(self.folder, "authority")
        if self._me:
            for path in (self.folder, *self.folder.iterdir()):
                shutil.chown(path, self._me)
            # berthd's workers have no capabilities: root's do not come into others' private folders.
            self.folder.chmod(0o755)
        command(
            "mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data", "--auth-root-authentication-method=normal",
            "--skip-test-db", *([f"--user={self._me}"] if self._me else []),
        )
        self.start()
        self.sql(SETUP, database="mysql")

    def start(self):
        """On the port it had before, if it had one."""
        for _ in range(10):
            # To mariadbd port 0 means 3306, so a free one is looked for first; somebody may be faster.
            port = self.port or free_port()
            try:
                self._process = proc.Process(self._command(port), ready=r"ready for connections", timeout=60)
            except AssertionError as e:
                if self.port is None and "Address already in use" in str(e):
                    continue
                raise
            self.port = port
            return
        raise AssertionError("no free port")

    def _command(self, port):
        arguments = [
            shutil.which("mariadbd", path=PATH), "--no-defaults", f"--datadir={self.folder}/data",
            f"--socket={self.socket}", "--bind-address=127.0.0.1", f"--port={port}",
            f"--pid-file={self.folder}/pid", "--skip-log-bin", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M",
            "--performance-schema=OFF", "--plugin-load-add=auth_ed25519", "--max-allowed-packet=64M", *self._arguments,
        ]
        if self._me:
            arguments.append(f"--user={self._me}")
        if self._tls:
            arguments += [f"--ssl-cert={self.folder}/server.crt", f"--ssl-key={self.folder}/server.key"]
        return arguments

    def stop(self):
        if self._process:
            self._process.stop(timeout=60)
            self._process = None

    def close(self):
        self.stop()
        shutil.rmtree(self.folder)

    def restart(self):
        self.stop()
        self.start()

    def sql(self, text, database="test"):
        """As root, with the server's own client; rows as lists of text."""
        out = command(
            "mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--skip-column-names",
            "--default-character-set=utf8mb4", database, stdin=text,
        )
        return [line.split("\t") for line in out.splitlines()]

    def url(self, user="app", host="127.0.0.1", socket=False, password=None, name="test", **options):
        login = f"{user}:{quote(PASSWORDS.get(user, '') if password is None else password, safe='')}"
        if socket:
            options["socket"] = str(self.socket)
            place = ""
        else:
            place = f"{host}:{self.port}"
        query = "?" + urlencode({k.replace("_", "-"): v for k, v in options.items()}) if options else ""
        return f"mysql://{login}@{place}/{name}{query}"


def build_probe(root, variant):
    """The program tests/probe/db.c of this variant; make knows whether it is up to date."""
    target = f"build/{variant}/tests/probe/db"
    done = subprocess.run(
        ["make", "-s", target], cwd=root, env=proc.environment({"MAKEFLAGS": "", "MFLAGS": ""}), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return root / target
