"""One run as one HTML file, for people who have no RARO: what it was asked, did, made, and where that came from.

`material` gathers it from the views and the blobs, `sections` says how each part looks, `page` puts them into a file
that runs nothing and asks nobody for anything, `html` lets no text become markup.
"""
