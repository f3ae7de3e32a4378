"""The root script, read as a module: it has no .py, for people type its name."""

import re
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from deploy.local.wiring import ROOT


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = SourceFileLoader("switchyard_script", str(ROOT / "switchyard"))
    spec = spec_from_loader(loader.name, loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def ready_venv(script: ModuleType, folder: Path) -> Path:
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "switchyard-run").write_text(script.wanted("run"))
    return folder


def test_what_pip_was_told_is_told_to_uv(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's mirror is configured for pip; asking the public index instead would fail or leak."""
    listed = "\n".join(
        [
            "global.index-url='https://mirror.invalid/simple'",
            "global.extra-index-url='https://one.invalid/simple\\nhttps://two.invalid/simple'",
            "global.find-links='/old'",
            "install.no-index='false'",
            ":env:.find-links='/wheels /more'",
        ]
    )
    command = [sys.executable, "-c", f"print({listed!r})"]
    told = script.settings_of(command)
    assert told["UV_DEFAULT_INDEX"] == "https://mirror.invalid/simple"
    assert told["UV_INDEX"] == "https://one.invalid/simple https://two.invalid/simple"
    assert told["UV_FIND_LINKS"] == "/wheels,/more"
    assert "UV_INSECURE_HOST" not in told


def test_a_finished_environment_is_used_as_it_is(script: ModuleType, tmp_path: Path) -> None:
    assert script.is_ready(str(ready_venv(script, tmp_path)), "run")


def test_the_test_tools_are_a_second_set(script: ModuleType, tmp_path: Path) -> None:
    assert not script.is_ready(str(ready_venv(script, tmp_path)), "dev")


@pytest.mark.parametrize("accident", ["interrupted", "lock changed", "other python", "no python"])
def test_an_environment_that_is_not_whole_is_not_used(
    script: ModuleType, tmp_path: Path, accident: str
) -> None:
    venv = ready_venv(script, tmp_path)
    if accident == "interrupted":
        (venv / script.MARK).touch()
    elif accident == "lock changed":
        (venv / "switchyard-run").write_text("of yesterday")
    elif accident == "other python":
        (venv / "switchyard-python").write_text("/usr/bin/python3.2")
    else:
        (venv / "bin" / "python").unlink()
    assert not script.is_ready(str(venv), "run")


def test_clearing_keeps_the_lock_that_is_held(script: ModuleType, tmp_path: Path) -> None:
    venv = ready_venv(script, tmp_path)
    (venv / "switchyard-lock").touch()
    script.clear(str(venv))
    assert [path.name for path in venv.iterdir()] == ["switchyard-lock"]


def test_an_environment_behind_a_link_is_never_filled(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second clone's .venv was linked to the first's to save the set-up. Their locks differed: the first's
    was emptied under its running services. It is used where it fits, and else left alone."""
    theirs, ours, second = tmp_path / "theirs", tmp_path / "ours", tmp_path / "second"
    theirs.mkdir()
    ready_venv(script, theirs)
    ours.symlink_to(theirs)
    assert script.is_ready(str(ours), "run")
    assert script.first_writable([str(ours), str(second)]) == str(second)
    assert "is a link" in capsys.readouterr().err
    assert sorted(path.name for path in theirs.iterdir()) == ["bin", "switchyard-run"]


def test_a_set_up_goes_past_a_link(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way, but for the installing itself."""
    theirs, second = tmp_path / "theirs", tmp_path / "second"
    theirs.mkdir()
    (theirs / "precious").touch()
    (tmp_path / ".venv").symlink_to(theirs)
    filled: list[str] = []
    monkeypatch.setattr(script, "places", lambda: [str(tmp_path / ".venv"), str(second)])
    monkeypatch.setattr(script, "fill", lambda venv, kind: filled.append(venv))
    assert script.set_up("run") == str(second)
    assert filled == [str(second)]
    assert [path.name for path in theirs.iterdir()] == ["precious"]


@pytest.mark.parametrize("lock", sorted(ROOT.glob("requirements*.lock")), ids=lambda path: path.name)
def test_locks_name_no_address_and_hash_everything(lock: Path) -> None:
    """A registry's address in a lock would bind everybody to the machine it was written on."""
    text = lock.read_text()
    assert "://" not in text
    packages = re.split(r"\n(?=\S)", text.strip())
    assert packages
    assert [each for each in packages if "--hash=sha256:" not in each] == []


def test_help_of_an_old_python_is_one_line() -> None:
    """Parsed by Python 3.6 as well, so that it can say so."""
    source = (ROOT / "switchyard").read_text()
    check = f"import ast; ast.parse({source!r}, feature_version=(3, 6))"
    subprocess.run([sys.executable, "-c", check], check=True)
