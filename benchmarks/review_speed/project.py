"""The database and the pictures of the run."""

import random
from io import BytesIO
from math import sqrt
from time import sleep

from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from PIL import Image, ImageDraw

from django_copyleaks_image.masks import Mask
from django_copyleaks_image.models import Decision, Rendition
from django_copyleaks_image.renditions import wanted
from django_copyleaks_image.scanning import renditions
from django_copyleaks_image.standings import Seen
from tests.admin.scans_to_show import measured
from tests.processes import RunFailed
from tests.samples import photo

SIZE = WIDTH, HEIGHT = 4000, 3000
SHAPES = 40
_TRIES = 60
# A square of noise that is repeated, so that the files are as large as those of a camera.
GRAIN = 500


def set_up(*, pictures: int) -> str:
    """Make a database with so many pictures to review; return the session id of a signed-in moderator."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    rng = random.Random(4)
    grain = _grain()
    for number in range(pictures):
        mask = _ellipse(rng.randrange(800, 3200), rng.randrange(800, 2200), rng.randrange(200, 700))
        instance = photo(f"photo-{number}.jpg", _painted(rng, grain))
        wanted.ask(measured(instance, mask=mask, size=SIZE, width=WIDTH, height=HEIGHT))
    _draw_all(at_most=pictures)
    client = Client()
    client.force_login(User.objects.create_superuser("moderator"))
    return client.cookies["sessionid"].value


def _draw_all(*, at_most: int) -> None:
    """Draw what the desk shows; a machine that is busy may need more than one try."""
    for _ in range(_TRIES):
        renditions.draw_due(at_most=at_most)
        if not Rendition.objects.exclude(due_at=None).exists():
            return
        sleep(1)
    raise RunFailed("The pictures could not be drawn.")


def decisions() -> int:
    """Return how many decisions are stored about pictures that were seen."""
    return Decision.objects.filter(seen=Seen.SEEN).count()


def _grain() -> Image.Image:
    tile = Image.effect_noise((GRAIN, GRAIN), 30)
    grain = Image.new("L", SIZE)
    for x in range(0, WIDTH, GRAIN):
        for y in range(0, HEIGHT, GRAIN):
            grain.paste(tile, (x, y))
    return grain.convert("RGB")


def _painted(rng: random.Random, grain: Image.Image) -> bytes:
    """Return a JPEG of shapes in random colours under the grain; no two are alike."""
    image = Image.new("RGB", SIZE, _colour(rng))
    draw = ImageDraw.Draw(image)
    for _ in range(SHAPES):
        x, y, side = rng.randrange(WIDTH), rng.randrange(HEIGHT), rng.randrange(100, 1200)
        draw.ellipse((x - side, y - side // 2, x + side, y + side // 2), fill=_colour(rng))
    stream = BytesIO()
    Image.blend(image, grain, 0.1).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def _colour(rng: random.Random) -> tuple[int, int, int]:
    return rng.randrange(256), rng.randrange(256), rng.randrange(256)


def _ellipse(centre_x: int, centre_y: int, radius: int) -> Mask:
    """Return the runs of an ellipse that is twice as wide as high."""
    starts, lengths = [], []
    for y in range(centre_y - radius // 2, centre_y + radius // 2):
        half = int(2 * sqrt((radius / 2) ** 2 - (y - centre_y) ** 2))
        left, right = max(centre_x - half, 0), min(centre_x + half, WIDTH)
        if right > left:
            starts.append(y * WIDTH + left)
            lengths.append(right - left)
    return Mask(starts, lengths)
