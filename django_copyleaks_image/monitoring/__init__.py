"""What machines ask: whether scans go on, and in numbers how."""
