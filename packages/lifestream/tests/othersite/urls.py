"""The URLs of this project, in which lifestream is below /river/."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("river/", include("lifestream.urls"))]
