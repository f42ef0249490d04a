{# Thresholds of the metering rules (docs/rules/metering.md, docs/rules/water_balance.md); a utility sets its own as variables of the same name. #}
{% macro metering_rule(name) -%}
    {%- set defaults = {
        'anomaly_months': 24, 'anomaly_history_readings': 12, 'anomaly_least_readings': 6, 'anomaly_mad_factor': 5, 'anomaly_least_excess_m3': 10,
        'anomaly_least_median_m3': 3, 'anomaly_estimated_months': 3, 'meter_unread_months': 6, 'renewal_payback_years': 5,
        'telemetry_stuck_hours': 6, 'night_leak_ratio': 1.25, 'night_leak_least_months': 3} -%}
    {{- var(name, defaults[name]) -}}
{%- endmacro %}

{# The month before the first in which anomalies are looked for. #}
{% macro anomalies_after() -%} ({{ last_closed_month() }} - {{ metering_rule('anomaly_months') }} * interval '1 month') {%- endmacro %}

{# Joins a seed of meter classes by diameter; an unknown diameter counts as the smallest class. #}
{% macro of_diameter(seed_alias, diameter) -%}
    coalesce({{ diameter }}, 0) >= {{ seed_alias }}.diameter_from_mm and coalesce({{ diameter }}, 0) < {{ seed_alias }}.diameter_below_mm
{%- endmacro %}
