"""`./switchyard check`: what CI asks besides the tests. Each check runs, also after one has failed."""

import asyncio
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from deploy.local.console import find_node
from deploy.local.wiring import ROOT


def run_checks() -> int:
    failed = [name for name, command in commands().items() if not passes(name, command)]
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def commands() -> dict[str, Sequence[str]]:
    python = [sys.executable, "-m"]
    return {
        "style": [*python, "ruff", "check"],
        "format": [*python, "ruff", "format", "--check"],
        "types": [*python, "mypy", "deploy", "services", "freeswitch", "tests"],
        "import rules": [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        "generated code": [*python, "deploy.local.checking"],
        **console_commands(),
    }


def console_commands() -> dict[str, Sequence[str]]:
    """Where its packages are installed (`./switchyard console` does it); CI installs them first."""
    node = asyncio.run(find_node())
    if node is None or not (ROOT / "web" / "node_modules").exists():
        return {}
    npm = ["env", f"PATH={node.path()}", *node.npm, "--prefix", "web"]
    return {
        "console types": [*npm, "run", "typecheck"],
        "console tests": [*npm, "test", "--", "--passWithNoTests"],
    }


def passes(name: str, command: Sequence[str]) -> bool:
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    took = time.monotonic() - began
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name} ({took:.1f} s)", flush=True)
    if done.returncode != 0:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def generated_is_current() -> int:
    """Generated elsewhere and compared: tests may be running on what lies in services/stubs."""
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / "stubs"
        generate = runpy.run_path(str(ROOT / "proto" / "generate.py"))["generate"]
        generate(fresh)
        differing = sorted(differences(fresh, ROOT / "services" / "stubs"))
    if differing:
        print("proto/ says otherwise: run ./switchyard stubs and commit", *differing, sep="\n  ")
    return 1 if differing else 0


def differences(one: Path, other: Path) -> set[str]:
    ours, theirs = files(one), files(other)
    return {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in found if "__pycache__" not in path.parts
    }


if __name__ == "__main__":
    sys.exit(generated_is_current())
