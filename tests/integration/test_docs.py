# SPDX-License-Identifier: Apache-2.0
"""The papers: every relative link leads somewhere, and every folder with sources says what it is."""

import re
import subprocess

from support import proc


def tracked(root, *patterns):
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-c", "-o", "--exclude-standard", *patterns], cwd=root, stdout=subprocess.PIPE, check=True
    )
    return [root / name for name in listed.stdout.decode().split("\0") if name and (root / name).exists()]


def test_relative_links_lead_to_files(root):
    broken = []
    for page in tracked(root, "*.md"):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(root)}: {target}")
    assert not broken


def test_files_that_the_papers_name_are_there(root):
    named = re.compile(r"`((?:lib|server|images|taskgen|ecs|mk|scripts|tests|docs)/[A-Za-z0-9_./-]+\.(?:c|h|py|mk|md))`")
    recipes = {"taskgen/cmd_greet.c"}  # what docs/adding.md teaches to write
    lost = []
    for page in tracked(root, "*.md"):
        for name in set(named.findall(page.read_text())) - recipes:
            if not (root / name).exists():
                lost.append(f"{page.relative_to(root)}: {name}")
    assert not lost


def test_pages_are_whole(root):
    """No section stands twice, and what is shown as typed ends."""
    wrong = []
    for page in tracked(root, "*.md", "*.scd.in"):
        text = page.read_text()
        if len(re.findall(r"^```", text, re.M)) % 2:
            wrong.append(f"{page.relative_to(root)}: a block that does not end")
        prose = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        titles = re.findall(r"^#+ .*", prose, re.M)
        if page.name != "CHANGELOG.md":
            wrong += [f"{page.relative_to(root)}: '{t}' stands twice" for t in sorted(set(titles)) if titles.count(t) > 1]
    assert not wrong


def test_every_folder_with_sources_has_a_readme(root):
    folders = {path.parent.relative_to(root) for path in tracked(root, "lib/**.c", "server/*.c", "images/*.c", "ecs/*.c", "taskgen/*.c")}
    missing = [str(folder) for folder in sorted(folders) if not (root / folder / "README.md").exists()]
    assert not missing


def test_every_page_of_docs_is_reachable_from_the_readme(root):
    readme = (root / "README.md").read_text()
    lost = [page.name for page in tracked(root, "docs/*.md") if f"docs/{page.name}" not in readme]
    assert not lost


def test_the_recipes_compile(root, tmp_path):
    recipes = re.findall(r"```c\n(.*?)```", (root / "docs" / "adding.md").read_text(), re.S)
    assert len(recipes) == 2
    for number, source in enumerate(recipes):
        path = tmp_path / f"recipe{number}.c"
        # What a recipe has declared in a list of ours stands before it.
        path.write_text(re.sub(r"(const struct (?:handler|cli_cmd) \w+) = ", r"extern \1;\n\n\1 = ", source))
        done = proc.run(
            ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror",
             f"-I{root}", f"-I{root / 'lib'}", "-fsyntax-only", path]
        )  # fmt: skip
        assert done.status == 0, done


def test_nothing_names_a_path_of_a_machine(root):
    # Written apart, so that this file is not a finding itself.
    pattern = "(^|[^A-Za-z0-9_.])/" + "(wo" + "rk|fa" + "rm)/"
    found = subprocess.run(["git", "grep", "-nE", pattern], cwd=root, stdout=subprocess.PIPE, text=True, check=False)
    assert found.stdout == ""
