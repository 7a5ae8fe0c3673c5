"""System checks of settings that are accepted, and do something else than they seem to."""

import os
from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning  # noqa: A004 - Django's names
from django.core.exceptions import ImproperlyConfigured

from django_copyleaks_image import registry
from django_copyleaks_image.conf import DICT_NAME, Conf, configured_dict
from django_copyleaks_image.copyleaks.public import may_be_public
from django_copyleaks_image.verdicts import Policy

from .configuration import public_origin, value_of
from .registering import PREFIX, register

# https://docs.copyleaks.com/reference/actions/ai-image-detector/submit/
KNOWN_MODELS = frozenset({"ai-image-1-ultra", "ai-image-1-ultra-01-09-2025"})
# An empty value is one of its values.
_MAY_BE_EMPTY = frozenset({"MASK_TYPE"})


@register(Tags.compatibility)
def check_silent_settings(**kwargs: Any) -> list[CheckMessage]:
    """Report settings that no error ever names, although scans end otherwise than meant, or never."""
    return [
        Warning(problem, hint=hint, id=f"{PREFIX}.W056")
        for problem, hint in (*_private_address(), *_unknown_model(), *_thresholds(), *_empty_values())
    ]


def _private_address() -> Iterator[tuple[str, str]]:
    public_url, api_url = public_origin(), value_of("API_URL")
    is_asked = value_of("MODE") == "async" and api_url and may_be_public(api_url)
    if is_asked and public_url and not may_be_public(public_url):
        problem = f"{DICT_NAME}['PUBLIC_URL'] is an address of this machine or of a private network: Copyleaks cannot "
        problem += "reach it, so that no picture is fetched and every result is lost."
        yield problem, "Set the origin under which the internet reaches this site, or MODE to 'sync'."


def _unknown_model() -> Iterator[tuple[str, str]]:
    model = value_of("MODEL")
    if model is not None and model not in KNOWN_MODELS:
        yield (
            f"{DICT_NAME}['MODEL'] is none of the models that are known here: Copyleaks may refuse every picture.",
            f"Use one of {', '.join(sorted(KNOWN_MODELS))}, or silence this where Copyleaks has a newer one.",
        )


def _thresholds() -> Iterator[tuple[str, str]]:
    if value_of("REVIEW_AREA") is None or value_of("MOSTLY_AI_AREA") is None:
        return
    of_site = Policy.from_settings()
    of_fields = {
        f"review_area of {watched.label} is above its mostly_ai_area": named.options.policy
        for watched in registry.watched_fields()
        for named in watched.classes
        if named.options.policy != of_site
    }
    for problem, policy in {f"{DICT_NAME}['REVIEW_AREA'] is above ['MOSTLY_AI_AREA']": of_site, **of_fields}.items():
        if policy.review_area > policy.mostly_ai_area:
            yield (
                f"{problem}: pictures with an AI share between both count as mostly AI, and nobody is shown them.",
                "Let the area above which pictures go to review be the smaller one.",
            )


def _empty_values() -> Iterator[tuple[str, str]]:
    try:
        configured = configured_dict()
    except ImproperlyConfigured:  # E001 has said so.
        return
    for setting in Conf.settings():
        name = setting.environment_variable
        if setting.key in configured or setting.key in _MAY_BE_EMPTY or os.environ.get(name) != "":
            continue
        value = value_of(setting.key)
        if value is not None and value != setting.parse(setting.default):
            problem = (
                f"The environment variable {name} is set and empty: that is a value, and its default does not hold."
            )
            yield problem, "Remove the variable, or give it a value."
