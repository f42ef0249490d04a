"""A page that holds a dashboard, and the tiny server behind it that hands out the passes: an example that works, to copy from.

Here every visitor is the same guest. A real portal knows who logged in, and gives each the pass of their own guest.
"""
