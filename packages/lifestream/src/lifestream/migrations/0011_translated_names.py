from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import lifestream.models.lifestreams


class _Names(migrations.SeparateDatabaseAndState):
    """Change what fields and models are called: only in the state, since no database knows these names.

    The rendered models of the state are dropped first: Django would render them anew for each of the changes, which
    takes a second.
    """

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.__dict__.pop("apps", None)
        super().state_forwards(app_label, state)


class Migration(migrations.Migration):
    dependencies = [
        ("lifestream", "0010_due_hosts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        _Names(
            state_operations=[
                migrations.AlterModelOptions(
                    name="feed",
                    options={"ordering": ["title", "url"], "verbose_name": "feed", "verbose_name_plural": "feeds"},
                ),
                migrations.AlterModelOptions(
                    name="fetch",
                    options={
                        "ordering": ["-started", "-pk"],
                        "verbose_name": "fetch",
                        "verbose_name_plural": "fetches",
                    },
                ),
                migrations.AlterModelOptions(
                    name="host",
                    options={"ordering": ["name"], "verbose_name": "host", "verbose_name_plural": "hosts"},
                ),
                migrations.AlterModelOptions(
                    name="hubsubscription",
                    options={
                        "ordering": ["-pk"],
                        "verbose_name": "subscription at a hub",
                        "verbose_name_plural": "subscriptions at hubs",
                    },
                ),
                migrations.AlterModelOptions(
                    name="item",
                    options={"ordering": ["-date", "-pk"], "verbose_name": "item", "verbose_name_plural": "items"},
                ),
                migrations.AlterModelOptions(
                    name="lifestream",
                    options={"ordering": ["title"], "verbose_name": "lifestream", "verbose_name_plural": "lifestreams"},
                ),
                migrations.AlterModelOptions(
                    name="post",
                    options={"ordering": ["-date", "-item_id"], "verbose_name": "post", "verbose_name_plural": "posts"},
                ),
                migrations.AlterModelOptions(
                    name="subscription",
                    options={
                        "ordering": ["folder", "name", "pk"],
                        "verbose_name": "subscription",
                        "verbose_name_plural": "subscriptions",
                    },
                ),
                migrations.AlterModelOptions(
                    name="tag",
                    options={"ordering": ["slug"], "verbose_name": "tag", "verbose_name_plural": "tags"},
                ),
                migrations.AlterModelOptions(
                    name="tombstone",
                    options={"verbose_name": "tombstone", "verbose_name_plural": "tombstones"},
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="created",
                    field=models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="description",
                    field=models.TextField(blank=True, verbose_name="description"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="domain",
                    field=models.TextField(blank=True, verbose_name="domain"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="flaw",
                    field=models.TextField(
                        blank=True,
                        editable=False,
                        help_text="Where its document is ill-formed, and why.",
                        verbose_name="flaw",
                    ),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="host",
                    field=models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="feeds",
                        to="lifestream.host",
                        verbose_name="host",
                    ),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="icon",
                    field=models.BinaryField(blank=True, default=b"", verbose_name="icon"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="language",
                    field=models.TextField(blank=True, verbose_name="language"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="last_error",
                    field=models.TextField(blank=True, verbose_name="last error"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="last_fetch",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="last fetch"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="last_status",
                    field=models.TextField(blank=True, verbose_name="last outcome"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="last_success",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="last success"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="moved_count",
                    field=models.PositiveIntegerField(default=0, verbose_name="redirects in a row"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="moved_to",
                    field=models.TextField(blank=True, verbose_name="moved to"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="next_fetch",
                    field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="next fetch"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="next_reason",
                    field=models.TextField(blank=True, verbose_name="reason of the next fetch"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="not_before",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="not before"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="plugin",
                    field=models.TextField(
                        blank=True,
                        help_text="The name of a plugin; empty: the one for its domain.",
                        verbose_name="plugin",
                    ),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="pushed",
                    field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last push"),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="status",
                    field=models.CharField(
                        choices=[
                            ("active", "active"),
                            ("paused", "paused"),
                            ("idle", "without subscribers"),
                            ("gone", "gone"),
                        ],
                        default="active",
                        max_length=8,
                        verbose_name="status",
                    ),
                ),
                migrations.AlterField(
                    model_name="feed",
                    name="title",
                    field=models.TextField(blank=True, verbose_name="title"),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="changed",
                    field=models.PositiveIntegerField(default=0, verbose_name="changed items"),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="duration",
                    field=models.FloatField(default=0.0, help_text="In seconds.", verbose_name="duration"),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="feed",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fetches",
                        to="lifestream.feed",
                        verbose_name="feed",
                    ),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="latest",
                    field=models.DateTimeField(
                        blank=True, help_text="When the last of them started.", null=True, verbose_name="latest"
                    ),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="message",
                    field=models.TextField(blank=True, verbose_name="message"),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="new",
                    field=models.PositiveIntegerField(default=0, verbose_name="new items"),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="next_fetch",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="next fetch"),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="outcome",
                    field=models.CharField(
                        choices=[
                            ("new", "new items"),
                            ("changed", "items changed"),
                            ("unchanged", "nothing new"),
                            ("not modified", "not modified"),
                            ("moved", "moved"),
                            ("gone", "gone"),
                            ("failed", "failed"),
                        ],
                        max_length=16,
                        verbose_name="outcome",
                    ),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="reason",
                    field=models.TextField(blank=True, verbose_name="reason"),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="size",
                    field=models.PositiveBigIntegerField(
                        default=0, help_text="Of the body as it was sent, in bytes.", verbose_name="size"
                    ),
                ),
                migrations.AlterField(
                    model_name="fetch",
                    name="started",
                    field=models.DateTimeField(verbose_name="started"),
                ),
                migrations.AlterField(
                    model_name="host",
                    name="name",
                    field=models.TextField(unique=True, verbose_name="name"),
                ),
                migrations.AlterField(
                    model_name="host",
                    name="not_before",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="not before"),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="attempts",
                    field=models.PositiveIntegerField(default=0, verbose_name="attempts"),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="created",
                    field=models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="feed",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hub_subscriptions",
                        to="lifestream.feed",
                        verbose_name="feed",
                    ),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="hub",
                    field=models.TextField(verbose_name="hub"),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="last_push",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="last push"),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="last_request",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="last request"),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="lease_until",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="lease until"),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="message",
                    field=models.TextField(blank=True, verbose_name="message"),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="next_request",
                    field=models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now, verbose_name="next request"
                    ),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="state",
                    field=models.CharField(
                        choices=[
                            ("asked", "asked for"),
                            ("active", "active"),
                            ("denied", "denied"),
                            ("leaving", "being given up"),
                        ],
                        default="asked",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                migrations.AlterField(
                    model_name="hubsubscription",
                    name="topic",
                    field=models.TextField(verbose_name="topic"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="author",
                    field=models.TextField(blank=True, verbose_name="author"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="content",
                    field=models.TextField(blank=True, verbose_name="content"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="date",
                    field=models.DateTimeField(
                        help_text="When it was published, or first seen. It never changes.", verbose_name="date"
                    ),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="enclosures",
                    field=models.JSONField(blank=True, default=list, verbose_name="enclosures"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="feed",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="lifestream.feed",
                        verbose_name="feed",
                    ),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="first_seen",
                    field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="first seen"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="guid",
                    field=models.TextField(blank=True, verbose_name="GUID"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="language",
                    field=models.TextField(blank=True, verbose_name="language"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="link",
                    field=models.TextField(blank=True, verbose_name="link"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="media",
                    field=models.JSONField(blank=True, default=list, verbose_name="media"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="summary",
                    field=models.TextField(blank=True, verbose_name="summary"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="tags",
                    field=models.ManyToManyField(
                        blank=True, related_name="items", to="lifestream.tag", verbose_name="tags"
                    ),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="text",
                    field=models.TextField(blank=True, verbose_name="text"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="title",
                    field=models.TextField(blank=True, verbose_name="title"),
                ),
                migrations.AlterField(
                    model_name="item",
                    name="updated",
                    field=models.DateTimeField(blank=True, null=True, verbose_name="updated"),
                ),
                migrations.AlterField(
                    model_name="lifestream",
                    name="created",
                    field=models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                migrations.AlterField(
                    model_name="lifestream",
                    name="feeds",
                    field=models.ManyToManyField(
                        related_name="lifestreams",
                        through="lifestream.Subscription",
                        to="lifestream.feed",
                        verbose_name="feeds",
                    ),
                ),
                migrations.AlterField(
                    model_name="lifestream",
                    name="owner",
                    field=models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lifestreams",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
                migrations.AlterField(
                    model_name="lifestream",
                    name="slug",
                    field=models.SlugField(max_length=100, unique=True, verbose_name="slug"),
                ),
                migrations.AlterField(
                    model_name="lifestream",
                    name="tagline",
                    field=models.CharField(blank=True, max_length=500, verbose_name="tagline"),
                ),
                migrations.AlterField(
                    model_name="lifestream",
                    name="title",
                    field=models.CharField(max_length=200, verbose_name="title"),
                ),
                migrations.AlterField(
                    model_name="post",
                    name="date",
                    field=models.DateTimeField(verbose_name="date"),
                ),
                migrations.AlterField(
                    model_name="post",
                    name="hidden",
                    field=models.BooleanField(default=False, verbose_name="hidden"),
                ),
                migrations.AlterField(
                    model_name="post",
                    name="item",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to="lifestream.item",
                        verbose_name="item",
                    ),
                ),
                migrations.AlterField(
                    model_name="post",
                    name="lifestream",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to="lifestream.lifestream",
                        verbose_name="lifestream",
                    ),
                ),
                migrations.AlterField(
                    model_name="post",
                    name="removed",
                    field=models.BooleanField(default=False, verbose_name="removed"),
                ),
                migrations.AlterField(
                    model_name="post",
                    name="subscription",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="posts",
                        to="lifestream.subscription",
                        verbose_name="subscription",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="block_rules",
                    field=models.TextField(
                        blank=True,
                        help_text="One a line. What matches is not shown.",
                        validators=[lifestream.models.lifestreams.validate_rules],
                        verbose_name="block rules",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="created",
                    field=models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="feed",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscriptions",
                        to="lifestream.feed",
                        verbose_name="feed",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="folder",
                    field=models.TextField(blank=True, verbose_name="folder"),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="keep_rules",
                    field=models.TextField(
                        blank=True,
                        help_text="One a line. If there are any, only what matches is shown.",
                        verbose_name="keep rules",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="lifestream",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subscriptions",
                        to="lifestream.lifestream",
                        verbose_name="lifestream",
                    ),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="name",
                    field=models.TextField(blank=True, help_text="Empty: the feed's own title.", verbose_name="name"),
                ),
                migrations.AlterField(
                    model_name="subscription",
                    name="paused",
                    field=models.BooleanField(
                        default=False, help_text="Shows no new items until it is resumed.", verbose_name="paused"
                    ),
                ),
                migrations.AlterField(
                    model_name="tag",
                    name="name",
                    field=models.TextField(verbose_name="name"),
                ),
                migrations.AlterField(
                    model_name="tag",
                    name="slug",
                    field=models.SlugField(allow_unicode=True, max_length=200, unique=True, verbose_name="slug"),
                ),
                migrations.AlterField(
                    model_name="tombstone",
                    name="content_hash",
                    field=models.CharField(blank=True, max_length=64, verbose_name="hash of the content"),
                ),
                migrations.AlterField(
                    model_name="tombstone",
                    name="created",
                    field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="created"),
                ),
                migrations.AlterField(
                    model_name="tombstone",
                    name="feed",
                    field=models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tombstones",
                        to="lifestream.feed",
                        verbose_name="feed",
                    ),
                ),
                migrations.AlterField(
                    model_name="tombstone",
                    name="first_key",
                    field=models.CharField(blank=True, max_length=64, verbose_name="first key"),
                ),
                migrations.AlterField(
                    model_name="tombstone",
                    name="guid",
                    field=models.TextField(blank=True, verbose_name="GUID"),
                ),
                migrations.AlterField(
                    model_name="tombstone",
                    name="key_hash",
                    field=models.CharField(max_length=64, verbose_name="hash of the key"),
                ),
                migrations.AlterField(
                    model_name="tombstone",
                    name="link_hash",
                    field=models.CharField(blank=True, max_length=64, verbose_name="hash of the link"),
                ),
            ]
        )
    ]
