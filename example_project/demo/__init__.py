"""The demo: the photo site, its worker and a local Copyleaks, fed with painted pictures. Run ``python -m demo``."""
