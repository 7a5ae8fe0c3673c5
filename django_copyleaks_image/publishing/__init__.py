"""What a site may show: how pictures stand by verdict and decision, for querysets, single objects and lists."""

from .newest import prefetch_standings
from .querysets import publishable, with_standing
from .standings import PictureStanding, standing

__all__ = ["PictureStanding", "prefetch_standings", "publishable", "standing", "with_standing"]
