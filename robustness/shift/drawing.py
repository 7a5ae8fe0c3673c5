"""``python -m robustness.shift.drawing [--once]``: draw what is asked for, and go on as a worker does."""

import sys
from time import sleep

import django

if __name__ == "__main__":
    django.setup()
    from django_copyleaks_image.scanning import renditions

    while renditions.draw_due(at_most=500) or "--once" not in sys.argv:
        sleep(0.3)
