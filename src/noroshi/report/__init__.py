"""Journals and truth files in, tables and pictures out."""
