# SPDX-License-Identifier: Apache-2.0
"""The stack that berthd is to replace: nginx -> gunicorn (sync) -> Django -> MariaDB, made from Debian's packages.

GET /api/v1/posts/ answers with the posts that `berthd --init-db` makes, 20 of them, from a table of the same
shape.  nginx, gunicorn and Django are inside the quota; the database is outside of it.
"""

import importlib.util
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import peers  # noqa: E402

POSTS = "/api/v1/posts/"
# Django's packages are Debian's, whichever python3 comes first in PATH.
PYTHON = "/usr/bin/python3"
COLUMNS = ("id", "title", "body", "author", "created")


def sqlite_posts(folder):
    """A database with the sample posts."""
    path = Path(folder) / "posts.db"
    if not path.exists():
        subprocess.run([peers.BERTHD, "--init-db", path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


class MariaDB(peers.Program):
    """A private mariadbd with the posts: user and database `bench`, no password, a socket and no network."""

    def __init__(self, folder):
        self.folder = Path(folder) / "mariadb"
        self.socket = self.folder / "socket"
        self.posts = sqlite_posts(folder)
        self.child = None

    @staticmethod
    def missing():
        for program in ("mariadbd", "mariadb-install-db", "mariadb"):
            if not shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin"):
                return f"{program} is not installed"
        return None

    def start(self):
        self.folder.mkdir()
        data = self.folder / "data"
        user = "--user=root" if os.geteuid() == 0 else f"--user={os.getlogin()}"
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", user, f"--datadir={data}", "--skip-test-db"],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.child = subprocess.Popen(
            ["mariadbd", "--no-defaults", user, f"--datadir={data}", f"--socket={self.socket}", "--skip-networking",
             f"--pid-file={self.folder / 'pid'}", f"--log-error={self.folder / 'log'}", "--max-connections=500"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 60
        while not self.answers():
            if time.monotonic() > deadline or self.child.poll() is not None:
                raise RuntimeError(f"mariadbd did not start:\n{(self.folder / 'log').read_text(errors='replace')}")
            time.sleep(0.05)
        self.sql(self.script())

    def sql(self, text):
        subprocess.run(["mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot"], input=text.encode(), check=True)

    def answers(self):
        done = subprocess.run(
            ["mariadb", "--no-defaults", f"--socket={self.socket}", "-uroot", "-e", "SELECT 1"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return done.returncode == 0

    def script(self):
        def literal(value):
            return str(value) if isinstance(value, int) else "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"

        rows = sqlite3.connect(self.posts).execute(f"SELECT {', '.join(COLUMNS)} FROM posts ORDER BY id").fetchall()
        values = ",\n".join("(" + ", ".join(literal(v) for v in row) + ")" for row in rows)
        return f"""CREATE DATABASE bench CHARACTER SET utf8mb4;
CREATE USER bench@localhost;
GRANT ALL ON bench.* TO bench@localhost;
USE bench;
CREATE TABLE posts (id BIGINT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(200) NOT NULL, body TEXT NOT NULL,
  author VARCHAR(100) NOT NULL, created VARCHAR(40) NOT NULL);
INSERT INTO posts ({", ".join(COLUMNS)}) VALUES {values};
"""

    def url(self):
        """For berthd's --database."""
        return f"mysql://bench@localhost/bench?socket={self.socket}"


SETTINGS = """
import os
SECRET_KEY = "bench"
DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "bench_urls"
INSTALLED_APPS = ["bench_posts"]
MIDDLEWARE = []
USE_TZ = True
DATABASES = {{"default": {{
    "ENGINE": "django.db.backends.mysql", "NAME": "bench", "USER": "bench", "HOST": {socket!r}, "CONN_MAX_AGE": None,
    "OPTIONS": {{"charset": "utf8mb4"}},
}}}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
"""

MODELS = """
from django.db import models


class Post(models.Model):
    title = models.CharField(max_length=200)
    body = models.TextField()
    author = models.CharField(max_length=100)
    created = models.CharField(max_length=40)

    class Meta:
        db_table = "posts"
        managed = False
"""

URLS = """
from django.http import JsonResponse
from django.urls import path
from bench_posts.models import Post


def posts(request):
    rows = Post.objects.order_by("id").values("id", "title", "body", "author", "created")[:100]
    return JsonResponse(list(rows), safe=False)


urlpatterns = [path("api/v1/posts/", posts)]
"""

WSGI = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "bench_settings"
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
"""


class Django(peers.Nginx):
    """nginx with one worker before gunicorn with `workers` sync workers; database is a running MariaDB."""

    name = "Django"
    ready_path = POSTS

    def __init__(self, folder, cpus, workers, database):
        super().__init__(folder, cpus, 1)
        self.database, self.gunicorn_workers, self.gunicorn = database, workers, None
        self.name = f"Django, {workers} workers"

    @classmethod
    def missing(cls):
        if importlib.util.find_spec("django") is None and not Path("/usr/lib/python3/dist-packages/django").exists():
            return "python3-django is not installed"
        if not Path("/usr/lib/python3/dist-packages/MySQLdb").exists():
            return "python3-mysqldb is not installed"
        return super().missing() or MariaDB.missing() or (None if shutil.which("gunicorn") else "gunicorn is not installed")

    def locations(self):
        return f"""location / {{ proxy_pass http://unix:{self.folder}/gunicorn; proxy_set_header Host $host;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; }}"""

    def write_project(self):
        (self.folder / "bench_posts").mkdir()
        (self.folder / "bench_posts/__init__.py").write_text("")
        (self.folder / "bench_posts/models.py").write_text(MODELS)
        (self.folder / "bench_settings.py").write_text(SETTINGS.format(socket=str(self.database.socket)))
        (self.folder / "bench_urls.py").write_text(URLS)
        (self.folder / "bench_wsgi.py").write_text(WSGI)

    def command(self):
        """gunicorn is started on the way: it has to be in the group that start() has made."""
        self.write_project()
        with (self.folder / "gunicorn.log").open("wb") as log:
            self.gunicorn = subprocess.Popen(
                [PYTHON, "-m", "gunicorn", "-w", str(self.gunicorn_workers), "-b", f"unix:{self.folder}/gunicorn",
                 "--chdir", self.folder, "--log-level=warning", "bench_wsgi:application"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, preexec_fn=self.quota.join,
            )  # fmt: skip
        return super().command()

    def stop(self):
        if self.gunicorn and self.gunicorn.poll() is None:
            self.gunicorn.send_signal(signal.SIGTERM)
            try:
                self.gunicorn.wait(60)
            except subprocess.TimeoutExpired:
                self.gunicorn.kill()
                self.gunicorn.wait()
        super().stop()
