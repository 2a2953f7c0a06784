"""One thin module for each app whose shapes differ from Tutti's own."""
