"""The addresses of the pages. Include them anywhere: `path("", include("lifestream.urls"))`.

A timeline, a search, a site and a tag have feeds below their addresses: `feed.atom`, `feed.rss` and `feed.json`.
"""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import IntConverter, StringConverter

from lifestream.web import views


class FormatConverter(StringConverter):
    """The format of a published feed."""

    regex = "atom|rss|json"


class KeyConverter(StringConverter):
    """The key in the address that a hub calls: see `models.hubs.make_key`. No page of a lifestream has a name
    of 43 characters, so even a lifestream with the slug `push` keeps its pages.
    """

    regex = "[A-Za-z0-9_-]{43}"


class SignatureConverter(StringConverter):
    """The signature of a picture's address: see `web.picture_addresses`."""

    regex = "[A-Za-z0-9_-]{24}"


class EncodedConverter(StringConverter):
    """An address in the alphabet of base64url (RFC 4648, section 5)."""

    regex = "[A-Za-z0-9_-]+"


class RowConverter(IntConverter):
    """The primary key of a row: at most 18 digits, which fit into an integer of 64 bits."""

    regex = "[0-9]{1,18}"


register_converter(FormatConverter, "lifestream_format")
register_converter(KeyConverter, "lifestream_key")
register_converter(RowConverter, "lifestream_row")
register_converter(SignatureConverter, "lifestream_signature")
register_converter(EncodedConverter, "lifestream_encoded")

app_name = "lifestream"
urlpatterns = [
    path("", views.index, name="index"),
    path("push/<lifestream_key:key>", views.push, name="push"),
    path("pictures/<lifestream_signature:key>/<lifestream_encoded:url>", views.picture, name="picture"),
    path("<slug:slug>/", views.timeline, name="timeline"),
    path("<slug:slug>/feed.<lifestream_format:format>", views.timeline_feed, name="timeline-feed"),
    path("<slug:slug>/subscriptions.opml", views.subscriptions, name="opml"),
    path("<slug:slug>/<int:year>/<int:month>/<int:day>/", views.day, name="day"),
    path("<slug:slug>/items/<lifestream_row:pk>/", views.item, name="item"),
    path("<slug:slug>/search/", views.search, name="search"),
    path("<slug:slug>/search/feed.<lifestream_format:format>", views.search_feed, name="search-feed"),
    path("<slug:slug>/logo/<slug:digest>", views.logo, name="logo"),
    path("<slug:slug>/sites/", views.sites, name="sites"),
    path("<slug:slug>/sites/<lifestream_row:pk>/", views.site, name="site"),
    path("<slug:slug>/sites/<lifestream_row:pk>/icon", views.icon, name="icon"),
    path("<slug:slug>/sites/<lifestream_row:pk>/feed.<lifestream_format:format>", views.site_feed, name="site-feed"),
    path("<slug:slug>/pages/<slug:page>/", views.own_page, name="own-page"),
    path("<slug:slug>/tags/", views.tags, name="tags"),
    path("<slug:slug>/tags/<str:tag>/", views.tag, name="tag"),
    path("<slug:slug>/tags/<str:tag>/feed.<lifestream_format:format>", views.tag_feed, name="tag-feed"),
]
