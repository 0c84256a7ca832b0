"""Bytes on disk: blobs by hash, names, safe opening, folder trees, sessions, checking and repair.

Nothing here knows an event or a setting: sizes, ages and folders come as arguments.
"""
