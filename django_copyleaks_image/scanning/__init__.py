"""The life of one scan, in the order in which it happens: request, prepare, submit, receive, sweep."""
