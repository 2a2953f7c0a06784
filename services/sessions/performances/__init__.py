"""Performances: sent to be judged, judged by a job, told to whoever sent them."""
