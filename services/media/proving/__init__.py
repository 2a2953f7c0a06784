"""Proof of storage: whether rows and objects agree, both ways."""
