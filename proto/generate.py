"""Regenerates services/stubs from proto/. CI runs it and fails on a difference.

protoc writes imports as the .proto files name each other (`from acd.v1 import …`); the stubs live under
`services.stubs`, so those imports are rewritten. The descriptor set beside the stubs is what the next
release is compared with (tests/contract/test_proto_compatibility.py).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTO = ROOT / "proto"
STUBS = ROOT / "services" / "stubs"
PACKAGES = ("common", "acd", "ivr", "workorder", "crm", "gateway")
IMPORT = re.compile(rf"^(\s*)(from|import) ({'|'.join(PACKAGES)})\.", re.MULTILINE)
REFERENCE = re.compile(rf"(?<![\w.\"'/])({'|'.join(PACKAGES)})\.v1\.(?=\w+_pb2)")


def generate(stubs: Path = STUBS) -> None:
    """Writes all stubs and the descriptor set to `stubs`. Raises RuntimeError when protoc refuses."""
    shutil.rmtree(stubs, ignore_errors=True)
    stubs.mkdir(parents=True)
    google = Path(protoc.__file__).parent / "_proto"
    sources = sorted(str(path.relative_to(PROTO)) for path in PROTO.rglob("*.proto"))
    arguments = [
        "protoc",
        f"-I{PROTO}",
        f"-I{google}",
        f"--python_out={stubs}",
        f"--grpc_python_out={stubs}",
        f"--mypy_out=quiet:{stubs}",
        f"--mypy_grpc_out=quiet:{stubs}",
        f"--descriptor_set_out={stubs / 'descriptors.binpb'}",
        "--include_imports",
        *sources,
    ]
    if protoc.main(arguments) != 0:
        raise RuntimeError("protoc refused a file under proto/: see its message above")
    for path in stubs.rglob("*.py*"):
        rewritten = IMPORT.sub(r"\1\2 services.stubs.\3.", path.read_text())
        if path.suffix == ".pyi":
            rewritten = REFERENCE.sub(r"services.stubs.\1.v1.", rewritten)
        path.write_text(rewritten)
    for folder in (stubs, *(path for path in stubs.rglob("*") if path.is_dir())):
        (folder / "__init__.py").write_text('"""Generated from proto/ by proto/generate.py."""\n')
    remove_empty_grpc(stubs)


def remove_empty_grpc(stubs: Path) -> None:
    """protoc writes a _pb2_grpc.py for files without a service too; nobody wants those."""
    for path in stubs.rglob("*_pb2_grpc.py"):
        if "add_" not in path.read_text():
            path.unlink()
            path.with_suffix(".pyi").unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        generate(Path(sys.argv[1]) if len(sys.argv) > 1 else STUBS)
        subprocess.run([sys.executable, str(PROTO / "document.py")], check=True)
    except (RuntimeError, subprocess.CalledProcessError) as refused:
        sys.exit(str(refused))
