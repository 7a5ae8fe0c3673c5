"""What a site may show: how pictures stand by verdict and decision, for querysets, single objects and lists."""

from .picture import PictureStanding, standing
from .querysets import filter_by_picture, publishable, with_standing
from .rows import prefetch_standings

__all__ = ["PictureStanding", "filter_by_picture", "prefetch_standings", "publishable", "standing", "with_standing"]
