"""Bytes on their way out: streams, ranges, covers, hot copies and the addresses that play without a token."""
