"""Files as sites receive them, and what becomes of each."""
