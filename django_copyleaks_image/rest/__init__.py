"""What programs ask and do, as JSON: what the review desk is for people. Opt-in, by an include of ``rest.urls``."""
