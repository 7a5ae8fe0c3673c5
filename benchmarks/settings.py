"""The test project on a database of its own, with DEBUG off and nothing in memory."""

import atexit
import shutil
import tempfile
from pathlib import Path

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES

_folder = Path(tempfile.mkdtemp(prefix="copyleaks-benchmarks-"))
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

for _alias, _database in DATABASES.items():
    if _database["ENGINE"] == "django.db.backends.sqlite3":
        _database["NAME"] = _folder / f"{_alias}.sqlite3"
        _database["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL"
MEDIA_ROOT = _folder / "media"
