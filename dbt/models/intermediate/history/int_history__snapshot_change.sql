{% for entity in history_entities() %}
{{ history_snapshot_changes(entity) }}
{{ 'union all' if not loop.last }}
{% endfor %}
