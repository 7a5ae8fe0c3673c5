"""Fed to ``manage.py shell`` in an empty project: save a picture, run the worker, expect a verdict."""

from io import BytesIO

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image

from django_copyleaks_image.api import latest_scan
from django_copyleaks_image.emulator import Emulator
from gallery.models import Photo

with Emulator(latency=0.0) as copyleaks:
    # The project has no address that the emulator could call back, so the worker uploads the bytes itself.
    settings.COPYLEAKS_IMAGE |= {"API_URL": copyleaks.url, "ID_URL": copyleaks.url, "MODE": "sync"}
    file = BytesIO()
    Image.new("RGB", (800, 600), "navy").save(file, "JPEG")
    photo = Photo.objects.create(image=ContentFile(file.getvalue(), "chair-ai-25.jpg"))
    call_command("copyleaks_worker", "--once")

scan = latest_scan(photo, "image")
assert scan is not None, "saving the picture queued no scan"
print(f"{scan.file_name}: {scan.status}, {scan.get_verdict_display()}")
assert (scan.status, scan.verdict) == ("completed", "partly_ai"), (scan.status, scan.error_message)
