"""The process that saved the file: no worker, for development and tests."""

from django_copyleaks_image.scanning import renditions, submit


def wake(scan_id: str) -> None:
    """Submit at once, and draw what was asked for."""
    submit.work_on_one(scan_id)
    renditions.draw_of(scan_id)


def runs_in_the_request() -> bool:
    """Return True: whoever waits for the upload waits for this too."""
    return True
