"""What to practise next, and where somebody is stuck: both read off the sections that were worked on, nothing stored."""
