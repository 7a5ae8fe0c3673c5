"""How people judge what was scanned: queues, claims and decisions."""
