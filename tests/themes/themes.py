"""The themes, each set up as its own documentation says."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Theme:
    """A theme of the admin.

    ``distribution`` is what pip calls it, ``first`` and ``last`` are its apps at both ends of ``INSTALLED_APPS``.
    """

    distribution: str
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    has_dark: bool = True


THEMES = {
    "django": Theme(distribution="Django"),
    "grappelli": Theme(distribution="django-grappelli", first=("grappelli",)),
    "unfold": Theme(distribution="django-unfold", first=("unfold",)),
    "jazzmin": Theme(
        distribution="django-jazzmin",
        first=("jazzmin",),
        settings={"JAZZMIN_UI_TWEAKS": {"default_theme_mode": "auto"}},
    ),
    "baton": Theme(distribution="django-baton", first=("baton",), last=("baton.autodiscover",)),
    "jet": Theme(distribution="django-jet-reboot", first=("jet",), has_dark=False),
}
