"""The pictures that the demo uploads, and how each of them must end."""

from dataclasses import dataclass
from io import BytesIO

from PIL import ExifTags, Image

from .painting import Size
from .scenes import paint

LANDSCAPE, PORTRAIT = (1600, 1200), (1200, 1600)
TWELVE_MEGAPIXELS = (4000, 3000)
TURN_RIGHT = 6
FORTY_EIGHT_MEGAPIXELS = (8000, 6000)
FORMATS = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".tiff": "TIFF", ".gif": "GIF"}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a scan ends, and what a person decides about it.

    ``share`` is the AI share of the area (0–1) or None, ``paid`` are credits.
    """

    status: str = "completed"
    verdict: str = ""
    share: float | None = None
    error_code: str = ""
    paid: int = 1
    decision: str = ""
    in_gallery: bool = False


NO_AI = Ending(verdict="no_ai", share=0.0, in_gallery=True)


def some_ai(share: float, *, paid: int = 1, decision: str = "") -> Ending:
    """Return the ending of a picture of which a share was marked; it is shown once a person clears it."""
    verdict = "mostly_ai" if share > 0.5 else "partly_ai"
    return Ending(verdict=verdict, share=share, paid=paid, decision=decision, in_gallery=decision == "cleared")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture to upload. The emulator reads the AI share from the file name: ``ai-37`` marks 37 %."""

    title: str
    file_name: str
    scene: str
    ending: Ending
    size: Size = LANDSCAPE
    # What the file has, where painting as many pixels would take long.
    stored_size: Size | None = None
    seed: int = 1
    is_private: bool = False
    is_turned: bool = False
    is_for_print: bool = False
    is_cut_short: bool = False

    def encode(self) -> bytes:
        """Paint the picture and return its file."""
        image = paint(self.scene, self.size, seed=self.seed)
        if self.stored_size is not None:
            image = image.resize(self.stored_size)
        exif = Image.Exif()
        if self.is_turned:
            # As a camera that was held upright writes it: on its side, with the note to turn it.
            image = image.transpose(Image.Transpose.ROTATE_90)
            exif[ExifTags.Base.Orientation] = TURN_RIGHT
        if self.is_for_print:
            image = image.convert("CMYK")
        file = BytesIO()
        suffix = self.file_name[self.file_name.rindex(".") :]
        image.save(file, FORMATS[suffix], quality=90, exif=exif)
        content = file.getvalue()
        return content[: len(content) // 2] if self.is_cut_short else content


CLEAN = [
    Picture(title="Sunday fruit", file_name="sunday-fruit.jpg", scene="still_life", ending=NO_AI),
    Picture(title="Birch wood in May", file_name="birch-wood.webp", scene="birches", seed=7, ending=NO_AI),
    Picture(
        title="Upright camera",
        file_name="upright-camera.jpg",
        scene="moonlight",
        size=PORTRAIT,
        is_turned=True,
        ending=NO_AI,
    ),
    Picture(title="Erg Chebbi", file_name="dunes.png", scene="dunes", seed=6, ending=NO_AI),
    Picture(title="Still water", file_name="still-water.tiff", scene="lake", seed=5, ending=NO_AI),
    Picture(
        title="Twelve megapixels",
        file_name="ridges.jpg",
        scene="mountains",
        seed=3,
        size=TWELVE_MEGAPIXELS,
        ending=NO_AI,
    ),
]

# What waits in the review desk.
FLAGGED = [
    Picture(
        title="A family evening",
        file_name="family-ai-12.jpg",
        scene="sea",
        seed=21,
        is_private=True,
        ending=some_ai(0.12),
    ),
    Picture(title="Retouched horizon", file_name="horizon-ai-37.jpg", scene="sea", ending=some_ai(0.37)),
    Picture(
        title="Retouched horizon, once more",
        file_name="horizon-again-ai-37.jpg",
        scene="sea",
        ending=some_ai(0.37, paid=0),
    ),
    Picture(
        title="One speck removed",
        file_name="speck-ai-0.03.jpg",
        scene="dunes",
        seed=11,
        ending=some_ai(0.0003),
    ),
    Picture(
        title="A street that never was",
        file_name="street-ai-100-chatgpt.png",
        scene="city_lights",
        ending=some_ai(1.0),
    ),
    Picture(
        title="Most of a sunset",
        file_name="sunset-ai-62.webp",
        scene="evening_mountains",
        seed=4,
        ending=some_ai(0.62),
    ),
    Picture(
        title="Somewhere in the hills",
        file_name="hills-nomask.jpg",
        scene="mountains",
        seed=9,
        ending=Ending(verdict="partly_ai", share=0.0),
    ),
    Picture(title="Morning flight", file_name="balloon-ai-6.jpg", scene="balloons", ending=some_ai(0.06)),
    Picture(title="Regatta day", file_name="regatta-ai-4.jpg", scene="boats", seed=4, ending=some_ai(0.04)),
    Picture(title="Poppies, poppies", file_name="poppies-ai-24.webp", scene="poppies", ending=some_ai(0.24)),
    Picture(
        title="Northern lights",
        file_name="aurora-ai-71-chatgpt.jpg",
        scene="aurora",
        ending=some_ai(0.71),
    ),
    Picture(
        title="Birches, held upright",
        file_name="upright-ai-18.jpg",
        scene="birches",
        seed=12,
        size=PORTRAIT,
        is_turned=True,
        ending=some_ai(0.18),
    ),
    Picture(
        title="Sent to the printer",
        file_name="print-ai-9.jpg",
        scene="balloons",
        seed=5,
        is_for_print=True,
        ending=some_ai(0.09),
    ),
    Picture(title="An old slide", file_name="slide-ai-14.tiff", scene="poppies", seed=4, ending=some_ai(0.14)),
    Picture(
        title="A poster for the wall",
        file_name="poster-ai-45.jpg",
        scene="lake",
        seed=2,
        size=TWELVE_MEGAPIXELS,
        ending=some_ai(0.45),
    ),
    Picture(
        title="From our balcony",
        file_name="second-moon-ai-2.5.jpg",
        scene="moonlight",
        seed=3,
        is_private=True,
        ending=some_ai(0.025),
    ),
    Picture(
        title="Holiday album, page 1",
        file_name="holiday-ai-55.jpg",
        scene="boats",
        seed=3,
        is_private=True,
        ending=some_ai(0.55),
    ),
]

# What the moderator has decided already.
DECIDED = [
    Picture(
        title="Painted by hand",
        file_name="fruit-ai-9.jpg",
        scene="still_life",
        seed=4,
        ending=some_ai(0.09, decision="cleared"),
    ),
    Picture(
        title="Skyline from a prompt",
        file_name="skyline-ai-93-chatgpt.jpg",
        scene="city_lights",
        seed=5,
        ending=some_ai(0.93, decision="confirmed"),
    ),
    Picture(
        title="Is this the real sky?",
        file_name="sky-ai-33.jpg",
        scene="aurora",
        seed=5,
        ending=some_ai(0.33, decision="escalated"),
    ),
]

# What Copyleaks would refuse is measured on a copy.
FITTED = [
    Picture(
        title="Forty-eight megapixels",
        file_name="phone-ai-16.jpg",
        scene="sea",
        seed=8,
        stored_size=FORTY_EIGHT_MEGAPIXELS,
        ending=some_ai(0.16),
    ),
    Picture(title="A drawing of old", file_name="drawing-ai-22.gif", scene="lake", seed=9, ending=some_ai(0.22)),
    Picture(
        title="Cut short on the way",
        file_name="cut-short.jpg",
        scene="still_life",
        seed=2,
        is_cut_short=True,
        ending=NO_AI,
    ),
]

UNMEASURED = [
    Picture(
        title="Too small to measure",
        file_name="thumbnail.jpg",
        scene="lake",
        size=(320, 240),
        ending=Ending(status="skipped", error_code="too_small", paid=0),
    ),
]

PICTURES = [*CLEAN, *FLAGGED, *DECIDED, *FITTED, *UNMEASURED]
