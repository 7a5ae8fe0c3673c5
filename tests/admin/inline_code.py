"""What a page's markup must not hold if a strict Content-Security-Policy is to work."""

from html.parser import HTMLParser
from typing import Any


class _Inline(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        self.found += [f"{tag} {name}={value}" for name, value in attrs if (value or "").startswith("data:")]


def inline_code(response: Any) -> list[str]:
    """Return the inline scripts, styles and data addresses of a page."""
    parser = _Inline()
    parser.feed(response.content.decode())
    return parser.found
