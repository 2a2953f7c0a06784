"""What somebody has: files, and the artists, albums and words that they are found by."""
