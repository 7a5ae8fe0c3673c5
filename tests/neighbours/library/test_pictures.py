"""Pictures of the library are scanned, and shown by the guide as they stand; its other files are left alone."""

from types import SimpleNamespace

import pytest
from django.core.files.base import ContentFile
from django.template import engines
from filer.models import File, Image

from django_copyleaks_image.api import standing
from django_copyleaks_image.models import ImageScan
from django_copyleaks_image.testing import CopyleaksEmulator, CopyleaksResults
from tests.howto.recipes import code_of
from tests.samples import picture

pytestmark = pytest.mark.django_db


def a_picture(name: str = "harbour-ai-37.jpg") -> Image:
    made: Image = Image.objects.create(
        original_filename=name, file=ContentFile(picture(size=(900, 700)), name=name), is_public=True
    )
    return made


def test_picture__is_scanned_once_and_other_files_are_not(copyleaks_emulator: CopyleaksEmulator) -> None:
    image = a_picture()
    File.objects.create(original_filename="a.txt", file=ContentFile(b"text", name="a.txt"))
    assert image.icons  # Small pictures, which filer makes of it.
    copyleaks_emulator.work()

    assert ImageScan.objects.count() == len(copyleaks_emulator.ledger.entries()) == 1
    assert standing(image, "file").standing == "flagged"


def test_picture__that_becomes_private_is_not_paid_again(copyleaks_emulator: CopyleaksEmulator) -> None:
    image = a_picture()
    copyleaks_emulator.work()

    image.is_public = False
    image.save()
    copyleaks_emulator.work()

    assert standing(Image.objects.get(), "file").standing == "flagged"
    assert len(copyleaks_emulator.ledger.entries()) == 1


def test_template__shows_the_picture_as_it_stands(copyleaks_results: CopyleaksResults) -> None:
    article = SimpleNamespace(picture=a_picture())
    [source] = code_of("filer", "django")
    template = engines["django"].from_string(source)

    assert "<img" not in template.render({"article": article})
    copyleaks_results.measured(article.picture, "file", ai=0.0)
    assert "<img" in template.render({"article": article})
    assert "No AI detected" in template.render({"article": article})
