"""Where this user's data of the suite lies."""

import os
from pathlib import Path

from deploy.local.wiring import ROOT


def default_data_dir() -> Path:
    """`.data` beside the code, or the user's own data folder where the code is another's."""
    beside = ROOT / ".data"
    if os.access(beside if beside.exists() else ROOT, os.W_OK):
        return beside
    share = os.environ.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(share) / "switchyard" / "data"
