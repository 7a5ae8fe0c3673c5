"""What is tried beside the tests: every protection disabled in turn, and a site under kills and faults."""
