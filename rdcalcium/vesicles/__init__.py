"""What vesicles do in a given calcium: occupancies, rates and counts of releases."""
