"""Programs behind the tables of measured speed."""
