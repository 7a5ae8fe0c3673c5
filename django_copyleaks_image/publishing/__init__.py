"""What a site may show: how pictures stand by verdict and decision, for querysets, single objects and lists."""

from .picture import PictureStanding, standing
from .querysets import publishable, with_standing
from .rows import prefetch_standings

__all__ = ["PictureStanding", "prefetch_standings", "publishable", "standing", "with_standing"]
