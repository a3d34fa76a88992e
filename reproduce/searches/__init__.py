"""What pages about ground states share: limits, growths that are kept, rows of the table."""
