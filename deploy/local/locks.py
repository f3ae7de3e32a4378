"""Writes requirements*.lock from pyproject.toml: every package with its hashes, no registry's address.

One lock for all platforms and every Python from 3.11 on. The test tools are resolved under the
constraints of what runs, so tests run against what is shipped.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = (
    "--quiet",
    "--universal",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-header",
    "--no-annotate",
    "--no-emit-index-url",
    "--no-emit-find-links",
)
LOCKS = {
    "requirements.lock": ("pyproject.toml", "--extra=local"),
    "requirements-dev.lock": (
        "pyproject.toml",
        "--extra=local",
        "--extra=dev",
        "--constraints=requirements.lock",
    ),
    "requirements-build.lock": ("--group=build",),
    "requirements-node.lock": ("--group=node",),
}


def write_locks(*, upgrade: bool) -> None:
    """Without `upgrade` what is pinned stays pinned as long as pyproject.toml allows."""
    uv = Path(sys.executable).with_name("uv")
    for name, what in LOCKS.items():
        command = [str(uv), "pip", "compile", *OPTIONS, *what, f"--output-file={name}"]
        subprocess.run(command + ["--upgrade"] * upgrade, cwd=ROOT, check=True)
        print(f"wrote {name}")
