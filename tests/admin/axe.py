"""What axe-core finds on a page, told apart by whether an element is ours or stock admin's."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SERIOUS = {"serious", "critical"}
_RUN = """
async (tags) => {
    const { violations } = await axe.run(document, { runOnly: { type: "tag", values: tags } });
    const isOurs = (selector) => document.querySelector(selector)?.closest('[class*="copyleaks-"]:not(body)') != null;
    return violations.flatMap(({ id, impact, nodes }) =>
        nodes.map((node) => [id, impact, isOurs(node.target.at(-1)), node.html + " " + node.failureSummary]));
}
"""


@dataclass(frozen=True)
class Finding:
    rule: str
    impact: str
    is_ours: bool
    about: str


def findings(page: Any) -> list[Finding]:
    """Return what breaks WCAG 2.2 AA on a page; injected by ``evaluate``, which no Content-Security-Policy stops."""
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text()
    page.evaluate(f"{source}; 0")
    return [Finding(*found) for found in page.evaluate(_RUN, TAGS)]
