"""Bytes on their way in: forms, resumable uploads, recordings; what they cost of a quota, and the spool they wait in."""
