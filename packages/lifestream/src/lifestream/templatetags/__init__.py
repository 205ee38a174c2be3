"""`lifestream`: the tags and filters of `{% load lifestream %}`."""
