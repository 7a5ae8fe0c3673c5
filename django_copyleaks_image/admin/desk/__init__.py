"""The review desk: one picture after the other, decided by a key, without loading a page."""
