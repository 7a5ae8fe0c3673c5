"""Labels pictures on the pages of a site: ``{% load copyleaks_image %}``.

Lists call :func:`~django_copyleaks_image.publishing.prefetch_standings` in their view, or each label asks by itself.
"""

from django import template
from django.db.models import Model
from django.utils.html import format_html
from django.utils.safestring import SafeString

from django_copyleaks_image.publishing import PictureStanding, standing

register = template.Library()


@register.simple_tag
def copyleaks_standing(instance: Model, field_name: str) -> PictureStanding:
    """Return how the picture in a field stands: ``{% copyleaks_standing photo "image" as stands %}``."""
    return standing(instance, field_name)


@register.simple_tag
def copyleaks_label(instance: Model | None, field_name: str) -> SafeString:
    """Return verdict and decision in words, in a ``span`` that names both as classes; nothing without a file.

    Nothing without an object either, as Django shows nothing for a variable that is not there. The words say it all:
    what a site makes of the classes is decoration.
    """
    if not isinstance(instance, Model):
        return SafeString()
    stands = standing(instance, field_name)
    if not stands.has_file:
        return SafeString()
    kinds = [stands.verdict.value or "not-measured", stands.decision or ("flagged" if stands.is_flagged else "")]
    classes = " ".join(f"copyleaks-label-{kind.replace('_', '-')}" for kind in kinds if kind)
    return format_html('<span class="copyleaks-label {}">{}</span>', classes, stands.sentence)
