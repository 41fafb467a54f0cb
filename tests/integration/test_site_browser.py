# SPDX-License-Identifier: Apache-2.0
"""The demo's page in a real browser: it loads, and shows the posts that the API answers."""

import gzip
import html
import json
import re
import urllib.request

import pytest

from support import proc

# No proxy, no first-run page, and none of the services a desktop browser talks to.
CHROMIUM = [
    "/usr/bin/chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--no-proxy-server", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--virtual-time-budget=10000",
]  # fmt: skip


@pytest.fixture
def site(berthd, start, root, tmp_path):
    database = tmp_path / "posts.db"
    assert berthd("--init-db", database).status == 0
    server = start(
        [berthd.path, "-w", "1", "-b", "127.0.0.1:0", "--database", database, "--static", f"/={root / 'server/site'}"],
        ready=r"listening on (127\.0\.0\.1:\d+)",
    )
    return f"http://{server.match.group(1)}"


def test_the_page_shows_every_post_of_the_api(site, tmp_path):
    with urllib.request.urlopen(f"{site}/api/v1/posts/", timeout=10) as answer:
        posts = json.load(answer)
    done = proc.run(
        [*CHROMIUM, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"{site}/"],
        env={"HOME": str(tmp_path)},
        timeout=60,
    )
    assert done.status == 0, done
    shown = html.unescape(re.sub(r"<[^>]*>", "", done.stdout))
    assert len(posts) == 20
    missing = [post["title"] for post in posts if post["title"] not in shown or post["body"] not in shown]
    assert not missing


APP = """<!doctype html><title>app</title><link rel=stylesheet href=/app.css><main></main><script src=/app.js></script>
"""
SCRIPT = """document.querySelector('main').textContent =
  'route ' + location.pathname + ' colour ' + getComputedStyle(document.body).color;
"""


@pytest.mark.parametrize("packed", [False, True])
def test_a_single_page_application_is_shown_at_any_of_its_paths(berthd, start, tmp_path, packed):
    """Its page, script and style come out of a folder or an archive, the script as the browser likes it best."""
    www = tmp_path / "www"
    www.mkdir()
    (www / "index.html").write_text(APP)
    (www / "app.js").write_text(SCRIPT)
    (www / "app.js.gz").write_bytes(gzip.compress(SCRIPT.replace("route", "coded route").encode()))
    (www / "app.css").write_text("body { color: rgb(1, 2, 3) }\n")
    if packed:
        assert berthd("--pack", www, "-o", tmp_path / "pack").status == 0
    source = tmp_path / "pack" if packed else www
    server = start(
        [berthd.path, "-w", "1", "-b", "127.0.0.1:0", "--static", f"/={source}", "--static-fallback", "/=index.html"],
        ready=r"listening on (127\.0\.0\.1:\d+)",
    )
    done = proc.run(
        [*CHROMIUM, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", f"http://{server.match.group(1)}/users/john.doe"],
        env={"HOME": str(tmp_path)},
        timeout=60,
    )
    assert done.status == 0, done
    assert "<main>coded route /users/john.doe colour rgb(1, 2, 3)</main>" in done.stdout, done


def test_the_page_loads_nothing_from_elsewhere(root):
    for page in (root / "server" / "site").iterdir():
        addresses = re.findall(r"(?:https?:)?//[a-z0-9.-]+", page.read_text())
        assert [a for a in addresses if a != "http://www.w3.org"] == [], page.name
