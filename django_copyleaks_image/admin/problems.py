"""What is wrong with a mask, a picture or a heatmap: raised, logged and stored in English, shown in any language.

Whoever raises these sentences knows no reader, and workers may store them; here they are recognised and translated.
"""

import re

from django.utils.translation import gettext, gettext_noop

_SENTENCES = (
    # masks.py
    gettext_noop("The mask's starts and lengths are not both lists."),
    gettext_noop("The mask has %(starts)s starts but %(lengths)s lengths."),
    gettext_noop("The mask has %(runs)s runs, more than %(limit)s."),
    gettext_noop("The stored mask has an unknown version."),
    gettext_noop("The stored mask is corrupt."),
    gettext_noop("The stored mask is cut short or too long."),
    gettext_noop("The stored mask's runs overlap."),
    gettext_noop("The picture's sides must have between 1 and %(limit)s pixels."),
    gettext_noop("The mask ends at pixel %(end)s, outside the picture's %(pixels)s."),
    gettext_noop("The mask's start %(position)s is not a whole number."),
    gettext_noop("The mask's length %(position)s is not a whole number."),
    gettext_noop("A start of the mask is negative or beyond 64 bits."),
    gettext_noop("A length of the mask is negative or beyond 64 bits."),
    gettext_noop("The mask's length %(position)s is zero."),
    gettext_noop("A run of the mask ends at pixel %(end)s, beyond the picture's %(pixels)s."),
    # pictures.py
    gettext_noop("The picture is %(format)s, not PNG, JPEG or WebP."),
    gettext_noop("The %(format)s picture has too many pixels to be opened."),
    gettext_noop("The %(format)s file is broken or cut short."),
    gettext_noop("The file is empty."),
    gettext_noop("The file is larger than %(limit)s bytes."),
    gettext_noop("The picture has %(width)s by %(height)s pixels, more than %(limit)s in all."),
    gettext_noop("The file is none of %(formats)s."),
    gettext_noop("%(format)s pictures are not shown."),
    gettext_noop("%(format)s pictures can be shown once django-copyleaks-image[heif] is installed."),
    # decoding/
    gettext_noop("The picture needs more memory to be read than one picture may take."),
    gettext_noop("The picture takes longer to be read than one picture may."),
    gettext_noop("The picture makes the program that reads it fail."),
    # scanning/prepare.py
    gettext_noop("The file has 32 MB or more; Copyleaks takes less than 32 MB."),
    gettext_noop("The storage has no such file: it was deleted, or cannot be seen from the worker."),
    gettext_noop("The storage raised %(error)s while the file was read."),
    gettext_noop("The storage took longer than %(seconds)s s to read the file."),
    gettext_noop("There is no disk to write to, and no memory for one more file."),
    gettext_noop("Copyleaks does not take %(format)s pictures."),
    gettext_noop("Copyleaks does not take pictures with several frames or pages."),
    gettext_noop("The picture has %(sides)s; Copyleaks needs at least 512 × 512."),
    gettext_noop("The picture has %(sides)s; Copyleaks takes at most 6000 × 4500."),
    # copyleaks/heatmaps.py
    gettext_noop("The provider's heatmap is neither text nor an object with url, data or base64."),
    gettext_noop("The address of the provider's heatmap is too long."),
    gettext_noop("The address of the provider's heatmap is malformed."),
    gettext_noop("The provider's heatmap is a data URI without base64."),
    gettext_noop("The provider's heatmap is too large."),
    gettext_noop("The provider's heatmap is not base64."),
    gettext_noop("The provider's heatmap is no PNG, JPEG or WebP."),
    # copyleaks/fetch.py
    gettext_noop("The picture could not be fetched: %(error)s."),
    gettext_noop("There are more than %(limit)s redirects."),
    gettext_noop("The address is too long."),
    gettext_noop("The address is malformed, or none of the web."),
    gettext_noop("The address holds credentials."),
    gettext_noop("The address is not https."),
    gettext_noop("The address has another port than that of https."),
    gettext_noop("The host name does not resolve."),
    gettext_noop("The host is not on the public internet."),
    gettext_noop("The picture was answered with HTTP %(status)s."),
    gettext_noop("The picture is compressed although nobody asked for it."),
    gettext_noop("The picture is larger than %(limit)s bytes."),
    gettext_noop("The picture was cut short."),
    gettext_noop("The address of a redirect is malformed."),
)


def _pattern(sentence: str) -> re.Pattern[str]:
    """Return what finds the values in a sentence, each under its name."""
    return re.compile(re.sub(r"%\\\((\w+)\\\)s", r"(?P<\1>.+)", re.escape(sentence)))


_PATTERNS = tuple((_pattern(sentence), sentence) for sentence in _SENTENCES)


def problem_in_words(text: object) -> str:
    """Return the sentence of an error, or a stored one, in the reader's language; one that is not known as it is."""
    english = str(text)
    for pattern, sentence in _PATTERNS:
        if found := pattern.fullmatch(english):
            return gettext(sentence) % found.groupdict()
    return english
