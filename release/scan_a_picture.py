"""Fed to ``manage.py shell`` in an empty project whose worker runs: save a picture, wait for its verdict."""

import time
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image

from django_copyleaks_image.api import latest_scan
from gallery.models import Photo

WAIT_SECONDS = 60

file = BytesIO()
Image.new("RGB", (800, 600), "navy").save(file, "JPEG")
photo = Photo.objects.create(image=ContentFile(file.getvalue(), "chair-ai-25.jpg"))
scan = latest_scan(photo, "image")
assert scan is not None, "saving the picture queued no scan"

deadline = time.monotonic() + WAIT_SECONDS
while not scan.is_finished and time.monotonic() < deadline:
    time.sleep(0.2)
    scan.refresh_from_db()

print(f"{scan.file_name}: {scan.get_status_display()}, {scan.get_verdict_display()}")
assert (scan.status, scan.verdict) == ("completed", "partly_ai"), (scan.status, scan.error_code, scan.error_message)
