"""What runs stages, remembers them and writes pages; it knows no section."""
