"""What pages of numbers share: tables, requirements, machine and date, figures, stored records."""
