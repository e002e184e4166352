"""Conversations in SQLite, media by content hash."""
