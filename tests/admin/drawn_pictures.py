"""What the worker does when somebody looks at a picture that nobody has drawn yet."""

from typing import Any

from django.test import Client

from django_copyleaks_image.scanning import renditions


def draw(scan_id: str) -> None:
    """Draw at once: a dispatcher that leaves all else to the tests."""
    renditions.draw_of(scan_id)


def is_being_prepared(response: Any) -> bool:
    """Return whether there is no picture yet, and a sign that says so in its place, which is kept nowhere."""
    kind, kept = response.headers["Content-Type"], response.headers["Cache-Control"]
    is_sign = (response.status_code, kind, kept) == (202, "image/svg+xml", "private, no-store")
    return is_sign and b"The picture is being prepared." in response.content


def get_drawn(client: Client, address: str, **arguments: Any) -> Any:
    """Get a picture as the moderator has it in the end: drawn by a worker, if it is not yet."""
    response = client.get(address, **arguments)
    for _ in range(2):  # The original may need the picture first, and then its own pixels.
        if response.status_code == 202:
            renditions.draw_due(at_most=50)
            response = client.get(address, **arguments)
    return response
