"""What runs in the workers of a task engine, and how a scan gets there."""
