"""A site with some twenty other apps at once, each at the place where its documentation wants it."""
