"""Every protection that the threat model claims names a test, and that test is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "threat_model.rst").read_text()


def test_named_tests__are_there() -> None:
    named = re.findall(r"``(tests/[\w/]+\.py)::(\w+)``", TEXT)

    assert len(named) > 30
    missing = [name for path, name in named if f"def {name}(" not in (ROOT / path).read_text()]
    assert missing == []


def test_every_row__names_a_test() -> None:
    rows = re.findall(r"^   \* - (.+?)(?=^   \* - |^\S)", TEXT, re.MULTILINE | re.DOTALL)

    unheld = [row.partition("\n")[0] for row in rows if "Held by" not in row and "``tests/" not in row]
    assert len(rows) > 20
    assert unheld == []
