"""The manual's settings. It is built offline: nothing in it is fetched."""

import django
from django.conf import settings

# autodoc imports lifestream, whose models need a Django that is set up.
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "lifestream"],
    SECRET_KEY="only for the manual",  # noqa: S106 - it signs nothing
    USE_TZ=True,
)
django.setup()

project = "feedserver and lifestream"
copyright = "2026, the feedserver and lifestream maintainers"
author = "The feedserver and lifestream maintainers"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_design"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "feedserver and lifestream"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
nitpicky = False
# Show each `__init__` as an entry of its own, with its signature and docstring: that of `Response` accepts values of
# more types than the fields have.
autodoc_class_signature = "separated"
