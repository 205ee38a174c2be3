"""The metrics of the site, read by Prometheus' own parser."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from factories import NOW, make_feed, make_subscription
from lifestream.models import Tally
from lifestream.operations.health import health
from lifestream.operations.metrics import exposition

pytestmark = pytest.mark.django_db


def test_metrics_are_read_with_their_values_types_and_labels() -> None:
    make_subscription(make_feed(next_fetch=NOW))
    Tally.objects.add(
        {
            "runs": 2,
            "answers:304": 5,
            "milliseconds": 1500,
            "fetches:not modified": 5,
            "fetches:new": 1,
            "cleaned:items": 3,
        },
        NOW,
    )
    families = {family.name: family for family in text_string_to_metric_families(exposition(health(NOW)))}
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in families.values()
        for sample in family.samples
    }
    assert values[("lifestream_feeds", "active")] == 1
    assert values[("lifestream_hosts_due",)] == 1
    assert values[("lifestream_fetches_total", "not modified")] == 5
    assert values[("lifestream_runs_total",)] == 2
    assert values[("lifestream_answers_total", "304")] == 5
    assert values[("lifestream_fetch_seconds_total",)] == 1.5
    assert values[("lifestream_cleaned_total", "items")] == 3
    assert values[("lifestream_last_run_timestamp_seconds",)] == NOW.timestamp()
    assert families["lifestream_fetches"].type == "counter"
    assert families["lifestream_feeds"].type == "gauge"
    assert all(family.documentation for family in families.values())
