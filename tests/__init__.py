"""Claims about nature and about mathematics, each of which can fail."""
