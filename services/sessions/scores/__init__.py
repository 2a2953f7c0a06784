"""MusicXML: what a score says of itself, which notes it expects, and the copy of it in which wrong ones are coloured."""
