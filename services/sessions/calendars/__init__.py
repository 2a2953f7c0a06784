"""The player's calendar: which day a moment belongs to, which days count, and what they make of the streak."""
