"""Sessions on their way out of Tutti and into it: as JSON, with everything in it, and as CSV, for spreadsheets."""
