"""What runs in the workers of a task backend, and how a scan gets there."""
