"""The vendor's HTTP API: what we send, and what may come back. Knows nothing of our models."""
