"""The addresses of the owners' pages: `path("", include("lifestream.owner.urls"))`, beside those of `lifestream.urls`.

A Django site that includes them needs sessions, messages and accounts (django.contrib.auth). A lifestream may have the
slug `account`: its pages have none of these addresses.
"""

from __future__ import annotations

from django.urls import path

from lifestream import urls as _pages  # noqa: F401  it registers the converter of keys
from lifestream.owner import views

app_name = "lifestream_owner"
urlpatterns = [
    path("account/setup/", views.setup, name="setup"),
    path("account/login/", views.log_in, name="login"),
    path("account/logout/", views.log_out, name="logout"),
    path("account/password/", views.password, name="password"),
    path("account/password/changed/", views.password_changed, name="password-changed"),
    path("<slug:slug>/manage/", views.manage, name="manage"),
    path("<slug:slug>/manage/add/", views.add, name="add"),
    path("<slug:slug>/manage/sites/<lifestream_row:pk>/", views.site, name="site"),
    path("<slug:slug>/manage/posts/<lifestream_row:pk>/", views.post, name="post"),
    path("<slug:slug>/manage/hidden/", views.hidden, name="hidden"),
    path("<slug:slug>/manage/look/", views.look, name="look"),
    path("<slug:slug>/manage/look/logo/", views.logo, name="logo"),
    path("<slug:slug>/manage/rules/", views.rules, name="rules"),
    path("<slug:slug>/manage/pages/", views.own_pages, name="pages"),
    path("<slug:slug>/manage/pages/new/", views.edit_page, name="new-page"),
    path("<slug:slug>/manage/pages/<lifestream_row:pk>/", views.edit_page, name="edit-page"),
]
